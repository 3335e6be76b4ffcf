"""What the operators of expressions do with values: exact, null-aware, and strict about types.

Each function takes values and returns one, or raises Unfit.  A null is None.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection
from datetime import date, datetime, time, timedelta
from decimal import (
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)
from typing import Any, Final

from bridge.mapping.language.readers import Unfit
from bridge.row import Endless, Row, Value

DIGITS: Final = 100
"""Longest number that arithmetic gives; far above any amount, and it bounds the work."""

EXACT: Final = Context(
    prec=DIGITS, Emin=-DIGITS, Emax=DIGITS, traps=[Inexact, Overflow, InvalidOperation, DivisionByZero]
)
_LARGEST_INT: Final = 10**DIGITS
_NUMBERS: Final = frozenset((int, Decimal))
_TAKEN_APART: Final = frozenset(("a list", "a structure"))
"""What a payload may hold in the place of a single value."""
_ORDERED: Final = frozenset((int, Decimal, str, datetime, date, time, timedelta))
_TIMES: Final = frozenset((datetime, date, Endless))


def kind_of(value: Value) -> str:
    """Return what a value is, in words for a person."""
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "true or false"),
        ((int, Decimal), "a number"),
        (str, "text"),
        (bytes, "bytes"),
        (datetime, "a moment"),
        (date, "a date"),
        (time, "a time of day"),
        (timedelta, "a span of time"),
        (Endless, "infinity as a time"),
        ((list, tuple), "a list"),
    )
    return next((words for types, words in kinds if isinstance(value, types)), "a structure")


def number_of(value: Value) -> int | Decimal:
    """Return a value that may be calculated with, or raise Unfit saying why it may not."""
    if type(value) in _NUMBERS:
        if type(value) is Decimal and not value.is_finite():
            raise Unfit("not_a_number", "is infinite or not a number")
        number: int | Decimal = value
        return number
    if isinstance(value, Decimal):
        raise Unfit("double_money", 'is a binary double and not exact; say number(x, double="accept") to take it')
    raise Unfit("not_a_number", f"is {kind_of(value)}, where a number is needed")


def _exactly(calculate: Callable[[Any, Any], Value], a: Value, b: Value) -> Value:
    try:
        result = calculate(a, b)
    except DivisionByZero:
        raise Unfit("division_by_zero", "divides by zero") from None
    except Inexact:
        raise Unfit("inexact", f"gives more than {DIGITS} digits") from None
    except (Overflow, InvalidOperation):
        raise Unfit("inexact", f"gives more than {DIGITS} digits, or no number") from None
    if type(result) is int and not -_LARGEST_INT < result < _LARGEST_INT:
        raise Unfit("inexact", f"gives more than {DIGITS} digits")
    return result


def _calculation(of_ints: Callable[[Any, Any], Any], of_decimals: Callable[[Any, Any], Any]) -> Any:
    """Return the operator; ints stay ints where the result is one for sure."""

    def calculate(a: Value, b: Value) -> Value:
        if a is None or b is None:
            return None
        if type(a) is int and type(b) is int:
            return _exactly(of_ints, a, b)
        if type(a) in _NUMBERS and type(b) in _NUMBERS:
            try:
                result = of_decimals(a, b)
            except DecimalException:
                pass  # said in words below
            else:
                if result.is_finite():
                    return result
        number_of(a)
        number_of(b)
        return _exactly(of_decimals, a, b)

    return calculate


add: Final[Callable[[Value, Value], Value]] = _calculation(operator.add, EXACT.add)
subtract: Final[Callable[[Value, Value], Value]] = _calculation(operator.sub, EXACT.subtract)
multiply: Final[Callable[[Value, Value], Value]] = _calculation(operator.mul, EXACT.multiply)


def divide(a: Value, b: Value) -> Value:
    """Return the exact quotient; one that does not end is Unfit."""
    if a is None or b is None:
        return None
    if number_of(b) == 0:
        raise Unfit("division_by_zero", "divides by zero")
    number_of(a)
    try:
        return EXACT.divide(a, b)
    except (Inexact, Overflow, InvalidOperation):
        hint = 'say round(a, places, mode="half up", by=b)'
        raise Unfit("inexact_division", f"does not divide evenly; {hint}") from None


def floor_divide(a: Value, b: Value) -> Value:
    """Return the quotient rounded down (towards minus infinity), for ints and decimals alike."""
    if a is None or b is None:
        return None
    if number_of(b) == 0:
        raise Unfit("division_by_zero", "divides by zero")
    if type(number_of(a)) is int and type(b) is int:
        return a // b
    whole = _exactly(EXACT.divide_int, a, b)
    remainder = _exactly(EXACT.remainder, a, b)
    return _exactly(EXACT.subtract, whole, 1) if remainder and (remainder < 0) != (b < 0) else whole


def modulo(a: Value, b: Value) -> Value:
    """Return what is left of `a // b`; it has the sign of `b`."""
    if a is None or b is None:
        return None
    if number_of(b) == 0:
        raise Unfit("division_by_zero", "divides by zero")
    if type(number_of(a)) is int and type(b) is int:
        return a % b
    remainder = _exactly(EXACT.remainder, a, b)
    return _exactly(EXACT.add, remainder, b) if remainder and (remainder < 0) != (b < 0) else remainder


def negate(a: Value) -> Value:
    """Return the number with the other sign."""
    if a is None:
        return None
    number = number_of(a)
    if isinstance(number, int):
        return -number
    return number.copy_negate() if number else number


def equal(a: Value, b: Value) -> bool:
    """Return whether two values are equal.

    Raises Unfit for text and a number, true and 1, and whatever else could never be: a condition with
    such a comparison says always the same.
    """
    if a is None or b is None or type(a) is type(b) or (type(a) in _NUMBERS and type(b) in _NUMBERS):
        return bool(a == b)
    if Endless in (type(a), type(b)) and {type(a), type(b)} <= _TIMES:
        return False
    first, second = kind_of(a), kind_of(b)
    if first != second and not {first, second} & _TAKEN_APART:
        raise Unfit("not_comparable", f"compares {first} with {second}, which are never equal")
    return first == second and bool(a == b)


def _ordering(compare: Callable[[Any, Any], Any]) -> Callable[[Value, Value], bool]:
    def ordered(a: Value, b: Value) -> bool:
        if a is None or b is None:
            return False
        first, second = type(a), type(b)
        if (first is second and first in _ORDERED) or (first in _NUMBERS and second in _NUMBERS):
            try:
                return bool(compare(a, b))
            except TypeError:
                raise Unfit("no_zone", "compares a moment with a time that has no zone") from None
            except InvalidOperation:
                raise Unfit("not_a_number", "compares something that is not a number") from None
        if {first, second} & _NUMBERS:
            number_of(a)
            number_of(b)
        if Endless in (first, second) and {first, second} <= _TIMES:
            return bool(compare(a, b))
        raise Unfit("not_comparable", f"compares {kind_of(a)} with {kind_of(b)}")

    return ordered


less: Final = _ordering(operator.lt)
less_or_equal: Final = _ordering(operator.le)
greater: Final = _ordering(operator.gt)
greater_or_equal: Final = _ordering(operator.ge)


def among(a: Value, container: Value) -> bool:
    """Return whether `a` equals one of a list, or is a key of a structure; nothing is in null.

    Raises Unfit where it could equal none of them.
    """
    if container is None:
        return False
    if isinstance(container, (list, tuple, set, frozenset)):
        return _among_items(a, container)
    if isinstance(container, dict):
        return isinstance(a, str) and a in container
    if isinstance(container, str):
        raise Unfit("not_a_list", "looks into text; say contains(text, part)")
    raise Unfit("not_a_list", f"looks into {kind_of(container)}, where a list is needed")


def _among_items(a: Value, items: Collection[Value]) -> bool:
    unfit: Unfit | None = None
    fits = a is None
    for item in items:
        try:
            if equal(a, item):
                return True
        except Unfit as refusal:
            unfit = refusal
        else:
            fits = fits or item is not None
    if unfit is not None and not fits:
        raise unfit
    return False


def attribute(value: Value, name: str) -> Value:
    """Return `value.name`: a column of a row, a key of a structure, or that of each item of a list."""
    if value is None:
        return None
    if isinstance(value, Row):
        return value[name]
    own = getattr(type(value), "attribute", None)
    if own is not None:
        return own(value, name)
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, (list, tuple)):
        return [attribute(item, name) for item in value]
    if isinstance(value, str):
        raise Unfit("not_a_structure", f"is text and has no {name}; say json(x).{name} if it holds JSON")
    raise Unfit("not_a_structure", f"is {kind_of(value)} and has no {name}")


def item(value: Value, at: Value) -> Value:
    """Return `value[at]`: the item of a list by number, of a structure or a row by name; null beyond it."""
    if value is None or at is None:
        return None
    if isinstance(value, (list, tuple)):
        if type(at) is not int:
            raise Unfit("not_a_structure", f"is a list, and {kind_of(at)} is no place in it")
        return value[at] if -len(value) <= at < len(value) else None
    if type(at) is str:
        return attribute(value, at)
    raise Unfit("not_a_structure", f"is {kind_of(value)} and has no numbered items")
