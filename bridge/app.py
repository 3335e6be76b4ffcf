"""The composition root: builds one brand's parts, runs them, and takes them down in order."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import random
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from bridge import __version__, compiled
from bridge.brand import Brand
from bridge.delivery.sender import RabbitMQOutbound
from bridge.errors import (
    BridgeError,
    FatalError,
    LedgerFenced,
    LedgerUnavailable,
    PoisonRecord,
    SinkUnavailable,
    SourceUnavailable,
    TransientError,
)
from bridge.intake.intake import Intake
from bridge.ledger import SqliteLedger, open_ledger
from bridge.lookups.tables import LookupTables
from bridge.mapping.state.lookups import values_of_table
from bridge.running.checks import RunningChecks
from bridge.running.reporting import Reporter, Status
from bridge.running.surroundings import Surroundings
from bridge.sources import Client, KafkaSource, open_source
from bridge.telemetry.http import Health, HealthServer
from bridge.telemetry.metrics import CONNECTED, READY, Metrics

if TYPE_CHECKING:
    from bridge.ledger import PostgresLedger

LOG = structlog.get_logger(__name__)

DRAIN_SECONDS = 30.0
CLOSE_SECONDS = 5.0
SWITCH_SECONDS = 0.0005
"""Python's default of 5 ms lets a busy taking-in keep confirms waiting: a third of the rate is lost."""
GC_THRESHOLDS = (50_000, 20, 50)
"""A batch makes thousands of objects and frees them itself; Python's default looks at them ten times a
batch, for 8 to 15 µs of each event.  What only the collector frees here are tracebacks of rare errors."""
LONGEST_BACK_OFF_SECONDS = 30.0


@dataclass(frozen=True)
class RunOptions:
    """What the command line says about a run."""

    state: Path = Path()
    """Folder of ledgers whose place the connector does not say."""
    http: tuple[str, int] | None = ("127.0.0.1", 0)
    on_status: Callable[[Status], None] | None = None
    status_seconds: float = 1.0


class BrandRun:
    """One brand, running.  `run` returns when it was asked to stop, or raises what stopped it."""

    def __init__(self, brand: Brand, options: RunOptions) -> None:
        self._brand = brand
        self._surroundings = Surroundings(brand)
        self._options = options
        self.metrics = Metrics(brand.connector.brand, __version__)
        """Its numbers, from the first moment on."""
        # Alerts look at these two also while a start waits for Kafka or the ledger, and between two attempts.
        self.metrics.pull(READY, lambda: float(self.health().state == "ok"))
        self.metrics.pull(CONNECTED, self._connected)
        self._peers: dict[tuple[str, ...], float] = {}
        self._stop = threading.Event()
        self._reporter: Reporter | None = None
        self._trouble = ""
        self._told_of_kafka = False
        self.address: tuple[str, int] | None = None
        """Where metrics and health are served, once `run` has begun."""

    def stop(self) -> None:
        """Ask `run` to drain and return.  May be called from a signal handler or another thread."""
        self._stop.set()

    def run(self) -> None:
        """Run until `stop`.  What is away is waited for; FatalError and ConfigError come out."""
        sys.setswitchinterval(SWITCH_SECONDS)
        # What start-up made stays for good: the collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        with self._serving():
            attempt = 0
            while not self._stop.is_set():
                # What an attempt made holds itself together, a ledger's filter and all, and the collector
                # comes too seldom for it: without this, each outage of Kafka would cost some 20 MB.
                gc.collect()
                started = time.monotonic()
                try:
                    self._run_once()
                except SinkUnavailable:
                    raise
                except TransientError as error:
                    if isinstance(error, LedgerUnavailable):
                        self._peers["ledger",] = 0.0
                    if self._stop.is_set():
                        if isinstance(error, LedgerUnavailable):
                            # What is confirmed could not be written down, so this was no clean stop.
                            raise
                        return
                    attempt = 0 if time.monotonic() - started > LONGEST_BACK_OFF_SECONDS else attempt + 1
                    self._back_off(error, attempt)

    def health(self) -> Health:
        """Return how the brand is.  Any thread may ask."""
        # Looked at once: an attempt that ends meanwhile takes it away.
        reporter = self._reporter
        if reporter is None:
            return Health("degraded", (self._trouble,)) if self._trouble else Health("starting")
        if self._stop.is_set():
            return Health("stopping")
        return reporter.health()

    def _connected(self) -> Mapping[tuple[str, ...], float]:
        reporter = self._reporter
        return dict(self._peers) if reporter is None else reporter.connected()

    @contextlib.contextmanager
    def _serving(self) -> Iterator[None]:
        if self._options.http is None:
            yield
            return
        server = HealthServer(self._options.http, self.metrics, self.health)
        self.address = server.start()
        LOG.info("serving", host=self.address[0], port=self.address[1])
        try:
            yield
        finally:
            server.stop()

    def _run_once(self) -> None:
        brand = self._brand = self._surroundings.brand()
        ledger = self._opened_ledger(brand)
        # From here on whatever fails closes it: it is locked, and the next attempt opens it anew.
        try:
            self._run_with(brand, ledger)
        finally:
            ledger.close()

    def _run_with(self, brand: Brand, ledger: SqliteLedger | PostgresLedger) -> None:
        self._peers = {("ledger",): 1.0, ("kafka",): 0.0}
        connector = brand.connector
        source = source_of(brand, member_of(brand, ledger))
        source.on_waiting(self._waiting_for_kafka, self._stop.is_set)
        outbound = RabbitMQOutbound(connector.target.rabbitmq, url=self._rabbitmq_url)
        intake = Intake(brand, source, ledger, outbound, partitions_of=source.partitions)
        intake.on_permit(outbound.permit)
        intake.asked_to_stop = self._stop.is_set
        tables = LookupTables(connector, brand.path.parent)
        checks = RunningChecks(self._surroundings, source, ledger)
        try:
            outbound.start()
            checks.topics()
            intake.load(tables.load(self._stop.is_set, self._waiting_for_query))
            tables.follow(lambda name, rows: values_of_table(brand.plan.lookups[name], rows))
            self._reporter = Reporter(
                self.metrics, intake, source, ledger, outbound.status, lookups=lambda: tables.problems
            )
            intake.on_sending(self._reporter.offered, self._reporter.confirmed)
            self._loop(intake, outbound, self._reporter, tables, checks)
        except LedgerFenced:
            # What this one still had to send is for the new owner to send.
            intake.halt()
            raise
        except PoisonRecord as poison:
            raise FatalError(
                f"a look-up that no topic carries has a row that cannot be used: {poison}"
            ) from poison
        finally:
            tables.close()
            self._close(intake, source, outbound)

    def _loop(
        self,
        intake: Intake,
        outbound: RabbitMQOutbound,
        reporter: Reporter,
        tables: LookupTables,
        checks: RunningChecks,
    ) -> None:
        intake.open()
        self._told_of_kafka = False
        LOG.info("started", brand=self._brand.connector.brand, version=__version__, compiled=compiled())
        shown = time.monotonic()
        try:
            while not self._stop.is_set():
                intake.step()
                intake.load(tables.news())
                reporter.collect()
                outbound.raise_if_failed()
                checks.now_and_then()
                now = time.monotonic()
                if self._options.on_status is not None and now - shown >= self._options.status_seconds:
                    shown = now
                    self._options.on_status(reporter.status())
        except FatalError:
            intake.finish(DRAIN_SECONDS)
            raise
        LOG.info("draining", pending=outbound.pending(), at_most_seconds=DRAIN_SECONDS)
        clean = intake.finish(DRAIN_SECONDS)
        reporter.collect()
        LOG.info("drained" if clean else "stopped_with_unconfirmed", pending=outbound.pending())

    def _opened_ledger(self, brand: Brand) -> SqliteLedger | PostgresLedger:
        state = self._options.state
        return open_ledger(
            ledger_place(brand, state),
            brand.connector.brand,
            create=True,
            url_now=lambda: ledger_place(self._surroundings.brand(), state),
        )

    def _rabbitmq_url(self) -> str:
        return self._surroundings.brand().connector.target.rabbitmq.url.get_secret_value()

    def _close(self, intake: Intake, source: KafkaSource, outbound: RabbitMQOutbound) -> None:
        self._reporter = None
        try:
            source.close()
        except BridgeError as error:
            LOG.warning("source_close_failed", error=str(error))
        finally:
            with contextlib.suppress(TransientError):
                outbound.close(0.0 if intake.halted else CLOSE_SECONDS, intake.record)
                intake.record()

    def _waiting_for_kafka(self, error: SourceUnavailable) -> None:
        """Say why a start waits, long before the attempt is given up; each later attempt says it at its end."""
        self._trouble = str(error)
        if not self._told_of_kafka:
            self._told_of_kafka = True
            LOG.warning("waiting_for_kafka", error=str(error))

    def _waiting_for_query(self, sentence: str) -> None:
        self._trouble = sentence

    def _back_off(self, error: TransientError, attempt: int) -> None:
        longest = min(LONGEST_BACK_OFF_SECONDS, 0.5 * 2 ** min(attempt, 10))
        pause = random.uniform(longest / 2, longest)  # noqa: S311 - spreads restarts, keeps no secret
        self._trouble = str(error)
        LOG.warning("trying_again", error=str(error), after_seconds=round(pause, 1))
        self._stop.wait(pause)


def source_of(brand: Brand, member: str | None = None) -> KafkaSource:
    """Return the source of a brand's records; nothing is connected yet.

    `member` is the instance's fixed name in the group, where the connector gives none.
    """
    settings = brand.connector.source.kafka
    settings = settings.model_copy(
        update={
            "group": settings.group or f"bridge.{brand.connector.brand}",
            "member": settings.member or member,
        }
    )
    topics = brand.topics()
    return open_source(settings, topics.names, topics.patterns)


def member_of(brand: Brand, ledger: SqliteLedger | PostgresLedger) -> str | None:
    """Return a fixed name for the one process that can have this ledger file open; None where there are several.

    With it a restart after a kill gets its partitions back at once.  kafka-python is left out: with a fixed
    name it does not notice partitions that are added after a restart.
    """
    if not isinstance(ledger, SqliteLedger) or brand.connector.source.kafka.client is Client.KAFKA_PYTHON:
        return None
    name = brand.connector.brand
    digest = hashlib.sha256(f"{name} {ledger.born()}".encode()).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9._-]', '-', name)[:100]}-{digest}"


def ledger_place(brand: Brand, state: Path) -> str:
    """Return the path or address of a brand's ledger."""
    url = brand.connector.ledger.url
    return url if url is not None else str(state / f"{brand.connector.brand}.ledger")
