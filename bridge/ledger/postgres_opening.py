"""Opening a ledger in Postgres."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable
from typing import Any, Final

import psycopg

from bridge import __version__
from bridge.errors import LedgerMismatch
from bridge.ledger.meta import check_meta, first_meta, migrations, missing
from bridge.ledger.postgres import PostgresLedger
from bridge.ledger.postgres_link import Link
from bridge.ledger.schema import SCHEMA_VERSION, creation
from bridge.ledger.statements import Statements
from bridge.ledger.tables import POSTGRES

_SQL: Final = Statements(POSTGRES)
_OPENING: Final = 7_211_934_520_155_873_281
"""An advisory lock of our own: of several instances that start at once, one creates the tables."""


def open_postgres(
    url: str,
    brand: str,
    *,
    create: bool,
    read_only: bool,
    wait_seconds: int,
    url_now: Callable[[], str] | None = None,
) -> PostgresLedger:
    """Open, and create or migrate where needed; see `bridge.ledger.open_ledger`."""
    link = Link(url_now or (lambda: url), connect_seconds=wait_seconds, read_only=read_only)
    try:
        _bring_up_to_date(link, brand, create=create and not read_only, read_only=read_only)
        link.name_after_ledger()
    except BaseException:
        link.close()
        raise
    # Only for people: the fence compares epochs.
    return PostgresLedger(link, f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}")


def _bring_up_to_date(link: Link, brand: str, *, create: bool, read_only: bool) -> None:
    if not create and not _has_tables(link):
        raise LedgerMismatch(missing(link.place, brand))
    if create:
        with link.transaction() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_OPENING,))
            if not cursor.execute("SELECT to_regclass('meta')").fetchall()[0][0]:
                _create(cursor, brand)
    version = check_meta(link.place, brand, dict(link.rows(_SQL.select_meta)))
    if version < SCHEMA_VERSION and read_only:
        raise LedgerMismatch(f"the ledger {link.place} has schema {version}: run this bridge on it once first")
    if version < SCHEMA_VERSION:
        with link.transaction() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_OPENING,))
            _migrate(cursor, link.place, brand)


def _has_tables(link: Link) -> bool:
    return link.rows("SELECT to_regclass('meta') IS NOT NULL")[0][0] is True


def _create(cursor: psycopg.Cursor[Any], brand: str) -> None:
    for statement in creation(POSTGRES):
        cursor.execute(statement.encode())
    cursor.executemany(_SQL.upsert_meta.encode(), list(first_meta(brand).items()))


def _migrate(cursor: psycopg.Cursor[Any], place: str, brand: str) -> None:
    # Read again under the lock: another instance may have done it in the meantime.
    version = check_meta(place, brand, dict(cursor.execute(_SQL.select_meta.encode()).fetchall()))
    for statement in migrations(POSTGRES.name, version):
        cursor.execute(statement.encode())
    now = {"schema_version": str(SCHEMA_VERSION), "bridge_version": __version__}
    cursor.executemany(_SQL.upsert_meta.encode(), list(now.items()))
