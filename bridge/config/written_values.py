"""Values as the tests beside a connector write them, and whether an event has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

Columns = dict[str, Any]

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


def moment_of(text: str) -> datetime:
    """Return the moment that a text says.  Raises TypeError for one that says none."""
    value = value_of(text)
    if not isinstance(value, datetime):
        raise TypeError(f"{text} is no moment")  # refused when the file was read
    return value


def values_of(columns: Columns) -> Columns:
    """Return every column's value as a decoder would give it."""
    return {name: value_of(value) for name, value in columns.items()}


def value_of(value: Any) -> Any:
    """Return a value as a decoder would give it: a text that looks like a time is one."""
    if isinstance(value, dict):
        return value["text"] if set(value) == {"text"} else values_of(value)
    if isinstance(value, list):
        return [value_of(item) for item in value]
    if not isinstance(value, str):
        return value
    try:
        if _MOMENT.fullmatch(value):
            return datetime.fromisoformat(value).astimezone(UTC)
        return date.fromisoformat(value) if _DATE.fullmatch(value) else value
    except ValueError:
        return value


def differences(expected: Columns, event: Mapping[str, Any], *, exact: bool) -> list[str]:
    """Return in words what an event has otherwise than expected; numbers and moments compare by value."""
    found = [
        f"{name} is {event.get(name)!r}, expected {wanted!r}"
        for name, wanted in expected.items()
        if not _same(wanted, event.get(name))
    ]
    more = sorted(set(event) - set(expected)) if exact else []
    return found + [f"{name} was not expected" for name in more]


def _same(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, dict) and isinstance(got, dict):
        return set(wanted) == set(got) and all(_same(value, got[name]) for name, value in wanted.items())
    if isinstance(wanted, bool) or isinstance(got, bool):
        return wanted is got
    if isinstance(wanted, (int, Decimal)) and isinstance(got, (int, Decimal)):
        return wanted == got
    return (
        bool(value_of(wanted) == value_of(got))
        if isinstance(wanted, str) and isinstance(got, str)
        else wanted == got
    )
