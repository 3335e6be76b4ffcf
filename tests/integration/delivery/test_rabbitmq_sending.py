"""How events look on arrival, how sending stops, and what is found out before it begins."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from pika import spec

from bridge.delivery.probing import probe
from bridge.delivery.rabbitmq import Link
from bridge.errors import LedgerUnavailable
from tests.contract.sink_contract import check_arrivals, deliveries, settle
from tests.integration.delivery.topology import Topology
from tests.support.eventually import eventually

pytestmark = pytest.mark.integration


def test_an_event_arrives_with_the_properties_that_were_promised(topology: Topology) -> None:
    outbound = topology.start(topology.settings(headers={"brand": "north", "shard": 7, "live": True}))
    outbound.offer(deliveries(1, players=1))
    settle(outbound)
    ((properties, _body),) = topology.messages()
    assert properties.message_id.endswith(":Approved")
    assert (properties.type, properties.app_id) == ("CASINO", "wallet-bridge")
    assert (properties.content_type, properties.delivery_mode) == ("application/json", 2)
    # Quorum queues add a count of their own on delivery.
    headers = {name: value for name, value in properties.headers.items() if not name.startswith("x-")}
    assert headers == {"brand": "north", "shard": 7, "live": True}


def test_without_ready_made_frames_the_same_arrives(topology: Topology, monkeypatch: pytest.MonkeyPatch) -> None:
    offered = deliveries(500, players=30)
    found: list[list[tuple[Any, bytes]]] = []
    for ready_made in (True, False):
        if not ready_made:
            monkeypatch.setattr(Link, "_checked_frames", lambda _link: None)
        outbound = topology.start(topology.settings())
        outbound.offer(offered)
        settle(outbound)
        assert outbound.close(10)
        found.append(topology.take())
    fast, slow = ([(vars(properties), body) for properties, body in messages] for messages in found)
    assert sorted(fast, key=str) == sorted(slow, key=str)


def test_the_ready_made_frames_are_in_use(topology: Topology) -> None:
    outbound = topology.outbound()
    assert outbound._connection.link is not None
    assert outbound._connection.link._frames is not None


def test_frames_that_pika_would_write_otherwise_are_not_used(
    topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later pika that encodes differently must be noticed when the channel opens."""
    encode = spec.BasicProperties.encode
    monkeypatch.setattr(spec.BasicProperties, "encode", lambda properties: [*encode(properties), b"\x00"])
    outbound = topology.outbound()
    assert outbound._connection.link is not None
    assert outbound._connection.link._frames is None


def test_a_large_body_is_split_into_frames_and_arrives_whole(topology: Topology) -> None:
    (small,) = deliveries(1, players=1)
    large = type(small)(seq=1, message_id="large", player="p", body=bytes(range(256)) * 2000)
    outbound = topology.outbound()
    outbound.offer([large])
    settle(outbound)
    assert topology.arrived() == [("large", large.body)]


def test_draining_waits_until_everything_is_confirmed(topology: Topology) -> None:
    offered = deliveries(2000, players=200)
    outbound = topology.start(topology.settings(window=5000))
    outbound.offer(offered)
    assert outbound.drain(30)
    assert outbound.confirmed() == offered[-1].seq
    assert outbound.close(5)
    check_arrivals(offered, topology.arrived())


def test_draining_gives_up_at_its_deadline(topology: Topology) -> None:
    topology.unbind()
    outbound = topology.outbound()
    outbound.offer(deliveries(10, players=5))
    assert not outbound.drain(0.3)


def test_a_close_under_load_leaves_nothing_that_a_restart_would_repeat(topology: Topology) -> None:
    """A window that is full of confirmed events, with unsent ones of busy players between them."""
    offered = deliveries(3000, players=60)
    changed = threading.Event()
    first = topology.start(topology.settings(window=300), changed.set)

    def record() -> None:
        first.recorded(first.confirmed_number())

    first.offer(offered)
    while first.confirmed() < offered[500].seq:
        assert changed.wait(20)
        changed.clear()
        record()
    assert first.close(20, record)
    known = set(first.newly_confirmed())
    assert first.pending() > 0
    second = topology.outbound()
    second.offer([each for each in offered if each.seq not in known])
    settle(second)
    arrived = topology.arrived()
    assert len(arrived) == len(offered)
    check_arrivals(offered, arrived)


def test_what_recording_raises_at_the_close_is_raised_after_it(topology: Topology) -> None:
    def fail() -> None:
        raise LedgerUnavailable("the disk is full")

    outbound = topology.outbound()
    outbound.offer(deliveries(5, players=5))
    with pytest.raises(LedgerUnavailable):
        outbound.close(5, fail)
    assert not outbound.status().connected


def test_a_close_without_a_broker_ends_at_its_deadline(topology: Topology) -> None:
    outbound = topology.start(topology.settings(port=1))
    outbound.offer(deliveries(5, players=5))
    eventually(lambda: outbound.status().last_error)
    assert outbound.close(0.2)
    assert outbound.confirmed() == 0
    assert outbound.close(0.2)


def test_the_status_counts_and_ages(topology: Topology) -> None:
    topology.unbind()
    outbound = topology.outbound()
    outbound.offer(deliveries(3, players=3))
    eventually(lambda: outbound.status().refusing)
    eventually(lambda: outbound.status().unconfirmed_age_seconds > 0.2)
    status = outbound.status()
    assert (status.pending, status.confirmed) == (3, 0)
    assert status.retries["unroutable"] >= 3
    assert "bind one" in status.last_error
    topology.accept()
    settle(outbound)
    status = outbound.status()
    assert (status.pending, status.confirmed, status.unconfirmed_age_seconds) == (0, 3, 0.0)
    assert status.duplicates_sent == 0


def test_a_probe_of_a_good_target_finds_nothing_and_sends_nothing(topology: Topology) -> None:
    assert probe(topology.settings()) == []
    assert probe(topology.settings(url=topology.addresses.rabbitmq_admin_url)) == []
    assert topology.arrived() == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"port": 1}, "RabbitMQ at 127.0.0.1:1 cannot be reached (Connection refused)"),
        ({"url": "amqp://bridge:wrong@HOST/%2F"}, "refused user 'bridge'; check user and password"),
        ({"url": "amqp://u:p@no.such.host.invalid/"}, "RabbitMQ at no.such.host.invalid:5672 cannot be reached"),
        ({"url": "USER@HOST/nowhere"}, "has no virtual host 'nowhere', or user 'bridge' may not use it"),
        ({"exchange": "fasttrack.nowhere"}, "there is no exchange 'fasttrack.nowhere' in virtual host '/'"),
        ({"exchange": "amq.topic"}, "user 'bridge' may not write to exchange 'amq.topic'"),
        ({"url": "amqps://bridge:p@HOST/%2F"}, "check amqp:// or amqps://"),
        ({"url": "amqps://HOST/", "tls": {"ca": "/nowhere/ca.pem"}}, "a file that tls names cannot be used"),
    ],
)
def test_a_probe_says_what_stands_in_the_way(topology: Topology, changes: dict[str, Any], sentence: str) -> None:
    addresses = topology.addresses
    if "url" in changes:
        user = addresses.rabbitmq_bridge_url.partition("@")[0]
        host = f"{addresses.rabbitmq_host}:{addresses.rabbitmq_port}"
        changes = {**changes, "url": changes["url"].replace("USER", user).replace("HOST", host)}
    (found,) = probe(topology.settings(**changes))
    assert sentence in found
