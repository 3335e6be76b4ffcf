"""Dates and times as structures of their parts: Debezium's `time.precision.mode=structured`, since 3.7.

A fraction is told in `nanos` or, by newer versions, in `picoseconds`; these also say the precision and the
column in the type's name (https://github.com/debezium/debezium, StructuredTemporal).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from bridge.decoders.decimals import conflict
from bridge.decoders.moments import EPOCH_UTC, infinity, out_of_range
from bridge.decoders.moments import clock as clock_of_micros
from bridge.decoders.moments import duration as duration_of_micros
from bridge.errors import DecodeError

Parts = Mapping[str, Any]

_DAY: Final = 86_400_000_000
"""In microseconds."""

_OF_COLUMN: Final = re.compile(
    r"(io\.debezium\.time\.Structured[A-Za-z]+?)(?:Precision\d+)?(?:SourceColumn[0-9a-f]+)?"
)


def type_of(name: str) -> str:
    """Return a type's name without what it says of the one column that has it."""
    found = _OF_COLUMN.fullmatch(name)
    return name if found is None else found[1]


def _parts(value: Any) -> Parts:
    if type(value) is not dict:
        raise conflict("a structured time", value)
    special = value.get("specialValue")
    if special in ("POSITIVE_INFINITY", "NEGATIVE_INFINITY"):
        raise infinity(past=special == "NEGATIVE_INFINITY")
    if special is not None:
        raise conflict("a structured time", special)
    return value


def _part(parts: Parts, name: str) -> int:
    number = parts.get(name)
    if type(number) is not int:
        raise conflict(f"the {name} of a structured time", number)
    return number


def _impossible(what: str) -> DecodeError:
    return DecodeError("schema_conflict", f"the parts of a structured time make no {what}")


def _micros(parts: Parts) -> int:
    """Return the fraction of the second, cut to microseconds; a part that is not there is none."""
    name, per_micro = ("picoseconds", 1_000_000) if "picoseconds" in parts else ("nanos", 1_000)
    fraction = _part(parts, name)
    return fraction // per_micro if fraction >= 0 else -(-fraction // per_micro)


def _date(parts: Parts) -> date:
    year, month, on = _part(parts, "year"), _part(parts, "month"), _part(parts, "day")
    if not (month and on):
        raise DecodeError("zero_date", "the date is MySQL's 0000-00-00, or has no month or no day")
    if not 1 <= year <= 9999:
        raise out_of_range()
    try:
        return date(year, month, on)
    except (ValueError, OverflowError):
        raise _impossible("date") from None


def _micros_of_day(parts: Parts) -> int:
    seconds = (_part(parts, "hour") * 60 + _part(parts, "minute")) * 60 + _part(parts, "second")
    return seconds * 1_000_000 + _micros(parts)


def _clock(parts: Parts) -> time | timedelta:
    return clock_of_micros(_micros_of_day(parts))


def day(value: Any) -> date:
    """Take a StructuredDate."""
    return _date(_parts(value))


def clock(value: Any) -> time | timedelta:
    """Take a StructuredTime to a time, or to a timedelta where no clock shows it (24:00:00)."""
    return _clock(_parts(value))


def timestamp(value: Any) -> datetime:
    """Take a StructuredTimestamp to a naive datetime."""
    parts = _parts(value)
    found, on = _clock(parts), _date(parts)
    if not isinstance(found, time):
        raise _impossible("time of day")
    return datetime.combine(on, found)


def moment(value: Any) -> datetime:
    """Take a StructuredZonedTimestamp to a moment in UTC; its offset decides, its zone's name does not."""
    parts = _parts(value)
    try:
        return (timestamp(parts) - timedelta(seconds=_part(parts, "offsetSeconds"))).replace(tzinfo=UTC)
    except OverflowError:
        raise out_of_range() from None


def zoned_clock(value: Any) -> time:
    """Take a StructuredZonedTime to a time of day in UTC, as the text of other modes tells it."""
    parts = _parts(value)
    micros, offset = _micros_of_day(parts), _part(parts, "offsetSeconds")
    # Postgres knows 24:00:00 with a zone: the midnight that ends the day, which in UTC has no time of day.
    if not 0 <= micros < _DAY and not (micros == _DAY and offset):
        raise _impossible("time of day")
    try:
        return (EPOCH_UTC + timedelta(0, 0, micros - offset * 1_000_000)).timetz()
    except OverflowError:
        raise _impossible("time of day") from None


def duration(value: Any) -> timedelta:
    """Take a StructuredDuration, whose parts have signs of their own; a day is 24 hours.

    Raises DecodeError for years and months, which have no length of their own.
    """
    parts = _parts(value)
    if _part(parts, "years") or _part(parts, "months"):
        raise DecodeError("calendar_duration", "the duration has years or months, which are not always as long")
    hours = _part(parts, "days") * 24 + _part(parts, "hours")
    seconds = (hours * 60 + _part(parts, "minutes")) * 60 + _part(parts, "seconds")
    return duration_of_micros(seconds * 1_000_000 + _micros(parts))
