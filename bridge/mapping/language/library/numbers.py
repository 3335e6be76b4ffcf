"""Functions of numbers and money."""

from __future__ import annotations

import re
from decimal import Context, Decimal
from fractions import Fraction
from typing import Final

from bridge.mapping.language.library.registry import choice_in, library_function, list_in, number_in, whole_in
from bridge.mapping.language.operators import DIGITS, EXACT, add, kind_of, less
from bridge.mapping.language.readers import Unfit
from bridge.row import Value

MOST_PLACES: Final = 30

_ROUNDING: Final = {
    "half up": "ROUND_HALF_UP",
    "half even": "ROUND_HALF_EVEN",
    "half down": "ROUND_HALF_DOWN",
    "up": "ROUND_UP",
    "down": "ROUND_DOWN",
    "floor": "ROUND_FLOOR",
    "ceiling": "ROUND_CEILING",
}
_WIDE: Final = Context(prec=DIGITS)
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_WHOLE: Final = re.compile(r"[+-]?[0-9]+")


def _places(value: Value) -> int:
    return whole_in(value, "places", 0, MOST_PLACES)


def _check_double(double: Value = "refuse") -> None:
    choice_in(double, "double", ("refuse", "accept"))


def _check_mode(mode: Value) -> None:
    choice_in(mode, "mode", _ROUNDING)


@library_function(
    "units(x, places)",
    ("units(12345, 2)", "123.45"),
    ("units(150000, 5)", "1.5"),
    ("units(-7, 0)", "-7"),
)
def units(x: Value, places: Value) -> Decimal:
    """Take an amount in minor units to units: the point moves `places` to the left, exactly.

    `places` may come from a currency table: `units(amount, currencies[currency].exponent)`.  An
    amount in mBTC is `units(x, 3)` in BTC.
    """
    by = places if type(places) is int and 0 <= places <= MOST_PLACES else _places(places)
    return EXACT.scaleb(x if type(x) is int else number_in(x, "x"), -by)


@library_function("minor(x, places)", ("minor(123.45, 2)", "12345"), ("minor(1.5, 5)", "150000"))
def minor(x: Value, places: Value) -> int:
    """Take an amount in units to minor units.  An amount with more places than that is parked."""
    by = _places(places)
    amount = Decimal(number_in(x, "x")).scaleb(by, EXACT)
    if amount != amount.to_integral_value():
        raise Unfit("inexact", f"x has more than {by} places; say round(x, {by}, mode=...) first")
    return int(amount)


@library_function(
    'number(x, double="refuse")',
    ('number("12.50")', "12.50"),
    ('number("-3")', "-3"),
    ('number("1.5e3")', "1500"),
    ("number(null)", "null"),
    ('sum(number(("4.00", "2.50")))', "6.50"),
    constants=("double",),
    check=_check_double,
)
def number(x: Value, double: str = "refuse") -> Value:
    """Take text to the exact number that it says, in plain digits with a point; a number stays itself.

    A column of binary doubles is refused, for money in it is not exact; `double="accept"` takes its
    shortest decimal form.  NaN, infinity, commas and blanks inside are refused.  Of a list, each item
    is taken so: `sum(number(wins.amount))`.
    """
    if isinstance(x, (list, tuple)):
        return [None if item is None else _number(item, double) for item in x]
    return _number(x, double)


def _number(x: Value, double: str) -> int | Decimal:
    if isinstance(x, Decimal) and type(x) is not Decimal and double == "accept":
        return number_in(Decimal(x), "x")
    if not isinstance(x, str):
        return number_in(x, "x")
    digits = x.strip()
    if len(digits) > DIGITS or _NUMBER.fullmatch(digits) is None:
        raise Unfit("not_a_number", "x is text that is no number in plain digits")
    return int(digits) if _WHOLE.fullmatch(digits) else Decimal(digits)


@library_function("abs(x)", ("abs(-2.50)", "2.50"))
def absolute(x: Value) -> int | Decimal:
    """Return the number without its sign."""
    value = number_in(x, "x")
    return abs(value) if isinstance(value, int) else value.copy_abs()


@library_function("sign(x)", ("sign(-0.01)", "-1"), ("sign(0)", "0"))
def sign(x: Value) -> int:
    """Return 1 for a number above 0, 0 for 0, and -1 below."""
    value = number_in(x, "x")
    return (value > 0) - (value < 0)


@library_function("min(a, b, ...)", ("min(3, 1.5, 2)", "1.5"))
def smallest(first: Value, *others: Value) -> Value:
    """Return the smallest of numbers, moments, dates or texts.  With a list alone, the smallest in it."""
    return _extreme(first, others, smallest=True)


@library_function("max(a, b, ...)", ("max(0, -4)", "0"), ("max((2, 7, 5))", "7"))
def largest(first: Value, *others: Value) -> Value:
    """Return the largest of numbers, moments, dates or texts.  With a list alone, the largest in it."""
    return _extreme(first, others, smallest=False)


def _extreme(first: Value, others: tuple[Value, ...], *, smallest: bool) -> Value:
    values = (first, *others) if others else tuple(list_in(first, "a"))
    if not values or None in values:
        return None
    best = values[0]
    less(best, best)  # refuses what has no order, also when it is alone
    for value in values[1:]:
        if less(value, best) if smallest else less(best, value):
            best = value
    return best


@library_function(
    'round(x, places, mode="half up", by=1)',
    ('round(2.345, 2, mode="half up")', "2.35"),
    ('round(2.345, 2, mode="half even")', "2.34"),
    ('round(10, 4, mode="down", by=3)', "3.3333"),
    constants=("mode",),
    check=_check_mode,
)
def rounded(x: Value, places: Value, *, mode: str, by: Value = 1) -> Decimal | None:
    """Round to so many places; with `by`, divide first and round once.

    `mode` must be said: `half up`, `half even`, `half down`, `up` (away from 0), `down` (towards 0),
    `floor` or `ceiling`.
    """
    value, to = number_in(x, "x"), _places(places)
    if by is None:
        return None
    divisor = number_in(by, "by")
    if divisor == 0:
        raise Unfit("division_by_zero", "by is 0")
    if divisor == 1:
        return Decimal(value).quantize(Decimal(1).scaleb(-to), _ROUNDING[mode], _WIDE)
    return _round_fraction(Fraction(value) / Fraction(divisor), to, mode)


def _round_fraction(value: Fraction, places: int, mode: str) -> Decimal:
    """Round a fraction once: doubled digits behind the last place say on which side of a half it lies."""
    scaled = abs(value) * 10**places
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    twice = 2 * rest - scaled.denominator
    up = (
        rest > 0
        and {
            "up": True,
            "down": False,
            "floor": value < 0,
            "ceiling": value > 0,
            "half up": twice >= 0,
            "half down": twice > 0,
            "half even": twice > 0 or (twice == 0 and whole % 2 == 1),
        }[mode]
    )
    digits = (whole + up) * (-1 if value < 0 else 1)
    return Decimal(digits).scaleb(-places, EXACT)


@library_function("sum(list)", ("sum((1, 2.5))", "3.5"), ("sum(())", "0"))
def total(items: Value) -> Value:
    """Add up the numbers of a list, such as a column of all parts: `sum(legs.debit)`.

    The sum of an empty list is 0; with a null in the list it is null.
    """
    result: Value = 0
    for value in list_in(items, "list"):
        if value is not None and not isinstance(value, (int, Decimal)):
            raise Unfit("not_a_number", f"list holds {kind_of(value)}, where numbers are needed")
        result = add(result, value)
    return result
