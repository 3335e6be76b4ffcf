"""Three RabbitMQ nodes that are one cluster, with a port mapper of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from stack import health
from stack.native import rabbitmq
from stack.native.server import Launch, NativeServer
from stack.packages import RABBITMQ, RABBITMQ_BIN
from tests.support.ports import free_ports

USER, PASSWORD = "bridge", "a-test-word"
NODES: Final = ("one", "two", "three")
HOST: Final = "127.0.0.1"
TICK_SECONDS: Final = 8
"""After up to so long without a word the nodes take one of them for lost (Erlang's net_ticktime)."""


@dataclass(frozen=True)
class Cluster:
    """Three nodes: what most of them have is never lost, and what fewer are alone takes nothing in."""

    nodes: dict[str, NativeServer]
    ports: dict[str, int]

    @property
    def url(self) -> str:
        """Return every node's address, as the connector's `url` has them."""
        login = f"amqp://{USER}:{PASSWORD}@{HOST}"
        return ",".join(f"{login}:{port}/%2F" for port in self.ports.values())

    @property
    def impatient_url(self) -> str:
        """Return the addresses for who must not wait long for a node that is frozen."""
        return ",".join(f"{node}?socket_timeout=3&stack_timeout=4" for node in self.url.split(","))


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Yield a cluster whose nodes have found each other; it is gone at the end."""
    if RABBITMQ.find() is None:
        pytest.skip("a cluster of its own needs the package rabbitmq-server")
    for name in ("pids", "logs", *NODES):
        (folder / name).mkdir()
    # The secret that the nodes know each other by.
    cookie = folder / ".erlang.cookie"
    cookie.touch(mode=0o600)
    cookie.write_text("THREE-NODES-OF-A-TEST")
    mapper, *numbers = free_ports(1 + 2 * len(NODES))
    ports = dict(zip(NODES, numbers, strict=False))
    launches = [_node(folder, name, ports[name], numbers.pop(), mapper) for name in NODES]
    nodes = {launch.name: NativeServer(launch, folder) for launch in launches}
    epmd = ["epmd", "-address", HOST, "-port", str(mapper)]
    find_each_other = NativeServer(Launch("epmd", epmd, folder, lambda: health.tcp(HOST, mapper)), folder)
    with ExitStack() as ending:
        for server in (find_each_other, *nodes.values()):
            server.spawn()
            ending.callback(server.kill)
        for server in nodes.values():
            server.wait_until_well()
        yield Cluster(nodes, ports)


def _node(folder: Path, name: str, port: int, own_port: int, mapper: int) -> Launch:
    settings = "".join(f"{key} = {value}\n" for key, value in _settings(port).items())
    (folder / name / "rabbitmq.conf").write_text(settings)
    (folder / name / "enabled_plugins").write_text("[].\n")
    (folder / name / "rabbitmq-env.conf").touch()
    return Launch(
        name=name,
        command=[str(RABBITMQ_BIN / "rabbitmq-server")],
        folder=folder,
        unwell=lambda: health.amqp(HOST, port),
        environment=rabbitmq.node(
            folder / name, name, (own_port, mapper), home=folder, kernel=f"-kernel net_ticktime {TICK_SECONDS}"
        ),
    )


def _settings(port: int) -> dict[str, str]:
    peers = {
        f"cluster_formation.classic_config.nodes.{at}": f"{name}@localhost" for at, name in enumerate(NODES, 1)
    }
    return {
        "listeners.tcp.default": f"{HOST}:{port}",
        "default_user": USER,
        "default_pass": PASSWORD,
        "disk_free_limit.absolute": "100MB",
        "log.console": "true",
        "log.console.level": "info",
        "cluster_formation.peer_discovery_backend": "classic_config",
        **peers,
        # A node that sees fewer than most takes nothing in until it sees more.
        "cluster_partition_handling": "pause_minority",
    }
