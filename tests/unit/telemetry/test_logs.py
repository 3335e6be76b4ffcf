"""What a log may show, and what it must not."""

from __future__ import annotations

import io
import json
import logging
import os
import pty
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import SecretBytes, SecretStr

from bridge.flow import Change, Delivery, Event
from bridge.records import ParkedChange, Partition, SourceRecord
from bridge.row import Row
from bridge.telemetry.logs import client_logger, configure

SECRET = "SECRET-77"
RECORD = SourceRecord("topic", 3, 17, SECRET.encode(), SECRET.encode(), (), -1)
ROW = Row({"amount": SECRET, "kind": SECRET}, {})


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.getLogger("bridge").level
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    logging.getLogger("bridge").setLevel(before[2])
    structlog.reset_defaults()


def logged(event: str, **fields: Any) -> dict[str, Any]:
    """Return what one event at info looks like in JSON."""
    stream = io.StringIO()
    configure("info", "json", stream)
    structlog.get_logger("bridge.test").info(event, **fields)
    line: dict[str, Any] = json.loads(stream.getvalue())
    return line


def test_an_event_is_one_line_of_json_with_its_name_level_time_and_fields() -> None:
    line = logged("partition_assigned", partition=Partition("topic", 3), position=17, emoji="🚀")
    at = line.pop("at")
    assert datetime.fromisoformat(at).tzinfo == UTC
    assert line == {
        "event": "partition_assigned",
        "level": "info",
        "logger": "bridge.test",
        "partition": "topic[3]",
        "position": 17,
        "emoji": "🚀",
    }


@pytest.mark.parametrize(
    "value",
    [
        SecretStr(SECRET),
        SecretBytes(SECRET.encode()),
        ROW,
        RECORD,
        SECRET.encode(),
        [ROW],
        {"row": {"deep": ROW}},
        Change(record=RECORD, table="t", op="c", key=ROW, before=ROW, after=ROW, position=None, snapshot=False,
               committed_us=None),
        ParkedChange(parked_id=1, record=RECORD, table="t", key=SECRET, player=SECRET, code="c", reason="r",
                     parked_at_ms=0),
        Event("m", SECRET, SECRET.encode()),
        Delivery(1, "m", SECRET, SECRET.encode()),
        "amqp://bridge:SECRET-77@127.0.0.1:5672/%2f",
        "amqps://bridge:p@SECRET-77@broker",
        "cannot reach postgresql+psycopg://u:SECRET-77@h/db today",
        {"password": SECRET, "nested": [{"api_key": SECRET, "sasl.password": SECRET}]},
        ConnectionError("amqp://u:SECRET-77@h refused"),
        type("Unknown", (), {"__repr__": lambda _: SECRET, "__str__": lambda _: SECRET})(),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_no_secret_and_no_value_of_a_row_is_written(value: Any) -> None:
    assert SECRET not in json.dumps(logged("something_happened", value=value))


def test_a_row_is_shown_as_its_columns_and_a_record_as_its_place() -> None:
    line = logged("change_parked", row=ROW, record=RECORD, message=Event("m-1", "p", b"{}"), password=SECRET)
    assert line["row"] == {"columns": ["amount", "kind"]}
    assert line["record"] == "topic[3]@17"
    assert line["message"] == {"message_id": "m-1"}
    assert line["password"] == "**********"


def test_plain_values_are_written_as_they_are() -> None:
    line = logged(
        "x_happened", money=Decimal("1.10"), path=Path("/etc/x"), numbers=(1, 2.5, None, True), url="http://h/"
    )
    assert (line["money"], line["path"], line["numbers"], line["url"]) == (
        "1.10", "/etc/x", [1, 2.5, None, True], "http://h/",
    )  # fmt: skip


@pytest.mark.parametrize("format_", ["json", "console"])
def test_a_traceback_shows_neither_local_variables_nor_passwords_in_urls(format_: Any) -> None:
    stream = io.StringIO()
    configure("info", format_, stream)
    try:
        local = "LOCAL-" + "55"
        raise ConnectionError("amqp://bridge:SECRET-77@127.0.0.1 refused " + str(len(local)))  # noqa: TRY301
    except ConnectionError:
        structlog.get_logger("bridge.test").exception("send_failed")
    written = stream.getvalue()
    assert "ConnectionError" in written
    assert "test_logs.py" in written
    assert SECRET not in written
    assert "LOCAL-55" not in written


def test_client_libraries_are_heard_from_warning_on_and_cleaned_as_well() -> None:
    stream = io.StringIO()
    configure("debug", "json", stream)
    client_logger("librdkafka").info("chatter")
    logging.getLogger("sqlalchemy.pool").info("chatter")
    client_logger("librdkafka").warning("broker %s down", "sasl://u:SECRET-77@h")
    logging.getLogger("sqlalchemy.pool").error("connection lost")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["logger"], line["level"], line["event"]) for line in lines] == [
        ("librdkafka", "warning", "broker sasl://u:**********@h down"),
        ("sqlalchemy.pool", "error", "connection lost"),
    ]


def test_the_level_decides_what_of_ours_is_written() -> None:
    stream = io.StringIO()
    configure("warning", "json", stream)
    log = structlog.get_logger("bridge.test")
    log.info("quiet_thing")
    log.warning("loud_thing")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["loud_thing"]
    with pytest.raises(ValueError, match="a log level is"):
        configure("loud")


def test_configured_twice_an_event_is_written_once() -> None:
    first = io.StringIO()
    configure("info", "json", first)
    assert logged("said_once")["event"] == "said_once"
    assert first.getvalue() == ""


def test_a_terminal_gets_coloured_lines_and_a_file_json() -> None:
    primary, secondary = pty.openpty()
    with os.fdopen(primary, "rb", buffering=0) as reader, os.fdopen(secondary, "w") as terminal:
        configure("info", "auto", terminal)
        structlog.get_logger("bridge.test").info("bridge_started", brand="x")
        terminal.flush()
        seen = reader.read(4096).decode()
    assert "\x1b[" in seen
    assert "bridge_started" in seen
