"""A peer that takes connections and never becomes a broker: it resets them, or says nothing."""

from __future__ import annotations

import socket

from bridge.delivery.rabbitmq import Link, new_loop
from bridge.delivery.sender import RabbitMQOutbound
from bridge.delivery.settings import RabbitMQSettings
from tests.support.fault_proxy import FaultProxy

ATTEMPTS = 1000
"""Each reset meets another moment of the handshake; about one of a hundred came between pika's own two looks."""


def test_a_peer_that_hangs_up_at_any_moment_is_a_failed_attempt_and_never_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as dead:
        target = dead.getsockname()
    with FaultProxy(target) as proxy:
        settings = _settings(proxy.port)
        troubles = {_attempt(settings) for _ in range(ATTEMPTS)}
    assert all(str(proxy.port) in trouble for trouble in troubles), troubles


def test_a_stop_while_a_broker_has_not_greeted_yet_ends_the_thread_well() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        outbound = RabbitMQOutbound(_settings(silent.getsockname()[1]))
        outbound.start()
        client, _ = silent.accept()
        with client:
            assert client.recv(4) == b"AMQP"
            assert outbound.close(5.0)
        outbound.raise_if_failed()


def _settings(port: int) -> RabbitMQSettings:
    return RabbitMQSettings.model_validate({"url": f"amqp://a:b@127.0.0.1:{port}/", "exchange": "x"})


def _attempt(settings: RabbitMQSettings) -> str:
    loop = new_loop()

    def wake() -> None:
        if link.trouble is not None:
            loop.stop()

    link = Link(loop, settings.addresses[0], settings, wake)
    try:
        loop.start()
    finally:
        loop.close()
    assert link.trouble is not None
    return link.trouble
