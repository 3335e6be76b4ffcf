"""What a bridge shows while it starts: an outage that meets a restart must page someone too."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridge.app import BrandRun, RunOptions
from bridge.brand import Brand, load_brand
from bridge.ledger.postgres import PostgresLedger
from bridge.ledger.sqlite import SqliteLedger
from tests.support.event import EVENT
from tests.support.eventually import eventually

# Nothing listens on ports 9 and 10.
CONNECTOR = (
    """\
version: 1
brand: north
source: {kafka: {brokers: "127.0.0.1:9", request_timeout: 200 ms}, topics: "w.public.{table}"}
target: {rabbitmq: {url: "amqp://a:b@127.0.0.1:10/", exchange: fasttrack}}
ledger: LEDGER
lookups: {games: {key: code}}
play:
  tx:
    rows: append-only
    key: id
    player: player
    activities: {bet: {type: Bet}}
"""
    + EVENT
)


def brand_in(folder: Path, ledger: str) -> Brand:
    """Return a brand whose Kafka and RabbitMQ are away."""
    (folder / "c.yaml").write_text(CONNECTOR.replace("LEDGER", ledger))
    return load_brand(folder / "c.yaml", {})


@contextmanager
def in_a_thread(run: BrandRun) -> Iterator[None]:
    """Let a brand run, and stop it."""
    thread = threading.Thread(target=run.run)
    thread.start()
    try:
        yield
    finally:
        run.stop()
        thread.join(30)
        assert not thread.is_alive()


@contextmanager
def running(folder: Path, ledger: str) -> Iterator[BrandRun]:
    """Yield a brand that runs in a thread, and stop it."""
    run = BrandRun(brand_in(folder, ledger), RunOptions(state=folder, http=None))
    with in_a_thread(run):
        yield run


def gauges(run: BrandRun) -> dict[str, float]:
    """Return the samples of what the alerts about a start look at."""
    lines = run.metrics.exposition().decode().splitlines()
    found = dict(line.rsplit(" ", 1) for line in lines if line.startswith("wallet_bridge_"))
    wanted = ("ready", "connected")
    return {
        name.removeprefix("wallet_bridge_").replace('brand="north",', ""): float(value)
        for name, value in found.items()
        if name.removeprefix("wallet_bridge_").startswith(wanted)
    }


def test_a_bridge_that_has_not_begun_is_not_ready(tmp_path: Path) -> None:
    run = BrandRun(brand_in(tmp_path, "{}"), RunOptions(state=tmp_path, http=None))
    assert gauges(run) == {'ready{brand="north"}': 0}


@pytest.mark.timeout(60)
def test_a_start_without_kafka_shows_that_it_is_not_connected(tmp_path: Path) -> None:
    with running(tmp_path, "{}") as run:
        wanted = {'ready{brand="north"}': 0, 'connected{peer="kafka"}': 0, 'connected{peer="ledger"}': 1}
        eventually(lambda: gauges(run) == wanted)
        eventually(lambda: run.health().reasons)
        assert gauges(run) == wanted, "it stays so between two attempts"


@pytest.mark.timeout(60)
def test_a_start_without_its_ledger_shows_that_it_is_not_connected(tmp_path: Path) -> None:
    with running(tmp_path, '{url: "postgresql://u@127.0.0.1:9/x"}') as run:
        eventually(lambda: run.health().reasons)
        assert gauges(run) == {'ready{brand="north"}': 0, 'connected{peer="ledger"}': 0}


class Counted(BrandRun):
    """A brand that remembers which ledgers it opened, and holds none of them."""

    def __init__(self, brand: Brand, options: RunOptions) -> None:
        super().__init__(brand, options)
        self.opened: list[weakref.ref[SqliteLedger | PostgresLedger]] = []

    def _opened_ledger(self, brand: Brand) -> SqliteLedger | PostgresLedger:
        ledger = super()._opened_ledger(brand)
        self.opened.append(weakref.ref(ledger))
        return ledger


@pytest.mark.timeout(60)
def test_what_an_attempt_made_goes_before_the_next_one(tmp_path: Path) -> None:
    run = Counted(brand_in(tmp_path, "{}"), RunOptions(state=tmp_path, http=None))
    with in_a_thread(run):
        eventually(lambda: len(run.opened) >= 3)
        assert [ledger() for ledger in run.opened[:2]] == [None, None]
