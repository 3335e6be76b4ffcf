"""Alerts, dashboard and runbook speak of metrics and labels that exist, and of each other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge.telemetry.metrics import METRICS, PREFIX, Histogram

ROOT = Path(__file__).resolve().parents[3]
RUNBOOK = ROOT / "docs/runbook"
ALERTS: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/wallet-bridge.json").read_text())
LABELS = {
    PREFIX + metric.name: {"brand", *metric.labels} for metric in METRICS if not isinstance(metric, Histogram)
}
for metric in METRICS:
    if isinstance(metric, Histogram):
        LABELS |= {f"{PREFIX}{metric.name}_{end}": {"brand", "le"} for end in ("bucket", "sum", "count")}
# Prometheus' own, and prometheus-client's about the process.
for name_ in ("up", "process_start_time_seconds", "process_resident_memory_bytes", "process_cpu_seconds_total"):
    LABELS[name_] = {"job", "instance"}


def expressions() -> Iterator[str]:
    for alert in ALERTS:
        yield alert["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]


def problems(expression: str) -> list[str]:
    """Return what an expression names that does not exist."""
    found = re.findall(r"\b((?:wallet_bridge_|process_)\w+|up)\b(?:\{([^}]*)\})?", expression)
    wrong = [f"no metric {name}" for name, _ in found if name not in LABELS]
    known = set[str]().union(*(LABELS.get(name, set()) for name, _ in found))
    asked = {label for _, matchers in found for label in re.findall(r'(\w+)\s*=~?\s*"', matchers)}
    asked |= {label.strip() for group in re.findall(r"\bby \(([^)]*)\)", expression) for label in group.split(",")}
    wrong += [f"no label {label}" for label in sorted(asked - known)]
    if not found:
        wrong.append("names no metric")
    if expression.count("(") != expression.count(")"):
        wrong.append("brackets are not balanced")
    return wrong


@pytest.mark.parametrize("expression", list(expressions()))
def test_expressions_name_metrics_and_labels_that_exist(expression: str) -> None:
    assert problems(expression) == []


def test_the_check_sees_unknown_metrics_and_labels() -> None:
    assert problems("sum by (brnad) (wallet_bridge_helt)") == ["no metric wallet_bridge_helt", "no label brnad"]
    assert problems('rate(wallet_bridge_retries_total{reason="x"}[5m]') == [
        "no label reason",
        "brackets are not balanced",
    ]


def test_a_counter_is_never_alerted_on_without_a_rate() -> None:
    for expression in expressions():
        for name in re.findall(r"(\w*)\(\w+_total\b", expression):
            assert name in {"rate", "increase"}, expression


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_a_first_time_is_not_looked_for_in_a_counter_that_begins_with_it(alert: dict[str, Any]) -> None:
    """Such a counter appears as 1, and for Prometheus has not grown; causes are there from the start."""
    for name in re.findall(r"increase\((\w+)[^)]*\)\) > 0", alert["expr"]):
        assert LABELS[name] <= {"brand", "cause"}, name


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_how_urgent_it_is_and_has_its_page(alert: dict[str, Any]) -> None:
    assert set(alert) <= {"alert", "expr", "for", "labels", "annotations"}
    assert alert["labels"] in ({"severity": "page"}, {"severity": "ticket"})
    assert re.fullmatch(r"\d+[mh]", alert.get("for", "1m"))
    assert alert["annotations"]["summary"].endswith(".")
    page = (ROOT / alert["annotations"]["runbook"]).read_text()
    titles = re.findall(r"^#+ .*$", page, re.MULTILINE)
    assert titles == [f"# {alert['alert']}", "## Meaning", "## Check", "## Fix", "## Escalate"]
    meaning, check, _, escalate = (part.strip() for part in re.split(r"^## .*$", page, flags=re.MULTILINE)[1:])
    assert "**Players and money:** " in meaning
    assert "`" in check, "a check names what to look at or to type"
    assert escalate


def test_every_page_belongs_to_an_alert_and_the_list_has_them_all() -> None:
    pages = {alert["annotations"]["runbook"].rpartition("/")[2]: alert["alert"] for alert in ALERTS}
    assert len(pages) == len(ALERTS)
    assert {page.name for page in RUNBOOK.glob("*.md")} == {*pages, "README.md"}
    listed = re.findall(
        r"^\| (\w+) \| \[[^]]*\]\(([^)]*)\) \|$", (RUNBOOK / "README.md").read_text(), re.MULTILINE
    )
    assert {page: alert for alert, page in listed} == pages


def test_pages_link_to_pages_and_name_metrics_that_exist() -> None:
    for page in RUNBOOK.glob("*.md"):
        text = page.read_text()
        for link in re.findall(r"\]\(([^)]*)\)", text):
            assert (RUNBOOK / link.partition("#")[0]).is_file(), f"{page.name}: {link}"
        for name in re.findall(r"\b(?:wallet_bridge|process)_\w+", text):
            assert name in LABELS or f"{name}_bucket" in LABELS, f"{page.name}: {name}"


def test_every_metric_is_on_the_dashboard_or_in_an_alert() -> None:
    text = " ".join(expressions())
    unseen = [
        metric.name
        for metric in METRICS
        if not re.search(rf"{PREFIX}{metric.name}\b|{PREFIX}{metric.name}_", text)
    ]
    assert unseen == []


def test_panels_have_their_own_place_and_id() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_silence_since_the_start_is_silence_too() -> None:
    """There is no time of a last event before the first one, and a start may be what ended them."""
    (alert,) = [alert for alert in ALERTS if "last_event_timestamp" in alert["expr"]]
    assert "or process_start_time_seconds" in " ".join(alert["expr"].split())
