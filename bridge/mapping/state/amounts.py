"""Exact sums, and the amount of an event: the sum of its parts as written."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from bridge.casino import PARTS_OF_AMOUNT
from bridge.errors import MappingError
from bridge.mapping.language.operators import add, number_of
from bridge.mapping.language.readers import Unfit
from bridge.mapping.state.remembered import Sent
from bridge.row import Value

_ZERO: Final = Decimal(0)

AMOUNTS: Final = ("amount", *PARTS_OF_AMOUNT)
"""The amount and its parts."""


def add_up(fields: dict[str, Value]) -> None:
    """Set the amount to the sum of its parts as written; null if one of them is null.

    An amount that the connector writes itself is kept: the contract holds it against its parts.
    Raises MappingError for a part that is no number.
    """
    if fields.get("amount") is not None:
        return
    total: Value = _ZERO
    try:
        for part in PARTS_OF_AMOUNT:
            number = fields.get(part, 0)
            # A whole 0 adds nothing, not even digits behind the point.
            if type(number) is not int or number:
                total = add(total, number)
    except Unfit as unfit:
        raise MappingError(unfit.code, f"a part of the amount {unfit.reason}") from None
    if total is not _ZERO or any(part in fields for part in PARTS_OF_AMOUNT):
        fields["amount"] = total


def booked(piece: Sent) -> Decimal:
    """Return how much of its running total a piece stands for, in the unit of the total."""
    return Decimal(piece.amount if piece.compare is None else piece.compare)


def exact_sum(numbers: Iterable[Value], what: str) -> Value:
    """Return the sum without any rounding, or None if one is null.  Raises MappingError for what is no number."""
    total: Value = _ZERO
    try:
        for number in numbers:
            total = add(total, number)
    except Unfit as unfit:
        raise MappingError(unfit.code, f"{what} {unfit.reason}") from None
    return total


def checked(value: Value, what: str) -> int | Decimal:
    """Return a number that may be calculated with.  Raises MappingError for anything else, null too."""
    if value is None:
        raise MappingError("null_number", f"{what} is null, where a number is needed")
    try:
        return number_of(value)
    except Unfit as unfit:
        raise MappingError(unfit.code, f"{what} {unfit.reason}") from None
