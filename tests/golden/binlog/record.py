"""Records golden records from a real MySQL or MariaDB, one file per set of Debezium's options.

`python -m tests.golden.binlog.record mysql` writes tests/golden/binlog/records/mysql/; `mariadb` the same for
MariaDB.  Takes about two minutes.  The stack must be up with its registry.  What else is needed comes from
where tests/golden/binlog/servers.py says; MYSQLD must name a server program of MySQL.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import stack
from tests.golden.binlog.servers import KINDS, Kind, Server, running, worker
from tests.golden.binlog.story import DATABASE, RECORDS, before, schema, story
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
    kind = KINDS[sys.argv[1]]
    stack.ensure_up(with_registry=True)
    with running(kind) as database, worker(kind) as connect:
        for number, variant in enumerate(VARIANTS, 1):
            found = _record(connect, kind, database, variant, number)
            write(FOLDER / kind.name / f"{'.'.join(variant)}.jsonl", found)
    keep_schemas(FOLDER / kind.name)


def _record(
    connect: stack.Connect, kind: Kind, database: Server, variant: tuple[str, str, str, str], number: int
) -> list[dict[str, Any]]:
    name = f"golden-{kind.name}-" + "-".join(variant).replace("_", "-")
    print(name)
    topics = [name, f"{name}.transaction", *(f"{name}.{DATABASE}.{table}" for table in ("plays", "rounds"))]
    database.run([f"DROP DATABASE IF EXISTS {DATABASE}", f"CREATE DATABASE {DATABASE}"])
    rows = before(kind.name)
    database.run([*schema(kind.name), *rows], DATABASE)
    # An unwrapped truncate is dropped.
    wanted = RECORDS[kind.name] - (variant[0] == "flattened")
    try:
        connect.register(name, kind.config(database, 7000 + number) | _options(name, variant))
        read_until(topics, lambda found: _rows(found) == len(rows))
        database.run(story(kind.name), DATABASE)
        return read_until(topics, lambda found: len(found) == wanted)
    finally:
        connect.delete(name)
        delete_topics(topics)


def _rows(found: Sequence[Mapping[str, Any]]) -> int:
    return sum(f".{DATABASE}." in one["topic"] for one in found)


def _options(name: str, variant: tuple[str, str, str, str]) -> dict[str, str]:
    converter, time_mode, decimal_mode, unsigned_mode = variant
    return {
        "database.include.list": DATABASE,
        "topic.prefix": name,
        "schema.history.internal": "io.debezium.relational.history.MemorySchemaHistory",
        "skipped.operations": "none",
        "provide.transaction.metadata": "true",
        "decimal.handling.mode": decimal_mode,
        "time.precision.mode": time_mode,
        "bigint.unsigned.handling.mode": unsigned_mode,
        **converters(converter, FIELDS),
    }


if __name__ == "__main__":
    main()
