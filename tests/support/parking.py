"""A trial in which changes are parked, the connector is mended, and a person decides about them."""

from __future__ import annotations

from typing import Final

from bridge.brand import Brand
from bridge.ledger import SqliteLedger
from bridge.parked import ParkedChanges
from tests.support.changes import EPOCH_US
from tests.support.trial import Trial

NOW_MS: Final = EPOCH_US // 1000


class World:
    """A trial whose connector can be mended, and whose parked changes can be decided."""

    def __init__(self, brand: Brand) -> None:
        self.trial = Trial(brand)
        self.trial.play.now_ms = NOW_MS

    def mend(self, brand: Brand) -> None:
        """Start the bridge anew with another connector."""
        self.trial.play.brand = brand
        self.trial.restart()

    @property
    def changes(self) -> ParkedChanges:
        """Return the parked changes."""
        ledger = self.trial.play.ledger
        assert isinstance(ledger, SqliteLedger)
        return ParkedChanges(self.trial.play.brand, ledger, self.trial.play.now_ms)

    def replay(self, *numbers: int, dry_run: bool = False) -> list[str]:
        """Replay these or all, start the bridge anew, and say how each ended."""
        changes = self.changes
        chosen = changes.with_their_rows(set(numbers) or {item.parked_id for item in changes.all})
        done = changes.replay(chosen, dry_run=dry_run)
        self.trial.restart()
        return [
            f"{one.parked.key} {one.outcome}" + (f": {one.reason}" if one.reason else "") for one in done.changes
        ]

    def discard(self, *numbers: int) -> None:
        """Discard these, and start the bridge anew."""
        changes = self.changes
        changes.discard([item for item in changes.all if item.parked_id in numbers], "a test")
        self.trial.restart()
