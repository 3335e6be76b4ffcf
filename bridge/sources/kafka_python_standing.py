"""How a consumer of kafka-python stands with its brokers, by its errors and its connections."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from bridge.errors import SourceUnavailable
from bridge.sources.kafka_python_brokers import trouble_in
from bridge.sources.sentences import REFUSALS
from bridge.sources.settings import KafkaSettings
from bridge.sources.standing import TROUBLE_SECONDS, Standing

LOG = logging.getLogger("bridge.sources.kafka_python")

_LOOK_SECONDS = 2.0


class KafkaPythonStanding(Standing):
    """Told what the consumer raises; asks it for its connections."""

    def __init__(self, settings: KafkaSettings, why: Callable[[Exception], SourceUnavailable]) -> None:
        """`why` says in a sentence what is wrong."""
        super().__init__(settings)
        self._why = why
        self._trouble: SourceUnavailable | None = None
        self._refusal: SourceUnavailable | None = None
        self._refused_at = 0.0
        self._looked_at = 0.0

    def last_error(self) -> str | None:
        """See `Standing.last_error`."""
        trouble = self._trouble or (self._refusal if self.refused() else None)
        return str(trouble) if trouble is not None else None

    def refused(self) -> bool:
        """See `Standing.refused`."""
        return self._refusal is not None and time.monotonic() - self._refused_at < TROUBLE_SECONDS

    def comes_back(self) -> None:
        """See `Standing.comes_back`."""
        super().comes_back()
        self._trouble = None

    def hear(self, error: Exception) -> None:
        """Note an error."""
        trouble = self._why(error)
        # The library repeats itself with every attempt; the first time is enough.
        if self.last_error() is None:
            LOG.warning("%s", trouble)
        self._trouble = trouble
        if trouble_in(f"{type(error).__name__} {error}") in REFUSALS:
            self._refusal, self._refused_at = trouble, time.monotonic()

    def look(self, connections: Callable[[], float]) -> None:
        """See now and then how many brokers are connected.

        Raises SourceUnavailable when none has been for longer than `unavailable_limit`.
        """
        now = time.monotonic()
        if now - self._looked_at > _LOOK_SECONDS:
            self._looked_at = now
            if connections() > 0:
                self.comes_back()
            elif not self.is_down:
                self.goes_down()
                self.hear(_UNCONNECTED)
        if self.past_limit:
            raise self._trouble or self._why(_UNCONNECTED)


_UNCONNECTED = ConnectionError("no broker is connected")
