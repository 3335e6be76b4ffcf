"""`amqps://`: certificates are verified, host names too, and the bridge can show one of its own."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import stack
from bridge.delivery.probing import probe
from tests.contract.sink_contract import check_arrivals, deliveries, settle
from tests.integration.delivery.topology import Topology

pytestmark = pytest.mark.integration


class TlsFront:
    """Takes TLS connections on loopback and passes their bytes on in the clear."""

    def __init__(self, target: tuple[str, int], context: ssl.SSLContext) -> None:
        self._target = target
        self._writers: list[asyncio.StreamWriter] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        serving = asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self._server = asyncio.run_coroutine_threadsafe(serving, self._loop).result(10)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(*self._target)
        self._writers += [writer, server_writer]
        await asyncio.gather(_pass_on(reader, server_writer), _pass_on(server_reader, writer))

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        for writer in self._writers:
            # Some versions of Python take the protocol from a transport that has been closed, and need it here.
            with suppress(AttributeError):
                writer.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate authority, and certificates of it for the server and for the bridge."""
    folder = tmp_path_factory.mktemp("certificates")
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    openssl(folder, "req", "-x509", *new_key, "-subj", "/CN=test authority", "-keyout", "ca.key", "-out", "ca.pem")
    for name, names in (("server", "IP:127.0.0.1"), ("bridge", "DNS:bridge"), ("other", "DNS:elsewhere.invalid")):
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-addext", f"subjectAltName={names}")
        openssl(
            folder, "req", "-x509", *new_key, "-subj", f"/CN={name}", *signed,
            "-keyout", f"{name}.key", "-out", f"{name}.pem",
        )  # fmt: skip
    return folder


@pytest.fixture
def front(addresses: stack.Addresses, certificates: Path, request: pytest.FixtureRequest) -> Iterator[TlsFront]:
    """A TLS front with the certificate that the parameter names; `+client` asks for the bridge's own."""
    name, _, more = str(getattr(request, "param", "server")).partition("+")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    if more:
        context.load_verify_locations(certificates / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    front = TlsFront((addresses.rabbitmq_host, addresses.rabbitmq_port), context)
    yield front
    front.close()


def secured(topology: Topology, front: TlsFront, **tls: Any) -> Any:
    settings = topology.settings(port=front.port)
    url = settings.url.get_secret_value().replace("amqp://", "amqps://")
    return topology.settings(url=url, tls=tls)


@pytest.mark.parametrize("front", ["server", "server+client"], indirect=True)
def test_events_arrive_over_tls(topology: Topology, front: TlsFront, certificates: Path) -> None:
    own = {"certificate": certificates / "bridge.pem", "key": certificates / "bridge.key"}
    settings = secured(topology, front, ca=certificates / "ca.pem", **own)
    assert probe(settings) == []
    offered = deliveries(1000, players=100)
    outbound = topology.start(settings)
    outbound.offer(offered)
    settle(outbound)
    check_arrivals(offered, topology.arrived())


@pytest.mark.parametrize("front", ["server+client"], indirect=True)
def test_a_server_that_asks_for_a_certificate_gets_none_from_who_has_none(
    topology: Topology, front: TlsFront, certificates: Path
) -> None:
    assert probe(secured(topology, front, ca=certificates / "ca.pem")) != []


def test_an_unknown_authority_is_not_trusted(topology: Topology, front: TlsFront) -> None:
    (sentence,) = probe(secured(topology, front))
    assert f"the certificate of RabbitMQ at 127.0.0.1:{front.port} is not trusted" in sentence
    assert sentence.endswith("check tls.ca")


@pytest.mark.parametrize("front", ["other"], indirect=True)
def test_a_certificate_of_another_host_is_not_trusted(
    topology: Topology, front: TlsFront, certificates: Path
) -> None:
    (sentence,) = probe(secured(topology, front, ca=certificates / "ca.pem"))
    assert "is not trusted" in sentence
    assert "IP address mismatch" in sentence


@pytest.mark.parametrize("front", ["other"], indirect=True)
def test_verification_is_off_only_when_it_is_switched_off_by_name(topology: Topology, front: TlsFront) -> None:
    assert probe(secured(topology, front, insecure_skip_verify=True)) == []
