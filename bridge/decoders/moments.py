"""Dates, times and moments in the forms that Debezium writes them.

A timestamp of a column without time zone is encoded as if it were UTC; it comes out naive.  What
Python cannot hold (infinity, years before 1 or after 9999) raises a DecodeError that names it, and
only when the column is read; of infinity the row then makes a value.  Digits beyond microseconds are
cut off, as `moment` and `epoch_ns` do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from bridge.decoders.decimals import conflict
from bridge.errors import DecodeError, EndlessTime

EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 -- local time of a zone that the column does not tell
EPOCH_UTC: Final = datetime(1970, 1, 1, tzinfo=UTC)
_known_days: Final[dict[int, tuple[int, int, int]]] = {}
_MOST_DAYS: Final = 1_000
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_DAY: Final = 86_400_000_000
_LAST_MICROS: Final = 253_402_300_799_999_999
_FIRST_MICROS: Final = -62_135_596_800_000_000

# Postgres' own range of dates, in days since 1970; Debezium writes infinity as something outside it.
_FIRST_DAY, _LAST_DAY = -2_440_588, 2_145_042_905
# Debezium's infinities in microseconds; the finite range of Postgres ends well inside them.
_FIRST_FINITE, _LAST_FINITE = -210_866_803_200_000_000, 9_223_371_331_200_000_000
_INFINITE_YEARS: Final = frozenset({"294247", "292278994", "290308", "292269055", "5877611", "5881580"})

_ISO: Final = re.compile(
    r"([+-]?)([0-9]{4,})-([0-9]{2}-[0-9]{2})(?:T([0-9:]{5,8})(?:\.([0-9]{1,9}))?)?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_CLOCK: Final = re.compile(r"([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?")


def _whole(value: Any) -> int:
    if type(value) is int:
        return value
    raise conflict("a whole number", value)


def micros_from_millis(value: Any) -> int:
    """Take milliseconds to microseconds."""
    return _whole(value) * 1000


def micros_from_nanos(value: Any) -> int:
    """Take nanoseconds to microseconds; finer digits, as in a datetime2 of SQL Server, are cut off."""
    if value in (2**63 - 1, -(2**63)):
        raise infinity(past=value < 0)
    return _whole(value) // 1000


def infinity(*, past: bool) -> EndlessTime:
    """Make the error for Postgres' infinite dates and timestamps; a row makes a value of it."""
    return EndlessTime(past=past)


def out_of_range() -> DecodeError:
    """Make the error for dates that Python cannot hold."""
    return DecodeError("date_out_of_range", "the date is before year 1 or after year 9999")


def day(value: Any) -> date:
    """Take days since 1970."""
    days = _whole(value)
    if not -719_162 <= days <= 2_932_896:
        raise out_of_range() if _FIRST_DAY <= days <= _LAST_DAY else infinity(past=days < 0)
    return date.fromordinal(_EPOCH_DAY + days)


def timestamp(micros: Any) -> datetime:
    """Take microseconds since 1970 to a naive datetime."""
    if type(micros) is not int:
        raise conflict("a whole number", micros)
    return _from_parts(micros, None)


def moment_of_micros(micros: int) -> datetime:
    """Take microseconds since 1970 to a moment in UTC."""
    return _from_parts(micros, UTC)


def in_utc(local: datetime) -> datetime:
    """Take a naive datetime as UTC; `replace` takes three times as long."""
    return datetime.combine(local, local.time(), UTC)


def _from_parts(micros: int, zone: tzinfo | None) -> datetime:
    if not _FIRST_MICROS <= micros <= _LAST_MICROS:
        raise out_of_range() if _FIRST_FINITE <= micros < _LAST_FINITE else infinity(past=micros < 0)
    # No divmod: compiled, it is a call, and these are not.
    seconds = micros // 1_000_000
    days = seconds // 86_400
    second = seconds - days * 86_400
    year, month, day_of_month = _calendar_day(days)
    minute, fraction = second // 60, micros % 1_000_000
    return datetime(year, month, day_of_month, minute // 60, minute % 60, second % 60, fraction, zone)


def _calendar_day(days: int) -> tuple[int, int, int]:
    """Return year, month and day; the days of play are few, and a sum with a timedelta is dear."""
    known = _known_days.get(days)
    if known is None:
        then = date.fromordinal(_EPOCH_DAY + days)
        if len(_known_days) >= _MOST_DAYS:
            _known_days.clear()
        known = _known_days[days] = (then.year, then.month, then.day)
    return known


def clock(micros: Any) -> time | timedelta:
    """Take microseconds since midnight to a time, or to a timedelta where no clock shows it.

    MySQL's TIME is a duration and can be negative; Postgres knows 24:00:00.
    """
    micros = _whole(micros)
    if 0 <= micros < _DAY:
        return (EPOCH + timedelta(0, 0, micros)).time()
    return duration(micros)


def duration(micros: Any) -> timedelta:
    """Take microseconds to a timedelta."""
    try:
        return timedelta(0, 0, _whole(micros))
    except OverflowError:
        raise out_of_range() from None


def scaled(to_micros: Callable[[Any], int], decode: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Put a conversion to microseconds before a decoder of microseconds."""

    def decode_scaled(value: Any) -> Any:
        return decode(to_micros(value))

    return decode_scaled


def moment(value: Any) -> datetime:
    """Take Debezium's ZonedTimestamp, ISO 8601 with an offset, to an aware datetime in UTC."""
    if type(value) is not str:
        raise conflict("a timestamp with time zone", value)
    # Up to 27 characters there are at most six digits behind the point: nothing can be cut off.
    if len(value) <= 27 and value[-1:] == "Z" and value[4:5] == "-" and value[10:11] == "T":
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise conflict("a timestamp with time zone", value) from None
    parsed = iso(value)
    if parsed.tzinfo is None:
        raise conflict("a timestamp with time zone", value)
    return parsed.astimezone(UTC)


def iso(text: Any) -> datetime:
    """Take ISO 8601 text; aware when it has an offset (or Z), else naive."""
    if type(text) is not str:
        raise conflict("ISO 8601 text", text)
    if text.strip().lower() in {"infinity", "-infinity"}:
        raise infinity(past="-" in text)
    match = _ISO.fullmatch(text.replace(" ", "T", 1))
    if match is None:
        raise conflict("ISO 8601 text", text)
    sign, year, rest, hours, fraction, zone = match.groups()
    if zone is not None and len(zone) == 3 and hours is None:  # 2026-01-01-05 is no date in a zone.
        raise conflict("ISO 8601 text", text)
    if year + rest == "000000-00":
        raise DecodeError("zero_date", "the date is MySQL's 0000-00-00, which is none")
    if sign or len(year) != 4 or year == "0000":
        raise infinity(past=sign == "-") if year in _INFINITE_YEARS else out_of_range()
    try:
        parsed = datetime.fromisoformat(f"{year}-{rest}T{hours or '00:00'}{_fraction(fraction)}{zone or ''}")
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed
    except (ValueError, OverflowError):
        raise conflict("ISO 8601 text", text) from None


def iso_local(text: Any) -> datetime:
    """Take Debezium's IsoTimestamp, whose Z is not true: the column has no time zone."""
    return iso(text).replace(tzinfo=None)


def iso_date(text: Any) -> date:
    """Take a date as ISO 8601 text; Debezium's IsoDate ends in a Z that means nothing."""
    if type(text) is str and "T" not in text and " " not in text:
        return iso(text.removesuffix("Z")).date()
    raise conflict("an ISO 8601 date", text)


def iso_clock(text: Any) -> time:
    """Take a time of day; aware in UTC when it has an offset."""
    match = _CLOCK.fullmatch(text) if type(text) is str else None
    if match is None:
        raise conflict("a time of day", text)
    hours, fraction, zone = match.groups()
    try:
        parsed = datetime.fromisoformat(f"2000-01-01T{hours}{_fraction(fraction)}{zone or ''}")
    except ValueError:
        raise conflict("a time of day", text) from None
    return parsed.astimezone(UTC).timetz() if parsed.tzinfo else parsed.time()


def iso_clock_local(text: Any) -> time:
    """Take Debezium's IsoTime, whose Z is not true."""
    return iso_clock(text).replace(tzinfo=None)


def _fraction(digits: str | None) -> str:
    if digits is None:
        return ""
    return f".{digits[:6].ljust(6, '0')}"
