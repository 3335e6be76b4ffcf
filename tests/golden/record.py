"""Records golden records from the real stack, one file per set of Debezium's options.

`python -m tests.golden.record` writes tests/golden/records/.  Takes about five minutes; the servers
must be up (`python -m stack up --with registry`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

import stack
from tests.golden.recording import converters, delete_topics, keep_schemas, read_until, write
from tests.golden.story import OUTCOMES, ROW, SCHEMA, STORY

FOLDER = Path(__file__).parent / "records"

DROP_SLOT = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s"

VARIANTS = [
    *(("inline", mode, "precise") for mode in ("adaptive", "connect", "isostring", "microseconds", "nanoseconds")),
    ("inline", "structured", "precise"),
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
    for variant in VARIANTS:
        name = "golden-" + "-".join(variant).replace("_", "-")
        print(name)
        with _database(name) as database:
            records = _record(name, database, variant)
        write(FOLDER / f"{'.'.join(variant)}.jsonl", records)
    keep_schemas(FOLDER)


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
            server.execute(DROP_SLOT, [database])
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))


def _record(name: str, database: str, variant: tuple[str, str, str]) -> list[dict[str, Any]]:
    dsn = stack.addresses().postgres_dsn.rpartition("/")[0] + "/" + database
    with psycopg.connect(dsn, autocommit=True) as tables:
        tables.execute(SCHEMA)
        tables.execute(ROW.format(id=1))
        stack.connect.register(name, _config(name, database, variant))
        try:
            wanted = _wanted(variant[0])
            read_until([f"{name}.public.golden"], lambda found: len(found) == 1)
            for statement in STORY:
                tables.execute(statement)
            return read_until([f"{name}.public.golden"], lambda found: len(found) == wanted)
        finally:
            stack.connect.delete(name)
            delete_topics([f"{name}.public.golden"])


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
        **converters(converter, "op,table,schema,lsn,sequence,source.ts_us,source.snapshot"),
    }


if __name__ == "__main__":
    main()
