"""Look-up rows from a query on a read replica.  Never on the way of a record."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from decimal import Decimal
from typing import Any

import sqlalchemy
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bridge.errors import ConfigError, Problem, SourceUnavailable
from bridge.row import Value

CONNECT_SECONDS = 10
QUERY_SECONDS = 300.0
"""How long a query may take: look-ups are read again every few minutes."""
QUERY_THREAD = "look-up query"
_LOOK_SECONDS = 0.25
_CANCEL_SECONDS = 2.0
# A replica whose host is gone without a word is seen within a minute.
_POSTGRES = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}


def query_rows(
    url: str, sql: str, name: str, asked_to_stop: Callable[[], bool] = lambda: False
) -> list[dict[str, Value]]:
    """Return the rows of a query, read in one read-only transaction.

    Blocks until all are there, but no longer than QUERY_SECONDS, and not when a stop is asked for.  Raises
    SourceUnavailable then, and when the replica does not answer or refuses the query; and ConfigError for a
    column in binary floating point: such numbers are not exact.
    """
    query = _Query(url, sql)
    deadline = time.monotonic() + QUERY_SECONDS
    while not wait([query.answer], min(_LOOK_SECONDS, QUERY_SECONDS)).done:
        if asked_to_stop():
            query.cancel()
            raise SourceUnavailable(f"stopped while the query of the look-up {name} ran")
        if time.monotonic() >= deadline:
            query.cancel()
            raise SourceUnavailable(f"the query of the look-up {name} has not ended after {QUERY_SECONDS:g} s")
    try:
        found = query.answer.result()
    except (SQLAlchemyError, ImportError) as error:
        # Only its kind: the text of the error may hold the address with its password, or a row.
        kind = type(error.orig if isinstance(error, DBAPIError) else error).__name__
        raise SourceUnavailable(f"the query of the look-up {name} failed: {kind}") from None
    return [{column: _exact(value, column, name) for column, value in row.items()} for row in found]


class _Query:
    """A query that runs in a thread of its own, so that whoever waits for it can give it up."""

    def __init__(self, url: str, sql: str) -> None:
        self.answer: Future[Sequence[Mapping[str, Any]]] = Future()
        self._url = url.replace("postgresql://", "postgresql+psycopg://", 1)
        self._sql = sql
        self._driver: Any = None
        self._driver_errors: tuple[type[Exception], ...] = ()
        threading.Thread(target=self._run, name=QUERY_THREAD, daemon=True).start()

    def cancel(self) -> None:
        """Let the server end what it does, if the driver can ask it to; waits a moment for that."""
        with contextlib.suppress(*self._driver_errors):
            # What the drivers call the one thing that may be done from another thread: psycopg, sqlite3.
            if hasattr(self._driver, "cancel_safe"):
                self._driver.cancel_safe(timeout=_CANCEL_SECONDS)
            elif hasattr(self._driver, "interrupt"):
                self._driver.interrupt()

    def _run(self) -> None:
        try:
            self.answer.set_result(self._rows())
        except BaseException as error:  # noqa: BLE001 - raised where the answer is waited for
            self.answer.set_exception(error)

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        is_postgres = self._url.startswith("postgresql")
        options = _POSTGRES if is_postgres else {}
        engine = sqlalchemy.create_engine(self._url, poolclass=sqlalchemy.NullPool, connect_args=options)
        self._driver_errors = (engine.dialect.loaded_dbapi.Error,)
        with engine.connect() as connection:
            self._driver = connection.connection.driver_connection
            if is_postgres:
                connection.execute(sqlalchemy.text("SET TRANSACTION READ ONLY"))
                milliseconds = int(QUERY_SECONDS * 1000)
                connection.execute(sqlalchemy.text(f"SET LOCAL statement_timeout = {milliseconds}"))
            return [dict(row) for row in connection.execute(sqlalchemy.text(self._sql)).mappings()]


def _exact(value: Any, column: str, name: str) -> Value:
    if isinstance(value, float):
        hint = f"cast it in the query: CAST({column} AS numeric)"
        message = f"column {column} is in binary floating point and not exact"
        raise ConfigError([Problem("", 0, 0, f"lookups.{name}.sql", message, hint)])
    if value is None or isinstance(value, str | bool | int | bytes | Decimal | list | dict):
        return value
    return value if hasattr(value, "isoformat") else str(value)
