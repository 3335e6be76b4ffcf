"""RabbitMQ in all its bad days: the bridge goes on, in order, for as long as it takes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from stack.endpoints import Addresses
from tests.faults.steps.network import CloseChannel, Network
from tests.faults.steps.play import Arrive, Backlog, Pass, Play, Settled, Still
from tests.faults.steps.process import Kill, Ready, Start
from tests.faults.steps.servers import (
    Binding,
    CloseConnections,
    DiskAlarm,
    Exchange,
    MemoryAlarm,
    NearlyFull,
    Password,
    QueueFull,
    Server,
)
from tests.faults.world import Step, world
from tests.support.fault_proxy import Way

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600, func_only=True)]

BEGIN: list[Step] = [Backlog(1000), Play(rate=400), Start(), Ready(), Arrive(200)]

TROUBLE: dict[str, list[Step]] = {
    "the exchange is deleted and made again": [
        Exchange(there=False),
        Ready(degraded="rabbitmq"),
        Pass(1),
        Exchange(there=True),
    ],
    "the queue is unbound and bound again": [
        Binding(there=False),
        Ready(degraded="has no queue for routing key"),
        Still(1),
        Binding(there=True),
    ],
    "the queue is full and emptied again": [
        QueueFull(full=True),
        Ready(degraded="does not accept events (nack)"),
        Pass(1),
        QueueFull(full=False),
    ],
    "the connection is closed by an operator, twice": [CloseConnections(), Arrive(300), CloseConnections()],
    "the channel is closed by an error": [Network("stall", Way.TO_CLIENT), Pass(0.3), CloseChannel()],
    "the network is cut, three times": [Network("cut"), Arrive(100), Network("cut"), Arrive(100), Network("cut")],
    "the network refuses": [Network("refuse"), Network("cut"), Ready(degraded="not connected"), Pass(1)],
    "the network stalls towards the broker": [Network("stall", Way.TO_SERVER), Pass(3)],
    "the network stalls towards the bridge": [Network("stall", Way.TO_CLIENT), Pass(3)],
    "the broker vanishes without a word": [Network("half_open"), Ready(degraded="not connected")],
    "the network is slow, and confirms come late": [Network("delay", Way.TO_CLIENT, 0.2), Arrive(200)],
    "the network gives one byte at a time": [
        Network("trickle", Way.TO_CLIENT),
        Network("trickle", Way.TO_SERVER),
        Arrive(50),
    ],
}
"""Each ends as the network heals, and the bridge with it."""

IMPATIENT = "heartbeat: 2\n    confirm_timeout: 2\n    connect_timeout: 3"
"""Silence is taken for a lost peer after seconds instead of half a minute."""

HEALED: list[Step] = [Network("heal"), Ready(), Arrive(200)]


def script(troubles: Iterable[str]) -> list[Step]:
    """Return the troubles one after the other, each with its end."""
    return [*BEGIN, *(step for trouble in troubles for step in [*TROUBLE[trouble], *HEALED])]


@pytest.mark.parametrize("part", [0, 1])
def test_one_trouble_after_the_other_loses_nothing(
    part: int, addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed, rabbitmq=IMPATIENT, queue_type=["classic", "quorum"][part]) as w:
        w.play(script(list(TROUBLE)[part::2]))
        w.finish()


@pytest.mark.parametrize("queue_type", ["classic", pytest.param("quorum", marks=pytest.mark.long)])
def test_a_queue_that_refuses_now_and_then_gets_each_player_in_order(
    queue_type: str, addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    # So few players that each has many events under way.
    with world(addresses, tmp_path, seed=seed, queue_type=queue_type, players=10) as w:
        w.play([Backlog(5000), Play(rate=300), QueueFull(full=True), Start()])
        w.play([Ready(degraded="does not accept events (nack)")])
        w.play([NearlyFull(messages=100, seconds=5), QueueFull(full=False), Ready()])
        w.finish(most_duplicates=0)


@pytest.mark.long
@pytest.mark.parametrize("trouble", TROUBLE)
@pytest.mark.parametrize("queue_type", ["classic", "quorum"])
def test_each_trouble_alone_loses_nothing(
    trouble: str, queue_type: str, addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed, rabbitmq=IMPATIENT, queue_type=queue_type) as w:
        w.play(script([trouble]))
        w.finish()


@pytest.mark.long
def test_a_heartbeat_that_is_lost_while_nothing_is_sent_is_found_out(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed, rabbitmq="heartbeat: 2") as w:
        w.play([Backlog(300), Start(), Ready(), Settled(), Network("half_open")])
        w.play([Ready(degraded="no heartbeat"), Network("heal"), Network("cut"), Ready(), Backlog(300)])
        # Everything was recorded as confirmed before.
        w.finish(most_duplicates=0)


@pytest.mark.long
def test_a_password_that_is_changed_is_asked_for_when_the_connection_is_lost(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Password("first"), *BEGIN, Password("second"), Arrive(200)])
        w.play([CloseConnections(), Ready(degraded="refused user"), Still(1)])
        w.play([Kill(), Start(), Ready(), Arrive(200)])
        w.finish()


@pytest.mark.usefixtures("alone")
def test_alarms_pause_the_bridge_and_keep_its_place_in_the_group_and_a_crash_loses_nothing(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([*BEGIN, MemoryAlarm(on=True), Ready(degraded="rabbitmq blocks the connection")])
        # Longer than the session in the group: only a member that goes on polling is still one.
        w.play([Still(7), MemoryAlarm(on=False), Ready(), Arrive(200)])
        w.play([DiskAlarm(on=True), Ready(degraded="rabbitmq blocks the connection"), Still(1)])
        w.play([DiskAlarm(on=False), Ready(), Arrive(200)])
        w.check(most_duplicates=0, so_far=True)
        w.play([Server("rabbitmq", "kill"), Ready(), Arrive(300)])
        assert w.bridge.log.read_text().count('"partitions_assigned"') == 1, "it lost its place"
        w.finish()


@pytest.mark.usefixtures("alone")
@pytest.mark.long
@pytest.mark.parametrize("queue_type", ["classic", "quorum"])
@pytest.mark.parametrize(("how", "seconds"), [("stop", 0), ("stop", 150), ("kill", 5), ("pause", 40)])
def test_a_broker_that_is_away_loses_nothing(
    queue_type: str, how: str, seconds: float, *, addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed, queue_type=queue_type) as w:
        # RabbitMQ writes down that a quorum queue is there when no other was made or deleted for half a second;
        # killed before that, it does not know it any more (ra 2, seen with 3.10).
        w.play([*BEGIN, Pass(2), Server("rabbitmq", how, seconds), Ready(), Arrive(500)])
        w.finish(within_seconds=180)
