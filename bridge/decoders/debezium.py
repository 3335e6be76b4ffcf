"""Says what a record is: a change, something that is rightly passed over, or poison with a name.

After Debezium's documentation, https://debezium.io/documentation/reference/stable/, and what its
connectors of many versions have been seen to write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from bridge.decoders.avro import RegistryReader, refuse_schema_in_headers
from bridge.decoders.declarations import Declarations
from bridge.decoders.envelope import Boundary, Envelope
from bridge.decoders.flattened import FlattenedReader, FlattenedSettings
from bridge.decoders.json_records import JsonReader
from bridge.decoders.keys import NO_IDENTITY, KeyReader
from bridge.decoders.origin import Opened, opened
from bridge.decoders.parsed import Parsed, RowSchemas
from bridge.decoders.placeholder import DEFAULT_PLACEHOLDER, Placeholder
from bridge.decoders.positions import (
    committed_us,
    is_snapshot,
    position,
    table_name,
    transaction_name,
    transaction_of,
)
from bridge.decoders.registry import RegistrySettings
from bridge.errors import DecodeError
from bridge.flow import Change, Decoded
from bridge.records import Skipped, SourceRecord, TransactionEnd
from bridge.row import Row

TOMBSTONE: Final = Skipped("tombstone")
_HEARTBEAT: Final = Skipped("heartbeat")
_BEGIN: Final = Skipped("transaction begin")
_SCHEMA_CHANGE: Final = Skipped("schema change")
_NOTIFICATION: Final = Skipped("notification")
_SIGNAL: Final = Skipped("signal table")
_MESSAGE: Final = Skipped("logical message")

_NAMES_AS_CHANGES: Final = re.compile(r"\d+:\d+|[0-9A-Fa-f-]{36}:.+|\d+-\d+-\d+|file=.+")
"""Ids of transactions of PostgreSQL, MySQL and MariaDB, which name tables in them as in changes."""

_WITH_ROW: Final = frozenset({"c", "u", "r"})
_OPS: Final = _WITH_ROW | {"d", "t"}


class DebeziumDecoder:
    """Decodes what Debezium writes: JSON with or without schema, or Avro and JSON Schema from a registry.

    Not for several threads at once.
    """

    def __init__(
        self,
        columns: Mapping[str, Mapping[str, str]] | None = None,
        *,
        placeholder: str = DEFAULT_PLACEHOLDER,
        flattened: FlattenedSettings | None = None,
        registry: RegistrySettings | None = None,
    ) -> None:
        """Prepare for one connector.

        `columns` declares column types by table (`schema.table`, `table`, or a pattern of either) and
        column; `placeholder` is Debezium's `unavailable.value.placeholder`; `flattened` is needed for
        records of ExtractNewRecordState, `registry` for records of a schema registry.  Raises
        ValueError for a column type or placeholder that is none.
        """
        spellings = Placeholder(placeholder)
        self._declarations = Declarations(columns or {}, spellings)
        self._json = JsonReader(spellings)
        self._registry = RegistryReader(registry, spellings)
        self._keys = KeyReader(self._declarations, spellings, self._registry)
        self._flattened = FlattenedReader(flattened, self._declarations, self._keys) if flattened else None

    def decode(self, record: SourceRecord) -> Decoded:
        """Say what a record is.

        Raises DecodeError for what is no record of Debezium, with what to do about it.  With Avro,
        raises SourceUnavailable when the registry does not answer within its time limit; that is the
        only wait, once for each schema.
        """
        value = record.value
        if not value:
            return self._tombstone(record)
        if value[0] in (0, 1):
            found = self._registry.envelope(value)
            if found is not None:
                return self._change(record, found[0], found[1])
            return self._recognise(record, self._registry.read(value, record.headers))
        row = self._json.envelope(record.topic, value)
        if row is not None:
            return self._change(record, row[0], row[1])
        try:
            parsed = self._json.read(record.topic, value)
        except DecodeError:
            refuse_schema_in_headers(record.headers)
            raise
        return self._recognise(record, parsed)

    def _tombstone(self, record: SourceRecord) -> Decoded:
        return TOMBSTONE if self._flattened is None else self._flattened.tombstone(record)

    def _change(self, record: SourceRecord, envelope: Opened, schemas: RowSchemas | None) -> Decoded:
        op, source, before, after, block_id = envelope
        if op not in _OPS:
            if op == "m":
                return _MESSAGE
            raise DecodeError("unknown_op", f"the operation {op[:20]!r} is none of c, u, d, r, t, m")
        table = table_name(source)
        if table.endswith("debezium_signal"):
            return _SIGNAL
        if after is None and op in _WITH_ROW:
            raise DecodeError("no_row", f"a record with op {op} has no row in after")
        snapshot = is_snapshot(op, source)
        renamed = self._keys.renamed(record, op, table)
        key = self._keys.key(record, table)
        if key is None and op == "d" and before is None:
            key = NO_IDENTITY
        return Change(
            record=record,
            table=table,
            op=op,
            key=key,
            before=self._row(before, "before", table, schemas),
            after=self._row(after, "after", table, schemas),
            position=position(source, snapshot=snapshot),
            snapshot=snapshot,
            committed_us=committed_us(source),
            renamed=renamed[0] if renamed else None,
            other_key=renamed[1] if renamed else None,
            transaction=transaction_of(source, block_id),
        )

    def _row(self, raw: dict[str, Any] | None, part: str, table: str, schemas: RowSchemas | None) -> Row | None:
        if raw is None:
            return None
        if schemas is None:
            return Row(raw, self._declarations.schemaless(table), self._declarations.plain)
        decoders = schemas.decoders(part, table, self._declarations.declared(table))
        return Row(raw, decoders, self._declarations.plain)

    def _recognise(self, record: SourceRecord, parsed: Parsed) -> Decoded:
        content = parsed.content
        if content is None:
            return self._tombstone(record)
        if type(content) is not dict:
            raise _not_an_envelope(record)
        if "op" in content and type(content.get("source")) is dict:
            return self._change(record, _envelope(content), parsed.schemas)
        technical = _technical(content)
        if technical is not None:
            return technical
        if "specversion" in content:
            raise DecodeError(
                "cloud_events", "a CloudEvent; set value.converter to JsonConverter or AvroConverter in Debezium"
            )
        if self._flattened is not None:
            return self._flattened.change(record, parsed)
        raise _no_source() if "op" in content else _no_envelope(record, content)


def _envelope(content: dict[str, Any]) -> Opened:
    try:
        return opened(msgspec.convert(content, Envelope))
    except msgspec.ValidationError as error:
        raise DecodeError("bad_envelope", f"the envelope is not as Debezium writes it: {error}") from None


def _technical(content: dict[str, Any]) -> Skipped | TransactionEnd | None:
    """Recognise the records of Debezium's own topics, which may come with the same subscription."""
    keys = content.keys()
    if "ts_ms" in keys and keys <= {"ts_ms", "ts_us", "ts_ns"}:
        return _HEARTBEAT
    if {"status", "id", "event_count", "data_collections"} <= keys:
        return _transaction(content)
    if {"databaseName", "ddl"} <= keys or {"source", "historyRecord"} <= keys:
        return _SCHEMA_CHANGE
    if {"id", "type", "aggregate_type", "additional_data"} <= keys:
        return _NOTIFICATION
    return None


def _transaction(content: dict[str, Any]) -> Skipped | TransactionEnd:
    try:
        boundary = msgspec.convert(content, Boundary)
    except msgspec.ValidationError as error:
        raise DecodeError(
            "bad_transaction", f"a transaction record that Debezium does not write: {error}"
        ) from None
    if boundary.status == "BEGIN":
        return _BEGIN
    if boundary.status != "END":
        raise DecodeError("bad_transaction", "the status of a transaction record is neither BEGIN nor END")
    counts: dict[str, int] = {}
    as_changes_have_it = _NAMES_AS_CHANGES.fullmatch(boundary.id) is not None
    for one in boundary.data_collections or ():
        # SQL Server and Oracle put the database before `schema.table`; the names of changes have none.
        table = one.data_collection if as_changes_have_it else ".".join(one.data_collection.split(".")[-2:])
        counts[table] = counts.get(table, 0) + one.event_count
    return TransactionEnd(transaction_name(boundary.id), counts)


def _not_an_envelope(record: SourceRecord) -> DecodeError:
    if any(name == "id" for name, _ in record.headers):
        return DecodeError("outbox", "an outbox event, not a row; capture the tables without the EventRouter")
    return DecodeError("not_debezium", "the record is JSON, yet no change of Debezium")


def _no_source() -> DecodeError:
    return DecodeError("no_source", "an envelope without source, not written by a Debezium connector")


def _no_envelope(record: SourceRecord, content: dict[str, Any]) -> DecodeError:
    if any(name == "id" for name, _ in record.headers):
        return _not_an_envelope(record)
    if content.keys() == {"schemaId", "payload"}:
        return DecodeError(
            "no_envelope",
            "written by Apicurio's ExtJsonConverter, which leaves the schema out; set value.converter to"
            " JsonConverter or AvroConverter",
        )
    return DecodeError(
        "no_envelope",
        "no envelope of Debezium; if ExtractNewRecordState unwraps the records, the connector must say flattened",
    )
