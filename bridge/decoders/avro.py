"""Records of a schema registry: a zero byte, four bytes of schema id, then Avro or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from bridge.decoders.avro_binary import compile_reader
from bridge.decoders.avro_flat import FlatReader
from bridge.decoders.avro_references import ReferencedTypes, parsed_schema
from bridge.decoders.avro_schemas import avro_columns, json_schema_columns
from bridge.decoders.avro_types import NotFlat
from bridge.decoders.avro_values import Reader
from bridge.decoders.decimals import json_value
from bridge.decoders.origin import Opened
from bridge.decoders.parsed import Parsed, RowSchemas
from bridge.decoders.placeholder import Placeholder
from bridge.decoders.registry import RegisteredSchema, Registry, RegistrySettings
from bridge.errors import DecodeError

_MOST_SCHEMAS: Final = 10_000


Headers = Sequence[tuple[str, bytes | None]]


def refuse_schema_in_headers(headers: Headers) -> None:
    """Raise DecodeError when headers name the schema: the bytes then have no prefix that tells it."""
    for name, _ in headers:
        if name.startswith("apicurio."):
            raise DecodeError(
                "schema_in_headers",
                "Apicurio's headers name the schema; set apicurio.registry.headers.enabled=false",
            )
        if name in {"__value_schema_id", "__key_schema_id"}:
            raise DecodeError("schema_in_headers", "a header names the schema; let the serializer write a prefix")


@dataclass(slots=True, eq=False)
class _Known:
    """How the records of one schema are read."""

    read: Reader
    schemas: RowSchemas
    is_record: bool = False
    """Whether there are columns in each: no null, and no single value."""
    flat: FlatReader | None = None
    flat_schemas: RowSchemas | None = None


class RegistryReader:
    """Reads keys and values whose schema is in a registry; each schema is asked for once."""

    def __init__(self, settings: RegistrySettings | None, placeholder: Placeholder) -> None:
        self._registry = Registry(settings) if settings else None
        self._referenced = ReferencedTypes(self._registry) if self._registry else None
        self._placeholder = placeholder
        self._schemas: dict[bytes, _Known] = {}

    def envelope(self, data: bytes) -> tuple[Opened, RowSchemas | None] | None:
        """Return the envelope where its schema is known and flat, None where `read` must decide.  Never raises."""
        known = self._schemas.get(data[:5])
        if known is None or known.flat is None:
            return None
        found = known.flat.read(data)
        return None if found is None else (found, known.flat_schemas)

    def knows_record(self, data: bytes) -> bool:
        """Return whether the schema is known and has columns: no registry will be asked, and nothing is null."""
        known = self._schemas.get(data[:5])
        return known is not None and known.is_record

    def read(self, data: bytes, headers: Headers = ()) -> Parsed:
        """Return the content and its schema.

        Raises DecodeError when the bytes are not what the schema says or the id is unknown, and
        SourceUnavailable when the registry does not answer.
        """
        known = self._schemas.get(data[:5])
        if known is None:
            refuse_schema_in_headers(headers)
            known = self._ask(data)
        try:
            content, end = known.read(data, 5)
        except (ValueError, IndexError, RecursionError):
            raise DecodeError("bad_avro", "the bytes are not of the schema that they name") from None
        if end != len(data):
            raise DecodeError("bad_avro", "the record is longer or shorter than its schema says")
        return Parsed(content, known.schemas)

    def _ask(self, data: bytes) -> _Known:
        if data[0] == 1:
            raise DecodeError("schema_guid", "the record names its schema by a GUID; let the serializer write ids")
        if len(data) < 5:
            raise DecodeError("bad_avro", "shorter than a record of a schema registry")
        if self._registry is None:
            raise DecodeError("no_registry", "a record of a schema registry; the connector must give its URL")
        found = self._compile(self._registry.schema(int.from_bytes(data[1:5], "big")))
        if len(self._schemas) >= _MOST_SCHEMAS:
            self._schemas.clear()
        self._schemas[data[:5]] = found
        return found

    def _compile(self, registered: RegisteredSchema) -> _Known:
        if registered.schema_type not in {"AVRO", "JSON"}:
            kind = registered.schema_type[:40]
            raise DecodeError(kind.lower(), f"{kind} is not supported; let Debezium write Avro or JSON")
        if registered.references and registered.schema_type == "JSON":
            raise DecodeError("schema_references", "a JSON Schema that refers to others is not supported")
        schema = parsed_schema(registered.schema)
        types = self._referenced.of(registered) if self._referenced is not None else ()
        try:
            if registered.schema_type == "JSON":
                return _Known(_read_json, RowSchemas(json_schema_columns(schema), self._placeholder))
            return self._compile_avro(schema, types)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise DecodeError("bad_schema", "the registry's schema is none") from None

    def _compile_avro(self, schema: Any, types: Sequence[Any]) -> _Known:
        columns = avro_columns(schema, types)
        is_record = isinstance(schema, dict) and schema.get("type") == "record"
        known = _Known(compile_reader(schema, types), RowSchemas(columns, self._placeholder), is_record)
        try:
            known.flat = FlatReader(schema, types)
        except NotFlat:
            return known
        known.flat_schemas = RowSchemas(columns, self._placeholder, known.flat.wire)
        return known


def _read_json(data: bytes, pos: int) -> tuple[Any, int]:
    return json_value(data[pos:]), len(data)
