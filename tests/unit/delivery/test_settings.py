"""What a connector may say about its RabbitMQ, and how URLs are read."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bridge.delivery.settings import RabbitMQSettings, broker_addresses


def test_a_full_url_is_read() -> None:
    (address,) = broker_addresses("amqp://crm:p%40ss%2Fword@mq.example.com:5673/play%2Flive")
    assert (address.host, address.port, address.virtual_host) == ("mq.example.com", 5673, "play/live")
    assert (address.user, address.password, address.tls) == ("crm", "p@ss/word", False)


@pytest.mark.parametrize(
    ("url", "port", "virtual_host"),
    [
        ("amqp://h", 5672, "/"),
        ("amqps://h/", 5671, "/"),
        ("amqp://h/%2F", 5672, "/"),
        ("amqp://h/live", 5672, "live"),
    ],
)
def test_what_a_url_leaves_out_is_the_usual(url: str, port: int, virtual_host: str) -> None:
    (address,) = broker_addresses(url)
    assert (address.port, address.virtual_host, address.user) == (port, virtual_host, "guest")


def test_several_nodes_are_separated_by_commas() -> None:
    assert [str(each) for each in broker_addresses("amqp://a:1, amqps://b,")] == ["a:1", "b:5671"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "is empty"),
        ("http://u:secret@h", "starts with amqp"),
        ("amqp://u:secret@", "names a host"),
        ("amqp://u:secret@h?heartbeat=5", "takes no ?options"),
        ("amqp://u:sec/ret@h", "written %2F"),
        ("amqp://u:secret@h:99999", "no number from 1 to 65535"),
        ("amqp://u:secret@h:0", "no number from 1 to 65535"),
    ],
)
def test_a_wrong_url_is_refused_without_showing_its_secret(url: str, reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        RabbitMQSettings(url=url, exchange="fasttrack")
    assert reason in str(caught.value)
    assert "sec" not in str(caught.value).replace("secret_value", "")


def test_the_password_is_never_shown() -> None:
    settings = RabbitMQSettings(url="amqp://u:hush@h", exchange="fasttrack")
    assert "hush" not in repr(settings) + str(settings.addresses)


@pytest.mark.parametrize(
    "more",
    [
        {"headers": {"big": 2**63}},
        {"headers": {"x" * 256: 1}},
        {"headers": {"list": [1]}},
        {"headers": {"float": 1.5}},
        {"routing_key": "é" * 128},
        {"exchange": ""},
        {"window": 0},
        {"confirm_timeout": 0},
        {"tls": {"key": "k.pem"}},
        {"unknown": 1},
    ],
)
def test_what_amqp_cannot_carry_or_nobody_can_mean_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RabbitMQSettings.model_validate({"url": "amqp://h", "exchange": "fasttrack", **more})


def test_headers_keep_their_types() -> None:
    settings = RabbitMQSettings(url="amqp://h", exchange="e", headers={"flag": True, "number": 1, "text": "1"})
    assert [type(value) for value in settings.headers.values()] == [bool, int, str]


def test_every_setting_is_described() -> None:
    assert all(field.description for field in RabbitMQSettings.model_fields.values())
