"""The bridge's durable memory: SQLite in one file per brand, or Postgres for several instances."""

from typing import TYPE_CHECKING

from bridge.ledger.opening import open_ledger, open_sqlite
from bridge.ledger.sqlite import SqliteLedger
from bridge.ledger.transaction import Transaction

if TYPE_CHECKING:
    from bridge.ledger.postgres import PostgresLedger
    from bridge.ledger.postgres_opening import open_postgres

__all__ = [
    "PostgresLedger",
    "SqliteLedger",
    "Transaction",
    "open_ledger",
    "open_postgres",
    "open_sqlite",
]


def __getattr__(name: str) -> object:
    """Import what Postgres needs when it is asked for: most brands have a file, and commands start sooner."""
    if name not in ("PostgresLedger", "open_postgres"):
        raise AttributeError(name)
    from bridge.ledger import postgres_opening  # noqa: PLC0415 - see above

    return getattr(postgres_opening, name)
