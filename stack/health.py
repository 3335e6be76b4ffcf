"""Whether a server answers in its own protocol.  Each check takes at most a few seconds and returns None
when the server is well, else a few words on what is missing.
"""

from __future__ import annotations

import base64
import json
import socket
import struct
import urllib.error
import urllib.request
from typing import Any

TIMEOUT_SECONDS = 3.0


def postgres(host: str, port: int, user: str, database: str) -> str | None:
    """A start-up message is answered by a request for the password: the server takes sessions.

    While it recovers it answers with an error instead (PostgreSQL protocol 3.0, code 57P03).
    """
    text = b"".join(word.encode() + b"\0" for word in ("user", user, "database", database)) + b"\0"
    message = struct.pack("!ii", len(text) + 8, 196608) + text
    answer = _ask(host, port, message, 1)
    if isinstance(answer, str):
        return answer
    return None if answer == b"R" else "not ready for sessions"


def kafka(host: str, port: int) -> str | None:
    """An ApiVersions request is answered: the broker has left its start-up fence and serves requests."""
    client = b"health"
    request = struct.pack("!hhih", 18, 0, 7, len(client)) + client
    answer = _ask(host, port, struct.pack("!i", len(request)) + request, 10)
    if isinstance(answer, str):
        return answer
    correlation, error = struct.unpack("!ih", answer[4:10])
    return None if (correlation, error) == (7, 0) else "an unexpected answer to ApiVersions"


def amqp(host: str, port: int) -> str | None:
    """The protocol header is answered by a method frame, Connection.Start (AMQP 0-9-1, 2.2.4)."""
    answer = _ask(host, port, b"AMQP\x00\x00\x09\x01", 1)
    if isinstance(answer, str):
        return answer
    return None if answer == b"\x01" else "no AMQP 0-9-1"


def tcp(host: str, port: int) -> str | None:
    """The port takes connections."""
    answer = _ask(host, port, b"", 0)
    return answer if isinstance(answer, str) else None


def http(url: str, user: str = "", password: str = "") -> str | None:
    """A GET is answered with 200."""
    try:
        fetch_json(url, user, password)
    except (OSError, ValueError) as error:
        return _words(error)
    return None


def fetch_json(url: str, user: str = "", password: str = "") -> Any:
    """The JSON body of a GET.  Raises `OSError` when it fails, `ValueError` when the body is no JSON."""
    request = urllib.request.Request(url)  # noqa: S310 - addresses of our own servers
    if user:
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
        return json.load(response)


def _ask(host: str, port: int, message: bytes, size: int) -> bytes | str:
    try:
        with socket.create_connection((host, port), TIMEOUT_SECONDS) as connection:
            connection.sendall(message)
            answer = b""
            while len(answer) < size:
                chunk = connection.recv(size - len(answer))
                if not chunk:
                    return "closed the connection"
                answer += chunk
            return answer
    except OSError as error:
        return _words(error)


def _words(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP status {error.code}"
    reason = getattr(error, "reason", error)
    return "no connection" if isinstance(reason, ConnectionRefusedError) else str(reason) or type(error).__name__
