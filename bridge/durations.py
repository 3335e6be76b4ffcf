"""Durations as people write them: `10 minutes`, `1 hour`, `250 ms`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

_UNIT_SECONDS = {
    "ms": 0.001,
    "millisecond": 0.001,
    "s": 1.0,
    "second": 1.0,
    "minute": 60.0,
    "hour": 3600.0,
    "day": 86400.0,
}
_FORM = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")


def parse_duration(value: Any) -> timedelta:
    """Return the timedelta that `value` says.  Raises ValueError with an example when it says none."""
    if isinstance(value, timedelta):
        return value
    match = _FORM.fullmatch(str(value).strip().lower())
    unit = (_UNIT_SECONDS.get(match[2]) or _UNIT_SECONDS.get(match[2].removesuffix("s"))) if match else None
    if match is None or unit is None:
        raise ValueError(f"{value!r} is no duration; write for example 10 minutes, 1 hour or 250 ms")
    return timedelta(seconds=float(match[1]) * unit)
