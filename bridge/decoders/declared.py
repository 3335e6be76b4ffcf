"""The types that a connector declares for columns under `columns:`.

They say what a record does not tell: always where it carries no schema, and for a zone or a sign
even where it does.  A declared type is laid over what the schema says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from functools import partial
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bridge.decoders import conversions as to
from bridge.decoders.decimals import binary, decimal_from_unscaled, double
from bridge.row import UNAVAILABLE, ColumnDecoder, Value


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
        "bits", "bits", "Bits, of MySQL's bit(8) or Postgres' bit varying, as the number that they make."
    ),
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
    ColumnTypeDoc("json", "json", "JSON in a column of text or of bytes, with exact numbers inside."),
    ColumnTypeDoc("text", "text", "Text; a whole number is written in digits."),
    ColumnTypeDoc("trimmed", "trimmed", "Text without the spaces that char(n) pads it with at the end."),
    ColumnTypeDoc("uuid", "uuid", "A UUID, as text or as 16 bytes (MySQL's binary(16)), in lower case."),
    ColumnTypeDoc("bytes base64", "bytes base64", "Bytes written in base64, also in its URL-safe form."),
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
    if head in to.UNITS and rest == ["UTC"]:
        return ColumnType(text, partial(to.moment_utc, to.UNITS[head]))
    if head in to.UNITS and rest[:1] == ["local"]:
        return ColumnType(text, partial(to.moment_local, to.UNITS[head], *_zone(rest[1:])))
    if head == "local":
        return ColumnType(text, partial(to.moment_local, None, *_zone(rest)))
    raise ValueError(f"{text!r} is no column type; {_suggestion(text)}")


_OF_DATABASES: Final = {
    **dict.fromkeys(("timestamp", "datetime", "datetime2"), "'local Europe/Malta' or 'micros UTC'"),
    **dict.fromkeys(("timestamptz", "datetimeoffset"), "'iso'"),
    **dict.fromkeys(("numeric", "number", "money"), "'decimal' or 'decimal base64 2'"),
    **dict.fromkeys(("integer", "bigint", "smallint", "long"), "'int'"),
    **dict.fromkeys(("bool", "tinyint"), "'boolean'"),
    **dict.fromkeys(("bit", "varbit"), "'boolean', or 'bits' where there are several,"),
    **dict.fromkeys(("string", "varchar", "nvarchar"), "'text'"),
    **dict.fromkeys(("jsonb",), "'json'"),
}
"""What databases call types, and what is written here."""


def _suggestion(text: str) -> str:
    word = re.split(r"\W", text.strip().lower())[0]
    if word in _OF_DATABASES:
        return f"write {_OF_DATABASES[word]}, as records have it"
    known = [doc.example for doc in COLUMN_TYPES] + [f"{unit} UTC" for unit in to.UNITS]
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


_SIMPLE: Final[dict[str, ColumnDecoder]] = {
    "decimal": to.exact_decimal,
    "decimal struct": to.struct_decimal,
    "double": double,
    "int": to.whole,
    "unsigned": to.unsigned,
    "boolean": to.boolean,
    "bits": to.number_of_bits,
    "iso": to.iso_moment,
    "days": to.days,
    "date": to.iso_day,
    "json": to.json_text,
    "text": to.plain_text,
    "trimmed": to.trimmed,
    "uuid": to.uuid_text,
    "bytes base64": to.any_base64,
    "bytes hex": to.hexadecimal,
}
