"""A stop that comes while a start looks for its topics, on librdkafka's own stand-in for a broker."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator, Mapping

import pytest
from confluent_kafka.admin import AdminClient

from bridge.errors import SourceUnavailable
from bridge.records import Partition
from bridge.sources import open_source
from bridge.sources.settings import KafkaSettings


class Nobody:
    """Is given no partitions."""

    def on_assigned(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        raise AssertionError(partitions)

    def leader_epochs(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        raise AssertionError(partitions)

    def on_revoked(self, partitions: Collection[Partition]) -> None:
        raise AssertionError(partitions)

    on_lost = on_revoked


@pytest.fixture
def brokers() -> Iterator[str]:
    """Yield the address of a broker that has no topics."""
    cluster = AdminClient({"test.mock.num.brokers": 1, "log_level": 0})
    found = cluster.list_topics(timeout=10).brokers.values()
    yield ",".join(f"{each.host}:{each.port}" for each in found)
    del cluster


def test_a_stop_while_topics_are_looked_for_ends_the_start(brokers: str) -> None:
    source = open_source(KafkaSettings(brokers=brokers, group="g"), ["none"])
    stop = threading.Event()
    source.on_waiting(lambda _: None, stop.is_set)
    stopping = threading.Timer(0.5, stop.set)
    stopping.start()
    began = time.monotonic()
    try:
        with pytest.raises(SourceUnavailable, match="stopped while topics were waited for"):
            source.open(Nobody())
        assert time.monotonic() - began < 3
    finally:
        stopping.join()
        source.close()
