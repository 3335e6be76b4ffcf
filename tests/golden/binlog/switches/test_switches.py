"""When Debezium goes on with the log of another server, nothing is lost and nothing is taken twice."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache
from pathlib import Path

import msgspec
import pytest

from bridge.brand import Brand, load_brand
from bridge.flow import Change
from bridge.records import SourceRecord
from tests.golden.reading import records
from tests.support.cases import ENVIRONMENT, Play, play
from tests.wallets.orders import by_partition, merged_backlog

HERE = Path(__file__).parent
STORIES = sorted(path.name.removesuffix(".jsonl") for path in (HERE / "records").glob("*.jsonl"))
SWITCHES = [name for name in STORIES if name.endswith(("lower", "same", "higher"))]

REPEATED = 15
"""How many changes of a switch are read from the logs of both servers."""


def _bets(*bets: int, times: int = 1) -> list[str]:
    ids = [f"bet:{bet}" if times == 1 else f"bet:{bet}:{times}" for bet in bets]
    return [f"Bet Approved {one} {bet}.10" for one, bet in zip(ids, bets, strict=True)]


def _voids(*bets: int, times: int = 1) -> list[str]:
    return [event.replace("Approved", "Rollback") for event in _bets(*bets, times=times)]


def _wins(*bets: int) -> list[str]:
    return [f"Win Approved win:{bet} {bet}.20" for bet in bets]


MOVED = [
    *_bets(2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
    *_voids(3, 4, 5, 6, 7, 8, 9, 10, 11),
    # Void for a moment within one transaction, and in the end.
    *_bets(5, 8, times=2),
    *_voids(5, 8, times=2),
    *_wins(2, 3, 7, 9, 10, 12),
]
WITHOUT_A_GAP = [*_bets(2, 3, 4, 13, 14), *_voids(3, 4, 13), *_wins(2, 14)]
WITH_A_GAP = [*_bets(2, 3, 4, 14), *_voids(3, 13), *_wins(2, 14)]
OF_A_NEW_LOG = [event for event in WITH_A_GAP if event not in _voids(3)]

EVENTS = {
    **dict.fromkeys(SWITCHES, MOVED),
    "mysql.promoted": WITHOUT_A_GAP,
    "mysql.tagged": WITHOUT_A_GAP,
    "mysql.purged": WITH_A_GAP,
    "mariadb.promoted": WITHOUT_A_GAP,
    "mariadb.promoted_in_one_domain": WITH_A_GAP,
    "mysql.reset": OF_A_NEW_LOG,
    "mariadb.reset": OF_A_NEW_LOG,
}
"""What the statements of tests/golden/binlog/switches/wallet.py mean, by story."""

PARKED = {"mysql.reset": {"log_began_anew"}}
"""Why changes are parked: the time of a commit is exact on MySQL only."""


@cache
def _brand() -> Brand:
    return load_brand(HERE / "wallet.yaml", ENVIRONMENT)


def _records(name: str) -> list[SourceRecord]:
    found = records(HERE / "records" / f"{name}.jsonl")
    return [msgspec.structs.replace(one, topic=f"wallet.casino.{one.topic.rpartition('.')[2]}") for one in found]


def _assert_right(run: Play, name: str) -> None:
    events = Counter(f"{e['type']} {e['status']} {e['activity_id']} {e['amount']:.2f}" for e in run.events())
    assert events == Counter(EVENTS[name])
    assert {one.code for one in run.ledger.parked()} == PARKED.get(name, set())


def test_every_story_was_recorded() -> None:
    assert sorted(EVENTS) == STORIES


@pytest.mark.parametrize("name", STORIES)
def test_what_is_read_from_another_log_is_news_once(name: str) -> None:
    _assert_right(play(_brand(), _records(name)), name)


@pytest.mark.parametrize("name", STORIES)
def test_all_that_is_read_again_is_repeated(name: str) -> None:
    found = _records(name)
    _assert_right(play(_brand(), [*found, *found]), name)


@pytest.mark.parametrize("name", [name for name in SWITCHES if not name.endswith("same")])
def test_what_both_logs_have_is_repeated(name: str) -> None:
    """Out of files with one number, a repeat of a row's last change may look new; it changes nothing there."""
    run = play(_brand(), _records(name))
    skipped = Counter(outcome.reason for outcome in run.outcomes if outcome.kind == "skipped")
    assert skipped == {"repeated": REPEATED, "nothing to do": 2}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", SWITCHES)
def test_its_tables_are_taken_in_as_they_were_written(name: str, seed: int) -> None:
    merged = merged_backlog(_brand(), by_partition(_records(name)), random.Random(seed))

    _assert_right(play(_brand(), merged), name)
    assert _first_committed(merged) == sorted(_first_committed(merged))


def _first_committed(merged: list[SourceRecord]) -> list[tuple[int, tuple[int, ...]]]:
    """Return when each row's each change was committed, as it came first."""
    seen, found = set(), []
    decoder = _brand().decoder()
    for record in merged:
        change = decoder.decode(record)
        assert isinstance(change, Change)
        assert change.position is not None
        name = (change.table, change.op, str(change.after), change.transaction)
        if name not in seen:
            seen.add(name)
            found.append((change.committed_us or 0, change.position.order))
    return found
