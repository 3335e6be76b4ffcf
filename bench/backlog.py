"""How a long backlog is caught up: the rate and the memory at its beginning, in its middle and at its end.

    python -m bench backlog [--events 2000000] [--rollbacks 0.01] [--queue classic]

A share of the records are rollbacks of rows anywhere in what came before, so that originals are looked
for among all that the ledger has.  The queue is emptied now and then, as its reader does in production: of
millions of messages that nobody reads RabbitMQ itself becomes slow.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import uuid
from pathlib import Path

import stack
from bench import wallet
from bench.throughput import Bridge, declare, depth, drop, empty, wait_for_events
from stack.endpoints import Addresses

SLICES = 10
EMPTIED_AT = 50_000


def catch_up(addresses: Addresses, unique: str, events: int, queue: str) -> list[dict[str, float]]:
    """Let the bridge empty the topic; return the rate, the CPU and the memory of each tenth."""
    target = f"bench-{uuid.uuid4().hex[:8]}"
    channel = declare(addresses, queue, target)
    slices: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        bridge = Bridge(addresses, unique, f"fasttrack.{target}", Path(folder))
        try:
            count, emptied = wait_for_events(channel, target, 1, bridge), 0
            for number in range(1, SLICES + 1):
                began, cpu, first = time.monotonic(), bridge.cpu(), count
                while (count := emptied + depth(channel, target)) < events * number // SLICES:
                    if bridge.process.poll() is not None:
                        raise SystemExit(f"the bridge ended with {bridge.process.returncode}")
                    if count - emptied >= EMPTIED_AT:
                        emptied += empty(channel, target)
                    time.sleep(0.05)
                done = count - first
                slices.append(
                    {
                        "events": count,
                        "events_per_second": round(done / (time.monotonic() - began), 1),
                        "cpu_microseconds_per_event": round((bridge.cpu() - cpu) / done * 1e6, 1),
                        "megabytes": round(bridge.megabytes(), 1),
                        "ledger_megabytes": round(
                            sum(f.stat().st_size for f in Path(folder).glob("*.ledger")) / 1e6
                        ),
                    }
                )
                print("  ".join(f"{name} {value:,}" for name, value in slices[-1].items()))
            return slices
        finally:
            bridge.stop()
            drop(channel, target)


def main() -> None:
    """Fill a topic, catch up, and write bench/results/backlog.json."""
    parser = argparse.ArgumentParser(prog="python -m bench backlog", description=__doc__)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--rollbacks", type=float, default=0.01)
    parser.add_argument("--queue", choices=("classic", "quorum"), default="classic")
    arguments = parser.parse_args()
    addresses = stack.ensure_up().addresses
    unique = f"bench-{uuid.uuid4().hex[:8]}"
    wallet.make_topics(addresses.kafka_bootstrap, unique)
    try:
        wallet.fill(addresses.kafka_bootstrap, unique, arguments.events, rollbacks=arguments.rollbacks)
        slices = catch_up(addresses, unique, arguments.events, arguments.queue)
    finally:
        wallet.drop_topics(addresses.kafka_bootstrap, unique)
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    figures = {"rollbacks": arguments.rollbacks, "queue": arguments.queue, "slices": slices}
    (results / "backlog.json").write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
