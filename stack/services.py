"""What the stack consists of.  Both ways of starting it, containers and own processes, are held to this.

Ports are published on 127.0.0.1 only; each has a variable, so that two stacks can run side by side.
The defaults stay away from the ports that packaged servers take by themselves.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from stack.errors import StackError

HOST = "127.0.0.1"

DATABASE = "wallet"
EXCHANGE = "fasttrack"
QUEUE = "fasttrack.casino"
ROUTING_KEY = "casino"

OWNER_USER = "wallet_owner"
DEBEZIUM_USER = "debezium"
ADMIN_USER = "admin"
BRIDGE_USER = "bridge"


@dataclass(frozen=True, slots=True)
class Port:
    """A port of a service: the variable that moves it, its default, and its number inside a container."""

    variable: str
    default: int
    inside: int

    def number(self, environ: Mapping[str, str] = os.environ) -> int:
        """Raises `StackError` when the variable holds no port number."""
        text = environ.get(self.variable) or str(self.default)
        if not (text.isascii() and text.isdecimal()) or not 0 < int(text) < 65536:
            raise StackError(f"{self.variable} is not a port number")
        return int(text)


@dataclass(frozen=True, slots=True)
class Service:
    """One server: its image, its ports by purpose, and the settings that both ways of starting share."""

    name: str
    image: str
    ports: Mapping[str, Port]
    settings: Mapping[str, str] = field(default_factory=dict)
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Permission:
    """What a RabbitMQ user may do in the vhost "/": one regular expression for each kind of operation."""

    configure: str
    write: str
    read: str


POSTGRES = Service(
    name="postgres",
    image="postgres:17.7",
    ports={"main": Port("BRIDGE_POSTGRES_PORT", 15432, 5432)},
    settings={
        "wal_level": "logical",
        "max_replication_slots": "32",
        "max_wal_senders": "32",
        "max_connections": "200",
    },
)

KAFKA = Service(
    name="kafka",
    image="apache/kafka:4.3.1",
    ports={"main": Port("BRIDGE_KAFKA_PORT", 19092, 19092)},
    settings={
        "auto.create.topics.enable": "false",
        "default.replication.factor": "1",
        "min.insync.replicas": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        # A test that joins a group should not wait for others that never come.
        "group.initial.rebalance.delay.ms": "0",
        "log.retention.check.interval.ms": "5000",
        # A killed broker may come back when the session of its former life is over: by default 9 s.
        "broker.session.timeout.ms": "4000",
        "broker.heartbeat.interval.ms": "1000",
    },
)

CONNECT = Service(
    name="connect",
    image="quay.io/debezium/connect:3.7.0.Final",
    ports={"main": Port("BRIDGE_CONNECT_PORT", 18083, 8083)},
    settings={
        "group.id": "wallet-connect",
        "config.storage.topic": "connect.configs",
        "offset.storage.topic": "connect.offsets",
        "status.storage.topic": "connect.status",
        "config.storage.replication.factor": "1",
        "offset.storage.replication.factor": "1",
        "status.storage.replication.factor": "1",
        "offset.storage.partitions": "2",
        "status.storage.partitions": "1",
        "offset.flush.interval.ms": "1000",
        "scheduled.rebalance.max.delay.ms": "0",
        "key.converter": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    },
)

RABBITMQ = Service(
    name="rabbitmq",
    image="rabbitmq:4.2.1-management",
    ports={
        "main": Port("BRIDGE_RABBITMQ_PORT", 15673, 5672),
        "management": Port("BRIDGE_RABBITMQ_MANAGEMENT_PORT", 15674, 15672),
        "prometheus": Port("BRIDGE_RABBITMQ_PROMETHEUS_PORT", 15675, 15692),
    },
)

REGISTRY = Service(
    name="registry",
    image="apicurio/apicurio-registry:3.0.9",
    ports={"main": Port("BRIDGE_REGISTRY_PORT", 18081, 8080)},
    is_optional=True,
)

SERVICES = (POSTGRES, KAFKA, CONNECT, RABBITMQ, REGISTRY)

# Needed only where the servers are processes of ours: inside containers these ports are private.
CONTROLLER_PORT = Port("BRIDGE_KAFKA_CONTROLLER_PORT", 19093, 19093)
ERLANG_PORT = Port("BRIDGE_RABBITMQ_DISTRIBUTION_PORT", 25673, 25672)
EPMD_PORT = Port("BRIDGE_EPMD_PORT", 14369, 4369)
NATIVE_PORTS = (CONTROLLER_PORT, ERLANG_PORT, EPMD_PORT)

RABBITMQ_PLUGINS = ("rabbitmq_management", "rabbitmq_prometheus")

RABBITMQ_PERMISSIONS: Mapping[str, Permission] = {
    ADMIN_USER: Permission(configure=".*", write=".*", read=".*"),
    # May publish to Fast Track's exchanges and do nothing else.  To publish is "write" on the exchange.
    # "fasttrack" itself, and names below it ("fasttrack.test-1"), so that tests need no rights of their own.
    BRIDGE_USER: Permission(configure="", write=r"^fasttrack([.-].*)?$", read=""),
}


def service(name: str) -> Service:
    """Raises `StackError` for a name that is none."""
    for each in SERVICES:
        if each.name == name:
            return each
    names = ", ".join(each.name for each in SERVICES)
    raise StackError(f"{name!r} is no server of the stack; there are {names}")
