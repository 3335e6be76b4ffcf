"""A Postgres ledger for a test: a schema of its own on the stack's server."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

import stack


@contextmanager
def empty_schema() -> Iterator[str]:
    """Yield the address of an empty schema, which is dropped at the end."""
    server = stack.addresses().postgres_dsn
    name = f"ledger_{uuid.uuid4().hex[:12]}"
    _execute(server, f"CREATE SCHEMA {name}")
    try:
        yield f"{server}?options=-csearch_path%3D{name}"
    finally:
        # A test may have restarted the server meanwhile.
        _execute(server, f"DROP SCHEMA {name} CASCADE")


def _execute(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())
