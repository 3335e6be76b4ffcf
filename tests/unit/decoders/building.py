"""Records as Debezium writes them, built for one test each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.decoders import DebeziumDecoder
from bridge.flow import Change, Decoded
from bridge.records import SourceRecord

SOURCE: Mapping[str, Any] = {
    "version": "3.7.0.Final",
    "connector": "postgresql",
    "name": "wallet",
    "ts_ms": 1_795_375_523_081,
    "snapshot": "false",
    "db": "wallet",
    "sequence": '["31285512","31285520"]',
    "ts_us": 1_795_375_523_081_793,
    "schema": "public",
    "table": "tx",
    "txId": 838,
    "lsn": 31_285_520,
}


def text(value: Any) -> bytes:
    """Write JSON as JsonConverter does, without spaces."""
    return json.dumps(value, separators=(",", ":")).encode()


def envelope(op: str = "c", *, source: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Return a change; a create has a row unless the fields say otherwise."""
    rows = {"before": {"id": 1} if op == "d" else None, "after": {"id": 1} if op in "cur" else None}
    return {**rows, "source": {**SOURCE, **(source or {})}, "transaction": None, "op": op, "ts_ms": 1, **fields}


def record(
    value: Any,
    key: Any = b'{"id":1}',
    headers: Sequence[tuple[str, bytes | None]] = (),
    topic: str = "wallet.public.tx",
) -> SourceRecord:
    """Return a record; what is not bytes becomes JSON."""
    return SourceRecord(topic, 0, 7, _bytes(key), _bytes(value), tuple(headers), -1)


def _bytes(value: Any) -> bytes | None:
    return value if value is None or isinstance(value, bytes) else text(value)


def decode(value: Any, **more: Any) -> Decoded:
    """Decode a value with a fresh decoder."""
    return DebeziumDecoder().decode(record(value, **more))


def change(decoded: Decoded) -> Change:
    """Insist on a change."""
    assert isinstance(decoded, Change), decoded
    return decoded


def with_schema(row: Mapping[str, Any], columns: Sequence[Mapping[str, Any]], **more: Any) -> bytes:
    """Return a create with inline schema; `columns` are the schemas of the row's fields."""
    return text({"schema": envelope_schema(columns), "payload": envelope(**{"after": dict(row), **more})})


def envelope_schema(columns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the schema of an envelope as JsonConverter writes it."""
    row = {"type": "struct", "fields": list(columns), "optional": True, "name": "wallet.public.tx.Value"}
    fields = [
        {**row, "field": "before"},
        {**row, "field": "after"},
        {"type": "struct", "fields": [], "optional": False, "field": "source"},
        {"type": "string", "optional": False, "field": "op"},
    ]
    return {
        "type": "struct",
        "fields": fields,
        "optional": False,
        "name": "wallet.public.tx.Envelope",
        "version": 2,
    }


def column(kind: str, name: str | None = None, field: str = "x", **more: Any) -> dict[str, Any]:
    """Return the schema of a column."""
    return {"type": kind, "optional": True, "field": field, **({"name": name} if name else {}), **more}


def read(value: Any, kind: str, name: str | None = None, **more: Any) -> Any:
    """Return what a column of this type is read as, UNAVAILABLE included."""
    decoded = change(decode(with_schema({"x": value}, [column(kind, name, **more)])))
    assert decoded.after is not None
    return decoded.after.get("x")


def read_declared(value: Any, declared: str) -> Any:
    """Return what a column without schema is read as under a declared type."""
    decoded = change(DebeziumDecoder({"tx": {"x": declared}}).decode(record(envelope(after={"x": value}))))
    assert decoded.after is not None
    return decoded.after.get("x")
