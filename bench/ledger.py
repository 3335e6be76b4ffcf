"""What the ledger costs, tenth by tenth: CPU, bytes written, milliseconds per batch; then size, memory and pauses.

    python -m bench.ledger [--events 1000000] [--keys ascending|random] [--ledger PATH|postgresql://…]

Each event does what a plain change does: two keys looked for in advance, one of them put (150
bytes), one event of 500 bytes added, in batches of 500, confirmed one batch later.  One event in a
hundred looks for a key of any age besides, as a rollback does.
"""

from __future__ import annotations

import argparse
import gc
import random
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import psutil

from bridge.app import GC_THRESHOLDS
from bridge.contracts import Ledger
from bridge.flow import Delivery, Event
from bridge.ledger import PostgresLedger, SqliteLedger, open_ledger
from bridge.records import Partition

BATCH = 500
BODY = b"b" * 500
VALUE = b"v" * 150
DAY_MS = 86_400_000
NOW_MS = 20_000 * DAY_MS


TENTHS = 10
ROLLBACKS = BATCH // 100
ROWS = "row:public.wallet_tx"


def keys_of(order: str) -> Iterator[str]:
    """Yield the keys of rows: ascending like a bigserial, or random like a version-4 UUID."""
    number = 10_000_000
    while True:
        number += 1
        yield str(number) if order == "ascending" else str(uuid.uuid4())


def one_batch(ledger: Ledger | Nothing, keys: list[str], originals: list[str], offset: int, last_seq: int) -> int:
    """Take one batch in, as the intake and the mapping do."""
    transaction = ledger.begin(NOW_MS)
    wanted = [pair for key in keys for pair in ((ROWS, key), ("ref:bet", key))]
    transaction.prefetch([*wanted, *((ROWS, key) for key in originals)])
    for key in originals:
        if transaction.get(ROWS, key) is None and isinstance(ledger, SqliteLedger | PostgresLedger):
            raise SystemExit(f"the ledger has lost the key {key}")
    for key in keys:
        if transaction.get(ROWS, key) is None:
            transaction.put(ROWS, key, VALUE)
            transaction.get("ref:bet", key)
            transaction.add_event(Event(f"{key}:Approved", key[-4:], BODY, 3))
            transaction.count("sent", "public.wallet_tx", "bet")
    transaction.advance({Partition("northern.public.wallet_tx", 3): offset})
    transaction.confirm(last_seq)
    return transaction.commit()[-1].seq


def percentile(times: list[float], share: float) -> float:
    """Return the time that `share` of all do not exceed, in milliseconds."""
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] * 1000


class Nothing:
    """Takes what a ledger takes and does nothing with it: what is left is the cost of the benchmark."""

    def begin(self, now_ms: int) -> Nothing:  # noqa: ARG002
        return self

    def prefetch(self, wanted: Iterable[tuple[str, str]]) -> None: ...

    def get(self, space: str, key: str) -> None: ...

    def put(self, space: str, key: str, value: bytes | None) -> None: ...

    def add_event(self, event: Event) -> None: ...

    def count(self, outcome: str, table: str, reason: str) -> None: ...

    def advance(self, positions: Mapping[Partition, int]) -> None: ...

    def confirm(self, seq: int) -> None: ...

    def commit(self) -> list[Delivery]:
        return [Delivery(0, "", "", b"")]


def own_cost() -> float:
    """Return the CPU of the benchmark itself in microseconds per event."""
    keys = [str(number) for number in range(BATCH)]
    started = time.process_time()
    for _ in range(40):
        one_batch(Nothing(), keys, keys[:ROLLBACKS], 0, 0)
    return (time.process_time() - started) / 40 / BATCH * 1e6


def written() -> int:
    """Return the bytes that this process has caused to be written to the disk."""
    return int(psutil.Process().io_counters().write_bytes)


def fill(ledger: Ledger, events: int, order: str) -> None:
    """Fill the ledger and print what each tenth cost."""
    keys, kept, chance = keys_of(order), Kept(), random.Random(7)
    last_seq = 0
    for tenth in range(1, TENTHS + 1):
        wall, busy, before = [], 0.0, written()
        for batch in range(events // BATCH * (tenth - 1) // TENTHS, events // BATCH * tenth // TENTHS):
            mine = [next(keys) for _ in range(BATCH)]
            originals = kept.some(ROLLBACKS, chance)
            started, cpu = time.perf_counter(), time.process_time()
            last_seq = one_batch(ledger, mine, originals, batch * BATCH, last_seq)
            busy += time.process_time() - cpu
            wall.append(time.perf_counter() - started)
            kept.add(mine[batch % BATCH])
        done = len(wall) * BATCH
        print(
            f"  {last_seq:>9,} events: CPU {busy / done * 1e6:6.2f} µs an event, "
            f"written {(written() - before) / done:6.0f} bytes an event, batch p50 {percentile(wall, 0.5):.2f}, "
            f"p99 {percentile(wall, 0.99):.2f}, longest {max(wall) * 1e3:.2f} ms",
            flush=True,
        )
    print(f"  per million      {ledger.size_bytes() / events:7.0f} MB")
    print(f"  memory           {psutil.Process().memory_info().rss / 1e6:7.0f} MB, all of the process")


class Kept:
    """One key of each batch, to look for later."""

    def __init__(self) -> None:
        self._keys: list[str] = []

    def add(self, key: str) -> None:
        """Keep one."""
        self._keys.append(key)

    def some(self, number: int, chance: random.Random) -> list[str]:
        """Return some of any age."""
        return [chance.choice(self._keys) for _ in range(number if self._keys else 0)]


def empty(ledger: Ledger, limit: int) -> None:
    """Prune everything and print the longest pause."""
    pauses = []
    pruned = limit
    while pruned == limit:
        started = time.perf_counter()
        pruned = ledger.prune("2100-01-01", limit)
        pauses.append(time.perf_counter() - started)
    p50, longest = percentile(pauses, 0.5), max(pauses) * 1e3
    print(f"  prune by {limit:<8}{p50:7.2f} ms p50, longest {longest:.2f} ms, {len(pauses)} slices")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--keys", choices=["ascending", "random"], default="ascending")
    parser.add_argument("--ledger")
    parser.add_argument("--prune", type=int, default=1000, metavar="SLICE")
    options = parser.parse_args()
    # As the bridge does at start: the collector need not look at what was imported.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    with tempfile.TemporaryDirectory() as folder:
        ledger = open_ledger(options.ledger or str(Path(folder) / "ledger.db"), "bench", create=True)
        ledger.claim([Partition("northern.public.wallet_tx", 3)])
        print(f"keys {options.keys}, {options.events} events in batches of {BATCH}")
        print(f"  this benchmark itself {own_cost():5.2f} µs CPU per event, in the figure below")
        fill(ledger, options.events, options.keys)
        empty(ledger, options.prune)
        ledger.close()


if __name__ == "__main__":
    main()
