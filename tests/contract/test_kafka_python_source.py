"""The source on kafka-python keeps the contract of sources, on the real Kafka."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import stack
from bridge.sources.settings import Client
from tests.contract.kafka_world import KafkaWorld
from tests.contract.source_contract import GroupContract
from tests.support.garbage import FORGOTTEN_SOCKETS


@pytest.mark.integration
# Closed while it connects, it leaves the socket to the garbage collector.
@FORGOTTEN_SOCKETS
class TestKafkaPythonSource(GroupContract):
    @pytest.fixture
    def world(self, addresses: stack.Addresses) -> Iterator[KafkaWorld]:
        world = KafkaWorld(addresses.kafka_bootstrap, Client.KAFKA_PYTHON)
        yield world
        world.close()
