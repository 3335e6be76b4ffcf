"""How the bridge itself counted what it took in, read from its ledger while it runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bridge.errors import BridgeError
from bridge.ledger import open_ledger


@dataclass
class Counted:
    """One brand's changes of play tables by how they ended; history left out."""

    endings: Counter[str] = field(default_factory=Counter)
    held: int = 0

    @property
    def decided(self) -> int:
        """Return how many changes have ended one way or another."""
        return self.endings["sent"] + self.endings["skipped"] + self.endings["parked"]


def counted(state: Path, brand: str, table: str) -> Counted:
    """Return the counts of a brand's ledger for one play table; all 0 while there is no ledger yet."""
    path = state / f"{brand}.ledger"
    try:
        ledger = open_ledger(str(path), brand, create=False, read_only=True)
    except BridgeError:
        return Counted()
    try:
        found = Counted(held=sum(1 for _ in ledger.held()))
        for (ending, name, reason), count in ledger.counters().items():
            if name.rpartition(".")[2] == table and not reason.startswith("history") and reason != "tombstone":
                found.endings[ending] += count
        return found
    finally:
        ledger.close()
