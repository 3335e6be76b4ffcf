"""The types that a connector declares for columns under `columns:`.

They say what a record does not tell: always where it carries no schema, and for a zone or a sign
even where it does.  A declared type is laid over what the schema says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from difflib import get_close_matches
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bridge.decoders import moments
from bridge.decoders.decimals import (
    EXACT,
    Double,
    binary,
    conflict,
    decimal_from_text,
    decimal_from_unscaled,
    double,
    json_value,
    variable_scale,
)
from bridge.errors import DecodeError
from bridge.records import UNAVAILABLE, ColumnDecoder, Value


class ColumnType:
    """A declared type, ready to be laid over the decoder that a column has by its schema."""

    __slots__ = ("convert", "text")

    def __init__(self, text: str, convert: ColumnDecoder) -> None:
        self.text = text
        self.convert = convert

    def over(self, base: ColumnDecoder) -> ColumnDecoder:
        """Return a decoder that lets `base` read the value first; null and unavailable stay what they are."""
        convert = self.convert

        def decode(value: Any) -> Value:
            read = base(value)
            return read if read is None or read is UNAVAILABLE else convert(read)

        return decode


class ColumnTypeDoc(NamedTuple):
    """One type of the language of `columns:`, for the reference page."""

    name: str
    example: str
    meaning: str


COLUMN_TYPES: Final[Sequence[ColumnTypeDoc]] = (
    ColumnTypeDoc(
        "decimal",
        "decimal",
        "A number, exactly: a JSON number or a number written as text (decimal.handling.mode=string,"
        " or decimal.format=NUMERIC). NaN and infinity park the change.",
    ),
    ColumnTypeDoc(
        "decimal struct",
        "decimal struct",
        "Debezium's structure of scale and base64, as it writes a numeric column without scale.",
    ),
    ColumnTypeDoc(
        "decimal base64 SCALE",
        "decimal base64 8",
        "Debezium's default for a decimal column: base64, with so many digits behind the point.",
    ),
    ColumnTypeDoc(
        "double",
        "double",
        "A number that passed through binary floating point. It is refused as an amount of money.",
    ),
    ColumnTypeDoc("int", "int", "A whole number, also when it is written as text or as a decimal."),
    ColumnTypeDoc(
        "unsigned",
        "unsigned",
        "An unsigned whole number of MySQL. A negative one has wrapped around and parks the change"
        " (bigint.unsigned.handling.mode=precise avoids that).",
    ),
    ColumnTypeDoc("boolean", "boolean", "True or false, also as 1 or 0 and as their texts (MySQL's tinyint(1))."),
    ColumnTypeDoc(
        "UNIT UTC",
        "micros UTC",
        "A moment, counted in seconds, millis, micros or nanos since 1970 in UTC.",
    ),
    ColumnTypeDoc(
        "UNIT local ZONE [first|second|refuse]",
        "micros local Europe/Malta",
        "Local time of a zone, counted in seconds, millis, micros or nanos as Debezium counts a timestamp"
        " without time zone. An hour that comes twice when the clocks change is the first, the second, or"
        " (default) parks the change; so does an hour that never comes, which `first` and `second` read with"
        " the offset before and after the change.",
    ),
    ColumnTypeDoc(
        "local ZONE [first|second|refuse]",
        "local Europe/Malta first",
        "Local time of a zone, where the record's schema tells the unit or the column is ISO text.",
    ),
    ColumnTypeDoc(
        "iso",
        "iso",
        "ISO 8601 text: a moment when it has an offset or Z, else local time without a zone.",
    ),
    ColumnTypeDoc("days", "days", "A date, counted in days since 1970."),
    ColumnTypeDoc("date", "date", "A date as ISO text, 2026-03-29."),
    ColumnTypeDoc("json", "json", "JSON in a text column, with exact numbers inside."),
    ColumnTypeDoc("text", "text", "Text; a whole number is written in digits."),
    ColumnTypeDoc("trimmed", "trimmed", "Text without the spaces that char(n) pads it with at the end."),
    ColumnTypeDoc("uuid", "uuid", "A UUID, as text or as 16 bytes (MySQL's binary(16)), in lower case."),
    ColumnTypeDoc("bytes base64", "bytes base64", "Bytes written in base64."),
    ColumnTypeDoc("bytes hex", "bytes hex", "Bytes written in hexadecimal digits."),
)


def parse_column_type(text: str) -> ColumnType:
    """Return the type that a connector declares; raises ValueError with a sentence and a suggestion."""
    words = text.split()
    if not words:
        raise ValueError("a column type is empty; write for example: decimal")
    simple = _SIMPLE.get(" ".join(words))
    if simple is not None:
        return ColumnType(" ".join(words), simple)
    head, *rest = words
    if head == "decimal" and rest[:1] == ["base64"]:
        return ColumnType(text, _base64_decimal(rest[1:]))
    if head in _UNITS and rest == ["UTC"]:
        return ColumnType(text, partial(_moment_utc, _UNITS[head]))
    if head in _UNITS and rest[:1] == ["local"]:
        return ColumnType(text, partial(_moment_local, _UNITS[head], *_zone(rest[1:])))
    if head == "local":
        return ColumnType(text, partial(_moment_local, None, *_zone(rest)))
    raise ValueError(f"{text!r} is no column type; {_suggestion(text)}")


def _suggestion(text: str) -> str:
    known = [doc.example for doc in COLUMN_TYPES] + [f"{unit} UTC" for unit in _UNITS]
    close = get_close_matches(text, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"known are: {', '.join(doc.name for doc in COLUMN_TYPES)}"


def _base64_decimal(words: Sequence[str]) -> ColumnDecoder:
    if len(words) != 1 or not words[0].isascii() or not words[0].isdigit() or int(words[0]) > 16_383:
        raise ValueError("decimal base64 needs the digits behind the point, for example: decimal base64 2")
    scale = int(words[0])

    def convert(value: Any) -> Decimal:
        if isinstance(value, Decimal):
            return value
        return decimal_from_unscaled(binary(value), scale)

    return convert


_FOLDS: Final[Mapping[str, int | None]] = {"first": 0, "second": 1, "refuse": None}


def _zone(words: Sequence[str]) -> tuple[ZoneInfo, int | None]:
    if not 1 <= len(words) <= 2 or (len(words) == 2 and words[1] not in _FOLDS):
        raise ValueError("write the zone, then first, second or refuse, for example: local Europe/Malta refuse")
    try:
        zone = ZoneInfo(words[0])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{words[0]!r} is no time zone; write it like Europe/Malta") from None
    return zone, _FOLDS[words[1]] if len(words) == 2 else None


def _from_seconds(value: int) -> int:
    return value * 1_000_000


def _same(value: int) -> int:
    return value


_UNITS: Final[Mapping[str, tuple[Callable[[int], int], Decimal]]] = {
    "seconds": (_from_seconds, Decimal(1_000_000)),
    "millis": (moments.micros_from_millis, Decimal(1_000)),
    "micros": (_same, Decimal(1)),
    "nanos": (moments.micros_from_nanos, Decimal("0.001")),
}

_Unit = tuple[Callable[[int], int], Decimal]


def _count(unit: _Unit, value: Any) -> datetime:
    """Take a count since 1970, also as text or with a fraction, to a naive datetime."""
    to_micros, factor = unit
    if type(value) is str:
        value = decimal_from_text(value)
    if isinstance(value, Decimal) and not isinstance(value, Double):
        if value.adjusted() > 30:
            raise conflict("a count since 1970", value)
        micros = EXACT.multiply(value, factor)
        if micros != micros.to_integral_value():
            raise DecodeError("nanoseconds", "the time is finer than microseconds")
        return moments.timestamp(int(micros))
    if type(value) is not int:
        raise conflict("a count since 1970", value)
    return moments.timestamp(to_micros(value))


def _moment_utc(unit: _Unit, value: Any) -> datetime:
    """Read a count as a moment; what the schema has read as local time of no zone is UTC."""
    read = value if type(value) is datetime else _count(unit, value)
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def _moment_local(unit: _Unit | None, zone: ZoneInfo, fold: int | None, value: Any) -> datetime:
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


def _decimal(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if type(value) is int:
        return Decimal(value)
    if type(value) is str:
        return decimal_from_text(value)
    raise conflict("a number", value)


def _struct_decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else variable_scale(value)


def _int(value: Any) -> int:
    if type(value) is int:
        return value
    number = decimal_from_text(value) if type(value) is str else value
    if isinstance(number, Decimal) and number == number.to_integral_value():
        return int(number)
    raise conflict("a whole number", value)


def _unsigned(value: Any) -> int:
    number = _int(value)
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


def _boolean(value: Any) -> bool:
    if type(value) in (bool, int, str) and value in _BOOLEANS:
        return _BOOLEANS[value]
    if type(value) is bytes and value in (b"\0", b"\1"):
        return value == b"\1"
    raise conflict("a boolean", value)


def _days(value: Any) -> date:
    return value if type(value) is date else moments.day(value)


def _date(value: Any) -> date:
    return value if type(value) is date else moments.iso_date(value)


def _iso(value: Any) -> datetime:
    return value if type(value) is datetime else moments.iso(value)


def _json(value: Any) -> Value:
    return json_value(value) if type(value) is str else value


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    raise conflict("text", value)


def _trimmed(value: Any) -> str:
    return _text(value).rstrip(" ")


def _uuid(value: Any) -> str:
    try:
        if type(value) is str and len(value) >= 32:
            return str(UUID(value))
        return str(UUID(bytes=binary(value)))
    except ValueError:
        raise conflict("a UUID", value) from None


def _hex(value: Any) -> bytes:
    if type(value) is bytes:
        return value
    try:
        return bytes.fromhex(_text(value))
    except ValueError:
        raise conflict("hexadecimal digits", value) from None


_SIMPLE: Final[Mapping[str, ColumnDecoder]] = {
    "decimal": _decimal,
    "decimal struct": _struct_decimal,
    "double": double,
    "int": _int,
    "unsigned": _unsigned,
    "boolean": _boolean,
    "iso": _iso,
    "days": _days,
    "date": _date,
    "json": _json,
    "text": _text,
    "trimmed": _trimmed,
    "uuid": _uuid,
    "bytes base64": binary,
    "bytes hex": _hex,
}
