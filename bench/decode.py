"""How long decoding one record takes: `python -m bench.decode`.  Prints microseconds of CPU per record."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import fastavro

from bench.avro_records import answer, framed
from bridge.decoders import DebeziumDecoder
from bridge.flow import Change
from bridge.records import SourceRecord

ROUNDS = 100_000

ROW = [
    ("id", "long", None),
    ("tx_uuid", "string", "io.debezium.data.Uuid"),
    ("kind", "string", None),
    ("player_id", "long", None),
    ("game_code", "string", None),
    ("round", "string", None),
    ("amount", "long", None),
    ("currency", "string", None),
    ("round_closed", "boolean", None),
    ("created_at", "string", "io.debezium.time.ZonedTimestamp"),
]
SOURCE = [
    ("version", "string", None),
    ("connector", "string", None),
    ("name", "string", None),
    ("ts_ms", "long", None),
    ("snapshot", "string", "io.debezium.data.Enum"),
    ("db", "string", None),
    ("sequence", "string", None),
    ("ts_us", "long", None),
    ("schema", "string", None),
    ("table", "string", None),
    ("txId", "long", None),
    ("lsn", "long", None),
]


def envelope(number: int) -> dict[str, Any]:
    """Return one plain bet of a wallet, as Debezium wraps it."""
    lsn = 31_285_520 + number
    return {
        "before": None,
        "after": {
            "id": number,
            "tx_uuid": "a7c10001-6b1e-4f0a-9d2c-3e8f5a1b7c20",
            "kind": "bet",
            "player_id": 52530 + number % 1000,
            "game_code": "nackens-guld",
            "round": f"SV-{number}",
            "amount": 100_000,
            "currency": "SEK",
            "round_closed": True,
            "created_at": "2026-03-02T08:27:58.721607Z",
        },
        "source": {
            "version": "3.7.0.Final",
            "connector": "postgresql",
            "name": "wallet",
            "ts_ms": 1795375523081,
            "snapshot": "false",
            "db": "wallet",
            "sequence": f'["{lsn - 8}","{lsn}"]',
            "ts_us": 1795375523081793,
            "schema": "public",
            "table": "wallet_tx",
            "txId": 838,
            "lsn": lsn,
        },
        "op": "c",
        "ts_ms": 1795375523209,
    }


def avro_schema() -> dict[str, Any]:
    """Return the Avro schema of the envelope."""

    def fields(columns: Sequence[tuple[str, str, str | None]]) -> list[dict[str, Any]]:
        return [
            {"name": name, "type": ["null", {"type": kind, "connect.name": logical} if logical else kind]}
            for name, kind, logical in columns
        ]

    value = {"type": "record", "name": "Value", "fields": fields(ROW)}
    source = {"type": "record", "name": "Source", "fields": fields(SOURCE)}
    return {
        "type": "record",
        "name": "Envelope",
        "namespace": "wallet.public.wallet_tx",
        "fields": [
            {"name": "before", "type": ["null", value]},
            {"name": "after", "type": ["null", "Value"]},
            {"name": "source", "type": source},
            {"name": "op", "type": "string"},
            {"name": "ts_ms", "type": ["null", "long"]},
        ],
    }


def connect_schema() -> dict[str, Any]:
    """Return the schema that JsonConverter writes into every record; as long as a real one."""
    names = {"long": "int64"}

    def fields(columns: Sequence[tuple[str, str, str | None]]) -> list[dict[str, Any]]:
        return [
            {"type": names.get(kind, kind), "optional": True, "field": name, "name": logical, "version": 1}
            for name, kind, logical in columns
        ]

    def struct(field: str, columns: Sequence[tuple[str, str, str | None]]) -> dict[str, Any]:
        return {
            "type": "struct",
            "fields": fields(columns),
            "optional": True,
            "field": field,
            "name": f"w.{field}",
        }

    parts = [struct("before", ROW), struct("after", ROW), struct("source", SOURCE)]
    return {"type": "struct", "fields": parts, "optional": False, "name": "wallet.Envelope", "version": 2}


def compact(value: Any) -> bytes:
    """Write JSON as JsonConverter does, without spaces."""
    return json.dumps(value, separators=(",", ":")).encode()


def record(number: int, value: bytes) -> SourceRecord:
    """Return a record with the headers that Debezium adds since version 3."""
    headers = tuple(
        (f"__debezium.context.{name}", b"wallet") for name in ("connectorLogicalName", "taskId", "runId")
    )
    return SourceRecord("wallet.public.wallet_tx", 0, number, compact({"id": number}), value, headers, 0)


def measure(name: str, decoder: DebeziumDecoder, values: Sequence[bytes]) -> None:
    """Print the CPU time of a record: decoded alone, and with all columns read."""
    records = [record(number, value) for number, value in enumerate(values)]
    times = {}
    for read in (False, True):
        best = float("inf")
        for _ in range(5):
            start = time.process_time()
            for index in range(ROUNDS // 5):
                change = decoder.decode(records[index % len(records)])
                if read:
                    assert isinstance(change, Change)  # noqa: S101 -- narrows the type
                    row = change.after
                    assert row is not None  # noqa: S101 -- same
                    for column, _, _ in ROW:
                        row[column]
            best = min(best, time.process_time() - start)
        times[read] = best / (ROUNDS // 5) * 1e6
    size = sum(map(len, values)) // len(values)
    print(f"{name:14} {size:5} bytes  {times[False]:6.2f} µs  with all columns read {times[True]:6.2f} µs")


def main() -> None:
    """Measure the three formats."""
    envelopes = [envelope(number) for number in range(1000)]
    measure("schemaless", DebeziumDecoder(), [compact(one) for one in envelopes])
    inline = [compact({"schema": connect_schema(), "payload": one}) for one in envelopes]
    measure("inline schema", DebeziumDecoder(), inline)
    schema = avro_schema()
    parsed = fastavro.parse_schema(schema)
    values = [framed(1, parsed, one) for one in envelopes]
    decoder = DebeziumDecoder()
    answer(decoder, [(1, schema)])
    measure("avro", decoder, values)


if __name__ == "__main__":
    main()
