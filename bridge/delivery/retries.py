"""Why the broker is tried again, and how long to wait before that."""

from __future__ import annotations

import random
from collections.abc import Callable
from enum import StrEnum


class Cause(StrEnum):
    """Why an event had to be sent again."""

    NACK = "nack"
    UNROUTABLE = "unroutable"
    CONNECTION_LOST = "connection_lost"
    TIMEOUT = "timeout"


class Backoff:
    """Exponential back-off with full jitter: each wait is drawn from zero up to a doubling limit.

    Full jitter spreads many bridges that lost the same broker at the same moment.
    """

    def __init__(
        self, first_seconds: float, longest_seconds: float, jitter: Callable[[], float] = random.random
    ) -> None:
        """Start with waits up to `first_seconds`; `jitter` gives a number from 0 to 1."""
        self._first = first_seconds
        self._longest = longest_seconds
        self._jitter = jitter
        self._limit = first_seconds

    def next(self) -> float:
        """Return the seconds to wait now, and double the limit for the next time."""
        wait = self._limit * self._jitter()
        self._limit = min(self._limit * 2, self._longest)
        return wait

    def reset(self) -> None:
        """Something went through: begin with short waits again."""
        self._limit = self._first
