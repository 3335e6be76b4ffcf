"""The benchmark's play as Avro: what AvroConverter and a schema registry make of Debezium's records."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, Final

import fastavro

from bridge.decoders import DebeziumDecoder
from bridge.decoders.registry import RegisteredSchema

_KEY_ID: Final = 1
_VALUE_ID: Final = 2

_NAMESPACE: Final = "steps.public.wallet_tx"
_TEXT: Final = "string"
_NUMBER: Final = "long"
_MICROS: Final = {"type": "long", "connect.version": 1, "connect.name": "io.debezium.time.MicroTimestamp"}
_ROW: Final[Mapping[str, Any]] = {
    "ref": _TEXT,
    "kind": _TEXT,
    "player_id": _NUMBER,
    "game_code": _TEXT,
    "round": _TEXT,
    "amount": _TEXT,
    "currency": _TEXT,
    "fx": _NUMBER,
    "closed": "boolean",
    "created_at": _MICROS,
}
_SNAPSHOT: Final = {
    "type": "string",
    "connect.version": 1,
    "connect.parameters": {
        "allowed": "true,first,first_in_data_collection,last_in_data_collection,last,false,incremental"
    },
    "connect.default": "false",
    "connect.name": "io.debezium.data.Enum",
}
_KEY: Final[dict[str, Any]] = {
    "type": "record",
    "name": "Key",
    "namespace": _NAMESPACE,
    "fields": [{"name": "player_id", "type": "long"}],
    "connect.name": f"{_NAMESPACE}.Key",
}


def _required(name: str, kind: Any = _TEXT) -> dict[str, Any]:
    return {"name": name, "type": kind}


def _optional(name: str, kind: Any = _NUMBER) -> dict[str, Any]:
    return {"name": name, "type": ["null", kind], "default": None}


def _envelope() -> dict[str, Any]:
    """Return the schema of the records, field by field as Debezium 3 writes it for PostgreSQL."""
    value = {
        "type": "record",
        "name": "Value",
        "fields": [_required("tx"), *(_optional(name, kind) for name, kind in _ROW.items())],
        "connect.name": f"{_NAMESPACE}.Value",
    }
    fields = [
        _optional("before", value),
        _optional("after", "Value"),
        _required("source", _source()),
        _optional("transaction", _transaction()),
        _required("op"),
        *map(_optional, ("ts_ms", "ts_us", "ts_ns")),
    ]
    return {
        "type": "record",
        "name": "Envelope",
        "namespace": _NAMESPACE,
        "fields": fields,
        "connect.version": 2,
        "connect.name": f"{_NAMESPACE}.Envelope",
    }


def _source() -> dict[str, Any]:
    fields = [
        *map(_required, ("version", "connector", "name")),
        _required("ts_ms", _NUMBER),
        {"name": "snapshot", "type": [_SNAPSHOT, "null"], "default": "false"},
        _required("db"),
        _optional("sequence", _TEXT),
        *map(_optional, ("ts_us", "ts_ns")),
        *map(_required, ("schema", "table")),
        *map(_optional, ("txId", "lsn", "xmin")),
        _optional("origin", _TEXT),
        _optional("origin_lsn"),
    ]
    return {
        "type": "record",
        "name": "Source",
        "namespace": "io.debezium.connector.postgresql",
        "fields": fields,
        "connect.version": 1,
        "connect.name": "io.debezium.connector.postgresql.Source",
    }


def _transaction() -> dict[str, Any]:
    fields = [_required("id"), _required("total_order", _NUMBER), _required("data_collection_order", _NUMBER)]
    return {
        "type": "record",
        "name": "block",
        "namespace": "event",
        "fields": fields,
        "connect.name": "event.block",
    }


class AvroForm:
    """Brings keys and values from JSON to the wire format of a schema registry."""

    def __init__(self) -> None:
        self._key = fastavro.parse_schema(_KEY)
        self._value = fastavro.parse_schema(_envelope())

    def key(self, content: bytes) -> bytes:
        """Return a record's key."""
        return framed(_KEY_ID, self._key, json.loads(content))

    def value(self, content: bytes) -> bytes:
        """Return a record's value; what the JSON lacks is null."""
        return framed(_VALUE_ID, self._value, json.loads(content))


def framed(schema_id: int, schema: Any, content: Mapping[str, Any]) -> bytes:
    """Return the content as Avro, with the id of its schema before it."""
    out = BytesIO()
    fastavro.schemaless_writer(out, schema, content)
    return b"\0" + schema_id.to_bytes(4, "big") + out.getvalue()


def answer(decoder: DebeziumDecoder, schemas: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
    """Let a decoder know schemas by their ids as if a registry had told it."""
    reader = decoder._registry  # noqa: SLF001 -- the registry's answer is put in, none is asked
    for schema_id, schema in schemas:
        prefix = b"\0" + schema_id.to_bytes(4, "big")
        reader._schemas[prefix] = reader._compile(RegisteredSchema(json.dumps(schema)))  # noqa: SLF001 -- same


def answer_of_play(decoder: DebeziumDecoder) -> None:
    """Let a decoder know the schemas of `AvroForm`."""
    answer(decoder, [(_KEY_ID, _KEY), (_VALUE_ID, _envelope())])
