"""What one channel has been given and has not answered: delivery tags, and the event behind each."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

ANSWERED: Final = -1
"""Stands among several events for one whose tag was answered before."""


class Flight:
    """The tags of a channel, from the oldest that is not answered on.  An event is a number, not negative."""

    def __init__(self) -> None:
        self.size = 0
        """How many events are in flight."""
        self.next_tag = 1
        """The tag that the channel gives to the next message."""
        self._oldest_tag = 1
        self._events: list[int] = []
        self._submitted_at: deque[tuple[int, float]] = deque()

    def add(self, batch: Sequence[int], now: float) -> None:
        """Take events that are published now; they have the channel's next tags."""
        self._events += batch
        self.size += len(batch)
        self.next_tag += len(batch)
        self._submitted_at.append((self.next_tag - 1, now))

    def answered(self, tag: int, *, multiple: bool) -> tuple[int, list[int]]:
        """Take what this answer means: return its first tag, and from that tag on the events.

        One that was answered before stands as `ANSWERED`; a tag that is not in flight gives nothing.
        """
        events, oldest = self._events, self._oldest_tag
        if multiple:
            # Tag 0 with `multiple` means everything outstanding (AMQP 0-9-1, basic.ack).
            count = tag - oldest + 1 if tag else len(events)
            if count <= 0:
                return oldest, []
            settled = events[:count]
            self._drop_front(len(settled))
            self.size -= len(settled) - settled.count(ANSWERED)
            return oldest, settled
        at = tag - oldest
        if not 0 <= at < len(events) or events[at] == ANSWERED:
            return tag, []
        settled = [events[at]]
        events[at] = ANSWERED
        self.size -= 1
        if at == 0:
            self._drop_front(1)
        return tag, settled

    def lose(self) -> list[int]:
        """The channel is gone: return what was in flight, and begin anew with tag 1."""
        lost = [event for event in self._events if event != ANSWERED]
        self._events.clear()
        self._submitted_at.clear()
        self.size = 0
        self.next_tag = self._oldest_tag = 1
        return lost

    def oldest_submitted_at(self) -> float | None:
        """Return when the oldest event in flight was submitted; None when none is."""
        if not self._events:
            return None
        while self._submitted_at[0][0] < self._oldest_tag:
            self._submitted_at.popleft()
        return self._submitted_at[0][1]

    def restart_clocks(self, now: float) -> None:
        """Take everything in flight as submitted now."""
        self._submitted_at = deque((tag, now) for tag, _ in self._submitted_at)

    def _drop_front(self, count: int) -> None:
        """Take `count` tags off the front, and those behind them that were answered before."""
        events = self._events
        while count < len(events) and events[count] == ANSWERED:
            count += 1
        del events[:count]
        self._oldest_tag += count
