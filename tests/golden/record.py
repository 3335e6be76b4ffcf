"""Records golden records from the real stack, one file per set of Debezium's options.

`python -m tests.golden.record` writes tests/golden/records/.  Takes about five minutes; the servers
must be up (`python -m stack up --with registry`).
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from psycopg import sql

import stack
from bridge.decoders.registry import Registry, RegistrySettings
from stack.packages import AVRO_CONVERTER
from tests.golden.story import OUTCOMES, ROW, SCHEMA, STORY

FOLDER = Path(__file__).parent / "records"

JSON_CONVERTER = "org.apache.kafka.connect.json.JsonConverter"

DROP_SLOT = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s"

VARIANTS = [
    *(("inline", mode, "precise") for mode in ("adaptive", "connect", "isostring", "microseconds", "nanoseconds")),
    ("inline", "adaptive_time_microseconds", "double"),
    ("inline", "microseconds", "string"),
    ("schemaless", "adaptive", "precise"),
    ("schemaless", "isostring", "precise"),
    ("schemaless", "microseconds", "string"),
    ("flattened", "adaptive", "precise"),
    ("avro", "adaptive", "precise"),
    ("avro", "microseconds", "string"),
]


def main() -> None:
    """Record every variant."""
    stack.ensure_up(with_registry=True)
    FOLDER.mkdir(exist_ok=True)
    for variant in VARIANTS:
        name = "golden-" + "-".join(variant).replace("_", "-")
        print(name)
        with _database(name) as database:
            records = _record(name, database, variant)
        lines = [json.dumps(record, ensure_ascii=False) for record in records]
        (FOLDER / f"{'.'.join(variant)}.jsonl").write_text("\n".join(lines) + "\n")
    _keep_schemas()


@contextmanager
def _database(name: str) -> Iterator[str]:
    database = name.replace("-", "_")
    dsn = stack.addresses().postgres_dsn
    with psycopg.connect(dsn, autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        try:
            yield database
        finally:
            server.execute(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s",
                [database],
            )
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))


def _record(name: str, database: str, variant: tuple[str, str, str]) -> list[dict[str, Any]]:
    dsn = stack.addresses().postgres_dsn.rpartition("/")[0] + "/" + database
    with psycopg.connect(dsn, autocommit=True) as tables:
        tables.execute(SCHEMA)
        tables.execute(ROW.format(id=1))
        stack.connect.register(name, _config(name, database, variant))
        try:
            wanted = _wanted(variant[0])
            _read(f"{name}.public.golden", 1)
            for statement in STORY:
                tables.execute(statement)
            return _read(f"{name}.public.golden", wanted)
        finally:
            stack.connect.delete(name)
            _delete_topic(f"{name}.public.golden")


def _delete_topic(topic: str) -> None:
    """Delete a topic, so that the next recording does not begin with the records of this one."""
    admin = AdminClient({"bootstrap.servers": stack.addresses().kafka_bootstrap})
    for done in admin.delete_topics([topic]).values():
        done.result(timeout=30)


def _wanted(converter: str) -> int:
    # An unwrapped truncate is dropped.
    return len(OUTCOMES) - (1 if converter == "flattened" else 0)


def _config(name: str, database: str, variant: tuple[str, str, str]) -> dict[str, str]:
    converter, time_mode, decimal_mode = variant
    found = stack.addresses()
    return {
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "database.hostname": found.connect_postgres_host,
        "database.port": str(found.connect_postgres_port),
        "database.user": found.debezium_user,
        "database.password": found.debezium_password,
        "database.dbname": database,
        "topic.prefix": name,
        "plugin.name": "pgoutput",
        "slot.name": database,
        "publication.name": "golden",
        "publication.autocreate.mode": "disabled",
        "skipped.operations": "none",
        "decimal.handling.mode": decimal_mode,
        "time.precision.mode": time_mode,
        "topic.creation.default.partitions": "1",
        "topic.creation.default.replication.factor": "1",
        **_converters(converter),
    }


def _converters(converter: str) -> dict[str, str]:
    if converter == "avro":
        settings = {
            "apicurio.registry.url": f"{stack.addresses().connect_registry_url}/apis/registry/v2",
            "apicurio.registry.auto-register": "true",
            "apicurio.registry.find-latest": "true",
            "apicurio.registry.as-confluent": "true",
            "apicurio.registry.headers.enabled": "false",
            "apicurio.registry.use-id": "contentId",
            "schemas.cache.config": "0",
        }
        kind = AVRO_CONVERTER
    else:
        settings = {"schemas.enable": str(converter == "inline").lower(), "replace.null.with.default": "false"}
        kind = JSON_CONVERTER
    config = {}
    for part in ("key", "value"):
        config[f"{part}.converter"] = kind
        config |= {f"{part}.converter.{name}": value for name, value in settings.items()}
    if converter == "flattened":
        config |= {
            "transforms": "unwrap",
            "transforms.unwrap.type": "io.debezium.transforms.ExtractNewRecordState",
            "transforms.unwrap.delete.tombstone.handling.mode": "rewrite-with-tombstone",
            "transforms.unwrap.add.fields": "op,table,schema,lsn,sequence,source.ts_us,source.snapshot",
        }
    return config


def _read(topic: str, wanted: int) -> list[dict[str, Any]]:
    """Return the first records of a topic; raises AssertionError when they do not come."""
    consumer = Consumer({"bootstrap.servers": stack.addresses().kafka_bootstrap, "group.id": "golden"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[dict[str, Any]] = []
    deadline = time.monotonic() + 60
    try:
        while len(found) < wanted:
            assert time.monotonic() < deadline, f"only {len(found)} of {wanted} records came"
            message = consumer.poll(0.5)
            if message is not None and message.error() is None:
                found.append(_line(message))
    finally:
        consumer.close()
    return found


def _line(message: Any) -> dict[str, Any]:
    line: dict[str, Any] = {
        "topic": message.topic(),
        "headers": [[name, value.decode()] for name, value in message.headers() or ()],
    }
    for part, data in (("key", message.key()), ("value", message.value())):
        if data is not None and data[:1] == b"\0":
            line[f"{part}_base64"] = base64.b64encode(data).decode()
        else:
            line[part] = None if data is None else data.decode()
    return line


def _keep_schemas() -> None:
    """Keep the registry's schemas that the records name, by id."""
    registry = Registry(RegistrySettings(url=f"{stack.addresses().registry_url}/apis/ccompat/v7"))
    schemas: dict[str, str] = {}
    for path in sorted(FOLDER.glob("avro.*.jsonl")):
        for line in path.read_text().splitlines():
            for data in _binary(json.loads(line)):
                schema_id = int.from_bytes(data[1:5], "big")
                schemas[str(schema_id)] = registry.schema(schema_id).schema
    (FOLDER / "registry.json").write_text(json.dumps(schemas, indent=1, sort_keys=True) + "\n")


def _binary(line: Mapping[str, Any]) -> list[bytes]:
    return [base64.b64decode(line[name]) for name in ("key_base64", "value_base64") if name in line]


if __name__ == "__main__":
    main()
