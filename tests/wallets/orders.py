"""Other orders in which the records of a case can be read."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence

from bridge.brand import Brand
from bridge.contracts import Decoder
from bridge.errors import PoisonRecord
from bridge.flow import Change, Decoded, Taken
from bridge.intake.merge import CommitOrder
from bridge.records import Partition, SourcePosition, SourceRecord
from tests.support.cases import Play, in_commit_order

Lanes = dict[Partition, list[SourceRecord]]


def subscribed(brand: Brand, records: Iterable[SourceRecord]) -> list[SourceRecord]:
    """Return the records of the topics that the brand reads."""
    names = set(brand.topics().names)
    return [record for record in records if record.topic in names]


def by_partition(records: Iterable[SourceRecord]) -> Lanes:
    """Return records by partition, each in its order."""
    lanes: Lanes = defaultdict(list)
    for record in records:
        lanes[Partition(record.topic, record.partition)].append(record)
    return dict(lanes)


def interleaved(lanes: Lanes, dice: random.Random) -> list[SourceRecord]:
    """Return all records in a random order that keeps the order of each partition."""
    left = {partition: list(reversed(records)) for partition, records in lanes.items()}
    found = []
    while left:
        partition = dice.choice(sorted(left))
        for _ in range(dice.choice((1, 1, 2, 5, 20))):
            found.append(left[partition].pop())
            if not left[partition]:
                del left[partition]
                break
    return found


def is_play(brand: Brand, record: SourceRecord) -> bool:
    """Return whether a record is of a play table or of parts."""
    table = record.topic.rpartition(".")[2]
    return table in brand.plan.tables or table in brand.plan.part_tables


def is_dated(brand: Brand, record: SourceRecord) -> bool:
    """Return whether a record is of a look-up table with versions."""
    lookup = brand.plan.lookups.get(record.topic.rpartition(".")[2])
    return lookup is not None and lookup.as_of is not None


def interleaved_tables(brand: Brand, records: Sequence[SourceRecord], dice: random.Random) -> list[SourceRecord]:
    """Return records with their topics interleaved at random, but look-ups with versions first.

    Which version is the right one can only be told when all of them up to then are there.
    """
    ordered = in_commit_order(brand, subscribed(brand, records))
    dated = [record for record in ordered if is_dated(brand, record)]
    others = [record for record in ordered if not is_dated(brand, record)]
    return [*dated, *interleaved(by_partition(others), dice)]


def taken(decoder: Decoder, record: SourceRecord, now: float) -> Taken:
    """Return a record as intake hands it to the merge."""
    decoded: Decoded | Exception
    try:
        decoded = decoder.decode(record)
    except PoisonRecord as poison:
        decoded = poison
    position: SourcePosition | None = decoded.position if isinstance(decoded, Change) else None
    return Taken(record, decoded, position, now)


def merged_backlog(brand: Brand, lanes: Lanes, dice: random.Random) -> list[SourceRecord]:
    """Read a backlog whose partitions come in any order, merged by commit order."""
    order = CommitOrder(wait_seconds=1.0)
    for partition, records in lanes.items():
        play = is_play(brand, records[0])
        order.assign(partition, records[0].offset, records[-1].offset + 1, holds=play, first=not play)
    decoder = brand.decoder()
    found: list[SourceRecord] = []
    for record in interleaved(lanes, dice):
        order.add(Partition(record.topic, record.partition), [taken(decoder, record, 0.0)])
        found += [item.record for item in order.take(0.0, 1_000)]
    found += [item.record for item in order.take(2.0, 1_000)]
    assert order.waiting() == 0
    return found


def merged_feed(brand: Brand, lanes: Lanes, dice: random.Random, wait_seconds: float) -> list[SourceRecord]:
    """Read a live feed whose partitions come up to `wait_seconds` apart, merged by commit order."""
    order = CommitOrder(wait_seconds)
    for partition, records in lanes.items():
        play = is_play(brand, records[0])
        order.assign(partition, records[0].offset, records[0].offset, holds=play, first=not play)
    decoder = brand.decoder()
    found: list[SourceRecord] = []
    now = 0.0
    for now, record in _arrivals(brand, lanes, dice, wait_seconds):
        order.add(Partition(record.topic, record.partition), [taken(decoder, record, now)])
        found += [item.record for item in order.take(now, 1_000)]
    found += [item.record for item in order.take(now + wait_seconds, 1_000)]
    assert order.waiting() == 0
    return found


def _arrivals(
    brand: Brand, lanes: Lanes, dice: random.Random, wait_seconds: float
) -> list[tuple[float, SourceRecord]]:
    """Return when each record arrives: commits a tenth of the wait apart, each partition late at random."""
    committed = in_commit_order(brand, [record for records in lanes.values() for record in records])
    latest: dict[str, float] = {}
    arrivals = []
    for at, record in enumerate(committed):
        lag = dice.uniform(0, wait_seconds * 0.9) if is_play(brand, record) else 0.0
        latest[record.topic] = max(latest.get(record.topic, 0.0), at * wait_seconds / 10 + lag)
        arrivals.append((latest[record.topic], record))
    return sorted(arrivals, key=lambda item: item[0])


def finish(run: Play) -> Play:
    """Let time pass until nothing waits any more."""
    run.wait(2 * 86_400_000)
    return run
