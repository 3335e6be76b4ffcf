"""Stops a brand when nearly all that it reads is parked: then the connector is wrong, not the data."""

from __future__ import annotations

from collections import Counter

from bridge.errors import TooManyParked
from bridge.mapping.mapper import Outcome


class Flood:
    """Counts how changes end in a batch, and stops the brand when nearly all of them are parked."""

    def __init__(self, in_a_row: int, per_minute: int) -> None:
        self._limit = in_a_row
        self._per_minute = per_minute
        self._row = self._pending_row = 0
        self._minute: list[tuple[float, int]] = []
        self._now = 0.0
        self._parked = 0
        self.warnings: Counter[str] = Counter()
        """How many events of the batch were sent although they break the stricter profile, by the breach."""

    def begin(self, now: float) -> None:
        """Start to count a batch."""
        self._now = now
        self._pending_row = self._row
        self._parked = 0
        self.warnings = Counter()

    def add(self, outcome: Outcome) -> None:
        """Count one change.  Raises TooManyParked at a limit: nothing of the batch is then kept."""
        if outcome.kind == "sent":
            self._pending_row = 0
            for event in outcome.events:
                if event.warnings:
                    self.warnings.update(event.warnings)
        elif outcome.kind == "parked":
            self._parked += 1
            self._pending_row += 1
            self._check(outcome.reason)

    def commit(self) -> None:
        """Keep the counts of the batch."""
        self._row = self._pending_row
        self._minute = [(at, count) for at, count in self._minute if at > self._now - 60]
        if self._parked:
            self._minute.append((self._now, self._parked))

    @property
    def marks(self) -> tuple[int, list[tuple[float, int]]]:
        """What the batches committed so far have left, for `go_back`."""
        return self._row, self._minute

    def go_back(self, marks: tuple[int, list[tuple[float, int]]]) -> None:
        """Forget the batches committed since: they were not kept after all."""
        self._row, self._minute = marks

    def _check(self, reason: str) -> None:
        minute = self._parked + sum(count for at, count in self._minute if at > self._now - 60)
        if self._pending_row > self._limit or minute > self._per_minute:
            limit = (
                f"{self._limit} in a row" if self._pending_row > self._limit else f"{self._per_minute} in a minute"
            )
            raise TooManyParked(
                f"more than {limit} were parked, the last because: {reason}.  This is a wrong connector rather "
                "than bad data: try it with `wallet-bridge preview`, mend it, and start again; nothing was lost"
            )
