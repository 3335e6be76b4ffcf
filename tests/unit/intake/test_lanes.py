"""The partitions in hand: how far they have been read, and which of them rest."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from bridge.intake.lanes import Lanes
from bridge.intake.merge import CommitOrder
from bridge.records import Partition
from bridge.sources.memory import MemorySource, MemoryTopics
from tests.support.trial import wallet

BETS, VOIDS = Partition("bets", 0), Partition("voids", 0)


class Marked(MemorySource):
    """A source whose partitions each end with the marker of a transaction, which is no record."""

    def __init__(self) -> None:
        topics = MemoryTopics()
        for partition in (BETS, VOIDS):
            topics.create(partition.topic)
        super().__init__(topics, "g", ["bets", "voids"])
        self.resting: set[Partition] = set()

    def ends(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Return positions behind the markers."""
        return dict.fromkeys(partitions, 1)

    def reached(self) -> Mapping[Partition, int]:
        """Return that the markers have been passed."""
        return {BETS: 1, VOIDS: 1}

    def pause(self, partitions: Collection[Partition]) -> None:
        """Note what rests."""
        self.resting.update(partitions)


@pytest.fixture
def source() -> Marked:
    return Marked()


@pytest.fixture
def lanes(tmp_path: Path, source: Marked) -> Lanes:
    brand = wallet(tmp_path, "play: {tx: {activities: {bet: {type: Bet}}}}")
    return Lanes(source, brand.decoder(), CommitOrder(0.2))


def assign(lanes: Lanes, *partitions: Partition) -> None:
    lanes.assign(partitions, dict.fromkeys(partitions, 0), plays=partitions, holds=True)


def test_a_partition_that_comes_later_and_ends_with_no_record_does_not_hold_the_others_for_ever(
    lanes: Lanes,
) -> None:
    assign(lanes, BETS)
    lanes.add([], 0.0)
    assert lanes.caught_up()
    assign(lanes, VOIDS)
    lanes.add([], 0.0)
    assert lanes.order.behind() == [], "nobody asks again whether all is caught up"


def test_a_partition_that_rested_and_was_taken_away_rests_again_where_it_must(
    lanes: Lanes, source: Marked
) -> None:
    """One poll may take it away and give it back, and what is assigned anew does not rest."""
    assign(lanes, BETS)
    lanes.pause_only([BETS])
    source.resting.clear()
    lanes.order.revoke([BETS])
    lanes.forget([BETS])
    assign(lanes, BETS)
    lanes.pause_only([BETS])
    assert source.resting == {BETS}
