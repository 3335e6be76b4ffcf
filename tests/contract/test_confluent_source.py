"""The source on confluent-kafka keeps the contract of sources, on the real Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import stack
from bridge.contracts import Source
from bridge.records import Partition
from bridge.sources.settings import Client
from tests.contract.kafka_world import KafkaWorld
from tests.contract.source_contract import GroupContract, read


class Counted:
    """The library's consumer, and how often it was polled."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer
        self.polls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._consumer, name)

    def poll(self, timeout: float) -> Any:
        self.polls += 1
        return self._consumer.poll(timeout)


@pytest.mark.integration
class TestConfluentSource(GroupContract):
    @pytest.fixture
    def world(self, addresses: stack.Addresses) -> Iterator[KafkaWorld]:
        world = KafkaWorld(addresses.kafka_bootstrap, Client.CONFLUENT)
        yield world
        world.close()

    def test_a_wait_that_is_no_whole_number_of_milliseconds_does_not_spin(
        self, world: KafkaWorld, topic: str, opened: list[Source]
    ) -> None:
        world.create(topic)
        self.fill(world, Partition(topic, 0), 1)
        source: Any = self.start(opened, world, topic)
        read(source, 1)
        source._consumer = counted = Counted(source._consumer)
        for _ in range(20):
            assert source.poll(0.0059) == []
        assert counted.polls <= 3 * 20
