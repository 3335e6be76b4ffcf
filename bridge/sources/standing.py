"""How a source stands with its brokers: since when none of them answers, and the latest trouble."""

from __future__ import annotations

import time

from bridge.sources.reading import SourceHealth
from bridge.sources.settings import KafkaSettings

TROUBLE_SECONDS = 30.0
"""Trouble with one broker of several, or one topic, is forgotten when it does not come back."""


class Standing:
    """What all clients note; how they learn it is each client's own way.

    One thread notes, any thread may ask: each answer looks at what was noted once.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._limit = settings.unavailable_limit.total_seconds() if settings.unavailable_limit else None
        self._down_since: float | None = None

    @property
    def is_down(self) -> bool:
        """Return whether no broker answers."""
        return self._down_since is not None

    @property
    def down_seconds(self) -> float:
        """Return for how long no broker has answered; 0 while one does."""
        since = self._down_since
        return time.monotonic() - since if since is not None else 0.0

    @property
    def past_limit(self) -> bool:
        """Return whether no broker has answered for longer than `unavailable_limit`."""
        return self._limit is not None and self.down_seconds > self._limit

    def health(self, commit_failures: int) -> SourceHealth:
        """See `KafkaSource.health`."""
        return SourceHealth(
            not self.is_down, self.down_seconds, self.last_error(), commit_failures, refused=self.refused()
        )

    def last_error(self) -> str | None:
        """Return the latest trouble in one sentence; None once it is over."""
        raise NotImplementedError

    def refused(self) -> bool:
        """Return whether the latest trouble is one of REFUSALS."""
        raise NotImplementedError

    def goes_down(self) -> None:
        """Note that no broker answers any more; again, and nothing changes."""
        if self._down_since is None:
            self._down_since = time.monotonic()

    def comes_back(self) -> None:
        """Note that a broker answers."""
        self._down_since = None
