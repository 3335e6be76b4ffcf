"""Puts changes of several partitions in the order in which their database committed them."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bridge.flow import Change, Taken
from bridge.records import Partition, SourcePosition

_NO_LOG: Final = ""
"""Stands for the log of a record without position."""


@dataclass(slots=True)
class _Lane:
    holds: bool
    """Whether an empty lane holds the others for a while: its records must not come late."""
    first: bool
    """Whether its records go first where positions cannot be compared (look-up tables)."""
    waiting: deque[Taken] = field(default_factory=deque)
    next_offset: int = 0
    behind_last: int = 0
    """The position behind the last record that was put here; from there to `next_offset` there is none."""
    end: int = 0
    """Where the partition ended when it was assigned; until that is read, it holds the others."""
    last: SourcePosition | None = None

    def drain(self, limit: int) -> Iterator[Taken]:
        for _ in range(min(limit, len(self.waiting))):
            taken = self.waiting.popleft()
            self.last = taken.position or self.last
            yield taken


class CommitOrder:
    """Merges partitions by source position.

    A lane that has not reached the end that it had at the start holds all others: a backlog comes
    out in commit order however its topics are read.  After that, an empty lane of a play table
    holds them for at most `wait_seconds` after the record in question was read.
    """

    def __init__(self, wait_seconds: float) -> None:
        self._wait = wait_seconds
        self._lanes: dict[Partition, _Lane] = {}

    def assign(self, partition: Partition, position: int, end: int, *, holds: bool, first: bool) -> None:
        """Add a lane that starts at `position` and had its end at `end`."""
        self._lanes[partition] = _Lane(holds, first, next_offset=position, behind_last=position, end=end)

    def revoke(self, partitions: Collection[Partition]) -> None:
        """Drop lanes, with what waits in them."""
        for partition in partitions:
            self._lanes.pop(partition, None)

    def add(self, partition: Partition, run: Sequence[Taken]) -> None:
        """Add the next records of a lane; those of a lane that is not assigned any more are dropped."""
        lane = self._lanes.get(partition)
        if lane is not None and run:
            lane.waiting.extend(run)
            lane.next_offset = lane.behind_last = run[-1].record.offset + 1

    def reached(self, partition: Partition, position: int) -> None:
        """Note that a lane has been read up to `position`, whether or not records came from there."""
        lane = self._lanes.get(partition)
        if lane is not None and position > lane.next_offset:
            lane.next_offset = position

    def passed(self, durable: Mapping[Partition, int]) -> dict[Partition, int]:
        """Return the positions of partitions that have gone on with what is no record, behind durable ones."""
        return {
            partition: lane.next_offset
            for partition, lane in self._lanes.items()
            if lane.next_offset > lane.behind_last and durable.get(partition, 0) == lane.behind_last
        }

    def assigned(self) -> Collection[Partition]:
        """Return the partitions that have a lane."""
        return self._lanes.keys()

    def deep(self, limit: int) -> list[Partition]:
        """Return the partitions in which more than `limit` records wait."""
        return [partition for partition, lane in self._lanes.items() if len(lane.waiting) > limit]

    def behind(self) -> list[Partition]:
        """Return the partitions that have not reached the end that they had when they were assigned."""
        return [p for p, lane in self._lanes.items() if lane.next_offset < lane.end and not lane.waiting]

    def waiting(self) -> int:
        """Return how many records wait."""
        return sum(len(lane.waiting) for lane in self._lanes.values())

    def oldest_ms(self) -> int | None:
        """Return the time of the oldest record that waits, None where none does."""
        return min(
            (lane.waiting[0].record.timestamp_ms for lane in self._lanes.values() if lane.waiting), default=None
        )

    def due(self, now: float, *, play: bool = True) -> float | None:
        """Return after how many seconds `take` will yield more although nothing new is read, or None."""
        full, empty = self._full(play=play), self._empty()
        if not full:
            return None
        lane = _earliest(full)
        if self._may_pass(lane, empty, now):
            return 0.0
        return None if self.behind() else max(0.0, lane.waiting[0].arrived + self._wait - now)

    def take(self, now: float, limit: int, *, play: bool = True) -> Iterator[Taken]:
        """Yield up to `limit` records that nothing earlier can precede any more; no play without `play`."""
        full, empty = self._full(play=play), self._empty()
        while full and limit > 0:
            lane = full[0] if len(full) == 1 else _earliest(full)
            if len(full) == 1 and not any(map(_may_hold, empty)):
                yield from lane.drain(limit)
                return
            if empty and not self._may_pass(lane, empty, now):
                return
            yield from lane.drain(1)
            limit -= 1
            if not lane.waiting:
                full.remove(lane)
                empty.append(lane)

    def _full(self, *, play: bool) -> list[_Lane]:
        return [lane for lane in self._lanes.values() if lane.waiting and (play or lane.first)]

    def _empty(self) -> list[_Lane]:
        return [lane for lane in self._lanes.values() if not lane.waiting]

    def _may_pass(self, lane: _Lane, empty: list[_Lane], now: float) -> bool:
        head = lane.waiting[0]
        for other in empty:
            if other is lane:
                continue
            if other.next_offset < other.end:
                if not (lane.first and not other.first):
                    return False
            elif other.holds and lane.holds and now < head.arrived + self._wait and not _is_past(other, head):
                return False
        return True


def _may_hold(lane: _Lane) -> bool:
    """Return whether an empty lane may have others wait for its records."""
    return lane.holds or lane.next_offset < lane.end


def _is_past(lane: _Lane, head: Taken) -> bool:
    """Return whether the lane has already shown something later than `head`."""
    last, position = lane.last, head.position
    return last is not None and position is not None and last.log == position.log and not last.precedes(position)


def _earliest(lanes: Sequence[_Lane]) -> _Lane:
    """Return the lane of the record that comes next: the first in its log, and between logs by its time."""
    heads: dict[str, _Lane] = {}
    for lane in lanes:
        position = lane.waiting[0].position
        log = _NO_LOG if position is None else position.log
        known = heads.get(log)
        if known is None or _goes_first(lane, known):
            heads[log] = lane
    if _NO_LOG in heads:
        return heads[_NO_LOG]
    firsts = list(heads.values())
    return firsts[0] if len(firsts) == 1 else min(firsts, key=_time_us)


def _goes_first(lane: _Lane, other: _Lane) -> bool:
    """Return whether the first record of a lane comes before that of another one of the same log."""
    mine, theirs = lane.waiting[0].position, other.waiting[0].position
    if mine is None or theirs is None:
        return False
    return mine.precedes(theirs) or (lane.first and not other.first and not theirs.precedes(mine))


def _time_us(lane: _Lane) -> int:
    """Return when the first record of a lane was committed; when it came to Kafka, where that is not told."""
    taken = lane.waiting[0]
    committed = taken.decoded.committed_us if isinstance(taken.decoded, Change) else None
    return taken.record.timestamp_ms * 1_000 if committed is None else committed
