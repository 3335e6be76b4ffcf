"""What reading costs: CPU for each record of one partition, through the client that the bridge ships with.

    python -m bench consume [--events 100000] [--client kafka-python]

In its own thread the bridge pays for `poll` alone; the client's threads come on top.
"""

from __future__ import annotations

import argparse
import time
import uuid

import stack
from bench import wallet
from bridge.records import Partition
from bridge.sources import open_source
from bridge.sources.settings import KafkaSettings

_PAUSE_SECONDS = 0.002
"""Between two calls, as long as the rest of the bridge would take: so that a call finds records there."""
_RUNS = 3


def main() -> None:
    """Fill a topic, read it some times, and print the best figures."""
    parser = argparse.ArgumentParser(description="CPU of reading alone.")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--client", choices=("confluent", "kafka-python"), default="confluent")
    options = parser.parse_args()
    brokers = stack.ensure_up().addresses.kafka_bootstrap
    unique = f"bench-{uuid.uuid4().hex[:8]}"
    wallet.make_topics(brokers, unique)
    try:
        size = wallet.fill(brokers, unique, options.events)
        settings = KafkaSettings.model_validate({"brokers": brokers, "client": options.client})
        topic = f"{unique}.public.wallet_tx"
        runs = [_read(settings, topic, options.events) for _ in range(_RUNS)]
    finally:
        wallet.drop_topics(brokers, unique)
    own, all_threads = (min(figures) for figures in zip(*runs, strict=True))
    of = f"{options.client}, records of {size} bytes"
    print(f"{of}: {own:.1f} µs of the thread that polls, {all_threads:.1f} µs of all threads")


def _read(settings: KafkaSettings, topic: str, events: int) -> tuple[float, float]:
    """Return the microseconds for each record, of this thread and of the process."""
    source = open_source(settings, [topic])
    source.attach({Partition(topic, 0): 0})
    try:
        # The first call connects.
        left = events - len(source.poll(10))
        counted = left
        own, all_threads = time.thread_time(), time.process_time()
        while left > 0:
            left -= len(source.poll(1))
            time.sleep(_PAUSE_SECONDS)
        own, all_threads = time.thread_time() - own, time.process_time() - all_threads
        return own / counted * 1e6, all_threads / counted * 1e6
    finally:
        source.close()


if __name__ == "__main__":
    main()
