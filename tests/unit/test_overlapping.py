"""Taking in while the disk makes the batch before durable, on a real ledger file whose COMMIT waits or fails."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.wallet import envelope, key
from bridge import intake as taking_in
from bridge.brand import Brand, load_brand
from bridge.delivery.memory import MemoryOutbound
from bridge.errors import LedgerUnavailable
from bridge.intake import Intake
from bridge.ledger import SqliteLedger, open_sqlite
from bridge.records import Partition
from bridge.sources.memory import MemorySource, MemoryTopics
from tests.support.eventually import eventually
from tests.support.examples import examples
from tests.support.slow_disk import SlowDisk

CONNECTOR = """\
version: 1
brand: overlap
source: {kafka: "127.0.0.1:9", topics: "w.public.{table}"}
target: {rabbitmq: {url: "amqp://a:b@127.0.0.1/", exchange: fasttrack}}
lookups:
  games: {key: code}
play:
  tx:
    rows: append-only
    key: id
    player: player
    activities: {bet: {type: Bet, when: voids == none}}
    reverses:
      when: voids != none
      original: tx[voids]
    event:
      activity_id: id
      user_id: player
      round_id: id
      timestamp: {text: "2026-01-01T00:00:00Z"}
      wager_amount: amount
      currency: {text: EUR}
      exchange_rate: 1
      is_round_end: true
      game_id: game
      game_name: games[game].title
      vendor_id: {text: v}
      vendor_name: {text: V}
      origin: {text: example.com}
"""
PLAY, GAMES = Partition("w.public.tx", 0), Partition("w.public.games", 0)
BATCH, ENOUGH = 8, 2


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking_in, "BATCH", BATCH)
    monkeypatch.setattr(taking_in, "ENOUGH", ENOUGH)
    monkeypatch.setattr(taking_in, "RETRY_SECONDS", 0.0)
    # Nobody writes while taking in waits for rows.
    monkeypatch.setattr(taking_in, "IDLE_POLL_SECONDS", 0.0)


@dataclass
class World:
    """One brand between topics in memory, a ledger in a file, and a broker in memory."""

    brand: Brand
    ledger: SqliteLedger
    topics: MemoryTopics = field(default_factory=MemoryTopics)
    outbound: MemoryOutbound = field(default_factory=MemoryOutbound)
    rows: int = 0

    def __post_init__(self) -> None:
        self.topics.create(PLAY.topic)
        self.topics.create(GAMES.topic)
        names = [PLAY.topic, GAMES.topic]
        self.source = MemorySource(self.topics, "g", names, max_poll_records=BATCH)
        self.intake = Intake(self.brand, self.source, self.ledger, self.outbound)
        self.intake.open()

    def game(self, code: str) -> None:
        """Write a row that play looks up."""
        self.rows += 1
        value = envelope("games", {"code": code, "title": code.title()}, self.rows)
        self.topics.append(GAMES, key(code=code), value)

    def row(self, name: str, *, game: str = "dice", voids: str | None = None) -> None:
        """Write a bet, or what voids one; the same name again is a repeat."""
        self.rows += 1
        row: Mapping[str, object] = {"id": name, "player": "p", "amount": 1, "game": game, "voids": voids}
        self.topics.append(PLAY, key(id=name), envelope("tx", row, self.rows))

    def bets(self, number: int) -> None:
        """Write bets."""
        for _ in range(number):
            self.row(f"b{self.rows}")

    def turn(self, times: int = 1) -> None:
        """Let taking in go round."""
        for _ in range(times):
            self.intake.step()

    def committed(self) -> int:
        """Return the group's position in the topic of play."""
        return self.source.committed([PLAY]).get(PLAY, 0)

    def counted(self, outcome: str) -> int:
        """Return how many changes the ledger says ended so."""
        return sum(number for key, number in self.ledger.counters().items() if key[0] == outcome)

    def arrived(self) -> list[str]:
        """Return what the broker has, in the order of arrival."""
        return [one.message_id for one in self.outbound.taken]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "c.yaml").write_text(CONNECTOR)
    ledger = open_sqlite(str(tmp_path / "ledger"), "overlap", create=True)
    world = World(load_brand(tmp_path / "c.yaml", {}), ledger)
    world.game("dice")
    world.turn(2)
    assert world.intake.progress.taken == 1
    yield world
    world.intake.asked_to_stop = lambda: True
    ledger.close()


@pytest.fixture
def disk(world: World) -> Iterator[SlowDisk]:
    disk = SlowDisk(world.ledger)
    yield disk
    disk.go_on()
    disk.mend()


def test_the_next_batch_is_taken_in_while_the_disk_is_slow(world: World, disk: SlowDisk) -> None:
    world.bets(2 * BATCH)
    disk.hold()
    world.turn()
    turning = threading.Thread(target=world.turn, daemon=True)
    turning.start()
    eventually(lambda: world.source.reached()[PLAY] == 2 * BATCH, message="the second batch was not polled")
    assert disk.commits == 1
    assert world.arrived() == [], "nothing is published before it is durable"
    assert PLAY not in world.intake.positions
    assert world.committed() == 0
    disk.go_on()
    turning.join(10)
    assert world.intake.drain(10)
    assert world.intake.positions[PLAY] == world.committed() == 2 * BATCH
    assert world.arrived() == [f"b{number}/Approved" for number in range(1, 2 * BATCH + 1)]


def test_events_are_offered_as_soon_as_they_are_durable(world: World, disk: SlowDisk) -> None:
    world.bets(BATCH)
    disk.hold()
    world.turn()
    assert world.arrived() == []
    disk.go_on()
    # Nothing turns meanwhile: a long mapping of the next batch must not keep them.
    eventually(lambda: len(world.arrived()) == BATCH, message="the events wait for taking in")


def test_few_records_are_durable_before_taking_in_goes_on(world: World) -> None:
    world.bets(ENOUGH - 1)
    world.turn()
    assert len(world.arrived()) == ENOUGH - 1
    assert world.intake.positions[PLAY] == ENOUGH - 1


def test_what_comes_while_there_is_little_to_do_goes_into_one_transaction(world: World, disk: SlowDisk) -> None:
    world.bets(ENOUGH)
    disk.hold()
    world.turn()
    world.bets(ENOUGH - 1)
    turning = threading.Thread(target=world.turn, daemon=True)
    turning.start()
    eventually(lambda: world.source.reached()[PLAY] == 2 * ENOUGH - 1, message="nothing was polled")
    world.bets(3)
    disk.go_on()
    turning.join(10)
    assert world.intake.drain(10)
    assert world.intake.positions[PLAY] == 2 * ENOUGH + 2
    assert disk.commits == 3, "one for each batch, and one that records what was confirmed"


def test_a_commit_that_fails_gives_both_batches_back(world: World, disk: SlowDisk) -> None:
    world.bets(BATCH)
    for number in range(1, BATCH + 1):
        world.row(f"v{number}", voids=f"b{number}")
    disk.fails = lambda: disk.commits in {1, 2}
    world.turn(3)
    assert world.intake.drain(10)
    assert disk.commits >= 3
    bets = [f"b{number}/Approved" for number in range(1, BATCH + 1)]
    assert world.arrived() == bets + [f"b{number}/Rollback" for number in range(1, BATCH + 1)]
    assert world.intake.positions[PLAY] == world.committed() == 2 * BATCH
    assert world.counted("sent") == 2 * BATCH
    progress = world.intake.progress
    assert (progress.taken, progress.sent, progress.last_error) == (2 * BATCH + 1, 2 * BATCH, "")


def test_a_read_that_fails_beside_a_commit_that_fails_changes_no_order(world: World, disk: SlowDisk) -> None:
    world.bets(1)
    world.turn()
    world.bets(BATCH)
    # The body of what it takes back lies on the disk; what new rows have is not looked for there.
    world.row("v1", voids="b1")
    world.bets(BATCH - 1)
    read_failed = threading.Event()

    def fails_once() -> bool:
        first = not read_failed.is_set()
        read_failed.set()
        return first

    disk.hold()
    disk.fails = lambda: disk.commits == 2
    disk.reads_fail = fails_once
    world.turn()
    turning = threading.Thread(target=world.turn, daemon=True)
    turning.start()
    assert read_failed.wait(10)
    disk.go_on()
    turning.join(10)
    assert world.intake.drain(10)
    bets = [f"b{row}/Approved" for row in range(1, 2 * BATCH + 2)]
    assert world.arrived() == [*bets[: BATCH + 1], "b1/Rollback", *bets[BATCH + 2 :]]


def test_what_waits_is_not_held_twice_when_its_commit_failed(world: World, disk: SlowDisk) -> None:
    for number in range(BATCH):
        world.row(f"l{number}", game="late")
    disk.fails = lambda: disk.commits == 1
    world.turn()
    world.turn()
    assert disk.commits == 2
    assert world.intake.progress.held == len(list(world.ledger.held())) == BATCH
    world.game("late")
    world.turn(2)
    assert world.intake.drain(10)
    assert world.arrived() == [f"l{number}/Approved" for number in range(BATCH)]
    assert world.counted("skipped") == 0
    assert list(world.ledger.held()) == []


def test_what_is_tried_again_is_not_counted_twice_towards_a_flood(world: World, disk: SlowDisk) -> None:
    limit = world.brand.connector.limits.parked_in_a_row
    for _ in range(limit // BATCH * BATCH):
        world.topics.append(PLAY, b"{}", b"no json")
    disk.fails = lambda: disk.commits % 2 == 1
    while world.source.reached()[PLAY] < world.source.ends([PLAY])[PLAY]:
        world.turn()
    world.turn()
    assert world.intake.drain(10)
    assert world.intake.progress.parked == limit // BATCH * BATCH


def test_a_commit_under_way_is_settled_before_partitions_go(world: World, disk: SlowDisk) -> None:
    world.bets(BATCH)
    disk.hold()
    world.turn()
    world.topics.create(PLAY.topic, 2)
    threading.Timer(0.05, disk.go_on).start()
    world.turn()
    assert len(world.arrived()) == BATCH
    assert world.committed() == BATCH


@pytest.mark.parametrize("how", ["lost", "revoked"])
def test_a_batch_that_could_not_be_kept_is_forgotten_with_its_partitions(
    world: World, disk: SlowDisk, how: str
) -> None:
    world.bets(BATCH)
    disk.fails = lambda: disk.commits == 1
    world.turn()
    if how == "lost":
        world.topics.expel(world.source)
    else:
        world.topics.create(PLAY.topic, 2)
    world.turn(3)
    assert world.intake.drain(10)
    assert world.arrived() == [f"b{number}/Approved" for number in range(1, BATCH + 1)]
    assert world.counted("sent") == BATCH
    assert world.counted("skipped") == 0, "no row was taken in twice"


def test_a_stop_while_the_disk_is_full_says_so_and_loses_nothing(world: World, disk: SlowDisk) -> None:
    world.bets(BATCH)
    disk.fails = lambda: True
    world.turn()
    world.intake.asked_to_stop = lambda: True
    with pytest.raises(LedgerUnavailable):
        world.intake.finish(10)
    assert world.arrived() == []
    world.source.close()
    disk.fails = lambda: False
    again = World(world.brand, world.ledger, topics=world.topics)
    again.turn(4)
    assert again.intake.drain(10)
    assert again.arrived() == [f"b{number}/Approved" for number in range(1, BATCH + 1)]


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
    with TemporaryDirectory() as folder:
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
                each.turn(2)
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


def test_the_world_reads_what_it_wrote(world: World) -> None:
    world.row("b")
    world.turn()
    assert [json.loads(one.body)["game_name"] for one in world.outbound.taken] == ["Dice"]
