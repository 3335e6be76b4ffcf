"""A wallet on the real servers: its own database, Debezium connector, topics, exchange and queue."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pika
import psycopg
from psycopg import sql

import stack
from stack.endpoints import Addresses
from tests.support.cases import CASES, EXAMPLES
from tests.support.eventually import eventually


@dataclass
class Arrived:
    """One message as it lay in the queue."""

    message_id: str
    body: bytes
    type: str
    redelivered: bool = False

    @property
    def event(self) -> dict[str, Any]:
        """Return the body, with exact numbers."""
        event: dict[str, Any] = json.loads(self.body, parse_float=Decimal)
        return event


@dataclass
class Queue:
    """A queue bound to an exchange of its own; reads what has arrived, and keeps it."""

    addresses: Addresses
    exchange: str
    queue: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    arrived: list[Arrived] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(self.addresses.rabbitmq_admin_url))
        self._channel = self._connection.channel()
        self._channel.exchange_declare(self.exchange, exchange_type="topic", durable=True)
        self._channel.queue_declare(self.queue, durable=True, arguments=dict(self.arguments))
        self._channel.queue_bind(self.queue, self.exchange, "#")

    def take(self) -> list[Arrived]:
        """Take what lies in the queue; return all that has arrived so far."""
        while True:
            method, properties, body = self._channel.basic_get(self.queue, auto_ack=True)
            if method is None or body is None:
                return self.arrived
            assert properties is not None
            self.arrived.append(
                Arrived(properties.message_id or "", body, properties.type or "", method.redelivered)
            )

    def close(self) -> None:
        """Delete queue and exchange."""
        self._channel.queue_delete(self.queue)
        self._channel.exchange_delete(self.exchange)
        self._connection.close()


@contextmanager
def queue(addresses: Addresses, name: str, **arguments: Any) -> Iterator[Queue]:
    """Yield a queue of its own for a test."""
    unique = f"fasttrack.{name}-{uuid.uuid4().hex[:8]}"
    made = Queue(addresses, unique, unique, {key.replace("_", "-"): value for key, value in arguments.items()})
    try:
        yield made
    finally:
        made.close()


@dataclass
class LiveWallet:
    """A case's wallet in Postgres, with Debezium reading it."""

    addresses: Addresses
    case: str
    unique: str
    dsn: str

    @property
    def prefix(self) -> str:
        """Return the prefix of its topics."""
        return f"{self.case}-{self.unique}"

    def run_sql(self, path: Path) -> None:
        """Run a script as psql would: each statement for itself, unless inside BEGIN and COMMIT."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            for statement in statements(path.read_text()):
                connection.execute(statement.encode())

    def execute(self, statement: str, *parameters: Any) -> None:
        """Run one statement."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(statement.encode(), parameters or None)

    def connector(self, folder: Path, exchange: str, **replace: str) -> tuple[Path, dict[str, str]]:
        """Write the case's example connector with this wallet's topics and an exchange; return its environment."""
        text = (EXAMPLES / f"{self.case}.yaml").read_text()
        template = json.loads((CASES / self.case / "debezium.json").read_text())["config"]["topic.prefix"]
        assert f'"{template}.public.' in text
        text = text.replace(f'"{template}.public.', f'"{self.prefix}.public.')
        text = text.replace("exchange: fasttrack", f"exchange: {exchange}")
        # Nothing in a story arrives after its end, so waiting may be cut short.
        text = re.sub(r"^wait: .*$", "wait: {lookup: 6s, parts: 6s, original: 8s}", text, flags=re.MULTILINE)
        text = text.replace(
            'kafka: "${KAFKA_BROKERS}"', f'kafka: {{brokers: "${{KAFKA_BROKERS}}", group: "bridge.{self.unique}"}}'
        )
        for old, new in replace.items():
            text = text.replace(old, new)
        path = folder / f"{self.case}.yaml"
        path.write_text(text)
        return path, environment(self.addresses)


def environment(addresses: Addresses) -> dict[str, str]:
    """Return the variables that the example connectors need."""
    return {"KAFKA_BROKERS": addresses.kafka_bootstrap, "RABBITMQ_URL": addresses.rabbitmq_bridge_url}


@contextmanager
def live_wallet(addresses: Addresses, case: str) -> Iterator[LiveWallet]:
    """Yield a case's wallet: schema and seed are in, Debezium has read them and streams."""
    unique = uuid.uuid4().hex[:8]
    database = f"wallet_{unique}"
    with psycopg.connect(addresses.postgres_dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    dsn = psycopg.conninfo.make_conninfo(addresses.postgres_dsn, dbname=database)
    wallet = LiveWallet(addresses, case, unique, dsn)
    slot = f"slot_{unique}"
    try:
        wallet.run_sql(CASES / case / "schema.sql")
        wallet.run_sql(CASES / case / "seed.sql")
        stack.connect.register(wallet.prefix, _debezium(wallet, database, slot), deadline_seconds=120)
        eventually(
            lambda: streams(wallet, slot), within_seconds=60, message="Debezium has not finished its snapshot"
        )
        yield wallet
    finally:
        stack.connect.delete(wallet.prefix)
        with psycopg.connect(addresses.postgres_dsn, autocommit=True) as admin:
            drop_database(admin, database, slot)


def _debezium(wallet: LiveWallet, database: str, slot: str) -> dict[str, str]:
    addresses = wallet.addresses
    values = {
        "HOST": addresses.connect_postgres_host,
        "PORT": str(addresses.connect_postgres_port),
        "USER": addresses.debezium_user,
        "PASSWORD": addresses.debezium_password,
        "NAME": database,
        "DATABASE": database,
    }
    text = (CASES / wallet.case / "debezium.json").read_text()
    for name, value in values.items():
        text = text.replace(f"${{DB_{name}}}", value).replace(f"${{PG_{name}}}", value)
    config: dict[str, str] = json.loads(text)["config"]
    return config | {"topic.prefix": wallet.prefix, "slot.name": slot}


def streams(wallet: LiveWallet, slot: str) -> bool:
    """Return whether the snapshot is over: rows written from now on are read from the log."""
    question = (
        "SELECT 1 FROM pg_replication_slots JOIN pg_stat_replication ON pid = active_pid "
        "WHERE slot_name = %s AND state = 'streaming'"
    )
    with psycopg.connect(wallet.dsn, autocommit=True) as connection:
        return connection.execute(question, [slot]).fetchone() is not None


def drop_database(admin: psycopg.Connection[Any], database: str, slot: str) -> None:
    """Drop a wallet's database with its replication slot, once nobody reads from that any more."""

    def dropped() -> bool:
        active = admin.execute("SELECT active FROM pg_replication_slots WHERE slot_name = %s", [slot]).fetchone()
        if active is not None and not active[0]:
            admin.execute("SELECT pg_drop_replication_slot(%s)", [slot])
        return active is None or not active[0]

    eventually(dropped, within_seconds=30, message=f"slot {slot} stays in use")
    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def statements(text: str) -> Iterator[str]:
    """Yield the statements of a script; those between BEGIN and COMMIT together."""
    lines = [line for line in text.splitlines() if not line.strip().startswith("--")]
    pending: list[str] = []
    inside = False
    for part in "\n".join(lines).split(";"):
        statement = part.strip()
        if not statement:
            continue
        pending.append(statement)
        if statement.upper().startswith("BEGIN"):
            inside = True
        if statement.upper().startswith(("COMMIT", "ROLLBACK")):
            inside = False
        if not inside:
            yield ";\n".join(pending)
            pending = []
    assert not pending, "the script ends inside a transaction"


def settled(count: Any, seconds: float = 1.0, within_seconds: float = 60.0) -> None:
    """Wait until a number has not changed for some seconds: nothing more is on its way."""
    last, since, end = count(), time.monotonic(), time.monotonic() + within_seconds
    while time.monotonic() < end:
        now = count()
        if now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since >= seconds:
            return
        time.sleep(0.05)
    raise AssertionError(f"still changing after {within_seconds} s: {last}")
