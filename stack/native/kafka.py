"""Kafka brokers (KRaft, without ZooKeeper) and the Connect worker with Debezium, from jars."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stack import health, services
from stack.errors import StackError
from stack.native.server import Launch
from stack.packages import JAVA
from stack.services import HOST

LOG4J = Path(__file__).resolve().parent.parent / "config" / "kafka" / "log4j2.properties"
MEMORY = ("-Xmx768m", "-XX:+UseSerialGC")
# Machine code at once and never better: for a tool that runs for a second.
QUICK_START = ("-XX:TieredStopAtLevel=1",)
# More options for Kafka and Connect: what lives for minutes starts with half the work by QUICK_START, what
# lives for hours loses by it.
JAVA_OPTIONS = "BRIDGE_JAVA_OPTIONS"


@dataclass(frozen=True, slots=True)
class Node:
    """A broker that is a controller too, and one of those that keep a cluster together."""

    number: int
    port: int
    controller_port: int

    @property
    def voter(self) -> str:
        """Return it as `controller.quorum.voters` has it."""
        return f"{self.number}@{HOST}:{self.controller_port}"


def node_settings(node: Node, cluster: Sequence[Node], folder: Path) -> dict[str, str]:
    """What makes a broker one of a cluster; `folder` is its own."""
    return {
        "process.roles": "broker,controller",
        "node.id": str(node.number),
        "controller.quorum.voters": ",".join(each.voter for each in cluster),
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{HOST}:{node.port},CONTROLLER://{HOST}:{node.controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{node.port}",
        "log.dirs": str(folder / "data"),
    }


def broker_settings(folder: Path) -> dict[str, str]:
    """What server.properties says; `folder` is Kafka's own."""
    alone = Node(1, services.KAFKA.ports["main"].number(), services.CONTROLLER_PORT.number())
    return {**services.KAFKA.settings, **node_settings(alone, [alone], folder)}


def worker_settings(folder: Path) -> dict[str, str]:
    """What worker.properties says; `folder` is the worker's own."""
    return {
        **services.CONNECT.settings,
        "bootstrap.servers": f"{HOST}:{services.KAFKA.ports['main'].number()}",
        "listeners": f"http://{HOST}:{services.CONNECT.ports['main'].number()}",
        "rest.advertised.host.name": HOST,
        "plugin.path": str(folder / "plugins"),
        # Read the lists in the jars and not every class of them, which takes half a minute.
        "plugin.discovery": "service_load",
        # The broker starts beside it: as long as a start may take on a busy machine.
        "default.api.timeout.ms": "120000",
    }


def broker(run_folder: Path, jars: Path) -> Launch:
    """Raises `StackError` when Java is missing."""
    folder = run_folder / "kafka"
    return broker_of("kafka", folder, jars, services.KAFKA.ports["main"].number(), broker_settings(folder))


def broker_of(name: str, folder: Path, jars: Path, port: int, settings: Mapping[str, str]) -> Launch:
    """A broker with settings of its own, which listens at `port`.  Raises `StackError` when Java is missing."""
    properties = folder / "server.properties"

    def prepare() -> None:
        folder.mkdir(exist_ok=True)
        _write(properties, settings)
        if not (folder / "data" / "meta.properties").exists():
            _format(jars, properties)

    return Launch(
        name=name,
        command=_java(jars, _server_flags(), "kafka.Kafka", str(properties)),
        folder=folder.parent,
        unwell=lambda: health.kafka(HOST, port),
        prepare=prepare,
    )


def worker(run_folder: Path, jars: Path, plugins: Mapping[str, Path]) -> Launch:
    """`plugins` are folders with the jars of one plug-in each, by the name that the worker shall know."""
    folder = run_folder / "connect"
    properties = folder / "worker.properties"
    url = f"http://{HOST}:{services.CONNECT.ports['main'].number()}/connectors"

    def prepare() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "plugins").mkdir(parents=True)
        for name, place in plugins.items():
            (folder / "plugins" / name).symlink_to(place)
        _write(properties, worker_settings(folder))

    main = "org.apache.kafka.connect.cli.ConnectDistributed"
    return Launch(
        name="connect",
        command=_java(jars, _server_flags(), main, str(properties)),
        folder=run_folder,
        unwell=lambda: health.http(url),
        prepare=prepare,
    )


def _server_flags() -> tuple[str, ...]:
    return (*MEMORY, *os.environ.get(JAVA_OPTIONS, "").split())


def _java(jars: Path, flags: tuple[str, ...], main: str, *arguments: str) -> list[str]:
    java = JAVA.find()
    if java is None:
        raise StackError("Java is not installed")
    return [str(java), *flags, f"-Dlog4j2.configurationFile={LOG4J}", "-cp", f"{jars}/*", main, *arguments]


def _format(jars: Path, properties: Path) -> None:
    # The id names a cluster to its own storage and to nobody else: all that are made here share one.
    command = _java(jars, QUICK_START, "kafka.tools.StorageTool", "format")
    command += ["-t", "d2FsbGV0LWJyaWRnZS1ydQ", "-c", str(properties)]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False, timeout=120)
    if done.returncode != 0:
        raise StackError(f"Kafka could not format its storage:\n{done.stdout}{done.stderr}")


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}


def _write(path: Path, settings: Mapping[str, str]) -> None:
    path.write_text("".join(f"{key}={value}\n" for key, value in settings.items()), encoding="utf-8")
