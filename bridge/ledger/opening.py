"""Opening a ledger: which storage, whose it is, which schema it has."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bridge import __version__
from bridge.errors import LedgerMismatch, LedgerUnavailable
from bridge.ledger.lock import ProcessLock
from bridge.ledger.meta import check_meta, first_meta, migrations, missing
from bridge.ledger.schema import SCHEMA_VERSION, creation
from bridge.ledger.sqlite import SqliteLedger
from bridge.ledger.sqlite_link import IN_MEMORY, SqliteLink, make_private
from bridge.ledger.sqlite_memory import SQL as _SQL
from bridge.ledger.tables import SQLITE

if TYPE_CHECKING:
    from bridge.ledger.postgres import PostgresLedger

NEWEST: Final = 100_000
"""How many entries of the index wait in memory, at some 70 bytes each."""


def open_ledger(
    url_or_path: str,
    brand: str,
    *,
    create: bool,
    read_only: bool = False,
    recent_values: int = 20_000,
    wait_seconds: int = 5,
    url_now: Callable[[], str] | None = None,
) -> SqliteLedger | PostgresLedger:
    """Open the ledger of a brand: a file, ":memory:", or postgresql://… for several instances.

    `create` makes one where none is.  `read_only` needs no lock and works beside the processes that
    write; its own commits raise LedgerUnavailable.  `recent_values` is how many values a file's ledger
    keeps in memory, `wait_seconds` how long to wait for a foreign lock of the file, or for the server.
    `url_now` is asked before each new connection to a server, so that a rotated password is found.

    Raises LedgerMismatch when the ledger is missing, another brand's, in use by another process, made
    by a newer bridge or damaged, and LedgerUnavailable when the storage does not answer.
    """
    if url_or_path.startswith(("postgresql://", "postgresql+psycopg://")):
        from bridge.ledger.postgres_opening import open_postgres  # noqa: PLC0415 - few brands need its client

        return open_postgres(
            url_or_path,
            brand,
            create=create,
            read_only=read_only,
            wait_seconds=wait_seconds,
            url_now=url_now,
        )
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
    newest: int = NEWEST,
) -> SqliteLedger:
    """Open a file, or ":memory:"; see `open_ledger`."""
    path = url_or_path.removeprefix("sqlite:///")
    lock = None
    if path != IN_MEMORY:
        path = str(Path(path).absolute())
        if not create and not is_there(Path(path)):
            raise LedgerMismatch(missing(path, brand))
        if not read_only:
            lock = ProcessLock(Path(path))
    try:
        link = _prepared(path, brand, create=create, read_only=read_only, wait_seconds=wait_seconds)
        return SqliteLedger(link, lock, recent_values, newest)
    except BaseException:
        if lock is not None:
            lock.release()
        raise


def is_there(path: Path) -> bool:
    """Say whether a ledger's file is there.  Raises LedgerUnavailable where this user may not look."""
    try:
        return path.exists()
    except OSError as error:
        raise LedgerUnavailable(f"the ledger {path} cannot be looked at: {error.strerror}") from error


def _prepared(path: str, brand: str, *, create: bool, read_only: bool, wait_seconds: float) -> SqliteLink:
    if path != IN_MEMORY and not read_only:
        try:
            make_private(path)
        except OSError as error:
            raise LedgerUnavailable(f"the ledger {path} cannot be opened: {error.strerror}") from error
    link = SqliteLink(path, wait_seconds=wait_seconds, query_only=read_only)
    try:
        _bring_up_to_date(link, brand, create=create and not read_only, read_only=read_only)
    except BaseException:
        link.close()
        raise
    return link


def _bring_up_to_date(link: SqliteLink, brand: str, *, create: bool, read_only: bool) -> None:
    # A start that was killed before its first transaction leaves a file without tables.
    has_tables = link.one("SELECT 1 FROM sqlite_master WHERE name = 'meta'")
    if not has_tables and create:
        with link.transaction() as cursor:
            _run(cursor, creation(SQLITE), first_meta(brand))
        return
    if not has_tables:
        raise LedgerMismatch(missing(link.place, brand))
    version = check_meta(link.place, brand, dict(link.rows(_SQL.select_meta)))
    if version < SCHEMA_VERSION and read_only:
        raise LedgerMismatch(f"the ledger {link.place} has schema {version}: run this bridge on it once first")
    if version < SCHEMA_VERSION:
        now = {"schema_version": str(SCHEMA_VERSION), "bridge_version": __version__}
        with link.transaction() as cursor:
            _run(cursor, migrations(SQLITE.name, version), now)


def _run(cursor: sqlite3.Cursor, statements: Sequence[str], meta: dict[str, str]) -> None:
    for statement in statements:
        cursor.execute(statement)
    cursor.executemany(_SQL.upsert_meta, meta.items())
