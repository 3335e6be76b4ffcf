"""How a source stands with its brokers, by what the clients tell."""

from __future__ import annotations

import json

import pytest
from confluent_kafka import KafkaError
from kafka.errors import KafkaConnectionError, TopicAuthorizationFailedError

from bridge.errors import SourceUnavailable
from bridge.sources.confluent_standing import ConfluentStanding
from bridge.sources.kafka_python_standing import KafkaPythonStanding
from bridge.sources.reading import SourceHealth
from bridge.sources.settings import KafkaSettings

UP = json.dumps({"brokers": {"k:9/1": {"state": "UP"}, "k:9/2": {"state": "CONNECT"}}})
DOWN = json.dumps({"brokers": {"k:9/1": {"state": "DOWN"}}})
ALL_DOWN = KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down")
REFUSED = KafkaError(KafkaError._AUTHENTICATION, "wrong password")


def settings(**said: object) -> KafkaSettings:
    return KafkaSettings.model_validate({"brokers": "k:9", **said})


def test_why_the_brokers_are_down_is_told_and_not_only_that_they_are() -> None:
    standing = ConfluentStanding(settings())
    assert (standing.is_down, standing.last_error()) == (False, None)
    standing.hear(REFUSED)
    standing.hear(ALL_DOWN)
    assert standing.is_down
    assert "wrong password" in str(standing.last_error())


def test_one_connected_broker_ends_the_outage_and_the_trouble() -> None:
    standing = ConfluentStanding(settings())
    standing.look(DOWN)
    standing.hear(REFUSED)
    standing.look(UP)
    assert standing.health(3) == SourceHealth(connected=True, down_seconds=0.0, last_error=None, commit_failures=3)


def test_trouble_with_one_of_several_brokers_stays_known_for_a_while() -> None:
    standing = ConfluentStanding(settings())
    standing.hear(REFUSED)
    standing.look(UP)
    assert not standing.is_down
    assert "wrong password" in str(standing.last_error())


def test_an_outage_past_its_limit_is_raised_with_its_cause() -> None:
    standing = ConfluentStanding(settings(unavailable_limit="1 ms"))
    standing.check_limit()
    standing.hear(REFUSED)
    standing.look(DOWN)
    while not standing.past_limit:
        pass
    with pytest.raises(SourceUnavailable, match="wrong password"):
        standing.check_limit()


def test_without_a_limit_an_outage_is_waited_out() -> None:
    standing = ConfluentStanding(settings())
    standing.look(DOWN)
    standing.check_limit()
    assert standing.is_down


def test_the_second_client_is_asked_for_its_connections() -> None:
    standing = KafkaPythonStanding(settings(), lambda error: SourceUnavailable(f"away: {error}"))
    standing.look(lambda: 0)
    assert (standing.is_down, standing.last_error()) == (True, "away: no broker is connected")
    standing.comes_back()
    assert (standing.is_down, standing.last_error()) == (False, None)


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, True),
        (KafkaError.GROUP_AUTHORIZATION_FAILED, True),
        (KafkaError._AUTHENTICATION, True),
        (KafkaError._TRANSPORT, False),
        (KafkaError.UNKNOWN_TOPIC_OR_PART, False),
    ],
)
def test_what_does_not_pass_by_itself_is_told_beside_a_connection(code: int, refused: bool) -> None:
    standing = ConfluentStanding(settings())
    standing.hear(KafkaError(code, "no"))
    standing.look(UP)
    health = standing.health(0)
    assert (health.connected, health.refused) == (True, refused)


def test_what_the_second_client_is_refused_stays_known_for_a_while() -> None:
    standing = KafkaPythonStanding(settings(), lambda error: SourceUnavailable(f"why: {error}"))
    standing.hear(TopicAuthorizationFailedError("bets"))
    standing.look(lambda: 1)
    health = standing.health(0)
    assert (health.connected, health.refused) == (True, True)
    assert "bets" in str(health.last_error)
    standing.hear(KafkaConnectionError("gone"))
    standing.comes_back()
    assert standing.health(0).refused
