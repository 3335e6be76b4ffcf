"""The source on kafka-python keeps the contract of sources, on the real Kafka."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import stack
from bridge.sources.settings import Client
from tests.contract.kafka_world import KafkaWorld
from tests.contract.source_contract import GroupContract


@pytest.mark.integration
# Closed while it connects, it leaves the socket to the garbage collector.
@pytest.mark.filterwarnings("ignore:Exception ignored in. .socket.socket:pytest.PytestUnraisableExceptionWarning")
class TestKafkaPythonSource(GroupContract):
    @pytest.fixture
    def world(self, addresses: stack.Addresses) -> Iterator[KafkaWorld]:
        world = KafkaWorld(addresses.kafka_bootstrap, Client.KAFKA_PYTHON)
        yield world
        world.close()
