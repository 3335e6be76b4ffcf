"""Keeps a run's changes, with the truth of its generator, as the recording that `--embedded` plays.

To be made anew when a wallet or its generator changes, with the servers up:
`wallet-bridge demo --rate 100 --seconds 8 --record bridge/demo/recorded`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, TopicPartition

from bridge.demo.brands import BRANDS
from bridge.demo.comparing import Outcome
from bridge.demo.embedded import RUN
from bridge.records import SourceRecord
from bridge.sources.recorded import encode_line

READ_SECONDS = 10.0


class Recorder:
    """Called with a run's name and outcomes while its topics are still there."""

    def __init__(self, brokers: str, folder: Path) -> None:
        """Read from `brokers`, write into `folder`."""
        self._brokers = brokers
        self._folder = folder

    def __call__(self, run: str, outcomes: Sequence[Outcome]) -> None:
        """Write both brands' files."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for brand, outcome in zip(BRANDS, outcomes, strict=True):
            # Kafka's time of each record is the order in which the worker wrote over all partitions.
            records = sorted(
                self._records(f"{brand.topics(run)}."), key=lambda one: (one.timestamp_ms, one.offset)
            )
            lines = b"\n".join(encode_line(one) for one in records).replace(run.encode(), RUN.encode())
            self._write(f"{brand.name}.jsonl.gz", lines + b"\n")
            said = json.dumps(outcome.truth.said(), separators=(",", ":"))
            self._write(f"{brand.name}.truth.json.gz", said.encode())

    def _write(self, name: str, content: bytes) -> None:
        # Without a time inside, the same content gives the same file.
        (self._folder / name).write_bytes(gzip.compress(content, mtime=0))

    def _records(self, prefix: str) -> Iterator[SourceRecord]:
        consumer = Consumer({"bootstrap.servers": self._brokers, "group.id": prefix, "enable.auto.commit": False})
        try:
            topics = consumer.list_topics(timeout=READ_SECONDS).topics
            for name, topic in topics.items():
                if name.startswith(prefix):
                    for number in topic.partitions:
                        yield from _partition(consumer, TopicPartition(name, number))
        finally:
            consumer.close()


def _partition(consumer: Consumer, place: TopicPartition) -> Iterator[SourceRecord]:
    first, end = consumer.get_watermark_offsets(place, timeout=READ_SECONDS)
    consumer.assign([TopicPartition(place.topic, place.partition, first)])
    position = first
    while position < end:
        message = consumer.poll(READ_SECONDS)
        if message is None:
            raise KafkaException("a partition ends before its end")
        if message.error() is not None:
            raise KafkaException(message.error())
        position = (message.offset() or 0) + 1
        yield SourceRecord(
            place.topic, place.partition, position - 1, message.key(), message.value(),
            (), message.timestamp()[1],
        )  # fmt: skip
