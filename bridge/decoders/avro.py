"""Records of a schema registry: a zero byte, four bytes of schema id, then Avro or JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, Final

import fastavro
import msgspec

from bridge.decoders.avro_schemas import avro_columns, json_schema_columns, without_logical_types
from bridge.decoders.decimals import json_value
from bridge.decoders.parsed import Parsed, RowSchemas
from bridge.decoders.placeholder import Placeholder
from bridge.decoders.registry import RegisteredSchema, Registry, RegistrySettings
from bridge.errors import DecodeError

_Read = Callable[[BytesIO], Any]
_MOST_SCHEMAS: Final = 10_000
_json_schema = msgspec.json.Decoder(dict[str, Any])


class RegistryReader:
    """Reads keys and values whose schema is in a registry; each schema is asked for once."""

    def __init__(self, settings: RegistrySettings | None, placeholder: Placeholder) -> None:
        self._registry = Registry(settings) if settings else None
        self._placeholder = placeholder
        self._schemas: dict[bytes, tuple[_Read, RowSchemas | None]] = {}

    def read(self, data: bytes) -> Parsed:
        """Return the content and its schema.

        Raises DecodeError when the bytes are not what the schema says or the id is unknown, and
        SourceUnavailable when the registry does not answer.
        """
        found = self._schemas.get(data[:5])
        if found is None:
            found = self._ask(data)
        read, schemas = found
        rest = BytesIO(data)
        rest.seek(5)
        try:
            content = read(rest)
        except _MALFORMED as error:
            raise DecodeError("bad_avro", f"the bytes are not of their schema: {type(error).__name__}") from None
        if rest.tell() != len(data):
            raise DecodeError("bad_avro", "there are bytes left behind the record")
        return Parsed(content, schemas)

    def _ask(self, data: bytes) -> tuple[_Read, RowSchemas | None]:
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

    def _compile(self, registered: RegisteredSchema) -> tuple[_Read, RowSchemas | None]:
        if registered.references:
            raise DecodeError("schema_references", "the schema refers to other schemas, which is not supported")
        if registered.schema_type == "AVRO":
            return self._compile_avro(registered.schema)
        if registered.schema_type == "JSON":
            columns = json_schema_columns(_parse(registered.schema))
            return _read_json, RowSchemas(columns, self._placeholder)
        raise DecodeError(
            registered.schema_type.lower()[:40],
            f"{registered.schema_type[:40]} records are not read; set value.converter to Avro or JSON in Debezium",
        )

    def _compile_avro(self, text: str) -> tuple[_Read, RowSchemas | None]:
        schema = _parse(text)
        try:
            # Logical types would be read by fastavro's own rules, decimals with rounding.
            parsed = fastavro.parse_schema(without_logical_types(schema))
        except Exception as error:
            raise DecodeError("bad_schema", f"the registry's schema is no Avro ({type(error).__name__})") from None
        columns = avro_columns(schema)

        def read(data: BytesIO) -> Any:
            return fastavro.schemaless_reader(data, parsed, None)

        return read, RowSchemas(columns, self._placeholder)


_MALFORMED: Final = (
    EOFError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    OverflowError,
    MemoryError,
    RecursionError,
)


def _read_json(data: BytesIO) -> Any:
    return json_value(data.read())


def _parse(text: str) -> Mapping[str, Any] | str | list[Any]:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        if text.isidentifier():
            return text
        raise DecodeError("bad_schema", "the registry's schema is no JSON") from None
