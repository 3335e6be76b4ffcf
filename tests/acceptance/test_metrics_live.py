"""Every metric moves when what it counts happens: read from a running bridge, on the real servers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pika import frame, spec

from bridge.telemetry.metrics import METRICS, PREFIX, Histogram
from stack.endpoints import Addresses
from tests.faults.world import World, world
from tests.support.eventually import eventually
from tests.support.fault_proxy import Way

pytestmark = pytest.mark.integration

PROFILE = "profile: rewards"
BLOCKED = frame.Method(0, spec.Connection.Blocked(reason="low on memory")).marshal()
UNBLOCKED = frame.Method(0, spec.Connection.Unblocked()).marshal()


@pytest.fixture
def running(addresses: Addresses, tmp_path: Path) -> Iterator[World]:
    """Yield a bridge that runs, with an outbox that is soon full."""
    with world(addresses, tmp_path, seed=7, more=f"{PROFILE}\nlimits: {{outbox: 100}}", window=50) as made:
        made.start()
        eventually(lambda: made.page("/ready")[0] == 200, within_seconds=60, message="never ready")
        try:
            yield made
        finally:
            made.proxy.heal()
            made.bridge.kill()


class Scrapes:
    """The metrics of a bridge, and which of them have ever been above zero."""

    def __init__(self, running: World) -> None:
        self._running = running
        self.moved: set[str] = set()

    def value(self, metric: str, **labels: str) -> float:
        """Return the sum of a metric's samples with these labels, now."""
        samples = self._running.samples()
        assert samples
        total = 0.0
        for sample in samples:
            name = sample.name.removeprefix(PREFIX)
            if sample.value > 0:
                self.moved.add(name)
            if name == metric and labels.items() <= sample.labels.items():
                total += sample.value
        return total

    def until(self, metric: str, least: float, **labels: str) -> None:
        """Wait until a metric is at least so much."""
        eventually(
            lambda: self.value(metric, **labels) >= least,
            within_seconds=45,
            message=f"{metric}{labels} stays below {least}",
        )

    def until_zero(self, metric: str, **labels: str) -> None:
        """Wait until a metric is zero."""
        eventually(
            lambda: self.value(metric, **labels) == 0, within_seconds=45, message=f"{metric}{labels} is not zero"
        )


def test_every_metric_moves_when_what_it_counts_happens(running: World) -> None:
    read, wallet = Scrapes(running), running.wallet
    read.until("connected", 3)
    assert (read.value("ready"), read.value("rebalances_total")) == (1, 1)

    # Play that flows, a record that is parked, a rollback that waits.
    wallet.play(200)
    wallet.write_broken(b'{"op": "c"')
    wallet.flush()
    read.until("events_sent_total", 150, status="Approved")
    read.until("changes_total", 1, outcome="parked")
    assert read.value("parked") == 1
    # Some rollbacks are written before their originals, which come a little later.
    while not read.value("held"):
        wallet.play(5)
    assert read.value("profile_breaches_total") >= 1
    read.until_zero("outbox_pending")
    read.until_zero("lag_records")
    wallet.repeat(5)
    read.until("changes_total", 5, outcome="skipped", reason="repeated")

    # Nothing takes what is sent: it waits, and what is not taken in yet lags.
    running.inbox.unbind()
    wallet.play(2000)
    read.until("retries_total", 1, cause="unroutable")
    read.until("outbox_pending", 50)
    read.until("unconfirmed_age_seconds", 1)
    read.until("lag_records", 100)
    read.until("lag_seconds", 1)
    assert read.value("ready") == 0
    running.inbox.bind()
    read.until_zero("outbox_pending")
    read.until_zero("lag_records")

    # The connection is lost, comes again, and is blocked.
    running.proxy.stall(Way.TO_CLIENT)
    wallet.play(30)
    read.until("window_in_use", 1)
    running.proxy.refuse()
    running.proxy.cut()
    read.until_zero("connected", peer="rabbitmq")
    running.proxy.heal()
    read.until("connected", 1, peer="rabbitmq")
    read.until("retries_total", 1, cause="connection_lost")
    read.until("duplicates_sent_total", 1)
    running.proxy.inject(Way.TO_CLIENT, BLOCKED)
    read.until("blocked_seconds_total", 1)
    running.proxy.inject(Way.TO_CLIENT, UNBLOCKED)

    # Somebody else holds the ledger's file.
    with closing(sqlite3.connect(running.ledger_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        wallet.play(5)
        read.until_zero("connected", peer="ledger")
        other.execute("ROLLBACK")
    read.until("connected", 1, peer="ledger")
    read.until_zero("outbox_pending")

    never = {"offset_commit_failures_total"}
    all_names = {one.name + ("_count" if isinstance(one, Histogram) else "") for one in METRICS}
    assert all_names - read.moved == never
