"""The values that steps share and that are kept: what lives no longer than its batch is in `bridge.flow`.

Everything here is plain data.  `gc=False` marks what can hold no reference cycle: millions of
these pass through, and the garbage collector need not look at them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

_CLOCKS_US: Final = 1_000_000
"""How far the times of two servers may lie from what happened."""


class Partition(NamedTuple):
    """One partition of a Kafka topic."""

    topic: str
    number: int


class SourceRecord(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One Kafka record as it was polled.  Nothing in it has been interpreted."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    """None: a tombstone."""
    headers: tuple[tuple[str, bytes | None], ...]
    timestamp_ms: int
    """The record's append or create time in milliseconds since 1970; -1 where Kafka has none."""


class SourcePosition(msgspec.Struct, frozen=True, gc=False, array_like=True, order=True):
    """Where a change stands in its database's log.

    Comparable only within one `lineage` (one Debezium connector on one server).  `order` is
    (commit LSN, LSN) for Postgres, (file number, position, row) for MySQL and MariaDB,
    (commit LSN, change LSN, event number) for SQL Server, (commit SCN, SCN, ...) for Oracle.
    """

    lineage: str
    order: tuple[int, ...]
    numbered_by: str = ""
    """Who numbered its transaction (the GTID of MySQL and MariaDB), where the record tells."""
    number: int = 0
    committed_us: int = 0
    """When its transaction was committed, in microseconds since 1970, where it has a number."""

    def is_after(self, other: SourcePosition) -> bool:
        """Return whether it is later than another of its lineage.

        When Debezium goes on with the log of another server, places in the log begin anew and GTIDs do not.
        What lies further on with no higher number is a repeat from there, unless it was committed later: a group
        of servers gives each of them its numbers in blocks.
        """
        if not self.numbered_by or self.numbered_by != other.numbered_by:
            return self.order > other.order
        if self.number > other.number:
            return True
        if self.number == other.number and self.order[:1] == other.order[:1]:
            return self.order > other.order
        return self.order > other.order and not 0 < self.committed_us <= other.committed_us

    def is_known_after(self, other: SourcePosition | None) -> bool:
        """Return whether both are places of one lineage, and this is the later one."""
        return other is not None and self.lineage == other.lineage and self.is_after(other)

    def precedes(self, other: SourcePosition) -> bool:
        """Return whether it comes before another of the same log.

        The log may have been changed for that of another server, whose places are others: of one server the
        numbers of its transactions tell, and between servers the times of their commits, as far as clocks can.
        """
        if self.lineage == other.lineage:
            if self.numbered_by and self.numbered_by == other.numbered_by and self.number != other.number:
                return self.number < other.number
        elif self.committed_us and other.committed_us:
            apart = self.committed_us - other.committed_us
            if abs(apart) > _CLOCKS_US:
                return apart < 0
        return self.order < other.order

    @property
    def log(self) -> str:
        """The log that it is a place of: one Debezium connector reads one, whoever wrote what stands there."""
        return _log(self.lineage)


@lru_cache(maxsize=1_000)
def _log(lineage: str) -> str:
    return ":".join(lineage.split(":", 2)[:2])


class Renamed(StrEnum):
    """Which half of a changed message key a change is (Debezium writes delete, tombstone, create)."""

    FROM = "from"
    TO = "to"


class Skipped(msgspec.Struct, frozen=True, gc=False):
    """A record that rightly leads to no event.  `reason` is one of a small set of words, and counted."""

    reason: str


class TransactionEnd(msgspec.Struct, frozen=True, gc=False):
    """Debezium's END of a database transaction: how many changes each table had in it."""

    transaction: str
    counts: Mapping[str, int]


class Confirmed(NamedTuple):
    """Which events of an outbox have been confirmed."""

    seq: int
    """All up to this one."""
    ahead: Sequence[int]
    """The seqs of those behind it, ascending."""
    number: int
    """How many of them this process sent."""


class HeldChange(msgspec.Struct, gc=False, kw_only=True):
    """A change that waits.  The mapping decides what `waiting` means; the ledger only keeps it."""

    held_id: int
    """Grows in the order of taking in; given by the ledger."""
    record: SourceRecord
    table: str
    player: str
    waiting: bytes
    """What it waits for and what it knows, in the mapping's own form."""
    deadline_ms: int
    """Wall-clock milliseconds since 1970 at which it stops waiting."""


class ParkedChange(msgspec.Struct, gc=False, kw_only=True):
    """A change that waits for a person: the record byte for byte, the reason and the place."""

    parked_id: int
    record: SourceRecord
    table: str
    key: str
    player: str
    code: str
    reason: str
    parked_at_ms: int
