"""Debezium connectors through the stack's helper: registered, failed, taken away, made again."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from confluent_kafka import Consumer, TopicPartition

import stack
from tests.stack.conftest import OwnStack
from tests.support.eventually import eventually

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(300),
]

NAME = "probe-connector"


@pytest.fixture(autouse=True)
def _use_own_stack(own_stack: OwnStack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in own_stack.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def config() -> Iterator[dict[str, str]]:
    """A connector for a table with one row; everything is taken away at the end."""
    found = stack.addresses()
    with psycopg.connect(found.postgres_dsn, autocommit=True) as owner:
        owner.execute("CREATE TABLE wallet_tx (id int PRIMARY KEY)")
        owner.execute("CREATE PUBLICATION probe_cdc FOR TABLE wallet_tx")
        owner.execute("INSERT INTO wallet_tx VALUES (1)")
        yield {
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "database.hostname": found.connect_postgres_host,
            "database.port": str(found.connect_postgres_port),
            "database.user": found.debezium_user,
            "database.password": found.debezium_password,
            "database.dbname": found.postgres_database,
            # Its own topics for each test.
            "topic.prefix": f"probe-{uuid.uuid4().hex[:8]}",
            "plugin.name": "pgoutput",
            "slot.name": "probe_connector",
            "publication.name": "probe_cdc",
            "publication.autocreate.mode": "disabled",
            "table.include.list": "public.wallet_tx",
            "topic.creation.default.partitions": "1",
            "topic.creation.default.replication.factor": "1",
        }
        stack.connect.delete(NAME)
        _drop_slot(owner)
        owner.execute("DROP PUBLICATION IF EXISTS probe_cdc")
        owner.execute("DROP TABLE wallet_tx")


def _drop_slot(owner: psycopg.Connection) -> None:
    def dropped() -> bool:
        # The worker may still hold it for a moment after the connector is gone.
        owner.execute(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
            " WHERE slot_name = 'probe_connector' AND NOT active"
        )
        row = owner.execute("SELECT count(*) FROM pg_replication_slots").fetchone()
        return row == (0,)

    eventually(dropped, within_seconds=20)


def _read(config: dict[str, str], count: int) -> list[bytes]:
    consumer = Consumer(
        {
            "bootstrap.servers": stack.addresses().kafka_bootstrap,
            "group.id": "probe",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "allow.auto.create.topics": False,
        }
    )
    consumer.assign([TopicPartition(f"{config['topic.prefix']}.public.wallet_tx", 0, 0)])
    values: list[bytes] = []

    def enough() -> bool:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None and (value := message.value()) is not None:
            values.append(value)
        return len(values) >= count

    try:
        eventually(enough, within_seconds=30)
    finally:
        consumer.close()
    return values


def _ops(values: list[bytes]) -> list[tuple[str, Any]]:
    payloads = [json.loads(value)["payload"] for value in values]
    return [(payload["op"], payload["after"]["id"]) for payload in payloads]


def test_a_registered_connector_writes_rows_and_a_deleted_one_begins_anew(config: dict[str, str]) -> None:
    stack.connect.register(NAME, config)
    assert _ops(_read(config, 1)) == [("r", 1)]
    with psycopg.connect(stack.addresses().postgres_dsn) as owner:
        owner.execute("INSERT INTO wallet_tx VALUES (2)")
    assert _ops(_read(config, 2)) == [("r", 1), ("c", 2)]
    stack.connect.delete(NAME)
    assert stack.connect.status(NAME) is None
    stack.connect.register(NAME, config)
    # With the old offsets it would go on in silence; without them it reads the table once more.
    assert _ops(_read(config, 4))[2:] == [("r", 1), ("r", 2)]


def test_a_stopped_connector_goes_on_with_other_settings_from_where_it_is_told(config: dict[str, str]) -> None:
    worker = stack.Connect(stack.addresses().connect_url)
    worker.register(NAME, config)
    assert _ops(_read(config, 1)) == [("r", 1)]
    worker.stop(NAME)
    kept = worker.offsets(NAME)
    assert len(kept["offsets"]) == 1
    worker.change(NAME, config | {"tombstones.on.delete": "false"})
    worker.go_on_from(NAME, kept)
    status = worker.status(NAME)
    assert status is not None
    assert status["tasks"] == []
    worker.resume(NAME)
    with psycopg.connect(stack.addresses().postgres_dsn) as owner:
        owner.execute("INSERT INTO wallet_tx VALUES (2)")
    assert _ops(_read(config, 2)) == [("r", 1), ("c", 2)]


def test_a_failed_connector_is_an_error_that_carries_the_trace(config: dict[str, str]) -> None:
    with psycopg.connect(stack.addresses().postgres_dsn, autocommit=True) as owner:
        owner.execute("DROP PUBLICATION probe_cdc")
    with pytest.raises(stack.ConnectorFailed, match=r"(?s)Publication.*\tat io\.debezium"):
        stack.connect.register(NAME, config)


def test_a_refused_connector_is_an_error_in_the_workers_words(config: dict[str, str]) -> None:
    with pytest.raises(stack.StackError, match="password authentication failed"):
        stack.connect.register(NAME, {**config, "database.password": "wrong"})


def test_to_delete_what_is_not_there_is_no_error() -> None:
    stack.connect.delete("never-registered")


def test_values_can_be_avro_with_their_schemas_in_the_registry(
    own_stack: OwnStack, config: dict[str, str]
) -> None:
    assert own_stack.run("up", "--with", "registry").returncode == 0
    found = stack.addresses()
    converter = "io.apicurio.registry.utils.converter.AvroConverter"
    avro = {
        "key.converter": converter,
        "value.converter": converter,
    }
    for side in ("key", "value"):
        avro |= {
            f"{side}.converter.apicurio.registry.url": f"{found.connect_registry_url}/apis/registry/v2",
            f"{side}.converter.apicurio.registry.auto-register": "true",
            f"{side}.converter.apicurio.registry.find-latest": "true",
            f"{side}.converter.apicurio.registry.as-confluent": "true",
        }
    stack.connect.register(NAME, config | avro)
    (value,) = _read(config, 1)
    assert value[0] == 0, "Confluent's form begins with a zero byte and the schema's number"
