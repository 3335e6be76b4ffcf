"""The values that flow from step to step.

Everything here is plain data.  `gc=False` marks what can hold no reference cycle: millions of
these pass through, and the garbage collector need not look at them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from bridge.errors import DecodeError
from bridge.row import Row, Value

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


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


class Renamed(StrEnum):
    """Which half of a changed message key a change is (Debezium writes delete, tombstone, create)."""

    FROM = "from"
    TO = "to"


class Change(msgspec.Struct, gc=False, kw_only=True):
    """One decoded Debezium envelope."""

    record: SourceRecord
    table: str
    """`schema.table` (Postgres, SQL Server, Oracle) or `database.table` (MySQL), from `source`."""
    op: str
    """c, u, d, r, t or m, as Debezium writes it; see `snapshot` for rows of a snapshot."""
    key: Row | None
    before: Row | None
    """As written.  Under REPLICA IDENTITY DEFAULT only the columns of `key` can be believed."""
    after: Row | None
    position: SourcePosition | None
    """None for rows of an incremental snapshot, and where the record does not tell."""
    snapshot: bool
    """True for every spelling of a snapshot row: op r, or a `source.snapshot` that is not false."""
    committed_us: int | None
    """When the database committed (`source.ts_us`, else `ts_ms`), in microseconds since 1970."""
    renamed: Renamed | None = None
    other_key: Mapping[str, Value] | None = None
    """For a renamed change: the key of the other half, where a header tells it."""
    transaction: str | None = None
    """The database transaction, equal for all its changes, where the record tells it."""

    @property
    def committed_at(self) -> datetime | None:
        """Return when the database committed, aware UTC.  Raises DecodeError for a time that no calendar shows."""
        if self.committed_us is None:
            return None
        try:
            return _EPOCH + timedelta(microseconds=self.committed_us)
        except OverflowError:
            raise DecodeError("bad_envelope", "the commit time in source is out of range") from None


class Skipped(msgspec.Struct, frozen=True, gc=False):
    """A record that rightly leads to no event.  `reason` is one of a small set of words, and counted."""

    reason: str


class TransactionEnd(msgspec.Struct, frozen=True, gc=False):
    """Debezium's END of a database transaction: how many changes each table had in it."""

    transaction: str
    counts: Mapping[str, int]


Decoded = Change | Skipped | TransactionEnd


class Taken(msgspec.Struct):
    """A record with what it decoded to, or why it could not be decoded."""

    record: SourceRecord
    decoded: Decoded | Exception
    position: SourcePosition | None
    arrived: float
    """Seconds of a monotonic clock at which it was read."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """One event as it enters the ledger.  Its bytes never change afterwards."""

    message_id: str
    """Names this message for ever: the activity and the status."""
    player: str
    """Whose order it belongs to."""
    body: bytes
    """The CASINO message, JSON in UTF-8."""
    lane: int = 0
    """The partition of the record that led to it; an outbox is handed over lane by lane."""


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """One event on its way out.  `seq` grows with the order of the outbox."""

    seq: int
    message_id: str
    player: str
    body: bytes


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
