"""The small HTTP server beside a running bridge: `/metrics`, `/health`, `/ready`.

It serves these three and nothing else, reads no request body, answers a few requests at a time and
closes each connection after its answer.
"""

from __future__ import annotations

import json
import logging
import socket
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import BoundedSemaphore, Thread
from typing import Any, ClassVar, Final, Literal, NamedTuple

from bridge.errors import ConfigError, Problem
from bridge.telemetry.metrics import Metrics

LOG = logging.getLogger(__name__)

_AT_ONCE: Final = 8
_STOP_POLL_SECONDS: Final = 0.05


class Health(NamedTuple):
    """How a bridge is, as it sees itself."""

    state: Literal["ok", "starting", "degraded", "stopping"]
    reasons: tuple[str, ...] = ()
    """Sentences for a person, such as "rabbitmq blocked".  No values of rows, no secrets."""
    alive: bool = True
    """Whether the loops of taking in and sending out turn; False asks for a restart."""


class HealthServer:
    """Serves the three pages from threads of its own."""

    def __init__(self, address: tuple[str, int], metrics: Metrics, state: Callable[[], Health]) -> None:
        """Take the place; nothing listens before `start`.

        `state` is called from the server's threads, must be quick and must not raise.  Port 0 means any.
        """
        self._address = address
        self._metrics = metrics
        self._state = state
        self._server: _Server | None = None

    def start(self) -> tuple[str, int]:
        """Listen, and return the address.  Raises ConfigError when it cannot be had."""
        host, port = self._address
        try:
            self._server = _Server(self._address, self._metrics, self._state)
        except (OSError, OverflowError) as error:
            message = f"cannot listen here: {getattr(error, 'strerror', None) or error}"
            hint = "another program has the port, or the host is not this machine's"
            raise ConfigError([Problem(f"{host}:{port}", 0, 0, "", message, hint)]) from error
        Thread(target=self._server.serve_forever, args=(_STOP_POLL_SECONDS,), name="http", daemon=True).start()
        bound = self._server.server_address
        return str(bound[0]), int(bound[1])

    def stop(self) -> None:
        """Listen no more; returns within a tenth of a second.  Answers under way are not waited for."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(self, address: tuple[str, int], metrics: Metrics, state: Callable[[], Health]) -> None:
        self.metrics = metrics
        self.state = state
        self._places = BoundedSemaphore(_AT_ONCE)
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # Not HTTPServer's: that asks the name service for a name which nobody reads, and may hang in it.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, or hang up when too many are under way."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, *_about: Any) -> None:
        """A client that goes away in mid-answer is no event; a mistake of ours is."""
        if not isinstance(sys.exception(), OSError):
            LOG.error("a page could not be shown", exc_info=True)  # noqa: LOG014 - called while one is handled


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 5  # seconds that a slow client may take for its request
    pages: ClassVar[dict[str, str]] = {"/metrics": "_metrics", "/health": "_health", "/ready": "_ready"}

    def do_GET(self) -> None:
        page = self.pages.get(self.path.partition("?")[0])
        if page is None:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"/metrics /health /ready\n")
        else:
            getattr(self, page)()

    def do_HEAD(self) -> None:
        self.do_GET()

    def _metrics(self) -> None:
        self._answer(HTTPStatus.OK, "text/plain; version=0.0.4; charset=utf-8", self.server.metrics.exposition())

    def _health(self) -> None:
        health = self.server.state()
        status = HTTPStatus.OK if health.alive else HTTPStatus.SERVICE_UNAVAILABLE
        self._json(status, {"alive": health.alive})

    def _ready(self) -> None:
        health = self.server.state()
        ready = health.alive and health.state == "ok"
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        self._json(status, {"state": health.state, "reasons": list(health.reasons)})

    def _json(self, status: HTTPStatus, content: dict[str, Any]) -> None:
        self._answer(status, "application/json", json.dumps(content).encode() + b"\n")

    def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        """Tell nobody which Python this is."""
        return "wallet-bridge"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is the standard library's
        """A request for health is no event."""
