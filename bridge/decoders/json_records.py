"""JSON records, with the schema in each of them or without."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import msgspec

from bridge.decoders.column_schemas import ColumnSchema
from bridge.decoders.decimals import json_number
from bridge.decoders.envelope import Envelope, WithSchema
from bridge.decoders.origin import Opened, opened
from bridge.decoders.parsed import Parsed, RowSchemas
from bridge.decoders.placeholder import Placeholder
from bridge.errors import DecodeError


class _Known:
    def __init__(self, prefix: bytes, schemas: RowSchemas | None) -> None:
        self.prefix = prefix
        self.schemas = schemas


_SCHEMA_NAME: Final = b'"schema"'
_SCHEMA_START: Final = b'{"schema":'
_PAYLOAD_START: Final = b',"payload":'
_MOST_TOPICS: Final = 10_000

_envelope: Final = msgspec.json.Decoder(Envelope, float_hook=json_number).decode
_anything: Final = msgspec.json.Decoder(float_hook=json_number)
_with_schema: Final = msgspec.json.Decoder(WithSchema)
_schema: Final = msgspec.json.Decoder(ColumnSchema | None)


class JsonReader:
    """Reads JSON keys or values (one reader for each).

    The text of a schema, four kilobytes in every record, is parsed once: a record that starts with
    the very bytes of the one before it in its topic, up to the payload, has the same schema.
    """

    def __init__(self, placeholder: Placeholder) -> None:
        self._known: dict[str, _Known] = {}
        self._compile: Callable[[bytes], RowSchemas | None] = lru_cache(maxsize=4_096)(
            lambda text: _compile(text, placeholder)
        )

    def envelope(self, topic: str, value: bytes) -> tuple[Opened, RowSchemas | None] | None:
        """Return a row's envelope, or None when the value is something else or malformed.  Never raises."""
        try:
            payload, schemas = self._split(topic, value) if value.startswith(_SCHEMA_START) else (value, None)
            return opened(_envelope(payload)), schemas
        except (msgspec.DecodeError, UnicodeError, RecursionError, DecodeError):
            return None

    def read(self, topic: str, value: bytes) -> Parsed:
        """Return any JSON value; raises DecodeError when it is none."""
        try:
            if _SCHEMA_NAME not in value:
                return Parsed(_anything.decode(value), None)
            try:
                payload, schemas = self._split(topic, value)
                return Parsed(_anything.decode(payload), schemas)
            except msgspec.DecodeError:
                return self._read_whole(topic, value)
        except (msgspec.DecodeError, UnicodeError):
            raise _not_json(value) from None
        except RecursionError:
            raise DecodeError("not_json", "the record's JSON is nested too deeply") from None

    def _read_whole(self, topic: str, value: bytes) -> Parsed:
        try:
            payload, schemas = self._parse(topic, value)
        except msgspec.ValidationError:
            # Not an object of schema and payload alone.
            payload, schemas = value, None
        return Parsed(_anything.decode(payload), schemas)

    def _split(self, topic: str, value: bytes) -> tuple[bytes, RowSchemas | None]:
        known = self._known.get(topic)
        if known is not None and value.startswith(known.prefix) and value.endswith(b"}"):
            # Whatever else may stand behind the payload makes its parsing fail, and `read` decides.
            return value[len(known.prefix) : -1], known.schemas
        return self._parse(topic, value)

    def _parse(self, topic: str, value: bytes) -> tuple[bytes, RowSchemas | None]:
        parts = _with_schema.decode(value)
        schema, payload = bytes(parts.schema), bytes(parts.payload)
        schemas = self._compile(schema)
        prefix = _SCHEMA_START + schema + _PAYLOAD_START
        if len(value) == len(prefix) + len(payload) + 1 and value.startswith(prefix):
            if len(self._known) >= _MOST_TOPICS:
                self._known.clear()
            self._known[topic] = _Known(prefix, schemas)
        return payload, schemas


def _not_json(value: bytes) -> DecodeError:
    if value.startswith(b"Struct{"):
        return DecodeError("not_json", "written by StringConverter; set value.converter to JsonConverter")
    return DecodeError("not_json", "the record is neither JSON nor of a schema registry")


def _compile(text: bytes, placeholder: Placeholder) -> RowSchemas | None:
    try:
        schema = _schema.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise DecodeError("bad_schema", "the record's schema is none of Connect's") from None
    return None if schema is None else RowSchemas(schema, placeholder)
