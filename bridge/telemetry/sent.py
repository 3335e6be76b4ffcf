"""Counts what the broker has confirmed, by type and status."""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Iterable

from bridge.casino import type_and_status
from bridge.flow import Delivery
from bridge.telemetry.metrics import EVENTS_SENT, LAST_EVENT_TIMESTAMP, Metrics


class SentEvents:
    """Remembers type and status of what was offered until it is confirmed.

    One thread calls `offered` at a time, and one `confirmed`; they may be two.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._offered: dict[int, tuple[str, str]] = {}

    def offered(self, deliveries: Iterable[Delivery]) -> None:
        """Note deliveries before they are offered to the sender."""
        self._offered.update([(delivery.seq, type_and_status(delivery.body)) for delivery in deliveries])

    def confirmed(self, seqs: Iterable[int]) -> None:
        """Count noted deliveries, by their numbers."""
        kinds = (self._offered.pop(seq, None) for seq in seqs)
        tally: Tally[tuple[str, ...]] = Tally(kind for kind in kinds if kind is not None)
        if tally:
            self._metrics.add_counts(EVENTS_SENT, tally)
            self._metrics.set(LAST_EVENT_TIMESTAMP, time.time())
