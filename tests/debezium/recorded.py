"""Reads the records that other projects recorded, and compares decoded values with what those expect."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.flow import Change
from bridge.records import SourceRecord
from bridge.row import Row

FOLDER = Path(__file__).parents[2].parent / "shared" / "debezium-recorded"

needs_recordings = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no recorded data at {FOLDER}")


def expected() -> dict[str, Any]:
    """Return what the projects that recorded the data expect of it."""
    loaded: dict[str, Any] = json.loads((FOLDER / "EXPECTED.json").read_bytes())
    return loaded


def source_record(value: bytes | None, key: bytes | None = None, topic: str = "topic") -> SourceRecord:
    """Return a record without headers."""
    return SourceRecord(topic, 0, 0, key, value, (), -1)


def with_source(envelope: Mapping[str, Any] | str) -> bytes:
    """Give an envelope that was recorded without a source one; its text stays as it is."""
    text = envelope if isinstance(envelope, str) else json.dumps(envelope)
    return (text.rstrip().removesuffix("}") + ', "source": {"table": "t", "db": "d"}}').encode()


def columns(row: Row | None) -> dict[str, Any]:
    """Read every column."""
    assert row is not None
    return {column: row.get(column) for column in row.columns()}


def change(decoded: object) -> Change:
    """Insist on a change."""
    assert isinstance(decoded, Change), decoded
    return decoded


def said(value: Any, like: Any) -> Any:
    """Say a decoded value in the form of EXPECTED.json that `like` has."""
    if isinstance(like, Mapping) and len(like) == 1:
        (form,) = like
        if form == "bits":  # The column's length is the schema's matter; the value is the number that they make.
            return {form: format(_exactly(value, int), f"0{len(like[form])}b")}
        if form in _FORMS:
            return {form: _FORMS[form](value)}
    if isinstance(like, Mapping) and isinstance(value, Mapping):
        return {name: said(value[name], like[name]) for name in like}
    if isinstance(value, Decimal) and isinstance(like, float | int):
        return float(value)
    if isinstance(value, int) and not isinstance(value, bool) and isinstance(like, str):
        return str(value)
    return value


def _exactly(value: Any, kind: type) -> Any:
    assert type(value) is kind, f"{kind.__name__} expected, not {type(value).__name__}"
    return value


def _decimal(value: Any) -> str:
    assert type(value) in (Decimal, int)
    text = format(Decimal(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _local(value: datetime) -> str:
    assert value.tzinfo is None
    return _short(value.isoformat())


def _instant(value: datetime) -> str:
    assert value.tzinfo is UTC
    return _short(value.replace(tzinfo=None).isoformat()) + "Z"


def _short(text: str) -> str:
    return text.rstrip("0") if "." in text else text


def _utc_time(value: time) -> str:
    assert value.tzinfo is UTC
    return _short(value.replace(tzinfo=None).isoformat())


_FORMS: dict[str, Callable[[Any], object]] = {
    "instant": _instant,
    "local": _local,
    "timetz_utc": _utc_time,
    "micros": lambda value: str(_exactly(value, timedelta) // timedelta(microseconds=1)),
    "hex": lambda value: _exactly(value, bytes).hex(),
    "json": lambda value: _exactly(value, dict),
    "date": lambda value: _exactly(value, date).isoformat(),
    "time": lambda value: _short(_exactly(value, time).isoformat()),
    "decimal": _decimal,
}
