"""How long a start waits for the first answer of a broker, whom it tells, and when it stops before its time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from bridge.errors import SourceUnavailable

FIRST_WORD_SECONDS: Final = 2.0
"""How long a start waits before it says so: most brokers answer sooner, and a person looks that long."""
_LOOK_SECONDS: Final = 1.0
"""How often it looks whether it is to stop."""
_SHORTEST_SECONDS: Final = 0.1


class Patience:
    """What a client's own way to ask needs, to wait as `KafkaSource.on_waiting` says."""

    def __init__(self, seconds: float) -> None:
        """Wait for so long."""
        self._seconds = seconds
        self.told: Callable[[SourceUnavailable], None] = lambda _: None
        self.asked_to_stop: Callable[[], bool] = lambda: False

    def wait(
        self, asked_in_vain: Callable[[float], Exception | None], why: Callable[[Exception], SourceUnavailable]
    ) -> None:
        """Return once a broker has answered.

        `asked_in_vain` waits so many seconds for that and returns what it met with instead, and `why` says that
        in a sentence, which is raised when the time is over, or before that when a stop is asked for.
        """
        began, told = time.monotonic(), False
        while True:
            left = began + self._seconds - time.monotonic()
            trouble = asked_in_vain(max(_SHORTEST_SECONDS, min(_LOOK_SECONDS, left)))
            if trouble is None:
                return
            waited = time.monotonic() - began
            if waited >= self._seconds or self.asked_to_stop():
                raise why(trouble) from trouble
            if not told and waited >= FIRST_WORD_SECONDS:
                told = True
                self.told(why(trouble))
