"""The numbers that a bridge shows to Prometheus.

This file is the one list of them: `METRICS`, from which docs/reference/metrics.md is made.  The hot
path adds whole batches from plain dictionaries; gauges are read when Prometheus asks.  Every sample
carries the label `brand`, because one Prometheus looks at many bridges.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

PREFIX: Final = "wallet_bridge_"

Labels = tuple[str, ...]


class Counter(NamedTuple):
    """A number that only grows; `labels` are given in this order."""

    name: str
    labels: tuple[str, ...]
    meaning: str


class Gauge(NamedTuple):
    """A number that goes up and down."""

    name: str
    labels: tuple[str, ...]
    meaning: str


class Histogram(NamedTuple):
    """How long something took, in seconds, counted in buckets by their upper bounds."""

    name: str
    bounds: tuple[float, ...]
    meaning: str

    @property
    def labels(self) -> tuple[str, ...]:
        """Return none: a histogram here is one for the brand."""
        return ()


# Taking in
RECORDS = Counter(
    "records_total", ("topic",), "Kafka records taken in and settled in the ledger, tombstones included"
)
CHANGES = Counter(
    "changes_total",
    ("outcome", "table", "reason"),
    "how changes ended: sent, skipped, parked, or lookup for a look-up row; reason is that of a skip or the code "
    "of what was parked",
)
PROFILE_BREACHES = Counter(
    "profile_breaches_total",
    ("breach",),
    "events sent although they do not hold to the stricter profile that the connector names, by what they break",
)
HELD = Gauge("held", (), "changes that wait now for an original, a look-up row or parts")
PARKED = Gauge("parked", (), "changes that wait now for a person")
LAG_RECORDS = Gauge(
    "lag_records",
    ("topic", "partition"),
    "records in Kafka that have not been taken in, as Kafka told the ends every 5 s; absent while it does not",
)
LAG_SECONDS = Gauge(
    "lag_seconds",
    (),
    "0 when all records are taken in, else the age of the oldest that was read and waits, or at most so much: the "
    "age of the record that was taken in last; absent while neither is known",
)
REBALANCES = Counter("rebalances_total", (), "times that Kafka gave partitions to this instance or took them away")
OFFSET_COMMIT_FAILURES = Counter(
    "offset_commit_failures_total",
    (),
    "failed commits of offsets; they serve lag tools alone, the ledger keeps positions",
)

# The ledger
LEDGER_BYTES = Gauge("ledger_bytes", (), "size of the ledger on disk")
LEDGER_COMMIT_SECONDS = Histogram(
    "ledger_commit_seconds",
    (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    "time from the first statement of a batch's transaction until it was durable",
)

# Sending out
OUTBOX_PENDING = Gauge(
    "outbox_pending",
    (),
    "events that the sender has and the broker has not confirmed; after a long outage the ledger may hold more, "
    "which follow when there is room (`limits.outbox`)",
)
WINDOW_IN_USE = Gauge("window_in_use", (), "messages published and not confirmed")
UNCONFIRMED_AGE_SECONDS = Gauge(
    "unconfirmed_age_seconds", (), "how long the oldest event that is not confirmed has been waiting to be"
)
EVENTS_SENT = Counter("events_sent_total", ("type", "status"), "events that the broker has routed and confirmed")
DUPLICATES_SENT = Counter(
    "duplicates_sent_total", (), "messages published again with the same id and body, which may arrive twice"
)
RETRIES = Counter(
    "retries_total", ("cause",), "events sent again, by cause: nack, unroutable, connection_lost, timeout"
)
BLOCKED_SECONDS = Counter(
    "blocked_seconds_total", (), "time in which RabbitMQ blocked the connection (memory or disk alarm)"
)
LAST_EVENT_TIMESTAMP = Gauge(
    "last_event_timestamp_seconds",
    (),
    "when the broker last confirmed an event, in seconds since 1970; absent before the first",
)

# The process
CONNECTED = Gauge(
    "connected",
    ("peer",),
    "1 while connected to kafka, rabbitmq or the ledger, else 0; a start that waits shows what it has tried",
)
READY = Gauge("ready", (), "1 while /ready says ok, else 0")
BUILD_INFO = Gauge("build_info", ("version",), "1; the label tells the version that runs")

METRICS: Final[tuple[Counter | Gauge | Histogram, ...]] = (
    RECORDS, CHANGES, PROFILE_BREACHES, HELD, PARKED, LAG_RECORDS, LAG_SECONDS, REBALANCES, OFFSET_COMMIT_FAILURES,
    LEDGER_BYTES, LEDGER_COMMIT_SECONDS,
    OUTBOX_PENDING, WINDOW_IN_USE, UNCONFIRMED_AGE_SECONDS, EVENTS_SENT, DUPLICATES_SENT, RETRIES, BLOCKED_SECONDS,
    LAST_EVENT_TIMESTAMP,
    CONNECTED, READY, BUILD_INFO,
)  # fmt: skip
"""Every metric there is, in the order of the documentation."""

Reading = float | Mapping[Labels, float] | None
"""What a callback returns: one number, a number for each set of labels, or None while there is none."""


class _Buckets:
    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def cumulative(self) -> list[tuple[str, float]]:
        total, result = 0, []
        for bound, count in zip((*self.bounds, float("inf")), self.counts, strict=True):
            total += count
            result.append(("+Inf" if bound == float("inf") else str(float(bound)), float(total)))
        return result


class Metrics(Collector):
    """The numbers of one bridge.  Every method may be called from any thread and never blocks for long."""

    def __init__(self, brand: str, version: str) -> None:
        self.brand = brand
        self._lock = Lock()
        self._numbers: dict[str, dict[Labels, float]] = {one.name: {} for one in METRICS}
        self._buckets = {one.name: _Buckets(one.bounds) for one in METRICS if isinstance(one, Histogram)}
        self._readers: dict[str, Callable[[], Reading]] = {}
        for one in METRICS:
            if isinstance(one, Counter) and not one.labels:
                # A counter that is there before it first grows lets `rate` see its first step.
                self._numbers[one.name][()] = 0.0
        self.set(BUILD_INFO, 1, (version,))
        self.registry = CollectorRegistry()
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def add_counts(self, metric: Counter, counts: Mapping[Labels, float]) -> None:
        """Add a batch to a counter: a number for each set of labels."""
        numbers = self._numbers[metric.name]
        with self._lock:
            for labels, count in counts.items():
                numbers[labels] = numbers.get(labels, 0.0) + count

    def add(self, metric: Counter, by: float = 1, labels: Labels = ()) -> None:
        """Add to one number of a counter."""
        self.add_counts(metric, {labels: by})

    def set(self, metric: Gauge, value: float, labels: Labels = ()) -> None:
        """Set one number of a gauge."""
        with self._lock:
            self._numbers[metric.name][labels] = float(value)

    def observe(self, metric: Histogram, seconds: float) -> None:
        """Count one duration."""
        buckets = self._buckets[metric.name]
        with self._lock:
            buckets.counts[bisect_left(buckets.bounds, seconds)] += 1
            buckets.sum += seconds

    def pull(self, metric: Gauge | Counter, read: Callable[[], Reading]) -> None:
        """Ask `read` for the numbers of a metric at each scrape, in place of what was set or added.

        `read` is called from the thread of the scrape, must be quick and must not raise.
        """
        self._readers[metric.name] = read

    def exposition(self) -> bytes:
        """Return all numbers in Prometheus' text format."""
        return generate_latest(self.registry)

    def collect(self) -> Iterable[Family]:
        """Yield the numbers as prometheus-client wants them."""
        for metric in METRICS:
            if isinstance(metric, Histogram):
                yield self._histogram(metric)
            else:
                yield self._family(metric)

    def describe(self) -> Iterable[Family]:
        """Yield nothing: registering must not call the readers."""
        return ()

    def _family(self, metric: Counter | Gauge) -> Family:
        kind = CounterMetricFamily if isinstance(metric, Counter) else GaugeMetricFamily
        family = kind(PREFIX + metric.name, metric.meaning, labels=("brand", *metric.labels))
        for labels, number in self._now(metric).items():
            family.add_metric((self.brand, *labels), number)
        return family

    def _now(self, metric: Counter | Gauge) -> Mapping[Labels, float]:
        read = self._readers.get(metric.name)
        if read is None:
            with self._lock:
                return dict(self._numbers[metric.name])
        reading = read()
        if reading is None:
            return {}
        return dict(reading) if isinstance(reading, Mapping) else {(): reading}

    def _histogram(self, metric: Histogram) -> Family:
        buckets = self._buckets[metric.name]
        with self._lock:
            cumulative, total = buckets.cumulative(), buckets.sum
        family = HistogramMetricFamily(PREFIX + metric.name, metric.meaning, labels=("brand",))
        family.add_metric((self.brand,), cumulative, total)
        return family


def reference() -> str:
    """Return docs/reference/metrics.md."""
    lines = [
        "# Metrics",
        "",
        "`/metrics` shows these to Prometheus. Every one has the label `brand` too.",
        "Counters start at 0 with the process.",
        "Beside them are the usual `process_…` metrics: memory, CPU time, open files.",
        "",
        "| metric | kind | labels | meaning |",
        "| --- | --- | --- | --- |",
    ]
    for metric in METRICS:
        kind = type(metric).__name__.lower()
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        lines.append(f"| `{PREFIX}{metric.name}` | {kind} | {labels} | {metric.meaning} |")
    return "\n".join(lines) + "\n"
