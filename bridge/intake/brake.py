"""Keeps reading from running ahead: of the sender, and of the partitions that others wait for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from bridge.contracts import Source
from bridge.intake.lanes import Lanes
from bridge.intake.merge import CommitOrder
from bridge.intake.outbox import Outbox
from bridge.records import SourceRecord

DEEP = 5_000
"""Records of one partition that may wait for others before its reading pauses."""
HOLD_SECONDS = 1.0
"""How long a full outbox keeps reading waiting before it pauses.

A pause costs more than it seems: librdkafka throws away what it has fetched ahead, and looks for up to a second
at nothing before it fetches again what is resumed (seen with 2.16), while a busy sender runs dry.  Without a poll
nothing is lost of that; but no rebalance is heard of, so it is for a moment only.
"""


class Brake:
    """Lets a source be polled, lets it wait, or pauses its partitions."""

    def __init__(
        self, source: Source, outbox: Outbox, lanes: Lanes, order: CommitOrder, clock: Callable[[], float]
    ) -> None:
        """Begin with everything read."""
        self._source = source
        self._outbox = outbox
        self._lanes = lanes
        self._order = order
        self._clock = clock
        self._full_since: float | None = None
        self._pausing = False

    def look(self) -> None:
        """Pause and resume partitions; once in each round."""
        self._pausing = self._pauses(self._clock())
        self._lanes.pause_only(self._lanes.assigned() if self._pausing else self._order.deep(DEEP))

    def poll(self, seconds: float) -> Sequence[SourceRecord]:
        """Return what is there, after waiting for it up to `seconds`; nothing while the outbox is full.

        Raises as `Source.poll` does.
        """
        if self._full_since is None or self._pausing:
            return self._source.poll(seconds)
        time.sleep(seconds)
        return ()

    def _pauses(self, now: float) -> bool:
        if self._pausing and not self._outbox.half_sent:
            return True
        if not self._outbox.full:
            self._full_since = None
            return False
        if self._full_since is None:
            self._full_since = now
        return now - self._full_since >= HOLD_SECONDS
