"""Servers and records for the tests of sources."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from bridge.sources.settings import Client
from stack.endpoints import Addresses
from tests.contract.kafka_world import KafkaWorld
from tests.support.garbage import collect_garbage


@pytest.fixture(autouse=True)
def nothing_left(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Collect the sockets that kafka-python forgot, so that no later test is blamed for them."""
    yield
    for phase in ("setup", "call"):
        # What it logged of lost connections refers to their sockets.
        caplog.get_records(phase).clear()
    collect_garbage()


@pytest.fixture(params=list(Client))
def client(request: pytest.FixtureRequest) -> Client:
    return Client(request.param)


@pytest.fixture
def world(addresses: Addresses, client: Client) -> Iterator[KafkaWorld]:
    world = KafkaWorld(addresses.kafka_bootstrap, client)
    yield world
    world.close()


@pytest.fixture
def topic() -> str:
    return f"source.{uuid4().hex[:12]}"
