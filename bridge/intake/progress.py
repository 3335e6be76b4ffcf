"""How far a brand's taking in has come."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import structlog

from bridge.errors import LedgerUnavailable

LOG = structlog.get_logger(__name__)


@dataclass(slots=True)
class Progress:
    """Numbers of one brand's taking in, for status and metrics.  Written by one thread, read by others."""

    outcomes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """How changes ended since they were last collected: (outcome, table, reason)."""
    warnings: Counter[str] = field(default_factory=Counter)
    """Events that were sent although they break the stricter profile, by the breach, since last collected."""
    records: Counter[str] = field(default_factory=Counter)
    taken: int = 0
    sent: int = 0
    held: int = 0
    parked: int = 0
    skipped: int = 0
    ledger_seconds: list[float] = field(default_factory=list)
    rebalances: int = 0
    last_error: str = ""
    last_record_ms: int = 0
    turned_at: float = 0.0
    """When the loop last went round, on the monotonic clock."""
    ledger_away: bool = False
    """The ledger's storage does not answer, and is waited for."""
    ready: bool = False
    """Every partition has been read to the end that it had at the start."""

    def ledger_fails(self, brand: str, error: LedgerUnavailable) -> None:
        """Note that the ledger does not answer, and why; the log is told once."""
        if self.last_error != str(error):
            LOG.error("ledger_unavailable", brand=brand, error=str(error))
        self.last_error = str(error)
        self.ledger_away = True

    def ledger_answers(self, brand: str) -> None:
        """Note that the ledger has just been written."""
        if self.ledger_away:
            self.ledger_away = False
            self.last_error = ""
            LOG.info("ledger_answers_again", brand=brand)
