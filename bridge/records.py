"""The values that flow from step to step.

Everything here is plain data.  `gc=False` marks what can hold no reference cycle: millions of
these pass through, and the garbage collector need not look at them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

import msgspec

from bridge.errors import DecodeError, MappingError


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


class Unavailable:
    """A value that Debezium did not have: an unchanged large column outside the replica identity."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<unavailable>"


UNAVAILABLE: Final = Unavailable()

Value = Any
"""A decoded column: None, bool, int, str, bytes, Decimal, datetime, date, time, timedelta, list or dict.

An aware datetime is a moment in UTC; a naive one is local time of a zone that the column does not
tell.  Numbers with a fraction are always Decimal, at any depth.  Bytes are raw.
"""

ColumnDecoder = Callable[[Any], Value]
"""Takes a column from the record's form to a Value; raises DecodeError; may return UNAVAILABLE."""


class Columns(dict[str, Value]):
    """The values of a row's columns: each is decoded when it is first asked for, and kept.

    `columns[name]` is the hot path: a column that has been read costs no step of Python.
    """

    __slots__ = ("decoders", "raw")

    decoders: Mapping[str, ColumnDecoder]
    raw: Mapping[str, Any]

    def __missing__(self, column: str) -> Value:
        if not self and isinstance(self.decoders, ColumnDecoders):
            self.decoders.fill(self)
            if column in self:
                return self[column]
        value = self.decode(column)
        if value is UNAVAILABLE:
            raise MappingError("unavailable_column", f"column {column} is unavailable in this record")
        self[column] = value
        return value

    def decode(self, column: str) -> Value:
        """Return the value, or UNAVAILABLE; what was decoded is not kept.

        Raises MappingError for a missing column, DecodeError for a value that contradicts its type.
        """
        try:
            value = self.raw[column]
        except KeyError:
            raise MappingError("missing_column", f"the record has no column {column}") from None
        decoder = self.decoders.get(column)
        if value is None or decoder is None:
            return value
        try:
            return decoder(value)
        except DecodeError as error:
            raise DecodeError(error.code, f"column {column}: {error.reason}") from error


class ColumnDecoders(dict[str, ColumnDecoder]):
    """Decoders by column, of rows whose other columns are their raw values but for a few marks.

    The marks are the texts and bytes that stand for a value which Debezium did not have.
    """

    __slots__ = ("_marks", "_typed")

    def __init__(self, decoders: Mapping[str, ColumnDecoder], marks: frozenset[str | bytes]) -> None:
        """Take the decoders of those columns that are more than their raw values."""
        super().__init__(decoders)
        self._marks = marks
        self._typed = tuple(decoders)

    def fill(self, values: Columns) -> None:
        """Put into `values` at once every column that is its raw value, unless one of them could be a mark."""
        try:
            if not self._marks.isdisjoint(values.raw.values()):
                return
        except TypeError:  # a list or a structure has to be looked into
            return
        values.update(values.raw)
        for column in self._typed:
            values.pop(column, None)


class Row:
    """The columns of one row, decoded when they are first read.

    Only columns that a rule reads cost anything, and only they can make a record poison.
    """

    __slots__ = ("values",)

    values: Columns
    """The columns by name; what asks for one gets what `row[column]` returns, or raises."""

    def __init__(self, raw: Mapping[str, Any], decoders: Mapping[str, ColumnDecoder]) -> None:
        """Wrap `raw`; a column without an entry in `decoders` is its raw value."""
        self.values = values = Columns()
        values.raw = raw
        values.decoders = decoders

    def __getitem__(self, column: str) -> Value:
        """Return the value of a column.

        Raises MappingError when the record lacks the column or the value is unavailable, and
        DecodeError when the value contradicts its type.
        """
        return self.values[column]

    def get(self, column: str) -> Value:
        """Return the value like `row[column]`, but None for a column that is not there and UNAVAILABLE as such."""
        values = self.values
        if column in values:
            return values[column]
        return values.decode(column) if column in values.raw else None

    def __contains__(self, column: object) -> bool:
        return column in self.values.raw

    def columns(self) -> Iterable[str]:
        """Return the names of the columns that the record has."""
        return self.values.raw.keys()

    def __repr__(self) -> str:
        # Values of rows never reach a log, so they are not shown here either.
        return f"Row({', '.join(self.columns())})"


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
    committed_at: datetime | None
    """When the database committed (`source.ts_us`, else `ts_ms`), aware UTC."""
    renamed: Renamed | None = None
    other_key: Mapping[str, Value] | None = None
    """For a renamed change: the key of the other half, where a header tells it."""
    transaction: str | None = None
    """The database transaction, equal for all its changes, where the record tells it."""


class Skipped(msgspec.Struct, frozen=True, gc=False):
    """A record that rightly leads to no event.  `reason` is one of a small set of words, and counted."""

    reason: str


class TransactionEnd(msgspec.Struct, frozen=True, gc=False):
    """Debezium's END of a database transaction: how many changes each table had in it."""

    transaction: str
    counts: Mapping[str, int]


Decoded = Change | Skipped | TransactionEnd


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
