"""Containers and processes are two ways to the same stack: both are held to stack/services.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from stack import packages, services
from stack.native import kafka, postgres, rabbitmq
from stack.native.stack import ROWS, STOP_ORDER
from stack.services import Service

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))[
    "services"
]
EACH = pytest.mark.parametrize("service", services.SERVICES, ids=lambda service: service.name)
# These variables of the Connect image have names of their own.
CONNECT_OWN = {
    "group.id",
    "config.storage.topic",
    "offset.storage.topic",
    "status.storage.topic",
    "key.converter",
    "value.converter",
    "offset.flush.interval.ms",
}


def test_both_ways_have_the_same_servers() -> None:
    described = {service.name for service in services.SERVICES}
    native = {name for row in ROWS for name in row}
    assert native - {"epmd"} == described, "epmd is part of RabbitMQ's container"
    assert COMPOSE.keys() - {"setup", "bridge"} == described


def test_every_server_that_is_started_is_also_stopped() -> None:
    started = sorted(name for row in ROWS for name in row)
    assert sorted(name for group in STOP_ORDER for name in group) == started


@EACH
def test_the_container_has_the_described_image_and_ports(service: Service) -> None:
    assert COMPOSE[service.name]["image"] == service.image
    expected = {f"127.0.0.1:${{{port.variable}:-{port.default}}}:{port.inside}" for port in service.ports.values()}
    assert set(COMPOSE[service.name]["ports"]) == expected


@EACH
def test_what_is_optional_is_so_in_both_ways(service: Service) -> None:
    assert ("profiles" in COMPOSE[service.name]) == service.is_optional


def test_no_two_ports_are_the_same_and_none_is_a_packaged_servers() -> None:
    ports = [port for service in services.SERVICES for port in service.ports.values()]
    ports += services.NATIVE_PORTS
    numbers = [port.default for port in ports]
    assert len(set(numbers)) == len(numbers)
    assert len({port.variable for port in ports}) == len(ports)
    assert not set(numbers) & {4369, 5432, 5672, 8080, 8081, 8083, 9092, 15672, 15692, 25672}
    # Above, the system gives ports to outgoing connections, and ours could be taken by one.
    assert max(numbers) < 32768


def test_postgres_has_the_same_settings() -> None:
    command = COMPOSE["postgres"]["command"]
    assert command[0] == "postgres"
    assert dict(option.removeprefix("-c").split("=", 1) for option in command[1:]) == services.POSTGRES.settings
    assert services.POSTGRES.settings.items() <= postgres.settings().items()


def test_kafka_has_the_same_settings() -> None:
    environment = COMPOSE["kafka"]["environment"]
    for name, value in services.KAFKA.settings.items():
        assert environment["KAFKA_" + name.upper().replace(".", "_")] == value, name
    assert services.KAFKA.settings.items() <= kafka.broker_settings(Path("/x")).items()


def test_the_java_of_the_servers_takes_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stack.native.kafka.JAVA", packages.Program("any", "sh"))
    monkeypatch.setenv(kafka.JAVA_OPTIONS, "-XX:TieredStopAtLevel=1 -Xint")
    for launch in (kafka.broker(Path("/x"), Path("/jars")), kafka.worker(Path("/x"), Path("/jars"), {})):
        main = launch.command.index("-cp")
        assert launch.command[main - 3 : main - 1] == ["-XX:TieredStopAtLevel=1", "-Xint"]


def test_connect_has_the_same_settings() -> None:
    environment = COMPOSE["connect"]["environment"]
    for name, value in services.CONNECT.settings.items():
        variable = name.upper().replace(".", "_")
        assert environment[variable if name in CONNECT_OWN else f"CONNECT_{variable}"] == value, name
    assert services.CONNECT.settings.items() <= kafka.worker_settings(Path("/x")).items()


def test_debezium_has_the_same_version() -> None:
    assert packages.DEBEZIUM.split(":")[2] == services.CONNECT.image.rpartition(":")[2]


def test_the_broker_has_the_same_version() -> None:
    pom = (packages.POMS / "kafka" / "pom.xml").read_text(encoding="utf-8")
    assert f"<kafka.version>{services.KAFKA.image.rpartition(':')[2]}</kafka.version>" in pom


def test_the_registry_has_the_same_version() -> None:
    assert packages.REGISTRY.split(":")[2] == services.REGISTRY.image.rpartition(":")[2]


def test_rabbitmq_has_the_same_plugins() -> None:
    # The management image brings exactly these two.
    assert services.RABBITMQ.image.endswith("-management")
    assert services.RABBITMQ_PLUGINS == ("rabbitmq_management", "rabbitmq_prometheus")


def test_the_administrator_of_rabbitmq_has_the_same_name() -> None:
    assert COMPOSE["rabbitmq"]["environment"]["RABBITMQ_DEFAULT_USER"] == services.ADMIN_USER
    assert f"default_user = {services.ADMIN_USER}\n" in rabbitmq.configuration("secret")


def test_the_users_of_the_database_are_made_by_the_same_file() -> None:
    volumes = COMPOSE["postgres"]["volumes"]
    mounted = postgres.ROLES.relative_to(ROOT)
    assert f"./{mounted}:/docker-entrypoint-initdb.d/10-roles.sql:ro" in volumes
    assert COMPOSE["postgres"]["environment"]["POSTGRES_USER"] == services.OWNER_USER
    text = postgres.ROLES.read_text(encoding="utf-8")
    for name in (services.OWNER_USER, services.DEBEZIUM_USER, services.DATABASE):
        assert name in text


def test_the_publisher_is_made_by_the_same_code_and_may_only_publish() -> None:
    assert COMPOSE["setup"]["entrypoint"] == ["python", "-m", "stack.setup"]
    assert f"amqp://{services.BRIDGE_USER}:" in COMPOSE["bridge"]["environment"]["RABBITMQ_URL"]
    permission = services.RABBITMQ_PERMISSIONS[services.BRIDGE_USER]
    assert (permission.configure, permission.read) == ("", "")


def test_native_servers_listen_on_loopback_only() -> None:
    assert postgres.settings()["listen_addresses"] == "127.0.0.1"
    assert kafka.broker_settings(Path("/x"))["listeners"].count("://127.0.0.1:") == 2
    assert kafka.worker_settings(Path("/x"))["listeners"].startswith("http://127.0.0.1:")
    addresses = [
        line for line in rabbitmq.configuration("x").splitlines() if "tcp.ip" in line or "listeners" in line
    ]
    assert len(addresses) == 3
    assert all("127.0.0.1" in line for line in addresses)
