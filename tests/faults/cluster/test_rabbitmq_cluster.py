"""A cluster of RabbitMQ that loses nodes: the bridge goes to another one, and waits while too few are left."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from stack.endpoints import Addresses
from tests.faults.cluster.node import BEGIN, AllBack, Node
from tests.faults.cluster.rabbitmq_nodes import TICK_SECONDS, Cluster, cluster
from tests.faults.steps.play import Arrive
from tests.faults.steps.process import Ready
from tests.faults.world import World, world

pytestmark = [pytest.mark.faults, pytest.mark.long, pytest.mark.timeout(900, func_only=True)]

IMPATIENT = "heartbeat: 2\n    confirm_timeout: 5\n    connect_timeout: 3"


@contextmanager
def clustered(addresses: Addresses, folder: Path, seed: int) -> Iterator[tuple[World, Cluster]]:
    """Yield a world whose events go to a quorum queue with a copy on each of three nodes."""
    place = folder / "cluster"
    place.mkdir()
    with (
        cluster(place) as nodes,
        world(
            replace(addresses, rabbitmq_admin_url=nodes.impatient_url),
            folder,
            seed=seed,
            queue_type="quorum",
            rabbitmq=IMPATIENT,
            environment={"RABBITMQ_URL": nodes.url},
        ) as made,
    ):
        yield made, nodes


def test_each_node_is_killed_in_turn(addresses: Addresses, tmp_path: Path, seed: int) -> None:
    with clustered(addresses, tmp_path, seed) as (w, nodes):
        w.play(BEGIN)
        for name in nodes.nodes:
            w.play(
                [
                    Node(name, "kill", nodes.nodes),
                    Arrive(500),
                    Ready(),
                    Node(name, "start", nodes.nodes),
                    Arrive(500),
                ]
            )
        w.finish(within_seconds=120)


def test_a_node_freezes_and_the_others_go_on(addresses: Addresses, tmp_path: Path, seed: int) -> None:
    with clustered(addresses, tmp_path, seed) as (w, nodes):
        # The first holds the bridge's connection and leads the queue.
        w.play([*BEGIN, Node("one", "pause", nodes.nodes), Arrive(500), Ready()])
        time.sleep(2 * TICK_SECONDS)
        w.play([Node("one", "resume", nodes.nodes), Arrive(500), Ready()])
        w.finish(within_seconds=120)


def test_one_node_alone_takes_nothing_in_and_nothing_is_lost(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with clustered(addresses, tmp_path, seed) as (w, nodes):
        w.play([*BEGIN, Node("one", "kill", nodes.nodes), Arrive(300), Node("two", "kill", nodes.nodes)])
        w.play([Ready(degraded="not connected")])
        w.play([AllBack(nodes.nodes), Ready(), Arrive(500)])
        w.finish(within_seconds=120)
