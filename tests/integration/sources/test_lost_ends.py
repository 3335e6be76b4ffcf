"""A topic that loses its end after that was read: what a broker had not written when the power went."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from bridge.contracts import Source
from bridge.errors import TopicReplaced
from bridge.records import Partition
from bridge.sources import KafkaSource, open_source
from bridge.sources.settings import Client, KafkaSettings
from tests.contract.source_contract import PATIENCE, Follower
from tests.support.eventually import eventually
from tests.support.garbage import FORGOTTEN_SOCKETS
from tests.support.kafka_nodes import Cluster, cluster

TOPIC = "wallet.public.tx"
HERE = Partition(TOPIC, 0)

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(300, func_only=True),
    FORGOTTEN_SOCKETS,
]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Yield a broker whose power can be cut."""
    with cluster(tmp_path_factory.mktemp("broker"), ["one"]) as found:
        yield found


@pytest.fixture(autouse=True)
def topic(broker: Cluster) -> Iterator[None]:
    """Make the topic, with records in it, for each test anew."""
    admin = AdminClient({"bootstrap.servers": broker.brokers, "log_level": 2})
    admin.create_topics([NewTopic(TOPIC, 1)])[TOPIC].result(60)
    write(broker, 1000)
    yield
    admin.delete_topics([TOPIC])[TOPIC].result(60)
    eventually(lambda: TOPIC not in admin.list_topics(timeout=30).topics, within_seconds=60)


@pytest.fixture
def opened() -> Iterator[list[Source]]:
    """Yield a list of sources, which are closed at the end."""
    sources: list[Source] = []
    yield sources
    for source in sources:
        source.close()


def write(broker: Cluster, records: int) -> None:
    """Append records in batches that are small, so that some of them are lost and not all."""
    settings = {"bootstrap.servers": broker.brokers, "log_level": 2, "batch.num.messages": 50}
    producer = Producer(settings | {"max.in.flight": 1})
    for number in range(records):
        producer.produce(TOPIC, str(number).encode())
    assert producer.flush(60) == 0


def new_source(broker: Cluster, opened: list[Source], client: Client, follower: Follower) -> KafkaSource:
    source = open_source(KafkaSettings(brokers=broker.brokers, group=f"of {client.value}", client=client), [TOPIC])
    opened.append(source)
    source.open(follower)
    return source


def read_all(source: KafkaSource, follower: Follower, end: int) -> None:
    """Read up to a position, and note under which leader that was, as the ledger does."""

    def reached() -> bool:
        follower.take(source.poll(0.2))
        follower.epochs |= source.leader_epochs()
        return follower.positions.get(HERE, 0) >= end

    eventually(reached, within_seconds=PATIENCE)


def test_what_comes_in_the_places_of_lost_records_is_not_taken_for_them(
    client: Client, broker: Cluster, opened: list[Source]
) -> None:
    """A position alone does not tell; a restart that loses nothing is read on, and so is the next start."""
    follower = Follower()
    source = new_source(broker, opened, client, follower)
    read_all(source, follower, 1000)
    before = follower.epochs[HERE]
    broker.nodes["one"].restart()
    write(broker, 10)
    read_all(source, follower, 1010)
    assert follower.epochs[HERE] > before, "each leader has a number of its own"
    source.close()
    again = new_source(broker, opened, client, follower)
    write(broker, 10)
    read_all(again, follower, 1020)

    broker.cut_power("one", TOPIC)
    write(broker, 1500)
    for _ in range(2):
        with pytest.raises(TopicReplaced, match="has lost records from its end"):
            read_all(again, follower, 1021)
    again.close()
    for _ in range(2):
        at_the_next_start = new_source(broker, opened, client, follower)
        with pytest.raises(TopicReplaced, match="has lost records from its end"):
            read_all(at_the_next_start, follower, 1021)
        at_the_next_start.close()
    at_the_next_start = new_source(broker, opened, client, follower)
    with pytest.raises(TopicReplaced, match="has lost records from its end"):
        eventually(lambda: hear(at_the_next_start), within_seconds=PATIENCE)


def hear(source: KafkaSource) -> bool:
    """Ask for the answer to what a poll has asked in the background, which may come to any call: not this one."""
    source.poll(0.0)
    for _ in range(1000):
        source.reached()
    return False
