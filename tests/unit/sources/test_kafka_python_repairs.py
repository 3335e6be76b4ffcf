"""What is put right in kafka-python, against the library itself and real sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from kafka.future import Future
from kafka.net.compat import KafkaNetClient

from bridge.sources.kafka_python_repairs import keep_last_words


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        yield listening


@pytest.fixture
def network() -> Iterator[Any]:
    network = KafkaNetClient()
    yield network
    network.close()


class Connection:
    """What a transport tells its connection, in order."""

    _sensors = None

    def __init__(self) -> None:
        self.told: list[object] = []
        self.ended = Future()

    def data_received(self, data: bytes) -> None:
        self.told.append(data)

    def connection_lost(self, error: Exception) -> None:
        self.told.append(str(error))
        self.ended.success(None)


def test_what_came_with_the_end_of_a_connection_is_taken(server: socket.socket, network: Any) -> None:
    keep_last_words(network)
    host, port = server.getsockname()
    node = SimpleNamespace(host=host, port=port)
    transport = network._net.run(network._manager._build_transport, node)
    peer, _from = server.accept()
    with peer:
        peer.sendall(b"log-in refused")
    connection = Connection()
    transport.set_protocol(connection)
    transport.resume_reading()
    network.poll(timeout_ms=10_000, future=connection.ended)
    assert connection.told == [b"log-in refused", "KafkaConnectionError: socket disconnected"]
