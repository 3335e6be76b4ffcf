"""Bring single values into the form in which they are sent, or say which rule they break.

The forms: ids are text; numbers are plain digits without exponent, leading zeros or trailing zeros
(20.00 is sent as 20); a moment is RFC 3339 in UTC with six digits of the second, or none when they
are zero.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from msgspec import json

from bridge.casino.fields import MAX_DIGITS, STATUSES, TYPES, ContractBreach
from bridge.row import Value

_CURRENCY: Final = re.compile(r"[A-Z0-9]{2,3}|[A-Za-z0-9]{4,12}")
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_TOO_BIG: Final = 10**MAX_DIGITS


def number_text(field: str, value: Value) -> str:
    """Return a number in plain digits.  Only int and Decimal are numbers: a float has lost money already."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        hint = ", but text: say `decimal` of its column, or number(x)" if isinstance(value, str) else ""
        raise ContractBreach("wrong_type", field, f"is not an exact number{hint}")
    if isinstance(value, int):
        if not -_TOO_BIG < value < _TOO_BIG:
            raise ContractBreach("too_large", field, f"has more than {MAX_DIGITS} digits")
        return format(value, "d")
    if type(value) is not Decimal:
        # The decoder marks what came as a binary double by a class of its own.
        raise ContractBreach(
            "double_money", field, 'is a binary double and not exact; say number(x, double="accept") to take it'
        )
    if not value.is_finite():
        raise ContractBreach("not_finite", field, "is not a finite number")
    if not value:
        return "0"
    exponent = value.as_tuple().exponent
    if value.adjusted() >= MAX_DIGITS or (isinstance(exponent, int) and exponent < -MAX_DIGITS):
        raise ContractBreach("too_large", field, f"has more than {MAX_DIGITS} digits before or after the point")
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def id_text(field: str, value: Value) -> str:
    """Return a text as it is, and a whole number as its digits.  Empty text is no value."""
    if isinstance(value, str):
        return good_text(field, value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ContractBreach("wrong_type", field, "is neither a text nor a whole number")
    text = number_text(field, value)
    if "." in text:
        raise ContractBreach("wrong_type", field, "is a number with a fraction, not an id or a name")
    return text


def good_text(field: str, value: str) -> str:
    """Return a text that JSON and its readers can carry: not empty, no NUL, no half of a surrogate pair."""
    if not value:
        raise ContractBreach("empty_text", field, "is empty")
    check_characters(field, value)
    return str(value)


def check_characters(field: str, value: str) -> None:
    """Refuse what cannot be said in UTF-8, and NUL, at which many readers cut a text off."""
    if "\x00" in value:
        raise ContractBreach("bad_text", field, "has a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ContractBreach("bad_text", field, "has half of a surrogate pair") from None


def type_text(field: str, value: Value) -> str:
    """Return the event's type."""
    if not isinstance(value, str) or value not in TYPES:
        raise ContractBreach("bad_type", field, "is not Bet, Win or Loss")
    return str(value)


def status_text(field: str, value: Value) -> str:
    """Return the event's status."""
    if not isinstance(value, str) or value not in STATUSES:
        raise ContractBreach("bad_status", field, "is not Approved or Rollback")
    return str(value)


def currency_text(field: str, value: Value) -> str:
    """Return the code without the spaces with which a char(n) column is padded."""
    if not isinstance(value, str):
        raise ContractBreach("wrong_type", field, "is not a text")
    code = value.strip(" ")
    if not _CURRENCY.fullmatch(code):
        raise ContractBreach("bad_currency", field, "is not a currency code")
    return code


def moment_text(field: str, value: Value) -> str:
    """Return a moment as RFC 3339 in UTC; a text that is RFC 3339 already is kept as it is."""
    if isinstance(value, str):
        match = _RFC3339.fullmatch(value)
        if match is None or not _in_calendar(match):
            raise ContractBreach("bad_timestamp", field, "is not RFC 3339")
        return str(value)
    if not isinstance(value, datetime):
        raise ContractBreach("wrong_type", field, "is not a moment")
    if value.utcoffset() is None:
        raise ContractBreach("local_timestamp", field, "is local time without a zone")
    try:
        return value.astimezone(UTC).isoformat()[:-6] + "Z"
    except OverflowError:
        raise ContractBreach("bad_timestamp", field, "is beyond the years that can be written") from None


def _in_calendar(match: re.Match[str]) -> bool:
    try:
        date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return False
    return True


def truth(field: str, value: Value) -> bool:
    """Return true or false as it is; no number or text stands for it."""
    if not isinstance(value, bool):
        raise ContractBreach("wrong_type", field, "is not true or false")
    return value


def meta_text(field: str, value: Value) -> str:
    """Return a flat map as JSON, or nothing where no entry is left; an entry that is None is absent."""
    if not isinstance(value, Mapping):
        raise ContractBreach("wrong_type", field, "is not a map")
    entries = [_entry(field, key, entry) for key, entry in value.items() if entry is not None]
    return "{" + ",".join(entries) + "}" if entries else ""


def _entry(field: str, key: Value, value: Value) -> str:
    if not isinstance(key, str):
        raise ContractBreach("wrong_type", field, "has a key that is not a text")
    good_text(field, key)
    if isinstance(value, bool):
        written = "true" if value else "false"
    elif isinstance(value, str):
        check_characters(field, value)
        written = json.encode(value).decode()
    elif isinstance(value, int | Decimal):
        written = number_text(field, value)
    else:
        raise ContractBreach("wrong_type", field, "has an entry that is not a text, an exact number or a boolean")
    return f"{json.encode(key).decode()}:{written}"
