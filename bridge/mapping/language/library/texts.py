"""Functions of text."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

from bridge.mapping.language.library.patterns import checked_pattern
from bridge.mapping.language.library.registry import library_function, text_in, whole_in
from bridge.mapping.language.operators import DIGITS, kind_of, number_of
from bridge.mapping.language.readers import Unfit
from bridge.row import Value


def as_text(value: Value) -> str:
    """Return a value as text: digits in full, moments in RFC 3339, true and false.  Raises Unfit."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if value.bit_length() > 4 * DIGITS:
            raise Unfit("out_of_range", f"x has more than {DIGITS} digits")
        return str(value)
    if isinstance(value, Decimal):
        return _plain(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise Unfit("no_zone", "x is a time without a zone; say moment(x, zone)")
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, (date, time)):
        return value.isoformat().replace("+00:00", "Z")
    raise Unfit("not_text", f"x is {kind_of(value)}, which has no text")


def _plain(value: Decimal) -> str:
    number = number_of(value)
    if number and abs(Decimal(number).adjusted()) > DIGITS:
        raise Unfit("out_of_range", f"x has more than {DIGITS} digits")
    return format(number, "f")


@library_function(
    "text(x, ...)", ('text("T", 42)', '"T42"'), ("text(1.50)", '"1.50"'), ('text("a", null)', "null")
)
def text(first: Value, *others: Value) -> str:
    """Join values to one text: numbers in plain digits, times as ISO 8601 has them.  With a null it is null."""
    return "".join([as_text(value) for value in (first, *others)])


@library_function("lower(x)", ('lower("EUR")', '"eur"'))
def lower(x: Value) -> str:
    """Return the text in small letters."""
    return text_in(x, "x").lower()


@library_function("upper(x)", ('upper("eur")', '"EUR"'))
def upper(x: Value) -> str:
    """Return the text in capitals."""
    return text_in(x, "x").upper()


@library_function("strip(x, characters)", ('strip(" a ")', '"a"'), ('strip("--a-", "-")', '"a"'))
def strip(x: Value, characters: Value = " \t\r\n") -> str:
    """Return the text without blanks, or without these characters, at its two ends."""
    return text_in(x, "x").strip(text_in(characters, "characters"))


@library_function(
    "split(x, separator, at)",
    ('split("game:round:7", ":", 1)', '"round"'),
    ('split("game:round:7", ":", -1)', '"7"'),
    ('split("game", ":", 1)', "null"),
)
def split(x: Value, separator: Value, at: Value) -> str | None:
    """Return one part of a text between separators, counted from 0, or from the end with -1; null beyond."""
    between = text_in(separator, "separator")
    if not between:
        raise Unfit("out_of_range", "separator is empty")
    parts = text_in(x, "x").split(between)
    place = whole_in(at, "at", -10_000, 10_000)
    return parts[place] if -len(parts) <= place < len(parts) else None


@library_function("replace(x, old, new)", ('replace("a-b-c", "-", "")', '"abc"'))
def replace(x: Value, old: Value, new: Value) -> str:
    """Return the text with every `old` in it made `new`."""
    before = text_in(old, "old")
    if not before:
        raise Unfit("out_of_range", "old is empty")
    return text_in(x, "x").replace(before, text_in(new, "new"))


@library_function("starts(x, part)", ('starts("free_bet", "free")', "true"))
def starts(x: Value, part: Value) -> bool:
    """Return whether the text begins with a part."""
    return text_in(x, "x").startswith(text_in(part, "part"))


@library_function("ends(x, part)", ('ends("free_bet", "free")', "false"))
def ends(x: Value, part: Value) -> bool:
    """Return whether the text ends with a part."""
    return text_in(x, "x").endswith(text_in(part, "part"))


@library_function("contains(x, part)", ('contains("free_bet", "e_b")', "true"))
def contains(x: Value, part: Value) -> bool:
    """Return whether a part occurs in the text."""
    return text_in(part, "part") in text_in(x, "x")


@library_function("length(x)", ('length("abc")', "3"))
def length(x: Value) -> int:
    """Return how many characters the text has."""
    return len(text_in(x, "x"))


@library_function("digits(x, width)", ("digits(42, 6)", '"000042"'))
def digits(x: Value, width: Value) -> str:
    """Return a whole number as text with zeros in front, `width` digits at least."""
    value = whole_in(x, "x", 0, 10**DIGITS)
    return str(value).rjust(whole_in(width, "width", 1, DIGITS), "0")


def _check_pattern(pattern: Value, group: Value = 1) -> None:
    checked = checked_pattern(text_in(pattern, "pattern"))
    names = checked.expression.groupindex
    if (isinstance(group, str) and group in names) or (type(group) is int and group <= checked.expression.groups):
        return
    raise Unfit("bad_pattern", "the pattern has no such group; write (...) around what is wanted")


@library_function(
    "extract(x, pattern, group=1)",
    (r'extract("round=77;seat=2", "round=(\d+)")', '"77"'),
    (r'extract("none here", "round=(\d+)")', "null"),
    (r'extract("AB-12", "^([A-Z]+)-(\d+)$", 2)', '"12"'),
    constants=("pattern", "group"),
    check=_check_pattern,
)
def extract(x: Value, pattern: str, group: int | str = 1) -> str | None:
    r"""Return what the group of a regular expression matches in the text, or null where it does not match.

    The pattern is a constant and its work is bounded: no repeat over a group that itself can match in
    several ways, no back-references, no look-around; and the more open repeats (`*`, `+`) it has, the
    shorter the text may be.  Begin it with `^` for long texts.
    """
    checked = checked_pattern(pattern)
    value = text_in(x, "x")
    if len(value) > checked.longest:
        raise Unfit("too_long", f"x is longer than the {checked.longest} characters that the pattern may search")
    match = checked.expression.search(value)
    return match[group] if match else None
