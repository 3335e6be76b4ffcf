"""The two brands of the demo: their wallets, their connectors, and where these lie in the package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

WALLETS = Path(__file__).parent / "wallets"


@dataclass(frozen=True, slots=True)
class DemoBrand:
    """One brand's files and names."""

    name: str
    table: str
    """The table that holds its play."""
    says: str
    """Its wallet in a few words."""

    @property
    def schema(self) -> Path:
        """Return the file that makes its tables and its first rows."""
        return WALLETS / f"{self.name}.sql"

    @property
    def connector(self) -> Path:
        """Return its connector."""
        return WALLETS / f"{self.name}.yaml"

    @property
    def debezium(self) -> Path:
        """Return the configuration of its Debezium connector, with variables."""
        return WALLETS / f"{self.name}.debezium.json"

    def topics(self, run: str) -> str:
        """Return the prefix of its topics in a run, which is the name of its Debezium connector."""
        return f"{run}-{self.name}"


BRANDS = (
    DemoBrand("northern-lights", "wallet_tx", "a ledger that only grows; rollbacks name their original"),
    DemoBrand("harbour", "transactions", "one row for a transaction; its status changes in place"),
)
