"""Whether two processes of one brand are faster than one: a topic of four partitions, a ledger in PostgreSQL.

python -m bench instances [--events 100000] [--queue classic]
"""

from __future__ import annotations

import argparse
import tempfile
import time
import uuid
from pathlib import Path

import psycopg

import stack
from bench import wallet
from bench.throughput import Bridge, declare, depth, drop, wait_for_events
from stack.endpoints import Addresses

PARTITIONS = 4


def empty(addresses: Addresses, events: int, queue: str, processes: int) -> float:
    """Let so many processes empty a topic that is new; return the events per second of all of them."""
    unique = f"bench-{uuid.uuid4().hex[:8]}"
    schema = unique.replace("-", "_")
    wallet.make_topics(addresses.kafka_bootstrap, unique, PARTITIONS)
    wallet.fill(addresses.kafka_bootstrap, unique, events)
    channel = declare(addresses, queue, unique)
    bridges: list[Bridge] = []
    with (
        psycopg.connect(addresses.postgres_dsn, autocommit=True) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        server.execute(f"CREATE SCHEMA {schema}".encode())
        url = f"{addresses.postgres_dsn}?options=-csearch_path%3D{schema}"
        try:
            for number in range(processes):
                place = Path(folder) / str(number)
                place.mkdir()
                bridges.append(Bridge(addresses, unique, f"fasttrack.{unique}", place, ledger_url=url))
            # All have joined and share the partitions before the clock starts.
            first = wait_for_events(channel, unique, events // 10, bridges[0])
            began = time.monotonic()
            while (count := depth(channel, unique)) < events:
                time.sleep(0.05)
            return (count - first) / (time.monotonic() - began)
        finally:
            for bridge in bridges:
                bridge.stop()
            server.execute(f"DROP SCHEMA {schema} CASCADE".encode())
            drop(channel, unique)
            wallet.drop_topics(addresses.kafka_bootstrap, unique)


def main() -> None:
    """Print the rate of one process and of two."""
    parser = argparse.ArgumentParser(prog="python -m bench instances", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--queue", choices=("classic", "quorum"), default="classic")
    arguments = parser.parse_args()
    addresses = stack.ensure_up().addresses
    rates = {n: empty(addresses, arguments.events, arguments.queue, n) for n in (1, 2)}
    for processes, rate in rates.items():
        print(f"{processes} process{'es' if processes > 1 else ''}: {rate:,.0f} events/s")
    print(f"gain: {rates[2] / rates[1]:.2f}")


if __name__ == "__main__":
    main()
