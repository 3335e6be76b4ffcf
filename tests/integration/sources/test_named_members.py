"""What a member with a fixed name is given at a restart: Kafka hands out what the name had before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.records import Partition
from bridge.sources import KafkaSource, open_source
from bridge.sources.settings import Client
from stack.endpoints import Addresses
from tests.contract.kafka_world import KafkaWorld
from tests.contract.source_contract import PATIENCE, Follower, read
from tests.support.eventually import eventually

pytestmark = pytest.mark.integration


@pytest.fixture
def world(addresses: Addresses) -> Iterator[KafkaWorld]:
    world = KafkaWorld(addresses.kafka_bootstrap, Client.CONFLUENT)
    yield world
    world.close()


def member(world: KafkaWorld, name: str, topics: list[str], follower: Follower) -> KafkaSource:
    settings = world.settings(topics[0], member=name, missing_topics="wait", session_timeout="45 s")
    source = open_source(settings, topics)
    source.open(follower)
    return source


def given(source: KafkaSource, follower: Follower, *wanted: Partition) -> None:
    """Poll until a member has exactly these partitions."""

    def has() -> bool:
        source.poll(0.2)
        return follower.assigned == set(wanted)

    eventually(has, within_seconds=PATIENCE)


def test_a_topic_that_came_while_nobody_ran_is_read_after_a_restart(world: KafkaWorld, topic: str) -> None:
    late = f"{topic}.late"
    world.create(topic)
    first, follower = Follower(), Follower()
    source = member(world, "one", [topic, late], first)
    given(source, first, Partition(topic, 0))
    source.close()
    world.create(late)
    world.append(Partition(late, 0), b"k", b"v")
    world.flush()
    source = member(world, "one", [topic, late], follower)
    assert [record.topic for record in read(source, 1)] == [late]
    given(source, follower, Partition(topic, 0), Partition(late, 0))
    source.close()


def test_topics_of_which_none_was_there_at_the_first_start_are_read_after_a_restart(
    world: KafkaWorld, topic: str
) -> None:
    follower = Follower()
    source = member(world, "one", [topic], Follower())
    for _ in range(10):
        source.poll(0.2)
    source.close()
    world.create(topic)
    source = member(world, "one", [topic], follower)
    given(source, follower, Partition(topic, 0))
    source.close()


def test_partitions_that_came_while_nobody_ran_are_read_after_a_restart(world: KafkaWorld, topic: str) -> None:
    world.create(topic, 1)
    first, follower = Follower(), Follower()
    source = member(world, "one", [topic], first)
    given(source, first, Partition(topic, 0))
    source.close()
    world.create(topic, 2)
    source = member(world, "one", [topic], follower)
    given(source, follower, Partition(topic, 0), Partition(topic, 1))
    source.close()


def test_a_restart_beside_another_member_takes_nothing_from_it(world: KafkaWorld, topic: str) -> None:
    world.create(topic, 2)
    left, right = Follower(), Follower()
    one, two = member(world, "one", [topic], left), member(world, "two", [topic], right)

    def shared() -> bool:
        one.poll(0.1)
        two.poll(0.1)
        return len(left.assigned) == len(right.assigned) == 1

    eventually(shared, within_seconds=PATIENCE)
    mine, calls = set(left.assigned), len(right.calls)
    one.close()
    again = Follower()
    one = member(world, "one", [topic], again)
    given(one, again, *mine)
    for _ in range(10):
        one.poll(0.1)
        two.poll(0.1)
    assert [name for name, _ in again.calls] == ["assigned"]
    assert len(right.calls) == calls
    one.close()
    two.close()
