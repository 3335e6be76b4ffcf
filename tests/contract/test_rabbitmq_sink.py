"""The contract of every sink, on RabbitMQ with classic and quorum queues."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import stack
from tests.contract.sink_contract import SinkContract
from tests.integration.delivery.topology import Topology

pytestmark = pytest.mark.integration


@pytest.fixture(params=["classic", "quorum"])
def broker(addresses: stack.Addresses, request: pytest.FixtureRequest) -> Iterator[Topology]:
    with Topology(addresses, queue_type=request.param) as made:
        yield made


class TestRabbitMQSink(SinkContract):
    """All of it."""
