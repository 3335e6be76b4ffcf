"""Peers that are no broker, or no broker yet: what a person reads then."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from threading import Thread

import pytest

from bridge.delivery.probing import probe
from bridge.delivery.settings import RabbitMQSettings

HUNG_UP = "closed the connection during the handshake"
OTHER = "does not speak AMQP 0-9-1; check the port, and amqp:// or amqps://"


def reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def web(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def alert(client: socket.socket) -> None:
    """As a TLS port answers to plain bytes."""
    client.sendall(bytes.fromhex("15030100020246"))


def other_version(client: socket.socket) -> None:
    client.sendall(b"AMQP\x00\x01\x00\x00")


def nothing(_client: socket.socket) -> None:
    pass


def broker_that_stops(client: socket.socket) -> None:
    """Begin the handshake, and end without a word after the log-in."""
    method = struct.pack(">HHBB", 10, 10, 0, 9) + b"\0\0\0\0" + struct.pack(">I", 5) + b"PLAIN"
    method += struct.pack(">I", 5) + b"en_US"
    client.sendall(struct.pack(">BHI", 1, 0, len(method)) + method + b"\xce")
    client.recv(4096)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reset, HUNG_UP),
        (nothing, HUNG_UP),
        (broker_that_stops, HUNG_UP),
        (web, OTHER),
        (alert, OTHER),
        (other_version, OTHER),
    ],
)
def test_a_peer_that_is_no_broker_is_told_from_one_that_hangs_up(
    answer: Callable[[socket.socket], None], words: str
) -> None:
    def serve() -> None:
        client, _ = listener.accept()
        with client:
            client.recv(8)
            answer(client)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = Thread(target=serve)
        thread.start()
        [said] = probe(RabbitMQSettings.model_validate({"url": f"amqp://u:p@127.0.0.1:{port}/", "exchange": "x"}))
        thread.join()
    assert words in said
    assert str(port) in said
