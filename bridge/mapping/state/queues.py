"""Changes that wait: each player's queue, what waits for what, and deadlines."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field
from typing import Final

import msgspec

from bridge.flow import Change
from bridge.mapping.state.waiting import Waiting
from bridge.records import HeldChange

_FORM: Final = msgspec.msgpack.Decoder(tuple[str, str, str, str, int, int, str])
_ROOM: Final = 1 << 20
"""Room between the places of two held changes, so that others can be put in front of one."""
_NO_PLAY: Final = frozenset(("lookup", "part"))
"""What comes by itself, whatever of play waits."""


def why_held(stored: HeldChange) -> str:
    """Return what a change in a ledger waits for."""
    kind, _, space, *_ = _FORM.decode(stored.waiting)
    return _why(kind, space)


def _why(kind: str, space: str) -> str:
    if kind == "part":
        return "waits for its header"
    return f"waits for {space.replace(':', ' ', 1)}" if space else "behind a change of the same player that waits"


@dataclass(slots=True, eq=False)
class Held:
    """A change that waits.

    `kind` is `head` (waits, and holds its queue), `queued` (behind a head), `aside` (a reversal
    that waits for its original and holds nothing) or `part` (waits for its header's end).
    """

    kind: str
    change: Change
    table: str
    row: str
    """The key of the row in its play table (for a part: of its header)."""
    queue: str
    read_ms: int
    waiting: Waiting | None = None
    deadline_ms: int = 0
    held_id: int = 0
    place: int = 0
    given_up: set[tuple[str, str]] = field(default_factory=set)
    """Rows that it goes on without; after a restart, deadlines that are over say so again."""

    @property
    def why(self) -> str:
        """What it waits for."""
        return _why(self.kind, self.waiting.space if self.waiting is not None else "")

    def stored(self) -> HeldChange:
        """Return it as the ledger keeps it."""
        waiting = self.waiting
        form = (
            self.kind,
            self.row,
            waiting.space if waiting is not None else "",
            waiting.key if waiting is not None else "",
            self.read_ms,
            self.place,
            self.table,
        )
        return HeldChange(
            held_id=self.held_id,
            record=self.change.record,
            table=self.table,
            player=self.queue,
            waiting=msgspec.msgpack.encode(form),
            deadline_ms=self.deadline_ms,
        )

    @classmethod
    def restored(cls, stored: HeldChange, change: Change) -> Held:
        """Undo `stored`."""
        kind, row, space, key, read_ms, place, table = _FORM.decode(stored.waiting)
        return cls(
            kind=kind,
            change=change,
            table=table,
            row=row,
            queue=stored.player,
            read_ms=read_ms,
            waiting=Waiting(space, key) if space else None,
            deadline_ms=stored.deadline_ms,
            held_id=stored.held_id,
            place=place,
        )


class Queues:
    """All held changes of a brand, by player and by what they wait for."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[Held]] = {}
        self._waiting: dict[tuple[str, str], list[Held]] = {}
        self._rows: dict[tuple[str, str], list[Held]] = {}
        self._aside: dict[tuple[str, str], list[Held]] = {}
        """What waits outside the queues, by its row."""
        self._deadlines: list[tuple[int, int, Held]] = []
        self._ticks = 0
        self.count = 0

    def head(self, queue: str) -> Held | None:
        """Return the first of a queue."""
        held = self._queues.get(queue)
        return held[0] if held else None

    def of_row(self, table: str, row: str) -> str | None:
        """Return the queue in which a change of a row waits, or None."""
        held = self._rows.get((table, row))
        return held[-1].queue if held else None

    def change_of_row(self, table: str, row: str) -> Change | None:
        """Return the first change of a row that waits, in a queue or aside, or None."""
        waiting = [*self._rows.get((table, row), ()), *self._aside.get((table, row), ())]
        return min(waiting, key=lambda held: held.held_id).change if waiting else None

    def append(self, held: Held) -> None:
        """Put a change at the end of its queue."""
        held.place = held.place or held.held_id * _ROOM
        self._queues.setdefault(held.queue, deque()).append(held)
        self._rows.setdefault((held.table, held.row), []).append(held)
        self.count += 1

    def prepend(self, held: Held) -> None:
        """Put a change in front of its queue."""
        queue = self._queues.setdefault(held.queue, deque())
        own = held.held_id * _ROOM
        held.place = min(own, queue[0].place - 1) if queue else own
        queue.appendleft(held)
        self._rows.setdefault((held.table, held.row), []).insert(0, held)
        self.count += 1

    def is_behind(self, held: Held) -> bool:
        """Return whether what holds its queue came before a change, and waits for nothing that may wait for it."""
        head = self.head(held.queue)
        if head is None or head.held_id > held.held_id:
            return False
        return head.waiting is None or head.waiting.space.partition(":")[0] in _NO_PLAY

    def insert(self, held: Held) -> None:
        """Put a change that waited outside the queues into its own, where it was read."""
        queue = self._queues.setdefault(held.queue, deque())
        held.place = held.held_id * _ROOM
        at = next((at for at, other in enumerate(queue) if other.place > held.place), len(queue))
        queue.insert(at, held)
        of_row = self._rows.setdefault((held.table, held.row), [])
        of_row.append(held)
        of_row.sort(key=lambda other: other.place)
        self.count += 1

    def remove(self, held: Held) -> None:
        """Take a change out of its queue.  Another one that waits may have been put in front of it."""
        waiting = self._queues[held.queue]
        waiting.remove(held)
        self.count -= 1
        if not waiting:
            del self._queues[held.queue]
        of_row = self._rows[held.table, held.row]
        of_row.remove(held)
        if not of_row:
            del self._rows[held.table, held.row]

    def bring_forward(self, held: Held, waiting: Waiting) -> Held | None:
        """Put what a change waits for in front of it, where that is queued behind it; return that."""
        kind, _, table = waiting.space.partition(":")
        changes = self._rows.get((table, waiting.key), []) if kind == "row" else []
        found = next((one for one in changes if one.queue == held.queue and one.waiting is None), None)
        if found is not None:
            self.remove(found)
            self.prepend(found)
        return found

    def set_aside(self, held: Held) -> None:
        """Note one more change that waits outside the queues."""
        self.count += 1
        if held.kind == "aside":
            self._aside.setdefault((held.table, held.row), []).append(held)

    def unset_aside(self, held: Held) -> None:
        """Note that a change outside the queues waits no longer."""
        self.count -= 1
        of_row = self._aside.get((held.table, held.row), [])
        if held in of_row:
            of_row.remove(held)
            if not of_row:
                del self._aside[held.table, held.row]

    def comes_after(self, held: Held) -> bool:
        """Return whether an earlier change of the same row waits outside the queues."""
        return any(other.held_id < held.held_id for other in self._aside.get((held.table, held.row), ()))

    def await_(self, held: Held, waiting: Waiting, deadline_ms: int) -> None:
        """Register what a change waits for, and until when."""
        held.waiting = waiting
        held.deadline_ms = deadline_ms
        self._waiting.setdefault((waiting.space, waiting.key), []).append(held)
        if deadline_ms:
            self._ticks += 1
            heapq.heappush(self._deadlines, (deadline_ms, self._ticks, held))

    def arrived(self, space: str, key: str) -> list[Held]:
        """Return, and no longer count as waiting for this, what waited for it, in ledger order."""
        found = self._waiting.pop((space, key), None)
        if not found:
            return []
        return sorted((held for held in found if _waits_for(held, space, key)), key=lambda held: held.held_id)

    def awaited(self) -> list[tuple[str, str]]:
        """Return every place that something waits for."""
        return list(self._waiting)

    def expired(self, now_ms: int) -> list[Held]:
        """Return what has waited long enough, in the order of deadlines."""
        due = []
        while self._deadlines and self._deadlines[0][0] <= now_ms:
            deadline, _, held = heapq.heappop(self._deadlines)
            if held.waiting is not None and held.deadline_ms == deadline:
                due.append(held)
        return due

    def next_deadline(self) -> int | None:
        """Return the next deadline in wall-clock milliseconds, or None."""
        while self._deadlines and (
            self._deadlines[0][2].waiting is None or self._deadlines[0][2].deadline_ms != self._deadlines[0][0]
        ):
            heapq.heappop(self._deadlines)
        return self._deadlines[0][0] if self._deadlines else None

    def stop_waiting(self, held: Held) -> None:
        """Forget what a change waits for."""
        if held.waiting is not None:
            place = (held.waiting.space, held.waiting.key)
            others = [other for other in self._waiting.get(place, []) if other is not held]
            if others:
                self._waiting[place] = others
            else:
                self._waiting.pop(place, None)
        held.waiting = None

    def restore(self, held: list[Held]) -> None:
        """Take in what the ledger kept."""
        for item in sorted(held, key=lambda item: item.place):
            if item.kind in ("head", "queued"):
                self.append(item)
            else:
                self.set_aside(item)
            if item.waiting is not None:
                self.await_(item, item.waiting, item.deadline_ms)


def _waits_for(held: Held, space: str, key: str) -> bool:
    return held.waiting is not None and (held.waiting.space, held.waiting.key) == (space, key)
