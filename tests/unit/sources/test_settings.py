"""Every setting of Kafka, and the name under which each client gets it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from confluent_kafka import Consumer
from pydantic import BaseModel, ValidationError

from bridge.errors import ConfigError
from bridge.sources import kafka_python_config, librdkafka
from bridge.sources.confluent import ConfluentSource
from bridge.sources.settings import KafkaSettings, SaslSettings, TlsSettings


def settings(**said: object) -> KafkaSettings:
    return KafkaSettings.model_validate({"brokers": "one:9092"} | said)


def confluent(**said: object) -> Mapping[str, Any]:
    return librdkafka.consumer_config(settings(**said), "group")


def kafka_python(**said: object) -> Mapping[str, Any]:
    return kafka_python_config.consumer_config(settings(**said), "group")


@pytest.mark.parametrize(
    ("said", "confluent_name", "confluent_value", "other_name", "other_value"),
    [
        ({"brokers": "a:1, b:2"}, "bootstrap.servers", "a:1,b:2", "bootstrap_servers", ["a:1", "b:2"]),
        ({"session_timeout": "10 s"}, "session.timeout.ms", 10_000, "session_timeout_ms", 10_000),
        ({"max_poll_interval": "2 minutes"}, "max.poll.interval.ms", 120_000, "max_poll_interval_ms", 120_000),
        ({"member": "one"}, "group.instance.id", "one", "group_instance_id", "one"),
        ({"prefetch_mib": 2}, "queued.max.messages.kbytes", 2048, "fetch_max_bytes", 2 << 20),
        (
            {"isolation": "read_uncommitted"},
            "isolation.level",
            "read_uncommitted",
            "isolation_level",
            "read_uncommitted",
        ),
        (
            {"metadata_refresh": "3 s"},
            "topic.metadata.refresh.interval.ms",
            3_000,
            "metadata_max_age_ms",
            3_000,
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_setting_reaches_both_clients(
    said: dict[str, object], confluent_name: str, confluent_value: object, other_name: str, other_value: object
) -> None:
    assert confluent(**said)[confluent_name] == confluent_value
    assert kafka_python(**said)[other_name] == other_value


def test_without_settings_nothing_is_committed_reset_or_created_behind_our_back() -> None:
    found = confluent()
    assert found["enable.auto.commit"] is False
    assert found["enable.auto.offset.store"] is False
    assert found["auto.offset.reset"] == "error"
    assert found["allow.auto.create.topics"] is False
    assert found["isolation.level"] == "read_committed"
    assert found["partition.assignment.strategy"] == "range"
    assert found["security.protocol"] == "plaintext"
    other = kafka_python()
    assert other["enable_auto_commit"] is False
    assert other["auto_offset_reset"] == "none"
    assert other["allow_auto_create_topics"] is False
    assert other["isolation_level"] == "read_committed"
    assert other["security_protocol"] == "PLAINTEXT"


def test_tls_reaches_librdkafka() -> None:
    tls = {"ca": "ca.pem", "certificate": "own.pem", "key": "own.key", "key_password": "s3cret"}
    found = librdkafka.connection_config(settings(tls=tls))
    assert found["security.protocol"] == "ssl"
    assert found["ssl.ca.location"] == "ca.pem"
    assert found["ssl.certificate.location"] == "own.pem"
    assert found["ssl.key.location"] == "own.key"
    assert found["ssl.key.password"] == "s3cret"
    assert "enable.ssl.certificate.verification" not in found


def test_tls_without_files_trusts_the_system_and_checks_names() -> None:
    assert librdkafka.connection_config(settings(tls={}))["security.protocol"] == "ssl"
    context = kafka_python_config.connection_config(settings(tls={}))["ssl_context"]
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)


def test_only_the_ugly_name_switches_verification_off() -> None:
    found = librdkafka.connection_config(settings(tls={"insecure_skip_verify": True}))
    assert found["enable.ssl.certificate.verification"] is False
    assert found["ssl.endpoint.identification.algorithm"] == "none"
    context = kafka_python_config.tls_context(settings(tls={"insecure_skip_verify": True}))
    assert (context.check_hostname, context.verify_mode) == (False, ssl.CERT_NONE)
    with pytest.raises(ValidationError):
        settings(tls={"verify": False})


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_log_in_reaches_both_clients(mechanism: str) -> None:
    sasl = {"mechanism": mechanism, "username": "bridge", "password": "s3cret"}
    found = librdkafka.connection_config(settings(sasl=sasl, tls={}))
    assert found["security.protocol"] == "sasl_ssl"
    assert (found["sasl.mechanism"], found["sasl.username"], found["sasl.password"]) == (
        mechanism,
        "bridge",
        "s3cret",
    )
    other = kafka_python_config.connection_config(settings(sasl=sasl))
    assert other["security_protocol"] == "SASL_PLAINTEXT"
    assert (other["sasl_mechanism"], other["sasl_plain_username"], other["sasl_plain_password"]) == (
        mechanism,
        "bridge",
        "s3cret",
    )


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "GSSAPI"])
def test_a_mechanism_that_is_not_done_is_refused_with_what_to_use(mechanism: str) -> None:
    with pytest.raises(ValidationError, match=f"does not log in with {mechanism}; make a SCRAM-SHA-512 user"):
        settings(sasl={"mechanism": mechanism, "username": "bridge", "password": "s3cret"})


def test_librdkafka_knows_every_name_that_it_is_given() -> None:
    sasl = {"mechanism": "SCRAM-SHA-512", "username": "bridge", "password": "s3cret"}
    said = settings(sasl=sasl, tls={"insecure_skip_verify": True}, member="one")
    Consumer(librdkafka.consumer_config(said, "group")).close()


def test_passwords_are_never_shown() -> None:
    found = settings(
        sasl={"mechanism": "PLAIN", "username": "bridge", "password": "s3cret"},
        tls={"certificate": "c", "key": "k", "key_password": "s3cret"},
    )
    assert "s3cret" not in f"{found!r} {found} {found.model_dump_json()}"
    with pytest.raises(ValidationError) as caught:
        settings(sasl={"mechanism": "PLAIN", "username": "bridge", "password": ["s3cret"]})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"brokers": "kafka://one:9092"}, "written host:port"),
        ({"brokers": "one"}, "written host:port"),
        ({"brokers": "one:9092,"}, "written host:port"),
        ({"brokers": "one:99999"}, "written host:port"),
        ({"session_timeout": "0 s"}, "longer than nothing"),
        ({"session_timeout": "soon"}, "no duration"),
        ({"session_timeout": "10 minutes"}, "must not be longer than max_poll_interval"),
        ({"tls": {"certificate": "own.pem"}}, "certificate and key belong together"),
        ({"tls": {"key_password": "x"}}, "key_password without key"),
        ({"tls": {"ca": "x", "insecure_skip_verify": True}}, "makes ca useless"),
        ({"brokers_typo": "x"}, "Extra inputs are not permitted"),
        ({"max_poll_records": 0}, "greater than or equal to 1"),
    ],
)
def test_a_wrong_setting_is_refused_with_a_sentence(said: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        settings(**said)


@pytest.mark.parametrize("model", [KafkaSettings, TlsSettings, SaslSettings])
def test_every_setting_is_described(model: type[BaseModel]) -> None:
    assert [name for name, field in model.model_fields.items() if not field.description] == []


def test_durations_are_written_as_people_write_them() -> None:
    assert settings(request_timeout="250 ms").request_timeout == timedelta(milliseconds=250)


def test_a_source_without_a_group_says_so() -> None:
    with pytest.raises(ConfigError, match="no consumer group is set"):
        ConfluentSource(settings(), ["topic"]).open(None)  # type: ignore[arg-type]
