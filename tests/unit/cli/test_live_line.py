"""The line of status on a terminal, and whose a line of the log is."""

from __future__ import annotations

import io
import json
import re

import pytest
import structlog

from bridge.cli.live_line import BrandStream, LiveLine, words_of
from bridge.cli.watching import Watch
from bridge.running.reporting import Status
from bridge.telemetry.http import Health


def status(**changes: object) -> Status:
    values: dict[str, object] = {
        "taken": 10,
        "sent": 10,
        "held": 3,
        "parked": 1,
        "pending": 7,
        "lag": 1234,
        "connected": True,
        "last_error": "",
    }
    return Status(**{**values, **changes})  # type: ignore[arg-type]


def screen(written: str) -> list[str]:
    """Return what a terminal shows of it: each line as it was last, with erased text gone."""
    shown = [""]
    for part in re.split(r"(\n|\r\x1b\[2K)", written):
        if part == "\n":
            shown.append("")
        elif part == "\r\x1b[2K":
            shown[-1] = ""
        else:
            shown[-1] += part
    return shown


def test_the_log_stands_above_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    terminal = io.StringIO()
    line = LiveLine(terminal)
    line.write("started\n")
    line.show(status())
    line.write("partitions assigned\n")
    line.show(status(sent=20, held=0))
    *log, last = screen(terminal.getvalue())
    assert log == ["started", "partitions assigned"]
    assert "held 0" in last
    assert "lag 1,234" in last
    line.end()
    assert screen(terminal.getvalue())[-1] == ""


def test_the_line_is_cut_to_the_width_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    terminal = io.StringIO()
    LiveLine(terminal).show(status(last_error="x" * 100))
    assert len(screen(terminal.getvalue())[-1]) == 39


def test_trouble_is_in_the_line() -> None:
    well = "1,234 events/s  lag 1,234  held 3  parked 1  unconfirmed 7"
    assert words_of(status(), 1234.5) == well
    assert words_of(status(last_error="old"), 1234.5) == f"{well}  last error: old"
    assert words_of(status(last_error="old"), 1234.5, ["no route", "no disk"]) == f"{well}  no route; no disk"


def test_trouble_is_logged_when_it_begins_and_when_it_is_over() -> None:
    found = [(), ("a",), ("a", "b"), ("b",), (), ()]
    states = iter(Health("degraded" if reasons else "ok", reasons) for reasons in found)
    with structlog.testing.capture_logs() as logged:
        watch = Watch(lambda: next(states), None)
        for _ in found:
            watch(status())
    assert [(line["log_level"], line["event"], line.get("reason")) for line in logged] == [
        ("warning", "trouble", "a"),
        ("warning", "trouble", "b"),
        ("info", "well_again", None),
    ]


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ('{"event": "x"}\n', {"brand": "northern", "event": "x"}),
        ('{"event": "x", "brand": "northern"}\n', {"brand": "northern", "event": "x"}),
    ],
)
def test_a_line_of_json_says_whose_it_is(text: str, marked: dict[str, str]) -> None:
    out = io.StringIO()
    assert BrandStream(out, "northern").write(text) == len(text)
    assert json.loads(out.getvalue()) == marked


def test_a_line_for_people_begins_with_the_brand() -> None:
    out = io.StringIO()
    BrandStream(out, "northern").write("it started\n")
    assert out.getvalue() == "[northern] it started\n"
