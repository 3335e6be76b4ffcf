"""Reading records without taking part: for previews and checks.  No group is joined, nothing is committed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum

import msgspec

from bridge.errors import SourceUnavailable
from bridge.records import Partition, SourceRecord
from bridge.sources import open_source
from bridge.sources.reading import KafkaSource, Range
from bridge.sources.sentences import missing_topics
from bridge.sources.settings import KafkaSettings


class PeekFrom(Enum):
    """Where reading begins in each partition."""

    START = "start"
    END = "end"


class TopicReport(msgspec.Struct, frozen=True):
    """What a check wants to know of a topic; `exists` False means that all else is empty."""

    topic: str
    exists: bool
    partitions: int = 0
    records: int = 0
    """How many positions lie between the first record and the end; compaction makes the records fewer."""
    compacted: bool = False
    """Whether older records of a key are removed (`cleanup.policy` has `compact`)."""
    deleted_after_ms: int | None = None
    """How long records are kept; None for ever."""


def peek(
    settings: KafkaSettings, topics: Sequence[str], *, limit: int | None, start: PeekFrom | int = PeekFrom.START
) -> Iterator[SourceRecord]:
    """Yield up to `limit` records that are there now (all of them for None), in order per partition.

    From START: the first of each partition on; from END: the last `limit` of all partitions, by their
    timestamps; from an offset: that one on, or the first one behind it that is there.  Topics are taken
    one after the other, each with the whole `limit`.

    Raises ConfigError when a topic is not there, and SourceUnavailable when no server answers, or none
    sends a record within `request_timeout`.
    """
    for topic in topics:
        source = open_source(settings, [topic])
        try:
            yield from _of_topic(source, settings, topic, limit, start)
        finally:
            source.close()


def _of_topic(
    source: KafkaSource, settings: KafkaSettings, topic: str, limit: int | None, start: PeekFrom | int
) -> Iterator[SourceRecord]:
    partitions = source.partitions([topic]).get(topic)
    if not partitions:
        raise missing_topics(settings, [f"there is no topic {topic}"])
    ranges = source.ranges(partitions)
    begin = {at: _begin(found, limit, start) for at, found in ranges.items() if found.end > found.first}
    ends = {at: ranges[at].end for at in begin if begin[at] < ranges[at].end}
    if not ends:
        return
    source.attach({at: begin[at] for at in ends})
    records = _until(source, settings, ends)
    if start is PeekFrom.END and limit is not None:
        yield from _newest(records, limit)
        return
    for number, record in enumerate(records, start=1):
        yield record
        if number == limit:
            return


def _begin(found: Range, limit: int | None, start: PeekFrom | int) -> int:
    if isinstance(start, int):
        return min(max(found.first, start), found.end)
    if start is PeekFrom.START or limit is None:
        return found.first
    return max(found.first, found.end - limit)


def _newest(records: Iterator[SourceRecord], limit: int) -> list[SourceRecord]:
    """Return the newest `limit`, without changing the order of a partition."""
    by_partition: dict[int, list[SourceRecord]] = {}
    for record in records:
        by_partition.setdefault(record.partition, []).append(record)
    merged: list[SourceRecord] = []
    while len(merged) < limit and by_partition:
        newest = max(by_partition, key=lambda number: by_partition[number][-1].timestamp_ms)
        merged.append(by_partition[newest].pop())
        if not by_partition[newest]:
            del by_partition[newest]
    return merged[::-1]


def _until(source: KafkaSource, settings: KafkaSettings, ends: Mapping[Partition, int]) -> Iterator[SourceRecord]:
    patience = settings.request_timeout.total_seconds()
    deadline = time.monotonic() + patience
    while True:
        for record in source.poll(0.2):
            deadline = time.monotonic() + patience
            if record.offset < ends[Partition(record.topic, record.partition)]:
                yield record
        reached = source.reached()
        if all(reached[at] >= end for at, end in ends.items()):
            return
        if time.monotonic() >= deadline:
            raise SourceUnavailable(f"Kafka at {settings.brokers} sent no record for {patience:g} s; try again")


def describe(settings: KafkaSettings, topics: Sequence[str]) -> list[TopicReport]:
    """Return a report for each topic, in their order.

    Raises SourceUnavailable when no server answers, or the bridge's user may not ask.
    """
    source = open_source(settings, topics)
    try:
        partitions = source.partitions(topics)
        said = source.topic_settings(list(partitions))
        ranges = source.ranges([at for found in partitions.values() for at in found])
        return [_report(topic, partitions.get(topic, ()), ranges, said.get(topic, {})) for topic in topics]
    finally:
        source.close()


def _report(
    topic: str, partitions: Sequence[Partition], ranges: Mapping[Partition, Range], said: Mapping[str, str]
) -> TopicReport:
    if not partitions:
        return TopicReport(topic, exists=False)
    policies = said.get("cleanup.policy", "").split(",")
    retention = int(said.get("retention.ms", "-1"))
    return TopicReport(
        topic,
        exists=True,
        partitions=len(partitions),
        records=sum(ranges[at].end - ranges[at].first for at in partitions),
        compacted="compact" in policies,
        deleted_after_ms=retention if "delete" in policies and retention >= 0 else None,
    )
