"""The list of metrics, and what Prometheus reads from it."""

from __future__ import annotations

import re
from pathlib import Path
from threading import Thread

from prometheus_client.parser import text_string_to_metric_families

from bridge.telemetry import metrics as listed
from bridge.telemetry.metrics import METRICS, PREFIX, Counter, Histogram, Metrics, reference

ROOT = Path(__file__).resolve().parents[3]


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return every sample as Prometheus' own parser reads it, without `brand`, which all must have."""
    read = {}
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        for sample in family.samples:
            if sample.name.startswith(PREFIX):
                assert sample.labels.pop("brand") == 'no"rd'
                read[sample.name.removeprefix(PREFIX), tuple(sorted(sample.labels.items()))] = sample.value
    return read


def fresh() -> Metrics:
    return Metrics('no"rd', "1.2.3")


def test_counts_of_batches_are_added_up_by_their_labels() -> None:
    metrics = fresh()
    metrics.add_counts(listed.EVENTS_SENT, {("Bet", "Approved"): 3, ("Win", "Approved"): 1})
    metrics.add_counts(listed.EVENTS_SENT, {("Bet", "Approved"): 2})
    metrics.add(listed.RETRIES, labels=("nack",))
    read = samples(metrics)
    assert read["events_sent_total", (("status", "Approved"), ("type", "Bet"))] == 5
    assert read["events_sent_total", (("status", "Approved"), ("type", "Win"))] == 1
    assert read["retries_total", (("cause", "nack"),)] == 1


def test_a_counter_without_labels_is_there_from_the_start() -> None:
    assert samples(fresh())["duplicates_sent_total", ()] == 0


def test_a_reader_is_asked_at_each_scrape_and_may_have_nothing_to_say() -> None:
    metrics = fresh()
    pending = iter([3.0, 7.0])
    metrics.pull(listed.OUTBOX_PENDING, lambda: next(pending))
    metrics.pull(listed.LAG_RECORDS, lambda: {("t", "0"): 4.0, ("t", "1"): 0.0})
    metrics.pull(listed.LAST_EVENT_TIMESTAMP, lambda: None)
    read = samples(metrics)
    assert read["outbox_pending", ()] == 3
    assert read["lag_records", (("partition", "0"), ("topic", "t"))] == 4
    assert ("last_event_timestamp_seconds", ()) not in read
    assert samples(metrics)["outbox_pending", ()] == 7


def test_durations_fall_into_cumulative_buckets() -> None:
    metrics = fresh()
    for seconds in (0.0005, 0.001, 0.002, 60.0):
        metrics.observe(listed.LEDGER_COMMIT_SECONDS, seconds)
    read = samples(metrics)
    bucket = "ledger_commit_seconds_bucket"
    assert read[bucket, (("le", "0.001"),)] == 2
    assert read[bucket, (("le", "0.0025"),)] == 3
    assert read[bucket, (("le", "10.0"),)] == 3
    assert read[bucket, (("le", "+Inf"),)] == 4
    assert read["ledger_commit_seconds_count", ()] == 4
    assert read["ledger_commit_seconds_sum", ()] == 60.0035


def test_the_version_is_a_label_and_the_process_is_measured() -> None:
    metrics = fresh()
    assert samples(metrics)["build_info", (("version", "1.2.3"),)] == 1
    assert b"process_resident_memory_bytes" in metrics.exposition()


def test_counts_from_many_threads_are_all_there() -> None:
    metrics = fresh()

    def count() -> None:
        for _ in range(2000):
            metrics.add(listed.RECORDS, 1, ("t",))

    threads = [Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert samples(metrics)["records_total", (("topic", "t"),)] == 8000


def test_names_follow_the_conventions_of_prometheus_and_are_listed_once() -> None:
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)
    defined = [value for value in vars(listed).values() if isinstance(value, Counter | listed.Gauge | Histogram)]
    assert set(METRICS) == set(defined)
    for metric in METRICS:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", metric.name)
        assert metric.name.endswith("_total") == isinstance(metric, Counter)


def test_the_reference_in_the_documentation_is_fresh() -> None:
    written = (ROOT / "docs/reference/metrics.md").read_text()
    assert written == reference(), "run: python -m bridge.telemetry > docs/reference/metrics.md"
