"""The wallet of the fault suite, whose records are Avro with schemas in the real registry."""

from __future__ import annotations

import io
import json
import urllib.request
from collections.abc import Sequence
from typing import Any

import fastavro
from confluent_kafka import Producer

from stack.endpoints import addresses
from tests.support.fault_wallet import FaultWallet

CONFLUENT = "/apis/ccompat/v7"
"""The path of Confluent's interface in Apicurio's registry."""

_TEXT, _NUMBER, _MAYBE = "string", "long", ["null", "string"]
_SOURCE = {
    "version": _TEXT,
    "connector": _TEXT,
    "name": _TEXT,
    "ts_ms": _NUMBER,
    "ts_us": _NUMBER,
    "snapshot": _TEXT,
    "db": _TEXT,
    "schema": _TEXT,
    "table": _TEXT,
    "txId": _NUMBER,
    "lsn": _NUMBER,
    "sequence": _TEXT,
}
_KEYS = {"games": {"code": _TEXT}, "wallet_tx": {"tx": _TEXT}}
_ROWS: dict[str, dict[str, Any]] = {
    "games": {"title": _TEXT},
    "wallet_tx": {
        "kind": _TEXT,
        "ref": _MAYBE,
        "player_id": _NUMBER,
        "round": _TEXT,
        "game_code": _TEXT,
        "amount": _TEXT,
        "currency": _TEXT,
        "created_at": _NUMBER,
    },
}


class AvroWallet(FaultWallet):
    """`evolve` gives the table of play a column more, and so its records a schema that nobody has seen."""

    apart = False

    def evolve(self) -> None:
        """Register a new schema for the records that are written from now on."""
        self.flush()
        self._avro.columns += 1
        self._avro.register("wallet_tx")

    def _new_producer(self) -> Any:
        self._avro = AvroProducer(super()._new_producer(), apart=self.apart)
        return self._avro


class ReferringWallet(AvroWallet):
    """Its schemas hold none of their types: rows and sources have subjects of their own."""

    apart = True


class AvroProducer:
    """Takes Debezium's JSON, writes it as Avro.  Stands where a Producer stands."""

    def __init__(self, producer: Producer, *, apart: bool = False) -> None:
        """With `apart` the types of a schema are registered by themselves, and it refers to them."""
        self.columns = 0
        self._apart = apart
        """How many columns the table of play has got since its start."""
        self._producer = producer
        self._schemas: dict[tuple[str, str], tuple[bytes, Any]] = {}
        self.flush, self.poll = producer.flush, producer.poll

    def produce(self, topic: str, value: bytes | None, key: bytes | None, partition: int) -> None:
        """As `Producer.produce`.  Raises BufferError when the queue is full."""
        table = topic.rpartition(".")[2]
        self._producer.produce(topic, self._avro(table, "value", value), self._avro(table, "key", key), partition)

    def register(self, table: str) -> None:
        """Register the schemas that the table's records have now."""
        more = {f"more_{number}": _MAYBE for number in range(self.columns)} if table == "wallet_tx" else {}
        row = _record("Value", {**_KEYS[table], **_ROWS[table], **more})
        source = _record("Source", _SOURCE)
        fields = {"before": ["null", row], "after": ["null", "Value"], "source": source, "op": _TEXT}
        for part, schema in (
            ("key", _record("Key", _KEYS[table])),
            ("value", _record("Envelope", {**fields, "ts_ms": _NUMBER})),
        ):
            subject = f"faults-{table}-{part}"
            if self._apart and part == "value":
                number = self._registered_apart(f"{subject}-apart", {**fields, "ts_ms": _NUMBER}, row, source)
            else:
                number = _registered(subject, schema)
            self._schemas[table, part] = (b"\0" + number.to_bytes(4, "big"), fastavro.parse_schema(schema))

    def _registered_apart(self, subject: str, fields: dict[str, Any], row: Any, source: Any) -> int:
        _registered(f"{subject}-row", row)
        _registered(f"{subject}-source", source)
        references = [
            {"name": "Value", "subject": f"{subject}-row", "version": _version(f"{subject}-row", row)},
            {"name": "Source", "subject": f"{subject}-source", "version": _version(f"{subject}-source", source)},
        ]
        named = {**fields, "before": ["null", "Value"], "source": "Source"}
        return _registered(subject, _record("Envelope", named), references)

    def _avro(self, table: str, part: str, text: bytes | None) -> bytes | None:
        if text is None:
            return None
        if (table, part) not in self._schemas:
            self.register(table)
        prefix, schema = self._schemas[table, part]
        out = io.BytesIO(prefix)
        out.seek(len(prefix))
        fastavro.schemaless_writer(out, schema, json.loads(text))
        return out.getvalue()


def _record(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "record",
        "name": name,
        "fields": [{"name": each, "type": kind} for each, kind in fields.items()],
    }


def _registered(subject: str, schema: Any, references: Sequence[dict[str, Any]] = ()) -> int:
    """Register a schema and return its id."""
    answer = _asked(f"subjects/{subject}/versions", {"schema": json.dumps(schema), "references": list(references)})
    return int(answer["id"])


def _version(subject: str, schema: Any) -> int:
    """Return the version of the subject that has this schema."""
    return int(_asked(f"subjects/{subject}", {"schema": json.dumps(schema)})["version"])


def _asked(path: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - our own registry
        f"{addresses().registry_url}{CONFLUENT}/{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own registry
        found: dict[str, Any] = json.loads(answer.read())
        return found
