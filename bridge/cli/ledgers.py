"""The ledger of a brand, for commands that look into what a run has left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bridge.app import ledger_place
from bridge.brand import Brand
from bridge.errors import LedgerMismatch
from bridge.ledger import SqliteLedger, open_ledger
from bridge.ledger.opening import is_there

if TYPE_CHECKING:
    from bridge.ledger import PostgresLedger


def ledger_of(brand: Brand, state: Path, *, read_only: bool = True) -> SqliteLedger | PostgresLedger:
    """Return a brand's ledger.  Raises LedgerMismatch where there is none; none is ever made."""
    place, name = ledger_place(brand, state), brand.connector.brand
    if brand.connector.ledger.url is None and not is_there(Path(place)):
        raise LedgerMismatch(
            f"there is no ledger at {place} for brand {name}: name the folder that `run` has with --state; "
            "before the first run there is none"
        )
    return open_ledger(place, name, create=False, read_only=read_only)
