"""The conversions behind the declared column types: each takes what the record or its schema gave."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from bridge.decoders import moments
from bridge.decoders.decimals import (
    EXACT,
    binary,
    conflict,
    decimal_from_text,
    json_value,
    variable_scale,
)
from bridge.decoders.doubles import Double
from bridge.errors import DecodeError
from bridge.row import Value


def _from_seconds(value: int) -> int:
    return value * 1_000_000


def _same(value: int) -> int:
    return value


UNITS: Final[Mapping[str, tuple[Callable[[int], int], Decimal]]] = {
    "seconds": (_from_seconds, Decimal(1_000_000)),
    "millis": (moments.micros_from_millis, Decimal(1_000)),
    "micros": (_same, Decimal(1)),
    "nanos": (moments.micros_from_nanos, Decimal("0.001")),
}

Unit = tuple[Callable[[int], int], Decimal]


def _count(unit: Unit, value: Any) -> datetime:
    """Take a count since 1970, also as text or with a fraction, to a naive datetime."""
    to_micros, factor = unit
    if type(value) is str:
        value = decimal_from_text(value)
    if isinstance(value, Decimal) and not isinstance(value, Double):
        if value.adjusted() > 30:
            raise conflict("a count since 1970", value)
        micros = EXACT.multiply(value, factor)
        return moments.timestamp(math.floor(micros))
    if type(value) is not int:
        raise conflict("a count since 1970", value)
    return moments.timestamp(to_micros(value))


def moment_utc(unit: Unit, value: Any) -> datetime:
    """Read a count as a moment; what the schema has read as local time of no zone is UTC."""
    if type(value) is int:
        return moments.moment_of_micros(unit[0](value))
    read = value if type(value) is datetime else _count(unit, value)
    return read.astimezone(UTC) if read.tzinfo else moments.in_utc(read)


def moment_local(unit: Unit | None, zone: ZoneInfo, fold: int | None, value: Any) -> datetime:
    if type(value) is not datetime:
        if type(value) is str and unit is None:
            value = moments.iso(value)
        elif unit is None:
            raise DecodeError("schema_conflict", "local time as a number needs its unit, as in: micros local ZONE")
        else:
            value = _count(unit, value)
    local: datetime = value
    if local.tzinfo:
        raise DecodeError("schema_conflict", "local time expected, the record has a moment with its offset")
    return at_zone(local, zone, fold)


def at_zone(local: datetime, zone: ZoneInfo, fold: int | None) -> datetime:
    """Return the moment in UTC at which clocks in the zone show a local time.

    An hour that comes twice, or never, is taken with the offset before the change (fold 0) or after
    it (fold 1); with fold None it raises DecodeError ambiguous_time or missing_time.
    """
    first, second = local.replace(tzinfo=zone, fold=0), local.replace(tzinfo=zone, fold=1)
    before, after = first.utcoffset(), second.utcoffset()
    if before != after and fold is None:
        twice = before is not None and after is not None and before > after
        name, says = ("ambiguous_time", "comes twice") if twice else ("missing_time", "never comes")
        raise DecodeError(name, f"the local time {says} in {zone.key}; declare first or second")
    try:
        return (second if fold else first).astimezone(UTC)
    except OverflowError:
        raise DecodeError("date_out_of_range", "the date is before year 1 or after year 9999") from None


def exact_decimal(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if type(value) is int:
        return Decimal(value)
    if type(value) is str:
        return decimal_from_text(value)
    raise conflict("a number", value)


def struct_decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else variable_scale(value)


def whole(value: Any) -> int:
    if type(value) is int:
        return value
    number = decimal_from_text(value) if type(value) is str else value
    if isinstance(number, Decimal) and number == number.to_integral_value():
        return int(number)
    raise conflict("a whole number", value)


def unsigned(value: Any) -> int:
    number = whole(value)
    if number < 0:
        raise DecodeError(
            "unsigned_wrapped",
            "an unsigned number has wrapped around; set bigint.unsigned.handling.mode=precise in Debezium",
        )
    return number


_BOOLEANS: Final[Mapping[Any, bool]] = {
    **dict.fromkeys((1, "1", "t", "true", "True", "TRUE"), True),
    **dict.fromkeys((0, "0", "f", "false", "False", "FALSE"), False),
}


def boolean(value: Any) -> bool:
    if type(value) in (bool, int, str) and value in _BOOLEANS:
        return _BOOLEANS[value]
    if type(value) is bytes and value in (b"\0", b"\1"):
        return value == b"\1"
    raise conflict("a boolean", value)


def number_of_bits(value: Any) -> int:
    """Take bits to the number that they make; their bytes are little-endian, and zeros at their end cut off."""
    return value if type(value) is int else int.from_bytes(binary(value), "little")


def days(value: Any) -> date:
    return value if type(value) is date else moments.day(value)


def iso_day(value: Any) -> date:
    return value if type(value) is date else moments.iso_date(value)


def iso_moment(value: Any) -> datetime:
    return value if type(value) is datetime else moments.iso(value)


def json_text(value: Any) -> Value:
    return json_value(value) if type(value) in (str, bytes) else value


def plain_text(value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    raise conflict("text", value)


def trimmed(value: Any) -> str:
    return plain_text(value).rstrip(" ")


_URL_SAFE: Final = str.maketrans("-_", "+/")


def any_base64(value: Any) -> bytes:
    """Take bytes in either alphabet of base64: `binary.handling.mode=base64-url-safe` is marked nowhere.

    Not for decimals, of which that setting says nothing: -100 would be bytes.
    """
    if type(value) is str and "+" not in value and "/" not in value:
        value = value.translate(_URL_SAFE)
    return binary(value)


_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")


def uuid_text(value: Any) -> str:
    if type(value) is str and _UUID.fullmatch(value):
        return str(UUID(value))
    data = any_base64(value)
    if len(data) != 16:
        raise conflict("a UUID", value)
    return str(UUID(bytes=data))


def hexadecimal(value: Any) -> bytes:
    if type(value) is bytes:
        return value
    try:
        return bytes.fromhex(plain_text(value))
    except ValueError:
        raise conflict("hexadecimal digits", value) from None
