"""What a running brand looks at now and then."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import structlog

from bridge.brand import load_brand
from bridge.errors import SourceUnavailable, TopicReplaced
from bridge.ledger import SqliteLedger, open_sqlite
from bridge.records import Partition
from bridge.running import checks as running_checks
from bridge.running.checks import (
    PRUNE_AGAIN_SECONDS,
    PRUNE_EVERY_SECONDS,
    SECRETS_EVERY_SECONDS,
    TOPICS_EVERY_SECONDS,
    RunningChecks,
)
from bridge.running.surroundings import Surroundings
from bridge.sources import SourceHealth
from tests.support.cases import ENVIRONMENT, EXAMPLES

BETS = "db.public.bets"


class Brokers:
    """Kafka as the checks see it."""

    def __init__(self) -> None:
        self.id = "a1"
        self.trouble: str | None = None
        self.asked = 0
        self.answers = True

    def topics(self) -> Sequence[str]:
        """Return the one topic."""
        return [BETS]

    def topic_ids(self, topics: Collection[str]) -> Mapping[str, str]:
        """Return its id."""
        self.asked += 1
        if not self.answers:
            raise SourceUnavailable("no answer in time")
        return dict.fromkeys(topics, self.id)

    def health(self) -> SourceHealth:
        """Return whether there is trouble."""
        return SourceHealth(self.trouble is None, 0.0, self.trouble, 0)


class Clock:
    """Time that a test lets pass."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def ledger() -> Iterator[SqliteLedger]:
    opened = open_sqlite(":memory:", "vintervik", create=True)
    yield opened
    opened.close()


@pytest.fixture
def surroundings(tmp_path: Path) -> Surroundings:
    text = (EXAMPLES / "ledger-reference.yaml").read_text()
    (tmp_path / "brand.yaml").write_text(text.replace("${KAFKA_BROKERS}", "${file:brokers}"))
    (tmp_path / "brokers").write_text("127.0.0.1:9")
    return Surroundings(load_brand(tmp_path / "brand.yaml", ENVIRONMENT), ENVIRONMENT)


def test_a_topic_that_is_made_anew_under_a_running_brand_stops_it(
    surroundings: Surroundings, ledger: SqliteLedger
) -> None:
    brokers, clock = Brokers(), Clock()
    checks = RunningChecks(surroundings, brokers, ledger, clock)
    checks.topics()
    transaction = ledger.begin(0)
    transaction.advance({Partition(BETS, 0): 7})
    transaction.commit()
    brokers.id = "b2"
    clock.now = TOPICS_EVERY_SECONDS - 1
    checks.now_and_then()
    assert brokers.asked == 1, "it asks too often"
    clock.now = TOPICS_EVERY_SECONDS
    with pytest.raises(TopicReplaced):
        checks.now_and_then()


def test_while_kafka_is_in_trouble_it_is_not_asked_and_new_secrets_are_looked_for(
    surroundings: Surroundings, ledger: SqliteLedger, tmp_path: Path
) -> None:
    brokers, clock = Brokers(), Clock()
    checks = RunningChecks(surroundings, brokers, ledger, clock)
    (tmp_path / "brokers").write_text("127.0.0.1:10")
    clock.now = TOPICS_EVERY_SECONDS
    checks.now_and_then()
    assert brokers.asked == 1, "secrets do not matter while all is well"
    brokers.trouble = "Kafka refuses the log-in"
    clock.now += SECRETS_EVERY_SECONDS
    with pytest.raises(SourceUnavailable, match="the secrets for Kafka have changed"):
        checks.now_and_then()
    assert brokers.asked == 1


def test_trouble_without_new_secrets_is_left_to_the_source(
    surroundings: Surroundings, ledger: SqliteLedger
) -> None:
    brokers, clock = Brokers(), Clock()
    brokers.trouble = "Kafka does not answer"
    checks = RunningChecks(surroundings, brokers, ledger, clock)
    clock.now = TOPICS_EVERY_SECONDS
    checks.now_and_then()
    assert brokers.asked == 0


def test_a_question_that_is_not_answered_ends_nothing(surroundings: Surroundings, ledger: SqliteLedger) -> None:
    brokers, clock = Brokers(), Clock()
    checks = RunningChecks(surroundings, brokers, ledger, clock)
    checks.topics()
    brokers.answers = False
    for minute in (1, 2):
        clock.now = minute * TOPICS_EVERY_SECONDS
        with structlog.testing.capture_logs() as logs:
            checks.now_and_then()
            checks.now_and_then()
        assert [(line["event"], line["log_level"]) for line in logs] == [("topics_not_checked", "warning")]
        assert brokers.asked == minute + 1, "it is not asked again at once"


def test_a_ledger_that_is_away_while_topics_are_looked_at_ends_nothing(surroundings: Surroundings) -> None:
    ledger = open_sqlite(":memory:", "vintervik", create=True)
    ledger.close()
    clock = Clock()
    checks = RunningChecks(surroundings, Brokers(), ledger, clock)
    clock.now = TOPICS_EVERY_SECONDS
    with structlog.testing.capture_logs() as logs:
        checks.now_and_then()
    assert [line["event"] for line in logs] == ["topics_not_checked"]


def old_rows(ledger: SqliteLedger, number: int) -> None:
    transaction = ledger.begin(0)
    for each in range(number):
        transaction.put("row:tx", str(each), b"x")
    transaction.commit()


def rows(ledger: SqliteLedger) -> int:
    transaction = ledger.begin(0)
    found = sum(transaction.get("row:tx", str(each)) is not None for each in range(5))
    transaction.rollback()
    return found


def test_more_than_is_forgotten_at_once_is_forgotten_soon(
    surroundings: Surroundings, ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A brand whose rows come faster than a few each minute would keep them for ever."""
    monkeypatch.setattr(running_checks, "PRUNE_AT_ONCE", 2)
    old_rows(ledger, 5)
    clock = Clock()
    checks = RunningChecks(surroundings, Brokers(), ledger, clock)
    checks.now_and_then()
    assert rows(ledger) == 5, "a start has other things to do"
    clock.now = PRUNE_EVERY_SECONDS
    for left in (3, 1, 0):
        checks.now_and_then()
        checks.now_and_then()
        assert rows(ledger) == left
        clock.now += PRUNE_AGAIN_SECONDS
    old_rows(ledger, 1)
    checks.now_and_then()
    assert rows(ledger) == 1, "all was forgotten: there is time"
