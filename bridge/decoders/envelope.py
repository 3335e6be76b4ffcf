"""The fields of Debezium's envelope that mean something to us; everything else in it is passed over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

Number = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""A number of 64 bits, which is what can be kept of a position."""


class Source(msgspec.Struct, gc=False, frozen=True):
    """Debezium's `source` block, with the fields of every connector that has a position."""

    connector: str | None = None
    name: str | None = None
    db: str | None = None
    schema: str | None = None
    table: str | None = None
    snapshot: str | bool | None = None
    ts_ms: int | None = None
    ts_us: int | None = None
    # Postgres; for Oracle txId is text.
    sequence: str | None = None
    lsn: Number | None = None
    txId: int | str | None = None  # noqa: N815 -- Debezium's own name
    # MySQL and MariaDB
    server_id: int | None = None
    gtid: str | None = None
    file: str | None = None
    pos: Number | None = None
    row: Number | None = None
    # SQL Server
    commit_lsn: str | None = None
    change_lsn: str | None = None
    event_serial_no: Number | None = None
    # Oracle
    scn: str | None = None
    commit_scn: str | None = None
    rs_id: str | None = None
    ssn: Number | None = None


class TransactionBlock(msgspec.Struct, gc=False, frozen=True):
    """Where a change stands in its transaction."""

    id: str


class Envelope(msgspec.Struct, gc=False):
    """One change as Debezium wraps it.  Rows are raw: values in the form of the converter."""

    op: str
    source: Source
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    transaction: TransactionBlock | None = None


class WithSchema(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """Any value of Connect's JSON converter with `schemas.enable`."""

    schema: msgspec.Raw
    payload: msgspec.Raw


class TableCount(msgspec.Struct):
    """How many changes a transaction made in one table."""

    data_collection: str
    event_count: int


class Boundary(msgspec.Struct):
    """The begin or the end of a transaction, as Debezium's transaction topic tells it."""

    status: str
    id: str
    data_collections: list[TableCount] | None


def fields_of(kind: type[msgspec.Struct], values: Mapping[str, Any]) -> Any:
    """Make a structure from a decoded map; raises msgspec.ValidationError when a field has the wrong type."""
    return msgspec.convert({name: values[name] for name in kind.__struct_fields__ if name in values}, kind)
