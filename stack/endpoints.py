"""Where the servers answer and who may ask: for tests, the demo and the benchmark."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stack import services
from stack.passwords import password_file, pgpass_file, read_password
from stack.places import run_folder
from stack.services import HOST


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses and users of one stack.  What holds a password is left out of `repr`, so that no log shows it.

    `connect_…` are the addresses as the Connect worker sees them: in containers it is not this host.
    """

    folder: Path
    postgres_dsn: str = field(repr=False)
    postgres_host: str
    postgres_port: int
    postgres_database: str
    postgres_user: str
    postgres_password: str = field(repr=False)
    debezium_user: str
    debezium_password: str = field(repr=False)
    connect_postgres_host: str
    connect_postgres_port: int
    connect_registry_url: str
    kafka_bootstrap: str
    connect_url: str
    rabbitmq_host: str
    rabbitmq_port: int
    rabbitmq_admin_url: str = field(repr=False)
    rabbitmq_bridge_url: str = field(repr=False)
    rabbitmq_admin_user: str
    rabbitmq_admin_password: str = field(repr=False)
    rabbitmq_management_url: str
    rabbitmq_prometheus_url: str
    registry_url: str


def addresses(environ: Mapping[str, str] = os.environ, *, in_containers: bool | None = None) -> Addresses:
    """The addresses of the stack that `environ` means.  Raises `StackError` before its first `up`."""
    folder = run_folder(environ)
    if in_containers is None:
        in_containers = (folder / "engine").exists() and (folder / "engine").read_text().strip() == "docker"
    number = {each.name: each.ports["main"].number(environ) for each in services.SERVICES}
    owner, debezium, admin, bridge = (
        read_password(folder, name) for name in ("postgres-owner", "debezium", "rabbitmq-admin", "rabbitmq-bridge")
    )
    amqp = f"{HOST}:{number['rabbitmq']}/%2F"
    return Addresses(
        folder=folder,
        postgres_dsn=f"postgresql://{services.OWNER_USER}:{owner}@{HOST}:{number['postgres']}/{services.DATABASE}",
        postgres_host=HOST,
        postgres_port=number["postgres"],
        postgres_database=services.DATABASE,
        postgres_user=services.OWNER_USER,
        postgres_password=owner,
        debezium_user=services.DEBEZIUM_USER,
        debezium_password=debezium,
        connect_postgres_host="postgres" if in_containers else HOST,
        connect_postgres_port=services.POSTGRES.ports["main"].inside if in_containers else number["postgres"],
        connect_registry_url="http://registry:8080" if in_containers else f"http://{HOST}:{number['registry']}",
        kafka_bootstrap=f"{HOST}:{number['kafka']}",
        connect_url=f"http://{HOST}:{number['connect']}",
        rabbitmq_host=HOST,
        rabbitmq_port=number["rabbitmq"],
        rabbitmq_admin_url=f"amqp://{services.ADMIN_USER}:{admin}@{amqp}",
        rabbitmq_bridge_url=f"amqp://{services.BRIDGE_USER}:{bridge}@{amqp}",
        rabbitmq_admin_user=services.ADMIN_USER,
        rabbitmq_admin_password=admin,
        rabbitmq_management_url=f"http://{HOST}:{services.RABBITMQ.ports['management'].number(environ)}",
        rabbitmq_prometheus_url=f"http://{HOST}:{services.RABBITMQ.ports['prometheus'].number(environ)}/metrics",
        registry_url=f"http://{HOST}:{number['registry']}",
    )


def exports(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The same as variables for a shell: addresses, users, and the paths of password files."""
    found = addresses(environ)
    folder = found.folder
    return {
        "BRIDGE_STACK_DIR": str(folder),
        "PGHOST": found.postgres_host,
        "PGPORT": str(found.postgres_port),
        "PGDATABASE": found.postgres_database,
        "PGUSER": found.postgres_user,
        "PGPASSFILE": str(pgpass_file(folder)),
        "KAFKA_BROKERS": found.kafka_bootstrap,
        "CONNECT_URL": found.connect_url,
        "RABBITMQ_HOST": found.rabbitmq_host,
        "RABBITMQ_PORT": str(found.rabbitmq_port),
        "RABBITMQ_BRIDGE_USER": services.BRIDGE_USER,
        "RABBITMQ_BRIDGE_PASSWORD_FILE": str(password_file(folder, "rabbitmq-bridge")),
        "RABBITMQ_ADMIN_USER": found.rabbitmq_admin_user,
        "RABBITMQ_ADMIN_PASSWORD_FILE": str(password_file(folder, "rabbitmq-admin")),
        "RABBITMQ_MANAGEMENT_URL": found.rabbitmq_management_url,
        "DEBEZIUM_PGHOST": found.connect_postgres_host,
        "DEBEZIUM_PGPORT": str(found.connect_postgres_port),
        "DEBEZIUM_USER": found.debezium_user,
        "DEBEZIUM_PASSWORD_FILE": str(password_file(folder, "debezium")),
        "REGISTRY_URL": found.registry_url,
    }
