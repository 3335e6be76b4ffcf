"""Functions of moments, local times and dates."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from datetime import date as date_type
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from bridge.durations import parse_duration
from bridge.mapping.language.library.registry import choice_in, library_function, number_in, text_in
from bridge.mapping.language.operators import floor_divide, kind_of, multiply
from bridge.mapping.language.readers import Unfit
from bridge.row import Value

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_MOMENT: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r" ?(?:(Z|z)|([+-])([0-9]{2})(?::?([0-9]{2}))?)?"
)
_TWICE: Final = ("refuse", "first", "second")
_NEVER: Final = ("refuse", "later", "earlier")


def _check_zone(zone: Value = None, twice: Value = "refuse", never: Value = "refuse") -> None:
    if zone is not None:
        _zone(zone)
    choice_in(twice, "twice", _TWICE)
    choice_in(never, "never", _NEVER)


def _zone(name: Value) -> ZoneInfo:
    try:
        return ZoneInfo(text_in(name, "zone"))
    except (ValueError, OSError, KeyError):
        raise Unfit("unknown_zone", 'zone is no time zone; say for example "Europe/Malta" or "UTC"') from None


@library_function(
    'moment(x, zone, twice="refuse", never="refuse")',
    ('moment("2026-11-21T23:00:00Z")', 'moment("2026-11-22 00:00:00+01:00")'),
    ('moment("2026-07-01 12:00:00", "Europe/Malta")', 'moment("2026-07-01T10:00:00Z")'),
    ('moment("2026-10-25 02:30:00", "Europe/Malta", twice="first")', 'moment("2026-10-25T00:30:00Z")'),
    constants=("zone", "twice", "never"),
    check=_check_zone,
)
def moment(x: Value, zone: str | None = None, twice: str = "refuse", never: str = "refuse") -> datetime:
    """Take ISO text or a local time to a moment.  What has no zone of its own is in `zone`.

    When clocks go back, an hour comes twice: `twice` says which one is meant, `"first"` or `"second"`.
    When they go forward, an hour never comes: `never` says whether to take the hour `"later"` or
    `"earlier"`.  Without these, such a time is parked.  Digits beyond microseconds are cut off.
    """
    value = _parsed(x) if isinstance(x, str) else x
    if not isinstance(value, datetime):
        raise Unfit("not_a_moment", f"x is {kind_of(x)}, where a time is needed")
    if value.tzinfo is not None:
        return _in_range(lambda: value.astimezone(UTC))
    if zone is None:
        raise Unfit("no_zone", 'x has no time zone; say moment(x, "Europe/Malta") or where it was written')
    return _in_range(lambda: _from_local(value, _zone(zone), twice, never))


def _in_range(calculate: Callable[[], datetime]) -> datetime:
    try:
        return calculate()
    except OverflowError:
        raise Unfit("bad_time", "x lies outside the years 1 to 9999") from None


def _from_local(local: datetime, zone: ZoneInfo, twice: str, never: str) -> datetime:
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    # Of an hour that never comes, the later offset is the smaller one: fold 0 lies behind fold 1.
    comes = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local
    choice = twice if comes else never
    if choice == "refuse":
        if comes:
            raise Unfit("ambiguous_time", 'x is in an hour that comes twice; say twice="first" or "second"')
        raise Unfit("missing_time", 'x is in an hour that never comes; say never="later"')
    return (first if choice in ("first", "later") else second).astimezone(UTC)


def _parsed(text: str) -> datetime:
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        raise Unfit("bad_time", "x is text that is no time such as 2026-11-21T23:00:00Z")
    year, month, day, hour, minute, second, fraction, zulu, sign, hours, minutes = match.groups()
    zone = UTC if zulu else None
    try:
        if sign:
            shift = timedelta(hours=int(hours), minutes=int(minutes or 0))
            zone = timezone(shift if sign == "+" else -shift)
        micros = int((fraction or "0").ljust(6, "0")[:6])
        return datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second or 0), micros, tzinfo=zone
        )
    except ValueError:
        raise Unfit("bad_time", "x is text of a day or hour that does not exist") from None


@library_function(
    "date(x, zone)",
    ('date(moment("2026-11-21T23:30:00Z"))', 'date("2026-11-21")'),
    ('date(moment("2026-11-21T23:30:00Z"), "Europe/Malta")', 'date("2026-11-22")'),
    constants=("zone",),
    check=_check_zone,
)
def date(x: Value, zone: str | None = None) -> date_type:
    """Return the date of a moment, in UTC or in a zone; or take ISO text to a date."""
    if isinstance(x, str):
        match = _DATE.fullmatch(x.strip())
        try:
            return date_type(*map(int, match.groups())) if match else _parsed(x).date()
        except ValueError:
            raise Unfit("bad_time", "x is text of a day that does not exist") from None
    if isinstance(x, datetime):
        if x.tzinfo is None:
            return x.date()
        return _in_range(lambda: x.astimezone(_zone(zone) if zone else UTC)).date()
    if isinstance(x, date_type):
        return x
    raise Unfit("not_a_moment", f"x is {kind_of(x)}, where a time is needed")


@library_function("epoch_s(x)", ("epoch_s(1795302000)", 'moment("2026-11-21T23:00:00Z")'))
def epoch_s(x: Value) -> datetime:
    """Return the moment so many seconds after 1970 began (UTC); a fraction is kept to microseconds."""
    return _since_epoch(x, 1_000_000, 1)


@library_function("epoch_ms(x)", ("epoch_ms(1795302000123)", 'moment("2026-11-21T23:00:00.123Z")'))
def epoch_ms(x: Value) -> datetime:
    """Return the moment so many milliseconds after 1970 began (UTC)."""
    return _since_epoch(x, 1_000, 1)


@library_function("epoch_us(x)", ("epoch_us(1795302000000001)", 'moment("2026-11-21T23:00:00.000001Z")'))
def epoch_us(x: Value) -> datetime:
    """Return the moment so many microseconds after 1970 began (UTC)."""
    return _since_epoch(x, 1, 1)


@library_function("epoch_ns(x)", ("epoch_ns(1795302000000001999)", 'moment("2026-11-21T23:00:00.000001Z")'))
def epoch_ns(x: Value) -> datetime:
    """Return the moment so many nanoseconds after 1970 began (UTC), cut to microseconds."""
    return _since_epoch(x, 1, 1_000)


def _since_epoch(x: Value, times: int, parts: int) -> datetime:
    value = number_in(x, "x")
    if not -(10**20) < value < 10**20:
        raise Unfit("bad_time", "x lies outside the years 1 to 9999")
    # Floor, so that times before 1970 are cut in the same direction as those after it.
    micros = floor_divide(multiply(value, times), parts)
    return _in_range(lambda: _EPOCH + timedelta(microseconds=int(micros)))


def _duration(value: Value) -> timedelta:
    try:
        return parse_duration(value)
    except ValueError as error:
        raise Unfit("bad_duration", str(error)) from None


def _check_duration(duration: Value) -> None:
    _duration(duration)


@library_function(
    "later(x, duration)",
    ('later(moment("2026-11-21T23:00:00Z"), "2 hours")', 'moment("2026-11-22T01:00:00Z")'),
    constants=("duration",),
    check=_check_duration,
)
def later(x: Value, duration: str) -> datetime:
    """Return the moment so much later.

    It is for guards on age: `committed_at > later(created_at, "30 days")`.
    """
    if not isinstance(x, datetime):
        raise Unfit("not_a_moment", f"x is {kind_of(x)}, where a time is needed")
    return _in_range(lambda: x + _duration(duration))


@library_function(
    "seconds(a, b)",
    ('seconds(moment("2026-11-21T23:00:00Z"), moment("2026-11-21T23:00:01.5Z"))', "1.5"),
)
def seconds(a: Value, b: Value) -> Decimal:
    """Count the seconds between two moments; below 0 when `b` is the earlier."""
    if not isinstance(a, datetime) or not isinstance(b, datetime):
        raise Unfit("not_a_moment", f"{kind_of(a)} and {kind_of(b)} are given, where two times are needed")
    if (a.tzinfo is None) != (b.tzinfo is None):
        raise Unfit("no_zone", "one of the times has no zone")
    return Decimal((b - a) // timedelta(microseconds=1)).scaleb(-6)
