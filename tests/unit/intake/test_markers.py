"""Topics that end with what is no record: the marker of a transaction, as producers with exactly once write it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pytest

from bridge.brand import load_brand
from bridge.errors import SourceUnavailable, TooManyParked
from bridge.flow import Decoded
from bridge.intake import lanes
from bridge.intake.merge import CommitOrder
from bridge.intake.sharing import LookupsElsewhere
from bridge.ledger import SqliteLedger, open_sqlite
from bridge.records import Partition, Skipped, SourceRecord
from bridge.sources.memory import MemorySource, MemoryTopics
from tests.support.overlap import CONNECTOR, GAMES, PLAY, World, take_small_batches


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    take_small_batches(monkeypatch)
    monkeypatch.setattr(lanes, "LOOK_EVERY_SECONDS", 0.0)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    opened = open_sqlite(str(tmp_path / "ledger"), "overlap", create=True)
    yield opened
    opened.close()


@pytest.fixture
def world(tmp_path: Path, ledger: SqliteLedger) -> World:
    (tmp_path / "c.yaml").write_text(CONNECTOR)
    return World(load_brand(tmp_path / "c.yaml", {}), ledger)


def test_the_ledger_is_at_the_end_of_a_topic_that_ends_with_a_marker(world: World) -> None:
    world.game("dice")
    world.bets(1)
    for partition in (GAMES, PLAY):
        world.topics.mark(partition)
    world.turn(4)
    assert world.arrived() == ["b1/Approved"]
    assert world.ledger.positions() == {GAMES: 2, PLAY: 2}
    assert world.intake.positions == world.source.ends([GAMES, PLAY]), "there is no lag"
    assert world.intake.drain(10)
    assert world.committed() == 2


def test_play_that_waits_for_look_ups_elsewhere_goes_on_behind_a_marker(world: World) -> None:
    world.game("dice")
    world.topics.mark(GAMES)
    elsewhere = LookupsElsewhere(world.ledger.positions)
    elsewhere.begin(world.source.ends([GAMES]), 0.0)
    assert elsewhere.waits(0.0)
    world.turn(4)
    assert not elsewhere.waits(1.0)


def test_a_start_behind_a_marker_reads_on_there(world: World) -> None:
    world.game("dice")
    world.bets(1)
    world.topics.mark(PLAY)
    world.turn(4)
    assert world.intake.drain(10)
    world.source.close()
    again = World(world.brand, world.ledger, topics=world.topics, rows=world.rows)
    again.bets(1)
    again.turn(4)
    assert again.intake.drain(10)
    assert again.arrived() == ["b2/Approved"]
    assert again.ledger.positions()[PLAY] == 3


def test_a_marker_behind_records_that_were_refused_takes_none_of_them_away(world: World) -> None:
    limit = world.brand.connector.limits.parked_in_a_row
    for _ in range(limit + 1):
        world.topics.append(PLAY, b"{}", b"no json")
    world.topics.mark(PLAY)
    with pytest.raises(TooManyParked):
        world.turn(limit)
    before = world.ledger.positions()[PLAY]
    assert before < limit
    world.intake.finish(10)
    assert world.ledger.positions()[PLAY] == before


class Registry:
    """A decoder whose registry is away when the second topic is read."""

    def decode(self, record: SourceRecord) -> Decoded:
        if record.topic == PLAY.topic:
            raise SourceUnavailable("the registry is away")
        return Skipped("tombstone")


class FromTheStart:
    """Takes every partition from its first record on."""

    def on_assigned(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        return dict.fromkeys(partitions, 0)

    def leader_epochs(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        raise AssertionError(partitions)

    def on_revoked(self, partitions: Collection[Partition]) -> None:
        raise AssertionError(partitions)

    on_lost = on_revoked


def test_a_marker_behind_records_that_could_not_be_decoded_yet_takes_none_of_them_away() -> None:
    topics, order = MemoryTopics(), CommitOrder(0.0)
    source = MemorySource(topics, "g", [PLAY.topic])
    hands = lanes.Lanes(source, Registry(), order)
    order.assign(PLAY, 0, 0, holds=False, first=False)
    topics.create(PLAY.topic)
    topics.append(PLAY, None, b"x")

    source.open(FromTheStart())
    records = source.poll(0.0)
    with pytest.raises(SourceUnavailable):
        hands.add(records, 1.0)
    hands.add([], 2.0)
    assert source.reached() == {PLAY: 1}
    assert hands.passed() == {}
