"""How long taking in may wait for records, and what else is due meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from bridge.intake.batches import Batches
from bridge.intake.merge import CommitOrder
from bridge.intake.outbox import Outbox

IDLE_POLL_SECONDS = 0.25
BUSY_POLL_SECONDS = 0.005
"""While confirms are on their way: short against the time in which the broker empties a window."""
RECORD_SECONDS = 0.05
"""How long confirms wait for a batch that records them by the way, unless the window needs them."""
RECHECK_SECONDS = 1.0
"""How often what is held is looked for in a ledger that other instances write too."""


class Pace:
    """What is due of one brand's taking in, by its clocks."""

    def __init__(
        self,
        order: CommitOrder,
        batches: Batches,
        outbox: Outbox,
        *,
        waits_for_lookups: Callable[[float], bool],
        window: int,
        wall_ms: Callable[[], int],
        clock: Callable[[], float],
    ) -> None:
        """`waits_for_lookups` tells whether play waits, `window` how many events may be unconfirmed at once."""
        self._order = order
        self._batches = batches
        self._outbox = outbox
        self._waits_for_lookups = waits_for_lookups
        # What is confirmed and not recorded takes room in the window: little of it, while there is time for that.
        self._record_at = max(1, window // 16)
        self._wall_ms = wall_ms
        self._clock = clock
        self._rechecked_at = 0.0

    def poll_seconds(self, now: float) -> float:
        """Return how long to wait for records: not at all while there is other work."""
        longest = BUSY_POLL_SECONDS if self._outbox.busy else IDLE_POLL_SECONDS
        if self._outbox.unrecorded():
            longest = min(longest, max(0.0, self._batches.written_at + RECORD_SECONDS - now))
        due = self._order.due(now, play=not self._waits_for_lookups(now))
        if due is not None:
            longest = min(longest, due)
        deadline = self._batches.next_deadline()
        if deadline is not None:
            longest = min(longest, max(0.0, (deadline - self._wall_ms()) / 1000))
        return longest

    def due_to_record(self) -> bool:
        """Return whether confirms are worth a transaction of their own: each costs a sync of the disk."""
        number = self._outbox.unrecorded()
        return number >= self._record_at or (
            number > 0 and self._clock() - self._batches.written_at >= RECORD_SECONDS
        )

    def due_for_recheck(self) -> bool:
        """Return whether to look for what is held in what other instances have written; begins the next wait."""
        now = self._clock()
        if not self._batches.held or now - self._rechecked_at < RECHECK_SECONDS:
            return False
        self._rechecked_at = now
        return True
