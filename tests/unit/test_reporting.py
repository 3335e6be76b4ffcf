"""What a running brand says of itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from bridge.delivery.status import DeliveryStatus
from bridge.ledger import open_sqlite
from bridge.progress import Progress
from bridge.reporting import Reporter
from bridge.sources import SourceHealth
from bridge.telemetry.metrics import Metrics


def test_a_look_up_that_stays_as_it_was_is_a_reason_until_it_is_read_again() -> None:
    source: Any = SimpleNamespace(health=lambda: SourceHealth(True, 0.0, None, 0))
    intake: Any = SimpleNamespace(progress=Progress(ready=True))
    delivery = DeliveryStatus(True, False, False, 0, 0, 0.0, {}, "", 0.0, 0, 0, 0, 1)
    problems: dict[str, str] = {}
    ledger = open_sqlite(":memory:", "brand", create=True)
    reporter = Reporter(Metrics("brand", "0"), intake, source, ledger, lambda: delivery, lookups=lambda: problems)
    ledger.close()
    assert reporter.health().state == "ok"
    problems["rates"] = "rates.csv: the look-up file cannot be read"
    health = reporter.health()
    assert health.state == "degraded"
    assert health.reasons == ("the rows of rates stay as they were: rates.csv: the look-up file cannot be read",)
    problems.clear()
    assert reporter.health().state == "ok"
