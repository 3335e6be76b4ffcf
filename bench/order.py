"""What it costs to take the changes of several topics in, in the order in which the database committed them.

    python -m bench order [--records 100000] [--topics 3]

Records of one database lie in several topics, in runs as long as transactions are.  They are merged as the
intake merges them: polled topic by topic, taken in batches.
"""

from __future__ import annotations

import argparse
import random
import time

from bridge.flow import Taken
from bridge.intake.intake import BATCH
from bridge.intake.merge import CommitOrder
from bridge.records import Partition, Skipped, SourcePosition, SourceRecord

POLLED = 500
SKIPPED = Skipped("bench")


def feed(topics: int, records: int) -> list[list[Taken]]:
    """Return, for each topic, its records in the order of their offsets."""
    rng = random.Random(1)
    found: list[list[Taken]] = [[] for _ in range(topics)]
    for number in range(records):
        topic = rng.randrange(topics)
        record = SourceRecord(f"topic-{topic}", 0, len(found[topic]), None, b"", (), 0)
        found[topic].append(Taken(record, SKIPPED, SourcePosition("bench", (number // 3, number)), 0.0))
    return found


def merge(found: list[list[Taken]]) -> tuple[float, int]:
    """Take all records; return the CPU microseconds for each, and how many were out of order."""
    order = CommitOrder(0.2)
    partitions = [Partition(f"topic-{number}", 0) for number in range(len(found))]
    for partition, taken in zip(partitions, found, strict=True):
        order.assign(partition, 0, len(taken), holds=len(found) > 1, first=False)
    records = sum(map(len, found))
    done, wrong, read = 0, 0, 0
    last: tuple[int, ...] = ()
    began = time.process_time()
    while done < records:
        for partition, taken in zip(partitions, found, strict=True):
            for one in taken[read : read + POLLED]:
                order.add(partition, [one])
        read += POLLED
        while batch := list(order.take(0.0 if read < records else 1e9, BATCH)):
            done += len(batch)
            for one in batch:
                position = one.position.order if one.position is not None else ()
                wrong += position < last
                last = position
    return (time.process_time() - began) / records * 1e6, wrong


def main() -> None:
    """Print what one topic costs, and what several do."""
    parser = argparse.ArgumentParser(prog="python -m bench order", description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--topics", type=int, default=3)
    arguments = parser.parse_args()
    for topics in (1, arguments.topics):
        runs = [merge(feed(topics, arguments.records)) for _ in range(3)]
        micros = min(cost for cost, _ in runs)
        print(
            f"{topics} topic{'s' if topics > 1 else ''}: {micros:.2f} µs CPU per record, {runs[0][1]} out of order"
        )


if __name__ == "__main__":
    main()
