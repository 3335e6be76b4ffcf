"""From the start of the process to the first event: with many look-up rows, for the first time and again.

python -m bench start [--rows 100000]
"""

from __future__ import annotations

import argparse
import tempfile
import time
import uuid
from pathlib import Path

import stack
from bench import wallet
from bench.throughput import Bridge, declare, drop, wait_for_events
from stack.endpoints import Addresses


def first_event_seconds(addresses: Addresses, unique: str, folder: Path) -> float:
    """Start a bridge that has play to take in, wait for its first event, and stop it."""
    target = f"bench-{uuid.uuid4().hex[:8]}"
    channel = declare(addresses, "classic", target)
    bridge = Bridge(addresses, unique, f"fasttrack.{target}", folder)
    try:
        wait_for_events(channel, target, 1, bridge)
        return time.monotonic() - bridge.started
    finally:
        bridge.stop()
        drop(channel, target)


def main() -> None:
    """Print the seconds of a first start, which reads all the rows, and of the next, which has them."""
    parser = argparse.ArgumentParser(prog="python -m bench start", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    arguments = parser.parse_args()
    addresses = stack.ensure_up().addresses
    unique = f"bench-{uuid.uuid4().hex[:8]}"
    wallet.make_topics(addresses.kafka_bootstrap, unique)
    try:
        wallet.fill(addresses.kafka_bootstrap, unique, 1000, players=arguments.rows)
        with tempfile.TemporaryDirectory() as folder:
            print(f"first start: {first_event_seconds(addresses, unique, Path(folder)):.2f} s")
            wallet.fill(addresses.kafka_bootstrap, unique, 1000, seed=2, players=0)
            print(f"next start:  {first_event_seconds(addresses, unique, Path(folder)):.2f} s")
    finally:
        wallet.drop_topics(addresses.kafka_bootstrap, unique)


if __name__ == "__main__":
    main()
