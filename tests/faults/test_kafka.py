"""Kafka in its bad days: what can come back is waited for, what is gone stops the brand."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

import stack
from bridge.errors import OffsetExpired
from stack.endpoints import Addresses
from tests.faults.steps import Arrive, Backlog, Play, Ready, Server, Start, Terminate
from tests.faults.world import world
from tests.support.eventually import eventually

pytestmark = pytest.mark.faults


@pytest.mark.long
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_broker_that_restarts_loses_nothing(how: str, addresses: Addresses, tmp_path: Path, seed: int) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        try:
            w.play([Backlog(1000), Play(rate=500), Start(), Arrive(200), Server("kafka", how, 2), Arrive(500)])
        finally:
            stack.server("kafka").start()
        w.finish(within_seconds=120)


@pytest.mark.long
def test_partitions_that_are_added_are_read_from_their_first_record(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Backlog(500), Start(), Ready()])
        w.add_partitions(4)
        w.play([Backlog(500)])
        w.finish(most_duplicates=0)


def test_a_position_that_has_expired_stops_the_brand(addresses: Addresses, tmp_path: Path, seed: int) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Backlog(500), Start(), Ready(), Arrive(0), Terminate(), Backlog(500)])
        admin = AdminClient({"bootstrap.servers": addresses.kafka_bootstrap})
        gone = [
            TopicPartition(at.topic, at.number, end) for at, end in w.wallet.ends().items() if "tx" in at.topic
        ]
        for done in admin.delete_records(gone).values():
            done.result(30)
        w.play([Start()])
        assert w.bridge.wait(60) == OffsetExpired.exit_code, w.bridge.tail()
        last = w.bridge.tail(1)
        assert w.wallet.topic in last, last
        arrived = len(w.inbox.take())
        w.play([Start()])
        assert w.bridge.wait(60) == OffsetExpired.exit_code, "it jumped over the gap when it was started again"
        assert len(w.inbox.take()) == arrived


def test_a_topic_that_was_deleted_and_made_again_stops_the_brand(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Backlog(500), Start(), Ready(), Terminate()])
        w.wallet.drop_topics()
        eventually(lambda: not w.wallet.topics_there(), within_seconds=30)
        w.wallet.make_topics()
        w.play([Backlog(100), Start()])
        assert w.bridge.wait(60) == 70, w.bridge.tail()
        assert f"topic {w.wallet.unique}.public." in w.bridge.tail(1), w.bridge.tail(1)
        assert "it was made anew" in w.bridge.tail(1), w.bridge.tail(1)


def test_a_new_ledger_beside_a_group_that_has_read_is_refused(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Backlog(500), Start(), Ready(), Terminate()])
        arrived = len(w.inbox.take())
        for file in tmp_path.glob("faults.ledger*"):
            file.unlink()
        w.play([Start()])
        assert w.bridge.wait(60) == 70, w.bridge.tail()
        assert "the ledger knows nothing of it" in w.bridge.tail(1)
        assert len(w.inbox.take()) == arrived
