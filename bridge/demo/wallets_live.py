"""The demo's wallets on the real servers: a database of their own, read by Debezium, and taken away again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import psycopg
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from psycopg import sql

from bridge.demo.brands import BRANDS
from bridge.demo.debezium import DebeziumConnector
from bridge.demo.interrupts import uninterrupted
from bridge.demo.servers import HINT, Servers
from bridge.demo.truth import Write
from bridge.errors import SourceUnavailable

ADMIN_SECONDS = 15.0


class LiveWallets:
    """A database with both brands' schemas."""

    def __init__(self, connections: dict[str, psycopg.Connection[Any]]) -> None:
        """Write through `connections`, one for each brand; each statement commits by itself."""
        self._connections = connections

    def write(self, brand: str, write: Write) -> None:
        """Commit one statement."""
        self._connections[brand].execute(write.statement, write.values)


@contextmanager
def live_wallets(servers: Servers, run: str) -> Iterator[LiveWallets]:
    """Yield wallets of their own, made and read up to now by Debezium; take everything away at the end.

    Raises SourceUnavailable when a server does not answer.
    """
    database = run.replace("-", "_")
    _require_kafka(servers.kafka)
    with ExitStack() as undo:
        owner = undo.enter_context(closing(_connect(servers.postgres)))
        with uninterrupted():
            owner.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
            undo.callback(_drop_database, owner, database)
        connections = {}
        for brand in BRANDS:
            # The last dbname of a connection string counts.
            connection = undo.enter_context(closing(_connect(f"{servers.postgres} dbname={database}")))
            connection.execute(brand.schema.read_bytes())
            connections[brand.name] = connection
        undo.callback(_drop_topics, servers.kafka, run)
        _read_by_debezium(servers, run, database, owner, undo)
        yield LiveWallets(connections)


def _read_by_debezium(
    servers: Servers, run: str, database: str, owner: psycopg.Connection[Any], undo: ExitStack
) -> None:
    host, port = servers.debezium_postgres
    values = {
        "DB_HOST": host,
        "DB_PORT": port,
        "DB_NAME": database,
        "DB_USER": servers.debezium_user,
        "DB_PASSWORD": servers.debezium_password,
    }
    found = []
    for brand in BRANDS:
        slot = f"{database}_{brand.name}".replace("-", "_")
        connector = DebeziumConnector(servers.connect, brand.topics(run), slot)
        undo.callback(connector.remove, owner)
        connector.register(brand.debezium, values)
        found.append(connector)
    for connector in found:
        connector.wait(owner)


def _admin(brokers: str) -> AdminClient:
    # Whatever matters is raised; the client's own lines would tear the progress bar apart.
    return AdminClient({"bootstrap.servers": brokers, "log_level": 0})


def _require_kafka(brokers: str) -> None:
    try:
        _admin(brokers).list_topics(timeout=ADMIN_SECONDS)
    except KafkaException:
        raise SourceUnavailable(f"Kafka does not answer at {brokers}: {HINT}") from None


def _connect(settings: str) -> psycopg.Connection[Any]:
    try:
        return psycopg.connect(settings, autocommit=True)
    except psycopg.OperationalError as error:
        cause = str(error).strip().splitlines()[0]
        raise SourceUnavailable(f"PostgreSQL does not answer ({cause}): {HINT}") from None


def _drop_database(owner: psycopg.Connection[Any], database: str) -> None:
    owner.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))


def _drop_topics(brokers: str, run: str) -> None:
    """Delete the run's topics; Kafka forgets a group by itself once its topics are gone.

    A broker that is away keeps them, and harms nobody by it.
    """
    admin = _admin(brokers)
    try:
        there = admin.list_topics(timeout=ADMIN_SECONDS).topics
        topics = [name for name in there if name.startswith(f"{run}-")]
        for future in admin.delete_topics(topics, operation_timeout=ADMIN_SECONDS).values() if topics else ():
            future.exception(ADMIN_SECONDS)
    except KafkaException:
        return
