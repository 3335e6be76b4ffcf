"""What a running brand says of itself."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

import pytest
import structlog

from bridge.delivery.status import DeliveryStatus
from bridge.errors import LedgerUnavailable, SourceUnavailable
from bridge.intake.progress import Progress
from bridge.records import Partition
from bridge.running import reporting
from bridge.running.reporting import Reporter
from bridge.sources import SourceHealth
from bridge.telemetry.metrics import Metrics

BETS = Partition("bets", 0)


class Surroundings:
    """A brand's taking in, its source and its ledger's server, as the reporter sees them."""

    shared = True

    def __init__(self) -> None:
        self.ledger_away = self.kafka_silent = False
        self.end = 5
        self.kafka = SourceHealth(True, 0.0, None, 0)
        self.asked = 0
        self.progress = Progress(ready=True)
        self.positions = {BETS: 5}
        self.oldest_ms: int | None = None

    def parked(self) -> tuple[()]:
        return ()

    def size_bytes(self) -> int:
        if self.ledger_away:
            raise LedgerUnavailable("the ledger db:5432/x does not answer")
        return 7

    def health(self) -> SourceHealth:
        return self.kafka

    def reached(self) -> Mapping[Partition, int]:
        return dict(self.positions)

    def ends(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        self.asked += 1
        if self.kafka_silent:
            raise SourceUnavailable("no answer in time")
        return dict.fromkeys(partitions, self.end)

    def oldest_waiting_ms(self) -> int | None:
        return self.oldest_ms


class Watched:
    """A reporter, and what it shows."""

    def __init__(self, around: Surroundings) -> None:
        self.metrics = Metrics("north", "0")
        self.problems: dict[str, str] = {}
        delivery = DeliveryStatus(True, False, False, 0, 0, 0.0, {}, "", 0.0, 0, 0, 0, 1)
        here: Any = around
        self.reporter = Reporter(self.metrics, here, here, here, lambda: delivery, lookups=lambda: self.problems)

    def shown(self, name: str) -> float | None:
        """Return the one sample of a metric, None where there is none."""
        lines = self.metrics.exposition().decode().splitlines()
        found = [line for line in lines if line.startswith(f"wallet_bridge_{name}{{")]
        return float(found[0].rsplit(" ", 1)[1]) if found else None


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "LOOK_EVERY_SECONDS", 0.0)


@pytest.fixture
def around() -> Surroundings:
    return Surroundings()


def test_a_look_up_that_stays_as_it_was_is_a_reason_until_it_is_read_again(around: Surroundings) -> None:
    watched = Watched(around)
    reporter = watched.reporter
    assert reporter.health().state == "ok"
    watched.problems["rates"] = "rates.csv: the look-up file cannot be read"
    health = reporter.health()
    assert health.state == "degraded"
    assert health.reasons == ("the rows of rates stay as they were: rates.csv: the look-up file cannot be read",)
    watched.problems.clear()
    assert reporter.health().state == "ok"


def test_a_ledger_that_is_away_while_nothing_is_written_is_told_and_ends_nothing(around: Surroundings) -> None:
    watched = Watched(around)
    reporter = watched.reporter
    around.ledger_away = True
    reporter.collect()
    assert reporter.health().reasons == ("the ledger db:5432/x does not answer",)
    assert reporter.connected()["ledger",] == 0
    around.ledger_away = False
    reporter.collect()
    assert reporter.health().state == "ok"
    assert reporter.connected()["ledger",] == 1


def test_a_lag_that_kafka_does_not_tell_is_not_shown_and_not_asked_for_all_the_time(around: Surroundings) -> None:
    watched = Watched(around)
    watched.reporter.collect()
    assert (watched.shown("lag_records"), watched.shown("lag_seconds")) == (0, 0)
    around.kafka_silent, around.asked = True, 0
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            watched.reporter.collect()
    assert around.asked == 1, "each question makes taking in wait"
    assert [line["event"] for line in logs] == ["lag_is_not_known"]
    assert (watched.shown("lag_records"), watched.shown("lag_seconds")) == (None, None)


def test_the_age_of_what_waits_is_that_of_the_oldest_record_in_hand(around: Surroundings) -> None:
    watched = Watched(around)
    around.end = 9
    watched.reporter.collect()
    assert watched.shown("lag_seconds") is None, "nothing has been read of which the age is known"
    now_ms = int(time.time() * 1000)
    around.oldest_ms, around.progress.last_record_ms = now_ms - 90_000, now_ms - 7_200_000
    watched.reporter.collect()
    assert watched.shown("lag_seconds") == pytest.approx(90, abs=20)
    around.oldest_ms = None
    watched.reporter.collect()
    assert watched.shown("lag_seconds") == pytest.approx(7200, abs=20)


def test_a_right_that_is_missing_is_a_reason_although_kafka_answers(around: Surroundings) -> None:
    watched = Watched(around)
    around.kafka = SourceHealth(True, 0.0, "one of several brokers is away", 0)
    assert watched.reporter.health().state == "ok"
    around.kafka = SourceHealth(True, 0.0, "Kafka does not allow this (bets)", 0, refused=True)
    assert watched.reporter.health().reasons == ("Kafka does not allow this (bets)",)
