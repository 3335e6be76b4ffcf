"""RabbitMQ in all its bad days: the bridge goes on, in order, for as long as it takes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest

import stack
from stack.endpoints import Addresses
from tests.faults.steps import (
    Arrive,
    Backlog,
    Binding,
    CloseConnections,
    Exchange,
    MemoryAlarm,
    Network,
    Pass,
    Play,
    QueueFull,
    Ready,
    Server,
    Start,
    Still,
    memory_alarm,
)
from tests.faults.world import Step, world
from tests.support.fault_proxy import Way

pytestmark = pytest.mark.faults

BEGIN: list[Step] = [Backlog(2000), Play(rate=1000), Start(), Arrive(500)]

BROKER: dict[str, list[Step]] = {
    "restarts": [Server("rabbitmq", "stop"), Arrive(500)],
    "is killed": [Server("rabbitmq", "kill"), Arrive(500)],
    "is told to close the connection, three times": [CloseConnections(), Arrive(500)] * 3,
}

TOPOLOGY: dict[str, list[Step]] = {
    "the exchange is deleted and made again": [
        Exchange(there=False),
        Ready(degraded="rabbitmq"),
        Pass(2),
        Exchange(there=True),
        Ready(),
        Arrive(500),
    ],
    "the queue is unbound and bound again": [
        Binding(there=False),
        Ready(degraded="has no queue for routing key"),
        Still(2),
        Binding(there=True),
        Ready(),
        Arrive(500),
    ],
    "the queue is full and emptied again": [
        QueueFull(full=True),
        Ready(degraded="does not accept events (nack)"),
        Pass(2),
        QueueFull(full=False),
        Ready(),
        Arrive(500),
    ],
}

NETWORK: dict[str, list[Step]] = {
    "is cut, five times": [Network("cut"), Arrive(200)] * 5,
    "refuses for some seconds": [Network("refuse"), Network("cut"), Ready(degraded="not connected"), Pass(3)],
    "stalls towards the broker": [Network("stall", Way.TO_SERVER), Pass(4), Network("heal"), Arrive(500)],
    "stalls towards the bridge": [Network("stall", Way.TO_CLIENT), Pass(4), Network("heal"), Arrive(500)],
    "is half open": [Network("half_open"), Pass(3), Network("heal"), Network("cut"), Arrive(500)],
    "is half open and nobody tells": [Network("half_open"), Ready(degraded="not connected")],
    "is slow": [Network("delay", Way.TO_CLIENT, 0.2), Arrive(300), Network("heal"), Arrive(500)],
    "gives one byte at a time": [
        Network("trickle", Way.TO_CLIENT),
        Network("trickle", Way.TO_SERVER),
        Arrive(100),
        Network("heal"),
        Arrive(500),
    ],
}


@pytest.fixture
def no_alarm() -> Iterator[None]:
    """Take the memory alarm back, whatever happened."""
    yield
    memory_alarm(on=False)


@pytest.mark.parametrize(("trouble", "queue_type"), list(zip(BROKER, cycle(["classic", "quorum"]), strict=False)))
def test_rabbitmq(trouble: str, queue_type: str, addresses: Addresses, tmp_path: Path, seed: int) -> None:
    with world(addresses, tmp_path, seed=seed, queue_type=queue_type) as w:
        try:
            w.play([*BEGIN, *BROKER[trouble]])
        finally:
            stack.server("rabbitmq").start()
        w.finish()


@pytest.mark.parametrize("trouble", TOPOLOGY)
@pytest.mark.parametrize("queue_type", ["classic", "quorum"])
def test_events_that_find_no_place_are_sent_again_when(
    trouble: str, queue_type: str, addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed, queue_type=queue_type) as w:
        w.play([*BEGIN, *TOPOLOGY[trouble]])
        w.finish()


@pytest.mark.parametrize("trouble", NETWORK)
def test_the_network_to_rabbitmq(trouble: str, addresses: Addresses, tmp_path: Path, seed: int) -> None:
    # Silence is taken for a lost peer after seconds instead of half a minute.
    with world(addresses, tmp_path, seed=seed, rabbitmq="heartbeat: 2\n    confirm_timeout: 2") as w:
        w.play([*BEGIN, *NETWORK[trouble]])
        w.finish()


def test_a_memory_alarm_pauses_the_bridge_and_keeps_its_place_in_the_group(
    addresses: Addresses, tmp_path: Path, seed: int, no_alarm: None
) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play(
            [
                *BEGIN,
                MemoryAlarm(on=True),
                Ready(degraded="rabbitmq blocks the connection"),
                # Longer than the session in the group: only a member that goes on polling is still one.
                Still(8),
                MemoryAlarm(on=False),
                Ready(),
                Arrive(500),
            ]
        )
        assert w.bridge.log.read_text().count('"partitions_assigned"') == 1, "it lost its place"
        w.finish(most_duplicates=0)
