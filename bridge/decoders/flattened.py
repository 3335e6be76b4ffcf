"""Rows that ExtractNewRecordState has taken out of their envelope.

https://debezium.io/documentation/reference/stable/transformations/event-flattening.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

import msgspec

from bridge.decoders.declarations import Declarations
from bridge.decoders.envelope import Source
from bridge.decoders.keys import KeyReader
from bridge.decoders.origin import Origin, origin_of
from bridge.decoders.parsed import Parsed
from bridge.decoders.positions import committed_us, is_snapshot, position, table_name, transaction_of
from bridge.errors import DecodeError
from bridge.flow import Change, Decoded
from bridge.records import Renamed, Skipped, SourceRecord
from bridge.row import Row, Value

_FIELDS = ("op", "deleted", *Source.__struct_fields__)


class FlattenedSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How Debezium's ExtractNewRecordState was set."""

    prefix: str = "__"
    """`add.fields.prefix`: `__op`, `__lsn`, `__source_ts_ms`.  Empty: only `fields` are metadata."""
    fields: Mapping[str, str] = {}
    """Metadata under other names: from Debezium's name (`op`, `table`, `lsn`, …) to the record's."""
    without_op: Literal["refuse", "upsert"] = "refuse"
    """What a row without `__op` is: poison, or an update that stands for insert and update alike."""
    tombstones: Literal["delete", "skip"] = "delete"
    """What a tombstone is: the delete itself (modes `tombstone` and `delete-to-tombstone`), or nothing."""


class FlattenedReader:
    """Makes changes of unwrapped rows.

    Their table is what `add.fields=table` says, else the end of the topic's name.
    """

    def __init__(self, settings: FlattenedSettings, declarations: Declarations, keys: KeyReader) -> None:
        self._settings = settings
        self._declarations = declarations
        self._keys = keys
        self._names = dict(settings.fields)
        self._candidates = {field: self._spellings(field) for field in _FIELDS}

    def change(self, record: SourceRecord, parsed: Parsed) -> Decoded:
        """Return the change that a row tells of; raises DecodeError when it does not say what was done."""
        row: dict[str, Any] = parsed.content
        metadata = self._metadata(row, record)
        source = _source(metadata, record)
        table = table_name(source)
        op = self._op(metadata)
        if parsed.schemas is None:
            shown = Row(row, self._declarations.schemaless(table), self._declarations.plain)
        else:
            decoders = parsed.schemas.decoders("", table, self._declarations.declared(table))
            shown = Row(row, decoders, self._declarations.plain)
        return self._made(record, source, op, shown)

    def tombstone(self, record: SourceRecord) -> Decoded:
        """Return the delete of a key, or a skip where another record tells of it."""
        if self._settings.tombstones == "skip" or not record.key:
            return Skipped("tombstone")
        metadata = self._metadata({}, record)
        if metadata.get("op", "d") != "d":
            return Skipped("tombstone")
        return self._made(record, _source(metadata, record), "d", None)

    def _made(self, record: SourceRecord, source: Origin, op: str, row: Row | None) -> Change:
        table = table_name(source)
        snapshot = is_snapshot(op, source)
        renamed, other_key = self._renamed(record, op, table)
        return Change(
            record=record,
            table=table,
            op=op,
            key=self._keys.key(record, table),
            before=row if op == "d" else None,
            after=None if op == "d" else row,
            position=position(source, snapshot=snapshot),
            snapshot=snapshot,
            committed_us=committed_us(source),
            renamed=renamed,
            other_key=other_key,
            transaction=transaction_of(source, None),
        )

    def _renamed(
        self, record: SourceRecord, op: str, table: str
    ) -> tuple[Renamed | None, Mapping[str, Value] | None]:
        return self._keys.renamed(record, op, table) or (None, None)

    def _op(self, metadata: Mapping[str, Any]) -> str:
        op = metadata.get("op")
        if metadata.get("deleted") in ("true", True):
            return "d"
        if op is None and self._settings.without_op == "upsert":
            return "u"
        if op in ("c", "u", "d", "r"):
            return cast("str", op)
        if op is None:
            raise DecodeError(
                "no_op", "the unwrapped row does not say what was done; set add.fields=op,table,lsn in Debezium"
            )
        raise DecodeError("unknown_op", "the operation of the unwrapped row is none of c, u, d, r")

    def _spellings(self, field: str) -> tuple[str, ...]:
        if field in self._names:
            return (self._names[field],)
        if field == "deleted":
            return ("__deleted",)  # Debezium puts no prefix before this one.
        prefix = self._settings.prefix
        if not prefix:
            return ()
        # `source.lsn` becomes __source_lsn; plain ts_ms is when Debezium worked, not when the database did.
        plain = () if field in ("ts_ms", "ts_us") else (f"{prefix}{field}",)
        return (*plain, f"{prefix}source_{field}")

    def _metadata(self, row: dict[str, Any], record: SourceRecord) -> dict[str, Any]:
        """Take the metadata out of the row, or read it from the headers (`add.headers`)."""
        headers = {name: value for name, value in record.headers if value is not None}
        found: dict[str, Any] = {}
        for field, spellings in self._candidates.items():
            for name in spellings:
                if name in row:
                    found[field] = row.pop(name)
                elif name in headers and field not in found:
                    found[field] = _header(field, headers[name])
        return {field: value for field, value in found.items() if value is not None}


# The field that only one kind of database has.
_POSITIONS = (("lsn", "postgresql"), ("file", "mysql"), ("commit_lsn", "sqlserver"), ("commit_scn", "oracle"))

_NUMBERS = frozenset({"ts_ms", "ts_us", "lsn", "server_id", "pos", "row", "event_serial_no", "ssn"})


def _header(field: str, value: bytes) -> Any:
    """Read a header as SimpleHeaderConverter writes it, or JsonConverter with its schema or without."""
    found: Any = value.decode("utf-8", "replace")
    if value.startswith((b'"', b"{")) or value == b"null":
        try:
            found = msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            found = found.strip('"')
        if type(found) is dict:
            found = found.get("payload")
    is_count = field in _NUMBERS and type(found) is str and found.isascii() and found.isdigit()
    return int(found) if is_count else found


def _source(metadata: Mapping[str, Any], record: SourceRecord) -> Origin:
    fields = {name: value for name, value in metadata.items() if name in Source.__struct_fields__}
    segments = record.topic.split(".")
    fields.setdefault("name", segments[0])
    if "table" not in fields:
        fields["table"] = segments[-1]
    if "schema" not in fields and "db" not in fields and len(segments) > 2 and segments[-1] == fields["table"]:
        fields["schema"] = segments[-2]
    if "connector" not in fields:
        fields["connector"] = next((kind for field, kind in _POSITIONS if field in fields), None)
    try:
        return origin_of(msgspec.convert(fields, Source))
    except msgspec.ValidationError as error:
        raise DecodeError("bad_envelope", f"the row's metadata is not as Debezium writes it: {error}") from None
