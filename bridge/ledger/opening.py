"""Opening a ledger: which storage, whose it is, which schema it has."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bridge import __version__
from bridge.errors import LedgerMismatch, LedgerUnavailable
from bridge.ledger.lock import ProcessLock
from bridge.ledger.schema import MIGRATIONS, SCHEMA_VERSION, creation
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
    busy_seconds: float = 2.0,
) -> SqliteLedger:
    """Open the ledger of a brand: a file, or ":memory:".

    `create` makes one where none is.  `read_only` needs no lock and works beside a process that has
    it; commits then raise LedgerUnavailable.  `recent_values` is how many values are kept in memory,
    `busy_seconds` how long a commit waits for a foreign lock of the file.

    Raises LedgerMismatch when the ledger is missing, another brand's, in use by another process, made
    by a newer bridge or damaged, and LedgerUnavailable when the storage does not answer.
    """
    path = url_or_path.removeprefix("sqlite:///")
    lock = None
    if path != IN_MEMORY:
        path = str(Path(path).absolute())
        if not create and not Path(path).exists():
            raise LedgerMismatch(_missing(path, brand))
        if not read_only:
            lock = ProcessLock(Path(path))
    try:
        with translated(path):
            connection = _prepared(path, brand, create=create, read_only=read_only, busy_seconds=busy_seconds)
        return SqliteLedger(path, connection, lock, recent_values)
    except BaseException:
        if lock is not None:
            lock.release()
        raise


def _missing(path: str, brand: str) -> str:
    return (
        f"there is no ledger at {path} for brand {brand}: put back the file, or say that a new one may be "
        "created; without the old one, rows that were sent before would be taken for new"
    )


def _prepared(path: str, brand: str, *, create: bool, read_only: bool, busy_seconds: float) -> sqlite3.Connection:
    if path != IN_MEMORY and not read_only:
        try:
            make_private(path)
        except OSError as error:
            raise LedgerUnavailable(f"the ledger {path} cannot be opened: {error.strerror}") from error
    connection = connect(path, busy_seconds=busy_seconds, query_only=read_only)
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
        raise LedgerMismatch(_missing(path, brand))
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


def check_meta(place: str, brand: str, meta: dict[str, str]) -> int:
    """Return the schema version of a ledger, or raise LedgerMismatch when it is not ours to use."""
    if meta["brand"] != brand:
        raise LedgerMismatch(
            f"the ledger {place} belongs to brand {meta['brand']}, not to {brand}: give each brand its own"
        )
    version = int(meta["schema_version"])
    if version > SCHEMA_VERSION:
        raise LedgerMismatch(
            f"the ledger {place} was written by bridge {meta['bridge_version']} with schema {version}, and bridge "
            f"{__version__} knows schemas up to {SCHEMA_VERSION}: run that version or a newer one"
        )
    return version


def first_meta(brand: str) -> dict[str, str]:
    """Return what a new ledger says about itself."""
    return {
        "brand": brand,
        "schema_version": str(SCHEMA_VERSION),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "bridge_version": __version__,
    }


def migrations(dialect: str, version: int) -> list[str]:
    """Return the statements that lead from a schema version to this bridge's."""
    return [text for step in range(version + 1, SCHEMA_VERSION + 1) for text in MIGRATIONS[step].get(dialect, ())]


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
