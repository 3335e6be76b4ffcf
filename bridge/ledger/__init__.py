"""The bridge's durable memory: SQLite in one file per brand, or Postgres for several instances."""

from bridge.ledger.opening import open_ledger
from bridge.ledger.sqlite import SqliteLedger
from bridge.ledger.transaction import Transaction

__all__ = ["SqliteLedger", "Transaction", "open_ledger"]
