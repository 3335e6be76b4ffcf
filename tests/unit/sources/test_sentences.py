"""What a person reads when the brokers cannot be reached."""

from __future__ import annotations

import pytest

from bridge.sources import KafkaSettings
from bridge.sources.sentences import Trouble, unavailable


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "k:9/bootstrap: Connect to ipv4#127.0.0.1:9 failed: Refused (after 0ms in state CONNECT, 4 times)",
            "k:9: Connect to 127.0.0.1:9 failed: Refused",
        ),
        ("k:1/bootstrap: Connect to ipv4#k:1 failed: Refused", "Refused"),
        ("k:2: Connect to k:2 failed: Refused", "k:2: Refused"),
        ("No broker is  connected.", "No broker is connected"),
    ],
)
def test_the_words_of_a_client_are_told_without_its_inner_life(words: str, told: str) -> None:
    settings = KafkaSettings.model_validate({"brokers": "k:1"})
    sentence = (
        f"Kafka at k:1 does not answer ({told}); check that it runs, and that host, port and network are right"
    )
    assert str(unavailable(settings, Trouble.AWAY, words)) == sentence


def test_what_is_no_kafka_is_not_said_to_be_silent() -> None:
    settings = KafkaSettings.model_validate({"brokers": "k:1"})
    words = "k:1/bootstrap: Receive failed: Invalid response size 1095586128 (0..100000000): increase it"
    assert str(unavailable(settings, Trouble.AWAY, words)) == (
        "what answers at k:1 does not speak Kafka's protocol; "
        "check host and port, and whether this port speaks TLS"
    )
