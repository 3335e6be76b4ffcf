"""The amount of an event: the sum of its parts as written."""

from __future__ import annotations

from decimal import Decimal

from bridge.casino import PARTS_OF_AMOUNT
from bridge.errors import MappingError
from bridge.mapping.operators import add
from bridge.mapping.readers import Unfit
from bridge.records import Value


def add_up(fields: dict[str, Value]) -> None:
    """Set the amount to the sum of its parts as written; null if one of them is null."""
    parts = [fields[part] for part in PARTS_OF_AMOUNT if part in fields]
    if parts:
        total: Value = Decimal(0)
        try:
            for part in parts:
                total = add(total, part)
        except Unfit as unfit:
            raise MappingError(unfit.code, f"a part of the amount {unfit.reason}") from None
        fields["amount"] = total
