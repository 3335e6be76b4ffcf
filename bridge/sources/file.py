"""A source of recorded records from files; after the last one it has reached its ends for good."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from bridge.contracts import AssignmentListener
from bridge.errors import ConfigError, Problem
from bridge.records import Partition, SourceRecord
from bridge.sources.positions import check_position
from bridge.sources.recorded import read_recorded
from bridge.sources.subscription import Subscription


class FileSource:
    """Every partition of the files belongs to this one reader; all records are kept in memory.

    Records come in the order of the files, which is the order of writing for one recording.
    """

    def __init__(
        self, paths: Iterable[Path], subscription: Subscription | None = None, *, max_poll_records: int = 500
    ) -> None:
        """Read `paths` at `open`; a subscription leaves out other topics."""
        self._paths = tuple(paths)
        self._subscription = subscription
        self._max_poll_records = max_poll_records
        self._records: list[SourceRecord] = []
        self._delivered: list[bool] = []
        self._first_open = 0
        self._ranges: dict[Partition, tuple[int, int]] = {}
        self._reached: dict[Partition, int] = {}
        self._paused: set[Partition] = set()
        self._committed: dict[Partition, int] = {}
        self._listener: AssignmentListener | None = None

    def open(self, listener: AssignmentListener) -> None:
        """Read the files.  Raises ConfigError for a file that is no recording or lacks a topic."""
        for path in self._paths:
            for record in read_recorded(path):
                self._take(path, record)
        self._check_topics()
        self._listener = listener

    def _take(self, path: Path, record: SourceRecord) -> None:
        if self._subscription is not None and not self._subscription.matches(record.topic):
            return
        partition = Partition(record.topic, record.partition)
        first, end = self._ranges.get(partition, (record.offset, record.offset))
        if record.offset < end:
            message = f"{record.topic}, partition {record.partition}: offset {record.offset} comes after {end - 1}"
            raise ConfigError([Problem(str(path), 0, 0, "", message, "offsets of a partition grow")])
        self._ranges[partition] = (first, record.offset + 1)
        self._records.append(record)

    def _check_topics(self) -> None:
        if self._subscription is None:
            return
        files = ", ".join(str(path) for path in self._paths)
        missing = self._subscription.missing({partition.topic for partition in self._ranges})
        if missing:
            raise ConfigError([Problem(files, 0, 0, "", sentence) for sentence in missing])

    def poll(self, timeout_seconds: float) -> Sequence[SourceRecord]:
        """See `Source.poll`.  Waits for the time given when there is nothing, as Kafka would."""
        if not self._reached and self._ranges:
            self._assign()
        batch = self._next_batch()
        if not batch and timeout_seconds > 0 and not self.exhausted:
            time.sleep(timeout_seconds)
        return batch

    def _assign(self) -> None:
        if self._listener is None:
            return
        positions = self._listener.on_assigned(tuple(self._ranges))
        for partition, (first, end) in self._ranges.items():
            position = positions.get(partition, first)
            check_position(partition, position, first, end)
            self._reached[partition] = position
        self._delivered = [
            record.offset < self._reached[Partition(record.topic, record.partition)] for record in self._records
        ]

    def _next_batch(self) -> list[SourceRecord]:
        batch: list[SourceRecord] = []
        for index in range(self._first_open, len(self._delivered)):
            if len(batch) == self._max_poll_records:
                break
            if self._delivered[index]:
                continue
            record = self._records[index]
            partition = Partition(record.topic, record.partition)
            if partition not in self._paused:
                self._delivered[index] = True
                self._reached[partition] = record.offset + 1
                batch.append(record)
        while self._first_open < len(self._delivered) and self._delivered[self._first_open]:
            self._first_open += 1
        return batch

    @property
    def exhausted(self) -> bool:
        """True when every record has been returned."""
        return self._first_open == len(self._records)

    def reached(self) -> Mapping[Partition, int]:
        """Return the position up to which `poll` has returned everything, for each partition."""
        return dict(self._reached)

    def leader_epochs(self) -> Mapping[Partition, int]:
        """See `Source.leader_epochs`: a file has no leaders."""
        return {}

    def pause(self, partitions: Collection[Partition]) -> None:
        """See `Source.pause`."""
        self._paused.update(partitions)

    def resume(self, partitions: Collection[Partition]) -> None:
        """See `Source.resume`."""
        self._paused.difference_update(partitions)

    def ends(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Return the position behind the last record in the files; 0 for a partition that is not there."""
        return {partition: self._ranges.get(partition, (0, 0))[1] for partition in partitions}

    def committed(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Return what was committed to this object; a file remembers nothing."""
        return {partition: self._committed[partition] for partition in partitions if partition in self._committed}

    def commit(self, positions: Mapping[Partition, int]) -> None:
        """Note positions for `committed`."""
        self._committed.update({at: position for at, position in positions.items() if at in self._reached})

    def close(self) -> None:
        """See `Source.close`."""
        if self._listener is not None and self._reached:
            self._listener.on_revoked(tuple(self._reached))
        self._reached.clear()
        self._ranges.clear()
        self._records.clear()
        self._delivered.clear()
        self._first_open = 0
        self._listener = None
