"""Commits and reads that fail at random change nothing of what is sent, and nothing of its order."""

from __future__ import annotations

import itertools
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bridge.brand import load_brand
from bridge.ledger import open_sqlite
from tests.support.examples import examples
from tests.support.overlap import CONNECTOR, GAMES, PLAY, World, take_small_batches
from tests.support.slow_disk import SlowDisk


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    take_small_batches(monkeypatch)


WORDS = st.sampled_from(
    ["bet", "bet", "bet", "void", "void", "repeat", "late game", "turn", "turn", "lost", "idle"]
)


@examples(1)
@given(
    words=st.lists(WORDS, max_size=60),
    failures=st.sets(st.integers(1, 25)),
    unread=st.sets(st.integers(1, 300)),
    data=st.data(),
)
def test_failing_commits_change_nothing_of_what_is_sent(
    words: list[str], failures: set[int], unread: set[int], data: st.DataObject
) -> None:
    reads = itertools.count()
    # What is logged goes into a file, where the output of tests is kept: that must not grow either, meanwhile.
    with TemporaryDirectory() as folder, capture_logs():
        (Path(folder) / "c.yaml").write_text(CONNECTOR)
        brand = load_brand(Path(folder) / "c.yaml", {})
        ledger = open_sqlite(str(Path(folder) / "ledger"), "overlap", create=True, recent_values=4)
        disk = SlowDisk(ledger, seconds=0.001)
        disk.fails = lambda: disk.commits in failures
        disk.reads_fail = lambda: next(reads) in unread
        world, plain = World(brand, ledger), World(brand, open_sqlite(":memory:", "overlap", create=True))
        names: list[str] = ["none"]
        try:
            for each in (world, plain):
                each.game("dice")
            for word in words:
                _one(word, world, plain, names, data)
            for each in (world, plain):
                for late in names:
                    each.game(f"late-{late}")
                while any(
                    each.source.reached().get(at) != end for at, end in each.source.ends([PLAY, GAMES]).items()
                ):
                    each.turn()
                each.turn(4)
                assert each.intake.drain(10)
            assert [(one.message_id, one.body) for one in world.outbound.taken] == [
                (one.message_id, one.body) for one in plain.outbound.taken
            ]
            assert world.ledger.counters() == plain.ledger.counters()
            assert world.ledger.positions() == plain.ledger.positions() == world.intake.positions
            assert len(list(world.ledger.held())) == len(list(plain.ledger.held())) == world.intake.progress.held
            assert world.intake.progress.sent == plain.intake.progress.sent
            assert list(world.ledger.unconfirmed(0, 1)) == []
        finally:
            disk.mend()
            ledger.close()


def _one(word: str, world: World, plain: World, names: list[str], data: st.DataObject) -> None:
    if word == "turn":
        world.turn()
    elif word == "lost":
        world.topics.expel(world.source)
    elif word == "idle":
        world.intake.drain(1)
    else:
        name = f"{word[0]}{world.rows}"
        old = data.draw(st.sampled_from(names))
        for each in (world, plain):
            if word == "bet":
                each.row(name)
            elif word == "void":
                each.row(name, voids=old)
            elif word == "repeat":
                each.row(old if old != "none" else name)
            else:
                each.row(name, game=f"late-{name}")
        names.append(name)
