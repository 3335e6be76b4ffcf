"""What a person reads when the brokers cannot be reached: the same words for every client."""

from __future__ import annotations

import re
from enum import Enum

from bridge.errors import ConfigError, Problem, SourceUnavailable
from bridge.records import Partition
from bridge.sources.settings import KafkaSettings

_INNER = re.compile(r" \(after \d+ms in state .*\)$|/bootstrap(?=:)|(?<=Connect to )ipv[46]#")
"""Where in librdkafka's life an error came, and that an address was one of the first."""
_TWICE = re.compile(r"^(\S+): Connect to \1 failed(?=: )")
_NO_KAFKA = "Invalid response size"


class Trouble(Enum):
    """Why a broker is of no use; the value says what to do."""

    AWAY = "check that it runs, and that host, port and network are right"
    NAME = "check the host name in brokers"
    LOGIN = "check sasl: mechanism, username and password"
    TLS = "check tls: the certificates, the host name in them, and that this port speaks TLS"
    TOPIC = "it is read once it is there: check its name, and that Debezium has written to it"
    RIGHTS = "give the bridge's user the right to read the topic, and its group"


REFUSALS = frozenset({Trouble.LOGIN, Trouble.TLS, Trouble.RIGHTS})
"""What does not pass by itself."""


def unavailable(settings: KafkaSettings, trouble: Trouble, text: str) -> SourceUnavailable:
    """Return the error whose sentence names the brokers, what they or the client said, and what to do."""
    if _NO_KAFKA in text:
        return SourceUnavailable(
            f"what answers at {settings.brokers} does not speak Kafka's protocol; check host and port, and "
            "whether this port speaks TLS"
        )
    return SourceUnavailable(
        f"Kafka at {settings.brokers} {_what(trouble)} ({_clean(text, settings.brokers)}); {trouble.value}"
    )


def _what(trouble: Trouble) -> str:
    if trouble is Trouble.LOGIN:
        return "refuses the log-in"
    if trouble is Trouble.TLS:
        return "and the bridge find no common TLS"
    if trouble is Trouble.TOPIC:
        return "lacks a topic"
    if trouble is Trouble.RIGHTS:
        return "does not allow this"
    return "does not answer"


def _clean(text: str, brokers: str) -> str:
    """Return a client's own words without what only its makers want to know, and no address twice."""
    words = " ".join(_INNER.sub("", text).split()).rstrip(".")
    return _TWICE.sub(r"\1", words).removeprefix(f"{brokers}: ")


def known(settings: KafkaSettings, positions: dict[Partition, int]) -> dict[Partition, int]:
    """Return the positions that brokers gave.  Raises SourceUnavailable where one is none.

    What the leader of a partition did not answer in time, librdkafka gives as -1001, without an error.
    """
    for at, position in positions.items():
        if position < 0:
            place = f"topic {at.topic}, partition {at.number}"
            raise unavailable(settings, Trouble.AWAY, f"nothing is heard of {place}: its leader is away")
    return positions


def missing_topics(settings: KafkaSettings, sentences: list[str]) -> ConfigError:
    """Return the error for topics that are not there, one problem each."""
    hint = (
        "Debezium makes a topic with its first record: check the name and the Debezium connector, "
        "make the topic, or set missing_topics: wait"
    )
    place = f"Kafka at {settings.brokers}"
    return ConfigError([Problem(place, 0, 0, "", sentence, hint) for sentence in sentences])


def group_of(settings: KafkaSettings) -> str:
    """Return the consumer group.  Raises ConfigError when none has been set."""
    if settings.group is None:
        problem = Problem("source", 0, 0, "kafka.group", "no consumer group is set", "for example bridge.<brand>")
        raise ConfigError([problem])
    return settings.group
