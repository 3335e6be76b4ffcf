"""The source on confluent-kafka keeps the contract of sources, on the real Kafka."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import stack
from bridge.sources.settings import Client
from tests.contract.kafka_world import KafkaWorld
from tests.contract.source_contract import GroupContract


@pytest.mark.integration
class TestConfluentSource(GroupContract):
    @pytest.fixture
    def world(self, addresses: stack.Addresses) -> Iterator[KafkaWorld]:
        world = KafkaWorld(addresses.kafka_bootstrap, Client.CONFLUENT)
        yield world
        world.close()
