"""Records golden records from a real MariaDB, one file per set of Debezium's options.

`python -m tests.golden.mariadb.record` writes tests/golden/mariadb/records/.  Takes about two minutes.
The stack must be up with its registry; MariaDB and Debezium's connector for it are fetched when they
are missing, and run for the recording only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import stack
from tests.golden.mariadb.servers import USER, MariaDb, mariadb, worker
from tests.golden.mariadb.story import BEFORE, DATABASE, RECORDS, SCHEMA, STORY
from tests.golden.recording import converters, delete_topics, keep_schemas, read_until, write

FOLDER = Path(__file__).parent / "records"

VARIANTS = (
    ("inline", "adaptive_time_microseconds", "precise", "long"),
    ("inline", "connect", "string", "precise"),
    ("inline", "isostring", "double", "precise"),
    ("inline", "nanoseconds", "precise", "precise"),
    ("schemaless", "microseconds", "string", "long"),
    ("flattened", "adaptive_time_microseconds", "precise", "precise"),
    ("avro", "microseconds", "precise", "precise"),
)
"""Converter, time.precision.mode, decimal.handling.mode, bigint.unsigned.handling.mode."""

FIELDS = "op,table,db,source.name,source.connector,file,pos,row,server_id,gtid,source.ts_us,source.snapshot"


def main() -> None:
    """Record every variant."""
    stack.ensure_up(with_registry=True)
    with mariadb() as database, worker() as connect:
        for number, variant in enumerate(VARIANTS, 1):
            name = "golden-mariadb-" + "-".join(variant).replace("_", "-")
            print(name)
            write(FOLDER / f"{'.'.join(variant)}.jsonl", _record(connect, database, variant, name, number))
    keep_schemas(FOLDER)


def _record(
    connect: stack.Connect, database: MariaDb, variant: tuple[str, str, str, str], name: str, number: int
) -> list[dict[str, Any]]:
    topics = [name, f"{name}.transaction", *(f"{name}.{DATABASE}.{table}" for table in ("plays", "rounds"))]
    database.run([f"DROP DATABASE IF EXISTS {DATABASE}", f"CREATE DATABASE {DATABASE}"])
    database.run([*SCHEMA, *BEFORE], DATABASE)
    try:
        connect.register(name, _config(name, database, variant, number))
        read_until(topics, lambda found: _rows(found) == len(BEFORE))
        database.run(STORY, DATABASE)
        # An unwrapped truncate is dropped.
        wanted = RECORDS - 1 if variant[0] == "flattened" else RECORDS
        return read_until(topics, lambda found: len(found) == wanted)
    finally:
        connect.delete(name)
        delete_topics(topics)


def _rows(found: Sequence[Mapping[str, Any]]) -> int:
    return sum(f".{DATABASE}." in one["topic"] for one in found)


def _config(name: str, database: MariaDb, variant: tuple[str, str, str, str], number: int) -> dict[str, str]:
    converter, time_mode, decimal_mode, unsigned_mode = variant
    return {
        "connector.class": "io.debezium.connector.mariadb.MariaDbConnector",
        "database.hostname": "127.0.0.1",
        "database.port": str(database.port),
        "database.user": USER,
        "database.password": database.password,
        "database.server.id": str(7000 + number),
        "database.include.list": DATABASE,
        "topic.prefix": name,
        "schema.history.internal": "io.debezium.relational.history.MemorySchemaHistory",
        "skipped.operations": "none",
        "provide.transaction.metadata": "true",
        "decimal.handling.mode": decimal_mode,
        "time.precision.mode": time_mode,
        "bigint.unsigned.handling.mode": unsigned_mode,
        "topic.creation.default.partitions": "1",
        "topic.creation.default.replication.factor": "1",
        **converters(converter, FIELDS),
    }


if __name__ == "__main__":
    main()
