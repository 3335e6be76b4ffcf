"""A RabbitMQ exchange and queue for one test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import stack
from tests.integration.delivery.topology import Topology
from tests.support.fault_proxy import FaultProxy


@pytest.fixture(params=["classic", "quorum"])
def topology(addresses: stack.Addresses, request: pytest.FixtureRequest) -> Iterator[Topology]:
    with Topology(addresses, queue_type=request.param) as made:
        yield made


@pytest.fixture
def proxy(addresses: stack.Addresses) -> Iterator[FaultProxy]:
    with FaultProxy((addresses.rabbitmq_host, addresses.rabbitmq_port)) as made:
        yield made
