"""Where the servers of the demo are, as the environment says it; passwords come from files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bridge.errors import ConfigError, Problem

HINT = "run `make demo`, which starts the servers, or `wallet-bridge demo --embedded`, which needs none"


@dataclass(frozen=True, slots=True)
class Servers:
    """Addresses and users.  What holds a password is left out of `repr`."""

    postgres: str
    """Connection settings; the password comes from the file that PGPASSFILE names."""
    debezium_user: str
    debezium_password: str = field(repr=False)
    debezium_postgres: tuple[str, str]
    """Host and port as the Connect worker sees them."""
    kafka: str
    connect: str
    rabbitmq_admin: str = field(repr=False)
    rabbitmq_bridge: str = field(repr=False)


def servers(environment: Mapping[str, str] = os.environ) -> Servers:
    """Return what the environment says.  Raises ConfigError, one sentence, when it does not say all."""

    def given(name: str) -> str:
        value = environment.get(name, "")
        if not value:
            raise ConfigError(
                [Problem("demo", 0, 0, "", f"no servers are known (the variable {name} is not set)", HINT)]
            )
        return value

    def password(name: str) -> str:
        path = Path(given(name))
        try:
            return path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            raise ConfigError(
                [Problem("demo", 0, 0, "", f"the file that {name} names cannot be read", HINT)]
            ) from None

    def amqp(role: str) -> str:
        user, secret = given(f"RABBITMQ_{role}_USER"), password(f"RABBITMQ_{role}_PASSWORD_FILE")
        return f"amqp://{user}:{secret}@{given('RABBITMQ_HOST')}:{given('RABBITMQ_PORT')}/%2F"

    host, port = given("PGHOST"), given("PGPORT")
    return Servers(
        postgres=f"host={host} port={port} user={given('PGUSER')} dbname={given('PGDATABASE')} connect_timeout=5",
        debezium_user=given("DEBEZIUM_USER"),
        debezium_password=password("DEBEZIUM_PASSWORD_FILE"),
        debezium_postgres=(environment.get("DEBEZIUM_PGHOST") or host, environment.get("DEBEZIUM_PGPORT") or port),
        kafka=given("KAFKA_BROKERS"),
        connect=given("CONNECT_URL").rstrip("/"),
        rabbitmq_admin=amqp("ADMIN"),
        rabbitmq_bridge=amqp("BRIDGE"),
    )
