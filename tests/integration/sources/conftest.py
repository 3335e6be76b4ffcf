"""Servers and records for the tests of sources."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

import stack
from bridge.sources.settings import Client
from tests.contract.kafka_world import KafkaWorld


@pytest.fixture(params=list(Client))
def client(request: pytest.FixtureRequest) -> Client:
    return Client(request.param)


@pytest.fixture
def world(addresses: stack.Addresses, client: Client) -> Iterator[KafkaWorld]:
    world = KafkaWorld(addresses.kafka_bootstrap, client)
    yield world
    world.close()


@pytest.fixture
def topic() -> str:
    return f"source.{uuid4().hex[:12]}"
