"""Events count as sent when they are confirmed, and once."""

from __future__ import annotations

import time

from bridge.casino import encode
from bridge.flow import Delivery
from bridge.telemetry.metrics import Metrics
from bridge.telemetry.sent import SentEvents
from tests.unit.casino.samples import sample


def delivery(seq: int, **changes: str) -> Delivery:
    return Delivery(seq, f"m{seq}", "p", encode(sample(**changes)))


def sent(metrics: Metrics) -> list[str]:
    lines = metrics.exposition().decode().splitlines()
    return sorted(line.removeprefix("wallet_bridge_events_sent_total") for line in lines if "sent_total{" in line)


def test_events_count_when_they_are_confirmed_and_not_before() -> None:
    metrics = Metrics("n", "1")
    events = SentEvents(metrics)
    events.offered(
        [delivery(1), delivery(2, type="Win"), delivery(5, status="Rollback", activity_id='","type":"')]
    )
    assert [line for line in sent(metrics) if "type=" in line] == []
    assert "wallet_bridge_last_event_timestamp_seconds{" not in metrics.exposition().decode()
    events.confirmed([2])
    assert [line for line in sent(metrics) if "type=" in line] == [
        '{brand="n",status="Approved",type="Win"} 1.0',
    ]
    events.confirmed([1])
    events.confirmed([])
    assert [line for line in sent(metrics) if "type=" in line] == [
        '{brand="n",status="Approved",type="Bet"} 1.0',
        '{brand="n",status="Approved",type="Win"} 1.0',
    ]
    events.confirmed([5])
    assert '{brand="n",status="Rollback",type="Bet"} 1.0' in sent(metrics)
    line = next(
        line for line in metrics.exposition().decode().splitlines() if line.startswith("wallet_bridge_last_event")
    )
    assert abs(float(line.split()[-1]) - time.time()) < 10
