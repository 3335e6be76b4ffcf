"""Counts what the broker has confirmed, by type and status."""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections import deque
from collections.abc import Iterable

from bridge.casino import type_and_status
from bridge.records import Delivery
from bridge.telemetry.metrics import EVENTS_SENT, LAST_EVENT_TIMESTAMP, Metrics


class SentEvents:
    """Remembers type and status of what was offered until it is confirmed.

    One thread calls `offered` at a time, and one `confirmed`; they may be two.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._offered: deque[tuple[int, tuple[str, str]]] = deque()

    def offered(self, deliveries: Iterable[Delivery]) -> None:
        """Note deliveries as they are offered to the sender, oldest first."""
        self._offered += [(delivery.seq, type_and_status(delivery.body)) for delivery in deliveries]

    def confirmed(self, seq: int) -> None:
        """Count every noted delivery up to and including `seq`."""
        offered = self._offered
        tally: Tally[tuple[str, ...]] = Tally()
        while offered and offered[0][0] <= seq:
            tally[offered.popleft()[1]] += 1
        if tally:
            self._metrics.add_counts(EVENTS_SENT, tally)
            self._metrics.set(LAST_EVENT_TIMESTAMP, time.time())
