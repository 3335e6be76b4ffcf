"""Look-up rows from a query on a read replica.  Never on the way of a record."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError

from bridge.errors import ConfigError, Problem, SourceUnavailable
from bridge.row import Value

CONNECT_SECONDS = 10


def query_rows(url: str, sql: str, name: str) -> list[dict[str, Value]]:
    """Return the rows of a query, read in one read-only transaction.  Blocks until all are there.

    Raises SourceUnavailable when the replica does not answer or refuses the query, and ConfigError for
    a column in binary floating point: such numbers are not exact.
    """
    driver = url.replace("postgresql://", "postgresql+psycopg://", 1)
    options = {"connect_timeout": CONNECT_SECONDS} if driver.startswith("postgresql") else {}
    try:
        engine = sqlalchemy.create_engine(driver, poolclass=sqlalchemy.NullPool, connect_args=options)
        with engine.connect() as connection:
            if driver.startswith("postgresql"):
                connection.execute(sqlalchemy.text("SET TRANSACTION READ ONLY"))
            found = connection.execute(sqlalchemy.text(sql)).mappings().all()
    except (SQLAlchemyError, ImportError) as error:
        # The text of the error may hold the address with its password.
        raise SourceUnavailable(f"the query of the look-up {name} failed: {type(error).__name__}") from None
    return [{column: _exact(value, column, name) for column, value in row.items()} for row in found]


def _exact(value: Any, column: str, name: str) -> Value:
    if isinstance(value, float):
        hint = f"cast it in the query: CAST({column} AS numeric)"
        message = f"column {column} is in binary floating point and not exact"
        raise ConfigError([Problem("", 0, 0, f"lookups.{name}.sql", message, hint)])
    if value is None or isinstance(value, str | bool | int | bytes | Decimal | list | dict):
        return value
    return value if hasattr(value, "isoformat") else str(value)
