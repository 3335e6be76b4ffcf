"""Under which leader each partition was read: with it Kafka tells whether what was read is still there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

from bridge.contracts import Ledger, Source
from bridge.memory import LedgerTransaction
from bridge.records import Partition

_SPACE: Final = "leader epoch"


class LeaderEpochs:
    """The leader epochs of what is read, kept in the ledger beside the positions.

    One that is kept is never older than the record before the position: it is written with it, or before.
    Newer it may be, and tells as much.
    """

    def __init__(self, source: Source, ledger: Ledger, wall_ms: Callable[[], int]) -> None:
        self._source = source
        self._ledger = ledger
        self._wall_ms = wall_ms
        self._kept: dict[Partition, int] = {}

    def of(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Return what the ledger knows of partitions.  Raises LedgerUnavailable."""
        transaction = self._ledger.begin(self._wall_ms())
        try:
            names = {_name(at): at for at in partitions}
            transaction.prefetch((_SPACE, name) for name in names)
            found = {at: transaction.get(_SPACE, name) for name, at in names.items()}
        finally:
            transaction.rollback()
        # Written again with the first batch: what a long run never touches would be forgotten with old rows.
        self._kept = {at: epoch for at, epoch in self._kept.items() if at not in found}
        return {at: int(epoch) for at, epoch in found.items() if epoch is not None}

    def write(self, transaction: LedgerTransaction) -> Mapping[Partition, int]:
        """Put what has changed into a batch, and return it: for `kept`, when that is durable."""
        epochs = self._source.leader_epochs()
        news = {at: epoch for at, epoch in epochs.items() if self._kept.get(at) != epoch}
        for at, epoch in news.items():
            transaction.put(_SPACE, _name(at), b"%d" % epoch)
        return news

    def kept(self, news: Mapping[Partition, int]) -> None:
        """Note what has become durable."""
        self._kept |= news


def _name(at: Partition) -> str:
    return f"{at.topic}/{at.number}"
