"""What the ledger costs: CPU per event, milliseconds per batch, bytes per million events, pauses.

    python -m bench.ledger [--events 200000] [--keys ascending|random] [--ledger PATH|postgresql://…]

Each event does what a plain change does: two keys looked for in advance, one of them put (150
bytes), one event of 500 bytes added, in batches of 500, confirmed one batch later.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from bridge.contracts import Ledger
from bridge.ledger import open_ledger
from bridge.records import Delivery, Event, Partition

BATCH = 500
BODY = b"b" * 500
VALUE = b"v" * 150
DAY_MS = 86_400_000
NOW_MS = 20_000 * DAY_MS


def keys_of(order: str) -> Iterator[str]:
    """Yield the keys of rows: ascending like a bigserial, or random like a version-4 UUID."""
    number = 10_000_000
    while True:
        number += 1
        yield str(number) if order == "ascending" else str(uuid.uuid4())


def one_batch(ledger: Ledger | Nothing, keys: list[str], offset: int, last_seq: int) -> int:
    """Take one batch in, as the intake and the mapping do."""
    transaction = ledger.begin(NOW_MS)
    transaction.prefetch([pair for key in keys for pair in (("row:public.wallet_tx", key), ("ref:bet", key))])
    for key in keys:
        if transaction.get("row:public.wallet_tx", key) is None:
            transaction.put("row:public.wallet_tx", key, VALUE)
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
        one_batch(Nothing(), keys, 0, 0)
    return (time.process_time() - started) / 40 / BATCH * 1e6


def fill(ledger: Ledger, events: int, order: str) -> None:
    """Fill the ledger and print what it cost."""
    keys = keys_of(order)
    wall, cpu = [], []
    last_seq = 0
    for batch in range(events // BATCH):
        mine = [next(keys) for _ in range(BATCH)]
        started, busy = time.perf_counter(), time.process_time()
        last_seq = one_batch(ledger, mine, batch * BATCH, last_seq)
        cpu.append(time.process_time() - busy)
        wall.append(time.perf_counter() - started)
    tail = cpu[-len(cpu) // 5 :]
    per_event, at_the_end = sum(cpu) / events * 1e6, sum(tail) / len(tail) / BATCH * 1e6
    print(f"  CPU per event    {per_event:7.2f} µs, in the last fifth {at_the_end:.2f} µs")
    p50, p99 = percentile(wall, 0.5), percentile(wall, 0.99)
    print(f"  batch p50 / p99  {p50:7.2f} / {p99:.2f} ms, longest {max(wall) * 1e3:.2f} ms")
    print(f"  per million      {ledger.size_bytes() / events:7.0f} MB")


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
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--keys", choices=["ascending", "random"], default="ascending")
    parser.add_argument("--ledger")
    parser.add_argument("--prune", type=int, default=1000, metavar="SLICE")
    options = parser.parse_args()
    # As the bridge does at start: the collector need not look at what was imported.
    gc.collect()
    gc.freeze()
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
