"""Functions of lists, parts and structures."""

from __future__ import annotations

import json as standard_json
import re
from decimal import Decimal
from typing import Final

from bridge.mapping.language.library.registry import library_function, list_in, text_in
from bridge.mapping.language.operators import DIGITS, among, attribute, equal
from bridge.mapping.language.readers import Unfit
from bridge.row import Value, is_deep

LONGEST_JSON: Final = 4_000_000
_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")
"""What may be half of a surrogate pair, which is no character: records may not hold one either."""


@library_function("count(list)", ('count(("a", "b"))', "2"))
def count(items: Value) -> int:
    """Return how many items a list has."""
    return len(list_in(items, "list"))


@library_function("first(a, b, ...)", ('first(null, "x")', '"x"'), ("first(null, 0, 1)", "0"), takes_null=True)
def first(*values: Value) -> Value:
    """Return the first that is not null.  Unlike `or`, 0, false and empty text count as values."""
    return next((value for value in values if value is not None), None)


@library_function(
    "within(list, allowed, ...)",
    ('within(("CASH", "FEE"), ("CASH", "BONUS"), ("FEE"))', "true"),
    ('within(("CASH", "ICE"), ("CASH", "BONUS"))', "false"),
)
def within(items: Value, *allowed: Value) -> bool:
    """Return whether every item of a list is in one of the other lists (or is the other value)."""
    good = [item for group in allowed for item in (group if isinstance(group, (list, tuple)) else (group,))]
    return all(among(item, good) for item in list_in(items, "list"))


@library_function("where(list, column=value, ...)", ("count(where((), kind=1))", "0"))
def where(items: Value, **columns: Value) -> list[Value]:
    """Return the items of a list, such as parts, whose columns have these values."""
    return [
        item
        for item in list_in(items, "list")
        if all(equal(attribute(item, name), value) for name, value in columns.items())
    ]


@library_function("only(list, column=value, ...)", ('only((), wallet="CASH")', "null"))
def only(items: Value, **columns: Value) -> Value:
    """Return the one item of a list whose columns have these values, or null.  More than one is parked."""
    found = where(items, **columns)
    if len(found) > 1:
        raise Unfit("more_than_one", f"{len(found)} items fit, where one at most was expected")
    return found[0] if found else None


def _exact(digits: str) -> Decimal:
    value = Decimal(digits)
    if len(digits) > DIGITS or (value and abs(value.adjusted()) >= DIGITS):
        raise Unfit("bad_json", f"x holds a number of more than {DIGITS} digits")
    return value


def _whole(digits: str) -> int:
    if len(digits) > DIGITS:
        raise Unfit("bad_json", f"x holds a number of more than {DIGITS} digits")
    return int(digits)


def _no_number(_: str) -> Value:
    raise Unfit("bad_json", "x holds NaN or Infinity, which are no JSON")


_PARSER: Final = standard_json.JSONDecoder(parse_float=_exact, parse_int=_whole, parse_constant=_no_number)


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Unfit("bad_json", "x is bytes that are no text in UTF-8") from None


@library_function(
    "json(x)",
    ("""json('{"bonus": {"amount": 0.10}}').bonus.amount""", "0.10"),
    ("""json('[1, 2]')[0]""", "1"),
)
def json(x: Value) -> Value:
    """Take JSON text apart, numbers exactly; also in bytes, as UTF-8.  What is a structure already stays as it is.

    Then `.name` and `["a name"]` go down into structures, `[0]` into lists; what is not there is null.
    """
    if isinstance(x, (dict, list)):
        return x
    text = _decoded(x) if isinstance(x, bytes) else text_in(x, "x")
    if len(text) > LONGEST_JSON:
        raise Unfit("bad_json", f"x is longer than {LONGEST_JSON} characters")
    try:
        parsed = _PARSER.decode(text)
        if "\\u" in text and _HALF.search(text):
            standard_json.dumps(parsed, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise Unfit("bad_json", "x holds half of a surrogate pair") from None
    except (ValueError, RecursionError):
        raise Unfit("bad_json", "x is text that is no JSON") from None
    if is_deep(parsed, text):
        raise Unfit("bad_json", "x is nested too deeply")
    return parsed
