"""Under which leader each partition was read: kept with the positions, and never older than they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bridge.contracts import Ledger
from bridge.intake.epochs import LeaderEpochs
from bridge.ledger import open_ledger
from bridge.records import Partition
from bridge.sources.memory import MemorySource, MemoryTopics

HERE, THERE = Partition("tx", 0), Partition("tx", 1)


class Led(MemorySource):
    """A source whose partitions have leaders that are counted."""

    def __init__(self) -> None:
        super().__init__(MemoryTopics(), "g", ["tx"])
        self.epochs: dict[Partition, int] = {}

    def leader_epochs(self) -> Mapping[Partition, int]:
        """See `Source.leader_epochs`."""
        return self.epochs


@pytest.fixture
def source() -> Led:
    return Led()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = open_ledger(str(tmp_path / "a.ledger"), "brand", create=True)
    yield ledger
    ledger.close()


@pytest.fixture
def epochs(source: Led, ledger: Ledger) -> LeaderEpochs:
    return LeaderEpochs(source, ledger, lambda: 0)


def write(epochs: LeaderEpochs, ledger: Ledger, *, fails: bool = False) -> Mapping[Partition, int]:
    transaction = ledger.begin(0)
    news = epochs.write(transaction)
    if fails:
        transaction.rollback()
    else:
        transaction.commit()
        epochs.kept(news)
    return news


def test_what_was_read_last_is_known_to_the_next_life(source: Led, ledger: Ledger, epochs: LeaderEpochs) -> None:
    source.epochs = {HERE: 4, THERE: 0}
    write(epochs, ledger)
    source.epochs = {HERE: 5, THERE: 0}
    assert write(epochs, ledger) == {HERE: 5}
    again = LeaderEpochs(Led(), ledger, lambda: 0)
    assert again.of([HERE, THERE, Partition("tx", 2)]) == {HERE: 5, THERE: 0}


def test_what_has_not_changed_is_written_once(source: Led, ledger: Ledger, epochs: LeaderEpochs) -> None:
    source.epochs = {HERE: 4}
    assert write(epochs, ledger) == {HERE: 4}
    assert write(epochs, ledger) == {}


def test_a_batch_that_failed_is_no_news_of_the_past(source: Led, ledger: Ledger, epochs: LeaderEpochs) -> None:
    source.epochs = {HERE: 4}
    write(epochs, ledger, fails=True)
    assert epochs.of([HERE]) == {}
    assert write(epochs, ledger) == {HERE: 4}


def test_each_assignment_writes_what_it_was_given_once_more(
    source: Led, ledger: Ledger, epochs: LeaderEpochs
) -> None:
    """So that it is never forgotten with rows that nobody has touched for as long."""
    source.epochs = {HERE: 4}
    write(epochs, ledger)
    assert epochs.of([HERE]) == {HERE: 4}
    assert write(epochs, ledger) == {HERE: 4}
