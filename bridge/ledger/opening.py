"""Opening a ledger: which storage, whose it is, which schema it has."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bridge import __version__
from bridge.errors import LedgerMismatch, LedgerUnavailable
from bridge.ledger.lock import ProcessLock
from bridge.ledger.meta import check_meta, first_meta, migrations, missing
from bridge.ledger.postgres import PostgresLedger
from bridge.ledger.postgres_opening import open_postgres
from bridge.ledger.schema import SCHEMA_VERSION, creation
from bridge.ledger.sqlite import DIALECT, IN_MEMORY, SqliteLedger, connect, make_private, translated
from bridge.ledger.statements import Statements

_SQL: Final = Statements(DIALECT)


def open_ledger(
    url_or_path: str,
    brand: str,
    *,
    create: bool,
    read_only: bool = False,
    recent_values: int = 20_000,
    wait_seconds: int = 5,
) -> SqliteLedger | PostgresLedger:
    """Open the ledger of a brand: a file, ":memory:", or postgresql://… for several instances.

    `create` makes one where none is.  `read_only` needs no lock and works beside the processes that
    write; its own commits raise LedgerUnavailable.  `recent_values` is how many values a file's ledger
    keeps in memory, `wait_seconds` how long to wait for a foreign lock of the file, or for the server.

    Raises LedgerMismatch when the ledger is missing, another brand's, in use by another process, made
    by a newer bridge or damaged, and LedgerUnavailable when the storage does not answer.
    """
    if url_or_path.startswith(("postgresql://", "postgresql+psycopg://")):
        return open_postgres(url_or_path, brand, create=create, read_only=read_only, wait_seconds=wait_seconds)
    return open_sqlite(
        url_or_path,
        brand,
        create=create,
        read_only=read_only,
        recent_values=recent_values,
        wait_seconds=wait_seconds,
    )


def open_sqlite(
    url_or_path: str,
    brand: str,
    *,
    create: bool,
    read_only: bool = False,
    recent_values: int = 20_000,
    wait_seconds: float = 5,
) -> SqliteLedger:
    """Open a file, or ":memory:"; see `open_ledger`."""
    path = url_or_path.removeprefix("sqlite:///")
    lock = None
    if path != IN_MEMORY:
        path = str(Path(path).absolute())
        if not create and not Path(path).exists():
            raise LedgerMismatch(missing(path, brand))
        if not read_only:
            lock = ProcessLock(Path(path))
    try:
        with translated(path):
            connection = _prepared(path, brand, create=create, read_only=read_only, wait_seconds=wait_seconds)
        return SqliteLedger(path, connection, lock, recent_values)
    except BaseException:
        if lock is not None:
            lock.release()
        raise


def _prepared(path: str, brand: str, *, create: bool, read_only: bool, wait_seconds: float) -> sqlite3.Connection:
    if path != IN_MEMORY and not read_only:
        try:
            make_private(path)
        except OSError as error:
            raise LedgerUnavailable(f"the ledger {path} cannot be opened: {error.strerror}") from error
    connection = connect(path, wait_seconds=wait_seconds, query_only=read_only)
    try:
        _bring_up_to_date(connection, path, brand, create=create and not read_only, read_only=read_only)
    except BaseException:
        connection.close()
        raise
    return connection


def _bring_up_to_date(
    connection: sqlite3.Connection, path: str, brand: str, *, create: bool, read_only: bool
) -> None:
    meta = _meta(connection)
    if not meta and create:
        _in_one_transaction(connection, lambda: _create(connection, brand))
        return
    if not meta:
        raise LedgerMismatch(missing(path, brand))
    version = check_meta(path, brand, meta)
    if version < SCHEMA_VERSION and read_only:
        raise LedgerMismatch(f"the ledger {path} has schema {version}: run this bridge on it once first")
    if version < SCHEMA_VERSION:
        _in_one_transaction(connection, lambda: _migrate(connection, version))


def _meta(connection: sqlite3.Connection) -> dict[str, str]:
    # A start that was killed before its first transaction leaves a file without tables.
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is None:
        return {}
    return dict(connection.execute(_SQL.select_meta).fetchall())


def _create(connection: sqlite3.Connection, brand: str) -> None:
    for statement in creation(DIALECT):
        connection.execute(statement)
    connection.executemany(_SQL.upsert_meta, first_meta(brand).items())


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    for statement in migrations(DIALECT.name, version):
        connection.execute(statement)
    now = {"schema_version": str(SCHEMA_VERSION), "bridge_version": __version__}
    connection.executemany(_SQL.upsert_meta, now.items())


def _in_one_transaction(connection: sqlite3.Connection, change: Callable[[], None]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        change()
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
