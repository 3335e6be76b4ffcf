"""What a health check says when a server is away, starting, or another program. Real servers: test_live.py."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from stack import health

Answering = Callable[[bytes], int]


@pytest.fixture
def answering() -> Iterator[Answering]:
    """Start a server that reads once, answers with these bytes and closes."""
    with ExitStack() as open_things:

        def start(answer: bytes) -> int:
            listener = open_things.enter_context(socket.create_server(("127.0.0.1", 0)))

            def serve() -> None:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(answer)

            thread = threading.Thread(target=serve)
            thread.start()
            open_things.callback(thread.join, 5)
            return int(listener.getsockname()[1])

        yield start


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_closed_port_is_no_connection() -> None:
    port = _closed_port()
    assert health.tcp("127.0.0.1", port) == "no connection"
    assert health.postgres("127.0.0.1", port, "u", "d") == "no connection"
    assert health.kafka("127.0.0.1", port) == "no connection"
    assert health.amqp("127.0.0.1", port) == "no connection"
    assert health.http(f"http://127.0.0.1:{port}/") == "no connection"


def test_a_postgres_that_recovers_is_not_ready(answering: Answering) -> None:
    assert health.postgres("127.0.0.1", answering(b"E\0\0\0\x10SFATAL\0"), "u", "d") == "not ready for sessions"


def test_a_postgres_that_asks_for_the_password_is_well(answering: Answering) -> None:
    assert health.postgres("127.0.0.1", answering(b"R\0\0\0\x17\0\0\0\x0a"), "u", "d") is None


def test_a_broker_of_another_protocol_is_not_taken_for_rabbitmq(answering: Answering) -> None:
    assert health.amqp("127.0.0.1", answering(b"AMQP\0\x01\0\0")) == "no AMQP 0-9-1"


def test_a_server_that_closes_at_once_is_not_well(answering: Answering) -> None:
    assert health.kafka("127.0.0.1", answering(b"")) == "closed the connection"


def test_an_answer_that_is_no_kafka_is_not_well(answering: Answering) -> None:
    assert (
        health.kafka("127.0.0.1", answering(b"HTTP/1.1 400 Bad Request")) == "an unexpected answer to ApiVersions"
    )


def test_an_http_error_is_named(answering: Answering) -> None:
    port = answering(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
    assert health.http(f"http://127.0.0.1:{port}/") == "HTTP status 503"
