"""RabbitMQ and the network on bad days: nothing lost, order kept, few repeats, and a sentence about each."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from bridge.delivery.sender import RabbitMQOutbound
from bridge.errors import FatalError, SinkUnavailable
from bridge.flow import Delivery
from tests.contract.sink_contract import check_arrivals, deliveries, settle
from tests.integration.delivery.topology import Topology
from tests.support.eventually import eventually
from tests.support.fault_proxy import FaultProxy, Way

pytestmark = pytest.mark.integration

WINDOW = 100
# Connection.Blocked with the reason "low on memory" and Connection.Unblocked, as RabbitMQ sends them.
BLOCKED = b"\x01\x00\x00\x00\x00\x00\x12\x00\x0a\x00\x3c\x0dlow on memory\xce"
UNBLOCKED = b"\x01\x00\x00\x00\x00\x00\x04\x00\x0a\x00\x3d\xce"


def play_through(outbound: RabbitMQOutbound, offered: list[Delivery], disturb: Callable[[int], None]) -> None:
    """Offer in small batches, recording as the taking-in side does; `disturb` is told the number of the batch."""
    for number, at in enumerate(range(0, len(offered), 50)):
        outbound.offer(offered[at : at + 50])
        outbound.recorded(outbound.confirmed_number())
        disturb(number)
    settle(outbound)


def test_a_connection_that_is_cut_again_and_again_loses_nothing(topology: Topology, proxy: FaultProxy) -> None:
    offered = deliveries(2000, players=30)
    outbound = topology.start(topology.settings(port=proxy.port, window=WINDOW))

    def cut_sometimes(number: int) -> None:
        if number % 10 == 5:
            eventually(lambda: outbound.status().connected)
            proxy.cut()

    play_through(outbound, offered, cut_sometimes)
    status = outbound.status()
    assert status.connections > 1
    assert status.duplicates_sent == status.retries["connection_lost"] + status.retries["timeout"]
    check_arrivals(offered, topology.arrived(), repeated=status.duplicates_sent)


def test_one_lost_connection_repeats_at_most_the_window_with_the_same_id_and_body(
    topology: Topology, proxy: FaultProxy
) -> None:
    offered = deliveries(1000, players=500)
    outbound = topology.start(topology.settings(port=proxy.port, window=WINDOW))
    eventually(lambda: outbound.status().connected)
    # The broker gets everything, but its confirms do not come back: the worst case for repeats.
    proxy.stall(Way.TO_CLIENT)
    outbound.offer(offered)
    eventually(lambda: outbound.status().in_flight == WINDOW)
    eventually(lambda: topology.message_count() == WINDOW)
    proxy.cut()
    proxy.heal()
    settle(outbound)
    arrived = topology.arrived()
    assert len(arrived) == len(offered) + WINDOW
    check_arrivals(offered, arrived, repeated=WINDOW)
    assert outbound.status().duplicates_sent == WINDOW


def test_a_confirm_that_never_comes_ends_the_connection(topology: Topology, proxy: FaultProxy) -> None:
    offered = deliveries(200, players=50)
    outbound = topology.start(topology.settings(port=proxy.port, window=WINDOW, confirm_timeout=0.5))
    eventually(lambda: outbound.status().connected)
    proxy.stall(Way.TO_CLIENT)
    outbound.offer(offered)
    eventually(lambda: outbound.status().retries["timeout"] > 0)
    assert "has not confirmed an event for 0.5 s" in outbound.status().last_error
    proxy.heal()
    settle(outbound)
    check_arrivals(offered, topology.arrived(), repeated=outbound.status().duplicates_sent)


def test_a_channel_that_only_refuses_is_left_for_a_new_one_and_nothing_is_repeated(topology: Topology) -> None:
    offered = deliveries(200, players=50)
    topology.refuse()
    outbound = topology.start(topology.settings(window=WINDOW, confirm_timeout=0.5))
    outbound.offer(offered)
    eventually(lambda: outbound.status().connections >= 3)
    assert outbound.status().retries["nack"] > 0
    topology.accept()
    settle(outbound)
    check_arrivals(offered, topology.arrived())
    assert outbound.status().duplicates_sent == 0


def test_a_peer_that_vanished_without_a_word_is_found_out(topology: Topology, proxy: FaultProxy) -> None:
    offered = deliveries(200, players=50)
    outbound = topology.start(topology.settings(port=proxy.port, window=WINDOW, confirm_timeout=0.5))
    eventually(lambda: outbound.status().connected)
    proxy.half_open()
    outbound.offer(offered)
    eventually(lambda: outbound.status().retries["timeout"] > 0)
    proxy.cut()
    proxy.heal()
    settle(outbound)
    check_arrivals(offered, topology.arrived(), repeated=outbound.status().duplicates_sent)


@pytest.mark.parametrize("way", list(Way))
def test_a_network_that_gives_one_byte_at_a_time_is_only_slow(
    topology: Topology, proxy: FaultProxy, way: Way
) -> None:
    offered = deliveries(100, players=10)
    proxy.trickle(way)
    outbound = topology.start(topology.settings(port=proxy.port))
    outbound.offer(offered)
    settle(outbound)
    check_arrivals(offered, topology.arrived())


def test_a_slow_network_is_only_slow(topology: Topology, proxy: FaultProxy) -> None:
    offered = deliveries(300, players=100)
    for way in Way:
        proxy.delay(way, 0.02)
    outbound = topology.start(topology.settings(port=proxy.port))
    outbound.offer(offered)
    settle(outbound)
    check_arrivals(offered, topology.arrived())


def test_a_port_that_refuses_is_tried_until_it_answers(topology: Topology, proxy: FaultProxy) -> None:
    proxy.refuse()
    offered = deliveries(50, players=10)
    outbound = topology.start(topology.settings(port=proxy.port))
    outbound.offer(offered)
    refused = f"RabbitMQ at 127.0.0.1:{proxy.port} cannot be reached (Connection refused); check host and port"
    eventually(lambda: outbound.status().last_error == refused)
    proxy.heal()
    settle(outbound)
    check_arrivals(offered, topology.arrived())


def test_a_connection_closed_by_the_operator_is_made_again(topology: Topology) -> None:
    offered = deliveries(1000, players=30)
    outbound = topology.start(topology.settings(window=WINDOW, connection_name=topology.name))
    outbound.offer(offered[:500])
    settle(outbound)
    topology.close_connections()
    outbound.offer(offered[500:])
    settle(outbound)
    eventually(lambda: outbound.status().connections == 2)
    assert "closed the connection: CONNECTION_FORCED" in outbound.status().last_error
    check_arrivals(offered, topology.arrived(), repeated=WINDOW)


def test_an_exchange_that_is_deleted_and_made_again_loses_nothing(topology: Topology) -> None:
    offered = deliveries(600, players=30)
    outbound = topology.start(topology.settings(window=WINDOW))
    outbound.offer(offered[:300])
    settle(outbound)
    topology.delete_exchange()
    outbound.offer(offered[300:])
    eventually(lambda: f"there is no exchange '{topology.name}'" in outbound.status().last_error)
    assert not outbound.status().connected
    topology.declare_exchange()
    topology.accept()
    settle(outbound)
    check_arrivals(offered, topology.arrived(), repeated=WINDOW)


def test_a_blocked_connection_gets_nothing_until_it_is_unblocked(topology: Topology, proxy: FaultProxy) -> None:
    changed = threading.Event()
    settings = topology.settings(port=proxy.port, confirm_timeout=0.3, unavailable_limit=60)
    outbound = topology.start(settings, changed.set)
    eventually(lambda: outbound.status().connected)
    changed.clear()
    proxy.inject(Way.TO_CLIENT, BLOCKED)
    eventually(lambda: outbound.status().blocked)
    assert changed.is_set()
    offered = deliveries(20, players=5)
    outbound.offer(offered)
    # Longer than the confirm timeout: a blocked broker is waited for, not taken for dead.
    eventually(lambda: outbound.status().blocked_seconds > 1)
    assert (outbound.status().sent, outbound.status().connections) == (0, 1)
    assert "has blocked the connection: low on memory" in outbound.status().last_error
    proxy.inject(Way.TO_CLIENT, UNBLOCKED)
    settle(outbound)
    assert not outbound.status().blocked
    assert outbound.status().connections == 1
    check_arrivals(offered, topology.arrived())


def test_several_nodes_are_tried_in_turn(topology: Topology, proxy: FaultProxy) -> None:
    proxy.refuse()
    url = topology.settings(port=proxy.port).url.get_secret_value() + "," + topology.addresses.rabbitmq_bridge_url
    outbound = topology.start(topology.settings(url=url))
    offered = deliveries(50, players=10)
    outbound.offer(offered)
    settle(outbound)
    check_arrivals(offered, topology.arrived())


def test_a_rotated_password_is_found_without_a_restart(topology: Topology) -> None:
    right = topology.addresses.rabbitmq_bridge_url
    current = [right.replace("@", "-old@")]
    outbound = topology.start(topology.settings(), url=lambda: current[0])
    offered = deliveries(50, players=10)
    outbound.offer(offered)
    eventually(lambda: "refused user 'bridge'; check user and password" in outbound.status().last_error)
    current[0] = right
    settle(outbound)
    check_arrivals(offered, topology.arrived())


def test_a_limit_without_progress_ends_the_patience(topology: Topology) -> None:
    topology.unbind()
    outbound = topology.start(topology.settings(unavailable_limit=1.0))
    outbound.raise_if_failed()
    outbound.offer(deliveries(5, players=5))

    assert not outbound.drain(10)
    with pytest.raises(SinkUnavailable, match=r"took no event for 1 s: .* has no queue for routing key 'casino'"):
        outbound.raise_if_failed()


def test_an_event_that_amqp_cannot_carry_stops_the_sending_with_its_number(topology: Topology) -> None:
    outbound = topology.outbound()
    outbound.offer([Delivery(seq=9, message_id="x" * 300, player="p", body=b"{}")])
    assert not outbound.drain(10)
    with pytest.raises(FatalError, match="message id of event 9 has 300 bytes"):
        outbound.raise_if_failed()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_sending_thread_that_dies_is_reported(topology: Topology) -> None:
    def broken() -> None:
        raise LookupError("nobody foresaw this")

    outbound = topology.start(topology.settings(), broken)
    outbound.offer(deliveries(5, players=5))
    assert not outbound.drain(10)
    with pytest.raises(FatalError, match="an error that nobody foresaw"):
        outbound.raise_if_failed()
