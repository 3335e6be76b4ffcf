"""The values that flow from step to step, and live no longer than their batch.

A module of its own: it is compiled, and what is kept (`bridge.records`) is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from bridge.errors import DecodeError
from bridge.records import Renamed, Skipped, SourcePosition, SourceRecord, TransactionEnd
from bridge.row import Row, Value

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Change:
    """One decoded Debezium envelope."""

    __slots__ = (
        "after",
        "before",
        "committed_us",
        "key",
        "op",
        "other_key",
        "position",
        "record",
        "renamed",
        "snapshot",
        "table",
        "transaction",
    )

    def __init__(
        self,
        *,
        record: SourceRecord,
        table: str,
        op: str,
        key: Row | None,
        before: Row | None,
        after: Row | None,
        position: SourcePosition | None,
        snapshot: bool,
        committed_us: int | None,
        renamed: Renamed | None = None,
        other_key: Mapping[str, Value] | None = None,
        transaction: str | None = None,
    ) -> None:
        self.record = record
        self.table = table
        """`schema.table` (Postgres, SQL Server, Oracle) or `database.table` (MySQL), from `source`."""
        self.op = op
        """c, u, d, r, t or m, as Debezium writes it; see `snapshot` for rows of a snapshot."""
        self.key = key
        self.before = before
        """As written.  Under REPLICA IDENTITY DEFAULT only the columns of `key` can be believed."""
        self.after = after
        self.position = position
        """None for rows of an incremental snapshot, and where the record does not tell."""
        self.snapshot = snapshot
        """True for every spelling of a snapshot row: op r, or a `source.snapshot` that is not false."""
        self.committed_us = committed_us
        """When the database committed (`source.ts_us`, else `ts_ms`), in microseconds since 1970."""
        self.renamed = renamed
        self.other_key = other_key
        """For a renamed change: the key of the other half, where a header tells it."""
        self.transaction = transaction
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

    def showing(self, row: Row) -> Change:
        """Return the same change with another row in `after`, and nothing known of the row before."""
        return Change(
            record=self.record,
            table=self.table,
            op=self.op,
            key=self.key,
            before=None,
            after=row,
            position=self.position,
            snapshot=self.snapshot,
            committed_us=self.committed_us,
            renamed=self.renamed,
            other_key=self.other_key,
            transaction=self.transaction,
        )


Decoded = Change | Skipped | TransactionEnd


class Taken:
    """A record with what it decoded to, or why it could not be decoded."""

    __slots__ = ("arrived", "decoded", "position", "record")

    def __init__(
        self, record: SourceRecord, decoded: Decoded | Exception, position: SourcePosition | None, arrived: float
    ) -> None:
        self.record = record
        self.decoded = decoded
        self.position = position
        self.arrived = arrived
        """Seconds of a monotonic clock at which it was read."""


class Event:
    """One event as it enters the ledger.  Its bytes never change afterwards."""

    __slots__ = ("body", "lane", "message_id", "player")

    def __init__(self, message_id: str, player: str, body: bytes, lane: int = 0) -> None:
        self.message_id = message_id
        """Names this message for ever: the activity and the status."""
        self.player = player
        """Whose order it belongs to."""
        self.body = body
        """The CASINO message, JSON in UTF-8."""
        self.lane = lane
        """The partition of the record that led to it; an outbox is handed over lane by lane."""


class Delivery:
    """One event on its way out."""

    __slots__ = ("body", "message_id", "player", "seq")

    def __init__(self, seq: int, message_id: str, player: str, body: bytes) -> None:
        self.seq = seq
        """Grows with the order of the outbox."""
        self.message_id = message_id
        self.player = player
        self.body = body

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Delivery):
            return NotImplemented
        mine, its = (self.seq, self.message_id, self.player), (other.seq, other.message_id, other.player)
        return mine == its and self.body == other.body

    def __hash__(self) -> int:
        return hash(self.seq)
