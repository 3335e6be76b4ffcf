"""What an instance must know of the others that read the same brand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from bridge.contracts import Ledger
from bridge.errors import FatalError, LedgerUnavailable
from bridge.records import Partition

ASK_EVERY_SECONDS = 0.25
STALLED_SECONDS = 30.0


class BrandLedger(Ledger, Protocol):
    """A ledger with the fence between instances."""

    shared: bool
    """Whether other instances can write to it."""

    def claim(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Become the owner of partitions and return their positions."""

    def disclaim(self, partitions: Collection[Partition]) -> None:
        """Give partitions up: nothing more is written for them."""

    def require_claims(self) -> None:
        """Raise LedgerFenced when another instance has become the owner of one of ours."""


class LookupsElsewhere:
    """Holds play back at the start while other instances still read look-up rows into the shared ledger.

    It lasts until the ledger's positions are where those partitions ended at the assignment, but no
    longer than STALLED_SECONDS without any progress: play that needs a row which is still missing
    waits for it by itself.
    """

    def __init__(self, positions: Callable[[], Mapping[Partition, int]]) -> None:
        """`positions` asks the ledger."""
        self._positions = positions
        self._due: dict[Partition, int] = {}
        self._missing = 0
        self._asked_at = self._moved_at = 0.0

    def begin(self, ends: Mapping[Partition, int], now: float) -> None:
        """Wait for these positions; none, and nothing is waited for."""
        self._due = dict(ends)
        self._missing = -1
        self._asked_at, self._moved_at = now - ASK_EVERY_SECONDS, now

    def waits(self, now: float) -> bool:
        """Return whether play has to wait.  Asks the ledger now and then."""
        if not self._due or now - self._asked_at < ASK_EVERY_SECONDS:
            return bool(self._due)
        self._asked_at = now
        try:
            known = self._positions()
        except LedgerUnavailable:
            return True
        missing = sum(max(0, end - known.get(at, 0)) for at, end in self._due.items())
        if missing != self._missing:
            self._missing, self._moved_at = missing, now
        if not missing or now - self._moved_at >= STALLED_SECONDS:
            self._due = {}
        return bool(self._due)


def check_partition_counts(partitions: Mapping[str, Sequence[Partition]], plays: Collection[str]) -> None:
    """Raise FatalError unless Kafka gives partitions of the same number to the same instance.

    Its range assignor does where topics have equally many partitions, or one.  Topics of play must be
    equal: what one player does lies in one number.
    """
    counts = {topic: len(found) for topic, found in partitions.items() if found}
    several = {topic: count for topic, count in counts.items() if count > 1 or topic in plays}
    if len(set(several.values())) > 1:
        said = ", ".join(f"{topic} has {count}" for topic, count in sorted(several.items()))
        raise FatalError(
            f"with a ledger that instances share, the topics of a brand need equally many partitions ({said}); "
            "look-up topics may have one: see docs/how-to/run-several-instances.md"
        )
