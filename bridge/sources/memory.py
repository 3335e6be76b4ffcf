"""Kafka as a test needs it, in memory: topics that a test appends to, groups, and sources that read them."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from bridge.contracts import AssignmentListener
from bridge.errors import ConfigError, Problem, SourceUnavailable
from bridge.records import Partition, SourceRecord
from bridge.sources.positions import check_position
from bridge.sources.reading import Range
from bridge.sources.subscription import Subscription


class _Group:
    def __init__(self) -> None:
        self.members: list[MemorySource] = []
        self.owners: dict[Partition, MemorySource] = {}
        self.committed: dict[Partition, int] = {}


class MemoryTopics:
    """Topics and groups.  Any thread may append; each source belongs to one thread."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._records: dict[Partition, list[SourceRecord]] = {}
        self._ranges: dict[Partition, Range] = {}
        self._groups: dict[str, _Group] = {}

    def create(self, topic: str, partitions: int = 1) -> None:
        """Make a topic, or give it more partitions."""
        with self.changed:
            for number in range(partitions):
                partition = Partition(topic, number)
                self._records.setdefault(partition, [])
                self._ranges.setdefault(partition, Range(0, 0))
            self.changed.notify_all()

    def append(
        self,
        partition: Partition,
        key: bytes | None,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes | None]] = (),
        timestamp_ms: int = 0,
    ) -> int:
        """Append a record and return its offset.  Raises KeyError for a partition that was not created."""
        with self.changed:
            first, end = self._ranges[partition]
            record = SourceRecord(partition.topic, partition.number, end, key, value, tuple(headers), timestamp_ms)
            self._records[partition].append(record)
            self._ranges[partition] = Range(first, end + 1)
            self.changed.notify_all()
            return end

    def mark(self, partition: Partition) -> None:
        """Take up an offset with what is no record, as the end of a transaction does."""
        with self.changed:
            first, end = self._ranges[partition]
            self._ranges[partition] = Range(first, end + 1)
            self.changed.notify_all()

    def trim(self, partition: Partition, first: int) -> None:
        """Delete the records before `first`, as retention does."""
        with self.changed:
            end = self._ranges[partition].end
            self._records[partition] = [each for each in self._records[partition] if each.offset >= first]
            self._ranges[partition] = Range(first, max(first, end))

    def expel(self, source: MemorySource) -> None:
        """Take a member's partitions away without asking, as a group does when heartbeats stay out."""
        with self.changed:
            group = self.group(source)
            group.owners = {at: owner for at, owner in group.owners.items() if owner is not source}
            source.expelled = True
            self.changed.notify_all()

    def ranges(self) -> Mapping[Partition, Range]:
        """Return the positions of every partition."""
        return dict(self._ranges)

    def read(self, partition: Partition, position: int, limit: int) -> list[SourceRecord]:
        """Return up to `limit` records from a position on."""
        records = self._records[partition]
        behind = bisect_left(records, position, key=lambda record: record.offset)
        return records[behind : behind + limit]

    def group(self, source: MemorySource) -> _Group:
        """Return the group of a source."""
        return self._groups.setdefault(source.group_name, _Group())

    def share(self, source: MemorySource) -> frozenset[Partition]:
        """Return what a member should own: of each topic, a range of partitions."""
        mine: set[Partition] = set()
        for topic in {partition.topic for partition in self._ranges}:
            members = [each for each in self.group(source).members if each.subscription.matches(topic)]
            if source not in members:
                continue
            numbers = sorted(partition.number for partition in self._ranges if partition.topic == topic)
            rank, (size, more) = members.index(source), divmod(len(numbers), len(members))
            start = rank * size + min(rank, more)
            mine.update(Partition(topic, each) for each in numbers[start : start + size + (rank < more)])
        return frozenset(mine)


class MemorySource:
    """See `bridge.contracts.Source`.  The group moves when its members poll."""

    def __init__(
        self,
        memory: MemoryTopics,
        group: str,
        topics: Sequence[str],
        patterns: Sequence[str] = (),
        *,
        max_poll_records: int = 500,
    ) -> None:
        """Read from `memory` as a member of `group`."""
        self.group_name = group
        self.subscription = Subscription(topics, patterns)
        self.expelled = False
        self._memory = memory
        self._max_poll_records = max_poll_records
        self._listener: AssignmentListener | None = None
        self._positions: dict[Partition, int] = {}
        self._paused: set[Partition] = set()

    def open(self, listener: AssignmentListener) -> None:
        """See `Source.open`."""
        missing = self.subscription.missing({partition.topic for partition in self._memory.ranges()})
        if missing:
            raise ConfigError([Problem("memory", 0, 0, "", sentence) for sentence in missing])
        self._listener = listener
        with self._memory.changed:
            self._memory.group(self).members.append(self)
            self._memory.changed.notify_all()

    def poll(self, timeout_seconds: float) -> Sequence[SourceRecord]:
        """See `Source.poll`."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            self._follow_group(self._opened())
            with self._memory.changed:
                records = self._take()
                left = deadline - time.monotonic()
                if records or left <= 0:
                    return records
                self._memory.changed.wait(left)

    def _follow_group(self, listener: AssignmentListener) -> None:
        group = self._memory.group(self)
        if self.expelled:
            self.expelled = False
            self._let_go(listener.on_lost)
        with self._memory.changed:
            share = self._memory.share(self)
            if share == self._positions.keys():
                return
        self._let_go(listener.on_revoked)
        with self._memory.changed:
            if any(partition in group.owners for partition in share):
                return
            group.owners.update(dict.fromkeys(share, self))
        self._start(listener, share)

    def _start(self, listener: AssignmentListener, share: frozenset[Partition]) -> None:
        wanted = listener.on_assigned(tuple(sorted(share)))
        ranges = self._memory.ranges()
        for partition in share:
            position = wanted.get(partition, ranges[partition].first)
            check_position(partition, position, *ranges[partition])
            self._positions[partition] = position

    def _let_go(self, tell: Callable[[Collection[Partition]], None]) -> None:
        if self._positions:
            tell(tuple(self._positions))
        with self._memory.changed:
            group = self._memory.group(self)
            group.owners = {at: owner for at, owner in group.owners.items() if owner is not self}
            self._positions = {}
            self._paused = set()
            self._memory.changed.notify_all()

    def _take(self) -> list[SourceRecord]:
        records: list[SourceRecord] = []
        for partition, position in self._positions.items():
            if partition in self._paused:
                continue
            limit = self._max_poll_records - len(records)
            found = self._memory.read(partition, position, limit)
            records += found
            if len(found) < limit:
                self._positions[partition] = self._memory.ranges()[partition].end
            elif found:
                self._positions[partition] = found[-1].offset + 1
        return records

    def reached(self) -> Mapping[Partition, int]:
        """Return, for each assigned partition, the position up to which `poll` has returned everything."""
        return dict(self._positions)

    def leader_epochs(self) -> Mapping[Partition, int]:
        """See `Source.leader_epochs`: nothing is ever lost from the end here."""
        return {}

    def pause(self, partitions: Collection[Partition]) -> None:
        """See `Source.pause`."""
        self._paused.update(partitions)

    def resume(self, partitions: Collection[Partition]) -> None:
        """See `Source.resume`."""
        self._paused.difference_update(partitions)

    def ends(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """See `Source.ends`."""
        ranges = self._memory.ranges()
        return {partition: ranges[partition].end for partition in partitions}

    def committed(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """See `Source.committed`."""
        committed = self._memory.group(self).committed
        return {partition: committed[partition] for partition in partitions if partition in committed}

    def commit(self, positions: Mapping[Partition, int]) -> None:
        """See `Source.commit`.  Partitions that are not assigned are left out."""
        mine = {partition: position for partition, position in positions.items() if partition in self._positions}
        self._memory.group(self).committed.update(mine)

    def close(self) -> None:
        """See `Source.close`."""
        if self._listener is None:
            return
        with self._memory.changed:
            self._memory.group(self).members.remove(self)
        listener, self._listener = self._listener, None
        self._let_go(listener.on_revoked)

    def _opened(self) -> AssignmentListener:
        if self._listener is None:
            raise SourceUnavailable("the source is not open")
        return self._listener
