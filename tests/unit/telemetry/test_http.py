"""The pages beside a running bridge, asked over real sockets."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, RemoteDisconnected

import pytest

from bridge.errors import ConfigError
from bridge.telemetry import metrics as listed
from bridge.telemetry.http import Health, HealthServer
from bridge.telemetry.metrics import Metrics
from tests.support.eventually import eventually

Address = tuple[str, int]


class Site:
    """A server whose health a test sets."""

    def __init__(self) -> None:
        self.health = Health("ok")
        self.metrics = Metrics("nord", "1")
        self.server = HealthServer(("127.0.0.1", 0), self.metrics, lambda: self.health)
        self.address = self.server.start()

    def get(self, path: str, method: str = "GET") -> tuple[int, bytes]:
        with closing(HTTPConnection(*self.address, timeout=5)) as connection:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read()


@pytest.fixture
def site() -> Iterator[Site]:
    opened = Site()
    yield opened
    opened.server.stop()


def test_ready_says_ok_or_why_not(site: Site) -> None:
    assert site.get("/ready") == (200, b'{"state": "ok", "reasons": []}\n')
    site.health = Health("degraded", ("rabbitmq blocked", "kafka away"))
    status, body = site.get("/ready")
    assert status == 503
    assert json.loads(body) == {"state": "degraded", "reasons": ["rabbitmq blocked", "kafka away"]}
    site.health = Health("starting", ("reading look-up tables",))
    assert site.get("/ready")[0] == 503


def test_health_asks_for_a_restart_only_when_the_loops_stand_still(site: Site) -> None:
    site.health = Health("degraded", ("rabbitmq blocked",))
    assert site.get("/health") == (200, b'{"alive": true}\n')
    site.health = Health("ok", alive=False)
    assert site.get("/health") == (503, b'{"alive": false}\n')
    assert site.get("/ready")[0] == 503


def test_metrics_are_served_as_they_are_now(site: Site) -> None:
    site.metrics.add(listed.RECORDS, 2, ("t",))
    status, body = site.get("/metrics?x=1")
    assert status == 200
    assert b'wallet_bridge_records_total{brand="nord",topic="t"} 2.0\n' in body


@pytest.mark.parametrize("path", ["/", "/metrics/", "/../etc/passwd", "/ready/..", "/ready/x", "/health%00", "*"])
def test_nothing_else_is_served(site: Site, path: str) -> None:
    assert site.get(path) == (404, b"/metrics /health /ready\n")


def test_a_head_request_has_no_body_and_other_methods_are_refused(site: Site) -> None:
    assert site.get("/health", "HEAD") == (200, b"")
    for method in ("POST", "PUT", "DELETE"):
        assert site.get("/health", method)[0] == 501


def test_an_answer_does_not_tell_which_python_this_is(site: Site) -> None:
    with closing(HTTPConnection(*site.address, timeout=5)) as connection:
        connection.request("GET", "/health")
        server = connection.getresponse().headers["Server"]
    assert server == "wallet-bridge"


def test_clients_that_say_nothing_hold_few_threads_and_the_rest_is_hung_up_on(site: Site) -> None:
    before = threading.active_count()
    silent = [socket.create_connection(site.address, timeout=5) for _ in range(30)]
    try:
        eventually(lambda: sum(_hung_up(client) for client in silent) == 22, message="22 of 30 are hung up on")
        assert threading.active_count() - before <= 8
    finally:
        for client in silent:
            client.close()
    eventually(lambda: _answers(site), message="places are free again")


def _hung_up(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def _answers(site: Site) -> bool:
    try:
        return site.get("/health")[0] == 200
    except OSError:
        return False


def test_stopping_is_quick_even_with_a_client_that_hangs(site: Site) -> None:
    with socket.create_connection(site.address, timeout=5):
        began = time.monotonic()
        site.server.stop()
        assert time.monotonic() - began < 1.0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(site.address, timeout=5)
    site.server.stop()


def test_a_port_that_is_taken_is_a_sentence(site: Site) -> None:
    second = HealthServer(site.address, site.metrics, lambda: Health("ok"))
    with pytest.raises(
        ConfigError, match=rf"127\.0\.0\.1:{site.address[1]}: cannot listen here: Address already in use"
    ):
        second.start()


def test_ipv6_loopback_works_too() -> None:
    server = HealthServer(("::1", 0), Metrics("n", "1"), lambda: Health("ok"))
    try:
        address = server.start()
    except ConfigError:
        pytest.skip("this machine has no IPv6 loopback")
    with closing(HTTPConnection(*address, timeout=5)) as connection:
        connection.request("GET", "/health")
        assert connection.getresponse().status == 200
    server.stop()


def test_a_page_that_fails_is_told_in_the_log_and_one_whose_reader_has_gone_is_not(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.metrics.pull(listed.HELD, lambda: 1 / 0)
    with pytest.raises(RemoteDisconnected):
        site.get("/metrics")
    assert [record.message for record in caplog.records] == ["a page could not be shown"]
    assert caplog.records[0].exc_info is not None
    caplog.clear()
    with closing(socket.create_connection(site.address)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(b"GET /ready HTTP/1.1\r\n")
    assert site.get("/ready")[0] == 200
    assert caplog.records == []
