"""Kafka brokers of a test's own that are one cluster, each a controller too."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from stack import packages, services
from stack.native import kafka
from stack.native.server import NativeServer
from stack.progress import Progress
from tests.support.ports import free_ports

THREE: Final = ("one", "two", "three")
SESSION_SECONDS: Final = int(services.KAFKA.settings["broker.session.timeout.ms"]) // 1000
"""A broker that says nothing for so long is taken for lost, and what it led goes to another."""


@dataclass(frozen=True)
class Cluster:
    """Brokers.  What most of three have is never lost; one of three, left alone, takes nothing in."""

    folder: Path
    nodes: dict[str, NativeServer]
    brokers: str
    """Every broker's address, as the connector's `brokers` has them."""

    def cut_power(self, name: str, topic: str) -> None:
        """End a broker, let the disk have lost the second half of what it wrote of a topic, and start it again."""
        self.nodes[name].kill()
        segments = [
            log for place in (self.folder / name / "data").glob(f"{topic}-*") for log in place.glob("*.log")
        ]
        for segment in segments:
            os.truncate(segment, segment.stat().st_size // 2)
        assert segments, f"{name} has nothing of {topic}"
        self.nodes[name].start()


@contextmanager
def cluster(
    folder: Path,
    names: Sequence[str] = THREE,
    more: Callable[[Mapping[str, str]], Mapping[str, str]] = lambda _: {},
) -> Iterator[Cluster]:
    """Yield a cluster whose brokers all answer; it is gone at the end.

    `more` returns further settings of a broker, given those that it has.
    """
    if packages.JAVA.find() is None:
        pytest.skip("a cluster of its own needs Java")
    for name in ("pids", "logs"):
        (folder / name).mkdir()
    jars = packages.jars("kafka", Progress())
    ports = iter(free_ports(2 * len(names)))
    members = [kafka.Node(number, next(ports), next(ports)) for number, _ in enumerate(names, 1)]
    nodes: dict[str, NativeServer] = {}
    for name, member in zip(names, members, strict=True):
        settings = {
            **services.KAFKA.settings,
            **(_SAFE if len(names) > 2 else {}),
            **kafka.node_settings(member, members, folder / name),
        }
        launch = kafka.broker_of(name, folder / name, jars, member.port, {**settings, **more(settings)})
        nodes[name] = NativeServer(launch, folder)
    with ExitStack() as ending:
        for server in nodes.values():
            server.spawn()
            ending.callback(server.kill)
        for server in nodes.values():
            server.wait_until_well()
        yield Cluster(folder, nodes, ",".join(f"{services.HOST}:{member.port}" for member in members))


_SAFE: Final = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
}
"""What a cluster says that shall lose nothing with one of its brokers."""
