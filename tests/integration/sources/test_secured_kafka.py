"""TLS, log-ins and outages, on a broker that asks for them and can be stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from bridge.app import source_of
from bridge.brand import load_brand
from bridge.errors import SourceUnavailable
from bridge.ledger import open_sqlite
from bridge.running.checks import RunningChecks
from bridge.running.surroundings import Surroundings
from bridge.sources import KafkaSettings, KafkaSource, open_source
from bridge.sources.librdkafka import connection_config
from bridge.sources.settings import Client
from tests.contract.source_contract import PATIENCE, Follower, read, values
from tests.integration.sources.secured_broker import PASSWORD, USER, SecuredBroker, secured_broker
from tests.support.eventually import eventually
from tests.support.garbage import FORGOTTEN_SOCKETS
from tests.support.spreading import hold_to_one_worker
from tests.support.trial import EVENT

pytestmark = [pytest.mark.integration, FORGOTTEN_SOCKETS]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    hold_to_one_worker(tmp_path_factory, "secured-broker")
    with secured_broker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


def settings(broker: SecuredBroker, client: Client, **others: object) -> KafkaSettings:
    said: dict[str, object] = {
        "brokers": broker.brokers,
        "group": f"group.{uuid4().hex[:12]}",
        "client": client,
        "tls": {"ca": str(broker.ca)},
        "sasl": {"mechanism": "SCRAM-SHA-512", "username": USER, "password": PASSWORD},
        "request_timeout": "10 s",
    }
    return KafkaSettings.model_validate(said | others)


def log_in(mechanism: str, password: str = PASSWORD) -> dict[str, str]:
    return {"mechanism": mechanism, "username": USER, "password": password}


@pytest.fixture
def topic(broker: SecuredBroker) -> str:
    topic = f"source.{uuid4().hex[:12]}"
    admin = AdminClient(connection_config(settings(broker, Client.CONFLUENT)))
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(60)
    write(broker, topic, b"first")
    return topic


def write(broker: SecuredBroker, topic: str, value: bytes) -> None:
    producer = Producer(connection_config(settings(broker, Client.CONFLUENT)))
    producer.produce(topic, value)
    assert producer.flush(60) == 0


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_records_come_through_tls_and_a_log_in(
    broker: SecuredBroker, topic: str, client: Client, mechanism: str
) -> None:
    source = open_source(settings(broker, client, sasl=log_in(mechanism)), [topic])
    source.open(Follower())
    assert values(read(source, 1)) == [b"first"]
    source.close()


def test_a_wrong_password_is_said_without_showing_it(broker: SecuredBroker, client: Client) -> None:
    said = settings(broker, client, sasl=log_in("SCRAM-SHA-512", "wrong-word"), request_timeout="12 s")
    source = open_source(said, ["topic"])
    with pytest.raises(SourceUnavailable, match=f"{broker.brokers} refuses the log-in .*check sasl") as caught:
        source.open(Follower())
    assert "wrong-word" not in str(caught.value)
    source.close()


def test_a_certificate_that_is_not_trusted_is_said(broker: SecuredBroker, client: Client) -> None:
    source = open_source(settings(broker, client, tls={}, request_timeout="3 s"), ["topic"])
    with pytest.raises(SourceUnavailable, match=r"no common TLS .*verif.*check tls"):
        source.open(Follower())
    source.close()


def test_the_ugly_switch_trusts_any_certificate(broker: SecuredBroker, topic: str, client: Client) -> None:
    source = open_source(settings(broker, client, tls={"insecure_skip_verify": True}), [topic])
    source.open(Follower())
    assert values(read(source, 1)) == [b"first"]
    source.close()


def polled_away(source: KafkaSource) -> bool:
    source.poll(0.2)
    return False


def connected(source: KafkaSource, *, said: bool) -> bool:
    source.poll(0.2)
    return source.health().connected is said


def test_an_outage_is_told_and_outlasted_or_ends_at_the_limit(broker: SecuredBroker, topic: str) -> None:
    patient = [open_source(settings(broker, client), [topic]) for client in Client]
    limited = [open_source(settings(broker, client, unavailable_limit="1 s"), [topic]) for client in Client]
    for source in patient + limited:
        # Where the group has forgotten its members meanwhile, they go on from here.
        follower = Follower()
        source.open(follower)
        follower.take(first := read(source, 1))
        assert values(first) == [b"first"]
    broker.server.kill()
    try:
        for source in limited:
            with pytest.raises(SourceUnavailable, match=broker.brokers):
                eventually(partial(polled_away, source), within_seconds=PATIENCE)
        for source in patient:
            eventually(partial(connected, source, said=False), within_seconds=PATIENCE)
            assert broker.brokers in str(source.health().last_error)
    finally:
        broker.server.start()
    write(broker, topic, b"second")
    for source in patient:
        assert values(read(source, 1)) == [b"second"]
        eventually(partial(connected, source, said=True), within_seconds=PATIENCE)
    for source in patient + limited:
        source.close()


CONNECTOR = """\
version: 1
brand: rotated
source:
  kafka:
    brokers: "{brokers}"
    client: {client}
    group: "{group}"
    request_timeout: 10 s
    session_timeout: 6 s
    tls: {{ca: "{ca}"}}
    sasl: {{mechanism: SCRAM-SHA-512, username: rotated, password: "${{file:password}}"}}
  topics: {{tx: "{topic}"}}
target: {{rabbitmq: {{url: "amqp://a:b@127.0.0.1/", exchange: fasttrack}}}}
play:
  tx: {{rows: append-only, key: id, player: player, activities: {{bet: {{type: Bet}}}}, event: {event}}}
"""


def test_a_rotated_password_is_found_by_a_running_source(
    broker: SecuredBroker, topic: str, client: Client, tmp_path: Path
) -> None:

    def rotate(password: str) -> None:
        broker.let_in("rotated", password)
        (tmp_path / "password").write_text(password)

    rotate("first-word")
    said = {"brokers": broker.brokers, "client": client, "ca": broker.ca, "topic": topic}
    text = CONNECTOR.format(**said, group=f"group.{uuid4().hex[:12]}", event=json.dumps(EVENT))
    (tmp_path / "rotated.yaml").write_text(text)
    surroundings = Surroundings(load_brand(tmp_path / "rotated.yaml", {}), {})
    source = source_of(surroundings.brand())
    ledger = open_sqlite(":memory:", "rotated", create=True)
    checks = RunningChecks(surroundings, source, ledger)
    try:
        source.open(Follower())
        assert values(read(source, 1)) == [b"first"]
        rotate("second-word")
        broker.server.kill()
        broker.server.start()

        def told() -> str:
            source.poll(0.2)
            try:
                checks.now_and_then()
            except SourceUnavailable as error:
                return str(error)
            return ""

        eventually(lambda: "have changed" in told(), within_seconds=PATIENCE, message="nothing was noticed")
    finally:
        source.close()
    again = source_of(surroundings.brand())
    try:
        again.open(Follower())
        assert values(read(again, 1)) == [b"first"]
    finally:
        again.close()
