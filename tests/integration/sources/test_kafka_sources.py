"""What both Kafka clients do beyond the contract, on the real Kafka."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from bridge.errors import ConfigError, SourceUnavailable
from bridge.records import Partition, SourceRecord
from bridge.sources import KafkaSettings, open_source
from bridge.sources.peek import PeekFrom, TopicReport, describe, peek
from bridge.sources.settings import Client
from tests.contract.kafka_world import KafkaWorld
from tests.contract.source_contract import PATIENCE, Follower, read, values
from tests.support.eventually import eventually
from tests.support.garbage import FORGOTTEN_SOCKETS

pytestmark = [pytest.mark.integration, FORGOTTEN_SOCKETS]


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


def fill(world: KafkaWorld, topic: str, partitions: int, each: int) -> None:
    world.create(topic, partitions)
    # Records of long ago would be deleted by retention at once.
    now = time.time_ns() // 1_000_000
    for offset in range(each):
        for number in range(partitions):
            stamp = now + offset * 10 + number
            world.append(Partition(topic, number), b"key", f"{number}:{offset}".encode(), (), stamp)
    world.flush()


def test_a_closed_port_is_named_with_what_to_do(client: Client, closed_port: int) -> None:
    brokers = f"127.0.0.1:{closed_port}"
    settings = KafkaSettings(brokers=brokers, group="g", client=client, request_timeout="1 s")
    source = open_source(settings, ["topic"])
    began = time.monotonic()
    with pytest.raises(SourceUnavailable) as caught:
        source.open(Follower())
    assert time.monotonic() - began < 10
    assert brokers in str(caught.value)
    assert "refused" in str(caught.value).lower()
    assert "check that it runs" in str(caught.value)
    source.close()


def test_a_host_that_has_no_address_is_named(client: Client) -> None:
    settings = KafkaSettings(brokers="nowhere.invalid:9092", group="g", client=client, request_timeout="1 s")
    source = open_source(settings, ["topic"])
    with pytest.raises(SourceUnavailable, match=r"nowhere\.invalid:9092 .*check the host name in brokers"):
        source.open(Follower())
    source.close()


def test_tls_against_a_port_that_speaks_none_is_named(world: KafkaWorld) -> None:
    settings = world.settings("g", tls={}, request_timeout="1 s")
    source = open_source(settings, ["topic"])
    with pytest.raises(SourceUnavailable, match="check tls"):
        source.open(Follower())
    source.close()


def test_a_certificate_file_that_is_not_there_is_named(world: KafkaWorld) -> None:
    source = open_source(world.settings("g", tls={"ca": "/nowhere/ca.pem"}), ["topic"])
    with pytest.raises(SourceUnavailable, match="check tls"):
        source.open(Follower())
    source.close()


def test_a_log_in_that_the_broker_does_not_know_is_named_without_the_password(world: KafkaWorld) -> None:
    sasl = {"mechanism": "PLAIN", "username": "bridge", "password": "s3cret-word"}
    source = open_source(world.settings("g", sasl=sasl, request_timeout="1 s"), ["topic"])
    with pytest.raises(SourceUnavailable, match="check sasl") as caught:
        source.open(Follower())
    assert "s3cret-word" not in str(caught.value)
    source.close()


def test_librdkafka_writes_nothing_to_standard_error(closed_port: int) -> None:
    program = f"""
from bridge.sources import KafkaSettings, open_source
from bridge.errors import SourceUnavailable
settings = KafkaSettings(brokers="127.0.0.1:{closed_port}", group="g", request_timeout="1 s")
try:
    open_source(settings, ["topic"]).open(None)
except SourceUnavailable:
    print("unavailable")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == ("unavailable\n", "")


def test_a_missing_topic_can_be_waited_for(world: KafkaWorld, topic: str) -> None:
    source = open_source(world.settings(topic, missing_topics="wait"), [topic])
    source.open(Follower())
    source.poll(0.2)
    fill(world, topic, 1, 3)
    assert values(read(source, 3)) == [b"0:0", b"0:1", b"0:2"]
    source.close()


def test_the_end_behind_a_transaction_is_reached(world: KafkaWorld, topic: str) -> None:
    world.create(topic)
    producer = Producer({"bootstrap.servers": world.brokers, "transactional.id": topic})
    producer.init_transactions(60)
    for value, keep in ((b"kept", True), (b"taken back", False)):
        producer.begin_transaction()
        producer.produce(topic, value, partition=0)
        producer.flush(60)
        producer.commit_transaction(60) if keep else producer.abort_transaction(60)
    at = Partition(topic, 0)
    source = world.source(topic, [topic])
    source.open(Follower())
    assert values(read(source, 1)) == [b"kept"]
    more: list[SourceRecord] = []

    def at_the_end() -> bool:
        more.extend(source.poll(0.1))
        return source.reached()[at] == source.ends([at])[at]

    eventually(at_the_end, within_seconds=PATIENCE)
    assert (more, source.ends([at])[at]) == ([], 4)
    source.close()
    dirty = open_source(world.settings(f"{topic}.dirty", isolation="read_uncommitted"), [topic])
    dirty.open(Follower())
    assert values(read(dirty, 2)) == [b"kept", b"taken back"]
    dirty.close()


def test_the_first_records_can_be_looked_at_without_a_group(world: KafkaWorld, topic: str) -> None:
    fill(world, topic, 2, 10)
    settings = world.settings(topic)
    records = list(peek(settings, [topic], limit=5))
    assert len(records) == 5
    everything = list(peek(settings, [topic], limit=None))
    assert sorted(values(everything), key=str) == sorted(
        (f"{number}:{offset}".encode() for number in range(2) for offset in range(10)), key=str
    )
    admin = AdminClient({"bootstrap.servers": world.brokers})
    groups = {group.group_id for group in admin.list_consumer_groups(request_timeout=30).result().valid}
    assert topic not in groups


def test_the_last_records_can_be_looked_at(world: KafkaWorld, topic: str) -> None:
    fill(world, topic, 2, 10)
    records = list(peek(world.settings(topic), [topic], limit=3, start=PeekFrom.END))
    assert values(records) == [b"1:8", b"0:9", b"1:9"]


def test_records_from_an_offset_on_can_be_looked_at(world: KafkaWorld, topic: str) -> None:
    fill(world, topic, 1, 10)
    assert values(list(peek(world.settings(topic), [topic], limit=2, start=7))) == [b"0:7", b"0:8"]
    world.trim(Partition(topic, 0), 5)
    assert values(list(peek(world.settings(topic), [topic], limit=1, start=2))) == [b"0:5"]


def test_an_empty_topic_gives_nothing_to_look_at(world: KafkaWorld, topic: str) -> None:
    world.create(topic)
    assert list(peek(world.settings(topic), [topic], limit=5)) == []


def test_looking_at_a_topic_that_is_not_there_is_refused(world: KafkaWorld, topic: str) -> None:
    with pytest.raises(ConfigError, match=f"there is no topic {topic}"):
        list(peek(world.settings(topic), [topic], limit=5))


def test_a_topic_is_described(world: KafkaWorld, topic: str) -> None:
    fill(world, topic, 3, 2)
    world.configure(topic, {"cleanup.policy": "compact,delete", "retention.ms": "3600000"})
    kept = TopicReport(topic, True, partitions=3, records=6, compacted=True, deleted_after_ms=3_600_000)
    gone = TopicReport(f"{topic}.gone", False)
    settings = world.settings(topic)
    eventually(lambda: describe(settings, [topic])[0].compacted, within_seconds=PATIENCE)
    assert describe(settings, [topic, gone.topic]) == [kept, gone]


def test_a_fixed_member_keeps_its_partitions_over_a_restart(world: KafkaWorld, topic: str) -> None:
    fill(world, topic, 1, 1)
    settings = world.settings(topic, member="one", session_timeout="10 s")
    other = Follower()
    for _start in range(2):
        source = open_source(settings, [topic])
        source.open(other)
        read(source, 1)
        source.close()
    assert [name for name, _partitions in other.calls] == ["assigned", "revoked"] * 2


def test_both_clients_name_themselves_healthy(world: KafkaWorld, topic: str) -> None:
    fill(world, topic, 1, 1)
    source = world.source(topic, [topic])
    source.open(Follower())
    read(source, 1)
    source.poll(0.1)
    health = source.health()
    assert (health.connected, health.down_seconds, health.last_error, health.commit_failures) == (
        True,
        0.0,
        None,
        0,
    )
    source.close()
