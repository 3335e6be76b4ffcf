"""The bridge's durable memory: SQLite in one file per brand, or Postgres for several instances."""

from bridge.ledger.opening import open_ledger, open_sqlite
from bridge.ledger.postgres import PostgresLedger
from bridge.ledger.postgres_opening import open_postgres
from bridge.ledger.sqlite import SqliteLedger
from bridge.ledger.transaction import Transaction

__all__ = [
    "PostgresLedger",
    "SqliteLedger",
    "Transaction",
    "open_ledger",
    "open_postgres",
    "open_sqlite",
]
