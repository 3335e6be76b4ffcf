"""What a running brand shows: metrics, health, and a line of status."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from bridge.delivery.status import DeliveryStatus
from bridge.errors import LedgerUnavailable, SourceUnavailable
from bridge.flow import Delivery
from bridge.intake.intake import Intake
from bridge.intake.sharing import BrandLedger
from bridge.mapping.snapshots import LATER_SNAPSHOT
from bridge.records import Partition
from bridge.sources import KafkaSource, Range
from bridge.telemetry import metrics as m
from bridge.telemetry.http import Health
from bridge.telemetry.sent import SentEvents

MISSED_EVERY_SECONDS = 60.0
"""How often a warning tells of rows that only a later snapshot showed."""

LOG = structlog.get_logger(__name__)

TURN_LIMIT_SECONDS = 90.0
"""A loop that has not gone round for so long is taken for dead; longer than any one answer is waited for."""
LOOK_EVERY_SECONDS = 5.0
"""How often the ledger's size and the lag are asked for: both cost a question to somebody else."""
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5.0, 60.0
"""How long to wait with the next question about the lag, after one without an answer."""


@dataclass(frozen=True, slots=True)
class Status:
    """A brand at one moment, for a terminal."""

    taken: int
    sent: int
    held: int
    parked: int
    pending: int
    lag: int
    connected: bool
    last_error: str


class Reporter:
    """Carries numbers from the loops to the metrics, in the intake's thread; others only read."""

    def __init__(
        self,
        metrics: m.Metrics,
        intake: Intake,
        source: KafkaSource,
        ledger: BrandLedger,
        delivery: Callable[[], DeliveryStatus],
        *,
        lookups: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """`lookups` tells, by its name, why a look-up that no topic carries could not be read again."""
        self._metrics = metrics
        self._intake = intake
        self._source = source
        self._ledger = ledger
        self._delivery = delivery
        self._lookups = lookups
        self._sent = SentEvents(metrics)
        self._look_at = 0.0
        self._ranges: Mapping[Partition, Range] | None = None
        self._lag_problem = ""
        self._oldest_ms: int | None = None
        self._parked = sum(1 for _ in ledger.parked())
        self._rebalances = 0
        self._warned: set[str] = set()
        self._missed: Counter[str] = Counter()
        self._warn_of_missed_at = 0.0
        metrics.pull(m.OUTBOX_PENDING, lambda: delivery().pending)
        metrics.pull(m.WINDOW_IN_USE, lambda: delivery().in_flight)
        metrics.pull(m.UNCONFIRMED_AGE_SECONDS, lambda: delivery().unconfirmed_age_seconds)
        metrics.pull(m.DUPLICATES_SENT, lambda: delivery().duplicates_sent)
        metrics.pull(m.BLOCKED_SECONDS, lambda: delivery().blocked_seconds)
        metrics.pull(m.RETRIES, lambda: {(cause,): count for cause, count in delivery().retries.items()})
        metrics.pull(m.HELD, lambda: intake.progress.held)
        metrics.pull(m.PARKED, lambda: self._parked)
        metrics.pull(m.LAG_RECORDS, self._lag)
        metrics.pull(m.LAG_SECONDS, self._lag_seconds)
        metrics.pull(m.OFFSET_COMMIT_FAILURES, lambda: source.health().commit_failures)

    def offered(self, deliveries: Sequence[Delivery]) -> None:
        """Note what is going to be offered to the sender."""
        self._sent.offered(deliveries)

    def confirmed(self, seqs: Sequence[int]) -> None:
        """Note what the broker has confirmed."""
        self._sent.confirmed(seqs)

    def collect(self) -> None:
        """Carry over what has happened since the last call."""
        progress, metrics = self._intake.progress, self._metrics
        if progress.records:
            metrics.add_counts(m.RECORDS, {(topic,): count for topic, count in progress.records.items()})
            progress.records.clear()
        if progress.outcomes:
            metrics.add_counts(m.CHANGES, {tuple(key): count for key, count in progress.outcomes.items()})
            self._parked += sum(count for key, count in progress.outcomes.items() if key[0] == "parked")
            self._note_missed(progress.outcomes)
            progress.outcomes.clear()
        self._warn_of_missed()
        if progress.warnings:
            self._warn(progress.warnings)
            progress.warnings.clear()
        for seconds in progress.ledger_seconds:
            metrics.observe(m.LEDGER_COMMIT_SECONDS, seconds)
        progress.ledger_seconds.clear()
        if progress.rebalances != self._rebalances:
            metrics.add(m.REBALANCES, progress.rebalances - self._rebalances)
            self._rebalances = progress.rebalances
        if time.monotonic() >= self._look_at:
            self._look()

    def _warn(self, breaches: Mapping[str, int]) -> None:
        self._metrics.add_counts(m.PROFILE_BREACHES, {(breach,): count for breach, count in breaches.items()})
        for breach in breaches.keys() - self._warned:
            self._warned.add(breach)
            LOG.warning("events_break_the_profile", breach=breach, note="told once; the metric counts them")

    def _note_missed(self, outcomes: Mapping[tuple[str, str, str], int]) -> None:
        for (_, table, reason), count in outcomes.items():
            if reason == LATER_SNAPSHOT:
                self._missed[table] += count

    def _warn_of_missed(self) -> None:
        """Tell of rows that were not sent, a minute's together: a snapshot shows many of them at once."""
        if self._missed and time.monotonic() >= self._warn_of_missed_at:
            self._warn_of_missed_at = time.monotonic() + MISSED_EVERY_SECONDS
            LOG.warning(
                "rows_of_a_later_snapshot",
                tables=dict(sorted(self._missed.items())),
                note="not sent: if they were written while Debezium read no log, they are missing at Fast Track",
            )
            self._missed.clear()

    def health(self) -> Health:
        """Return how the brand is.  Any thread may ask."""
        progress, delivery, kafka = self._intake.progress, self._delivery(), self._source.health()
        alive = not progress.turned_at or time.monotonic() - progress.turned_at < TURN_LIMIT_SECONDS
        reasons = []
        if not kafka.connected or kafka.refused:
            reasons.append(kafka.last_error or "kafka does not answer")
        if not delivery.connected:
            reasons.append(f"rabbitmq is not connected: {delivery.last_error}".rstrip(": "))
        if delivery.blocked:
            reasons.append("rabbitmq blocks the connection (memory or disk alarm)")
        if delivery.refusing:
            reasons.append(f"rabbitmq refuses events: {delivery.last_error}")
        if progress.last_error:
            reasons.append(progress.last_error)
        if self._lag_problem:
            reasons.append(self._lag_problem)
        for name, problem in self._lookups().items():
            reasons.append(f"the rows of {name} stay as they were: {problem}")
        if reasons:
            return Health("degraded", tuple(reasons), alive=alive)
        return Health("ok" if progress.ready else "starting", alive=alive)

    def status(self) -> Status:
        """Return the brand at this moment."""
        progress, delivery = self._intake.progress, self._delivery()
        return Status(
            taken=progress.taken,
            sent=delivery.confirmed,
            held=progress.held,
            parked=self._parked,
            pending=delivery.pending,
            lag=int(sum(self._lag().values())),
            connected=delivery.connected,
            last_error=progress.last_error or delivery.last_error,
        )

    def _look(self) -> None:
        began = time.monotonic()
        self._look_at = began + LOOK_EVERY_SECONDS
        self._oldest_ms = self._intake.oldest_waiting_ms()
        self._look_at_ledger()
        if not self._source.health().connected:
            # The question would wait for the brokers, and taking in with it.
            return
        try:
            self._ranges = self._asked_ranges()
        except SourceUnavailable as error:
            # Taking in waited for it: of all its time, questions without an answer may take a fifth.
            now = time.monotonic()
            self._look_at = now + min(LONGEST_PAUSE_SECONDS, max(SHORTEST_PAUSE_SECONDS, 4 * (now - began)))
            self._ranges, self._lag_problem = None, f"the lag is not known: {error}"
            LOG.warning("lag_is_not_known", error=str(error))
        else:
            self._lag_problem = ""

    def _look_at_ledger(self) -> None:
        progress = self._intake.progress
        try:
            self._metrics.set(m.LEDGER_BYTES, self._ledger.size_bytes())
        except LedgerUnavailable as error:
            # While nothing is to be written, nobody else would tell.
            progress.ledger_fails(self._metrics.brand, error)
        else:
            # The size of a file says nothing of whether it can be written.
            if self._ledger.shared:
                progress.ledger_answers(self._metrics.brand)

    def _asked_ranges(self) -> Mapping[Partition, Range]:
        assigned = self._source.reached().keys()
        if assigned <= self._intake.positions.keys():
            # Taking in waits for the answer: half as long as for whole ranges.
            return {at: Range(0, end) for at, end in self._source.ends(assigned).items()}
        return self._source.ranges(assigned)

    def _lag(self) -> Mapping[tuple[str, ...], float]:
        """Return the lag of each partition: behind the ends as they were last asked for."""
        positions = self._intake.positions
        return {
            (at.topic, str(at.number)): float(max(0, found.end - max(found.first, positions.get(at, 0))))
            for at, found in (self._ranges or {}).items()
        }

    def _lag_seconds(self) -> float | None:
        if self._ranges is None:
            return None
        if not any(self._lag().values()):
            return 0.0
        # What has not been read yet is younger than what was taken in last.
        oldest_ms = self._oldest_ms or self._intake.progress.last_record_ms
        return max(0.0, time.time() - oldest_ms / 1000) if oldest_ms > 0 else None

    def connected(self) -> Mapping[tuple[str, ...], float]:
        """Return 1 for each peer that answers, 0 for one that does not.  Any thread may ask."""
        return {
            ("kafka",): float(self._source.health().connected),
            ("rabbitmq",): float(self._delivery().connected),
            ("ledger",): float(not self._intake.progress.ledger_away),
        }
