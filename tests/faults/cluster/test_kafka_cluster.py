"""A cluster of Kafka that loses brokers: the bridge reads from another one, and waits while too few are left."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from stack.endpoints import Addresses
from tests.faults.cluster.node import BEGIN, AllBack, Node
from tests.faults.steps.play import Arrive
from tests.faults.steps.process import Kill, Ready, Start
from tests.faults.world import World, world
from tests.support.kafka_nodes import SESSION_SECONDS, Cluster, cluster

pytestmark = [pytest.mark.faults, pytest.mark.long, pytest.mark.timeout(900, func_only=True)]


@contextmanager
def clustered(addresses: Addresses, folder: Path, seed: int) -> Iterator[tuple[World, Cluster]]:
    """Yield a world whose play, and whose group's positions, lie on three brokers."""
    place = folder / "cluster"
    place.mkdir()
    with (
        cluster(place) as brokers,
        world(replace(addresses, kafka_bootstrap=brokers.brokers), folder, seed=seed, partitions=3) as made,
    ):
        yield made, brokers


def test_each_broker_is_killed_in_turn(addresses: Addresses, tmp_path: Path, seed: int) -> None:
    with clustered(addresses, tmp_path, seed) as (w, brokers):
        w.play(BEGIN)
        for name in brokers.nodes:
            w.play([Node(name, "kill", brokers.nodes), Arrive(1500), Ready()])
            w.play([Node(name, "start", brokers.nodes), Arrive(500)])
        w.finish(within_seconds=120)


def test_each_broker_freezes_and_the_others_go_on(addresses: Addresses, tmp_path: Path, seed: int) -> None:
    with clustered(addresses, tmp_path, seed) as (w, brokers):
        w.play(BEGIN)
        for name in brokers.nodes:
            w.play([Node(name, "pause", brokers.nodes)])
            time.sleep(2 * SESSION_SECONDS)
            w.play([Arrive(500), Ready(), Node(name, "resume", brokers.nodes), Arrive(500)])
        w.finish(within_seconds=120)


def test_the_bridge_is_killed_while_a_broker_is_away(addresses: Addresses, tmp_path: Path, seed: int) -> None:
    with clustered(addresses, tmp_path, seed) as (w, brokers):
        w.play(BEGIN)
        for name in brokers.nodes:
            w.play([Node(name, "kill", brokers.nodes), Kill(), Start(), Ready(), Arrive(500)])
            w.play([Node(name, "start", brokers.nodes), Arrive(500)])
        w.finish(within_seconds=120)


def test_one_broker_alone_gives_nothing_and_nothing_is_lost(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with clustered(addresses, tmp_path, seed) as (w, brokers):
        w.play([*BEGIN, Node("one", "kill", brokers.nodes), Arrive(300), Node("two", "kill", brokers.nodes)])
        time.sleep(4 * SESSION_SECONDS)
        w.play([AllBack(brokers.nodes), Ready(), Arrive(500)])
        w.finish(within_seconds=120)
