"""Kafka loses what it had not written to its disk, after the bridge has read it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bridge.errors import TopicReplaced
from stack.endpoints import Addresses
from tests.faults.steps.play import Backlog, Settled
from tests.faults.steps.process import Ends, Ready, Start, Terminate
from tests.faults.world import World, world
from tests.support.kafka_nodes import Cluster, cluster

pytestmark = [pytest.mark.faults, pytest.mark.long, pytest.mark.timeout(600, func_only=True)]


@dataclass(frozen=True)
class CutPower:
    """The broker ends, and its disk has lost the second half of the topic of play."""

    broker: Cluster = field(repr=False)

    def __call__(self, world: World) -> None:
        """See Step."""
        self.broker.cut_power("one", world.wallet.topic)
        world.wallet.write_as_another()


@contextmanager
def alone(addresses: Addresses, folder: Path, seed: int, client: str) -> Iterator[tuple[World, Cluster]]:
    """Yield a world on a broker of its own, whose play lies in one partition."""
    place = folder / "broker"
    place.mkdir()
    with (
        cluster(place, ["one"]) as broker,
        world(
            replace(addresses, kafka_bootstrap=broker.brokers),
            folder,
            seed=seed,
            partitions=1,
            kafka=f"session_timeout: 6 s, metadata_refresh: 1 s, client: {client}",
        ) as made,
    ):
        yield made, broker


@pytest.mark.parametrize("client", ["confluent", "kafka-python"])
def test_a_topic_that_lost_its_end_while_it_was_read_stops_the_brand(
    addresses: Addresses, tmp_path: Path, seed: int, client: str
) -> None:
    with alone(addresses, tmp_path, seed, client) as (w, broker):
        w.play([Backlog(1000), Start(), Ready(), Settled(), CutPower(broker), Backlog(2000)])
        w.play([Ends(TopicReplaced.exit_code, "has lost records from its end")])
        w.check(most_duplicates=0, so_far=True)
        # It does not jump over the gap when it is started again.
        w.play([Start(), Ends(TopicReplaced.exit_code, "has lost records from its end")])


@pytest.mark.parametrize("client", ["confluent", "kafka-python"])
def test_a_topic_that_lost_its_end_while_nobody_read_it_stops_the_brand(
    addresses: Addresses, tmp_path: Path, seed: int, client: str
) -> None:
    with alone(addresses, tmp_path, seed, client) as (w, broker):
        w.play([Backlog(1000), Start(), Ready(), Settled(), Terminate(), CutPower(broker), Backlog(2000)])
        w.play([Start(), Ends(TopicReplaced.exit_code, "has lost records from its end")])
        w.check(most_duplicates=0, so_far=True)
