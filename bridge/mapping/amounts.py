"""The amount of an event: the sum of its parts as written."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bridge.casino import PARTS_OF_AMOUNT
from bridge.errors import MappingError
from bridge.mapping.operators import add
from bridge.mapping.readers import Unfit
from bridge.records import Value


AMOUNTS: Final = ("amount", *PARTS_OF_AMOUNT)
"""The amount and its parts."""


def add_up(fields: dict[str, Value]) -> None:
    """Set the amount to the sum of its parts as written; null if one of them is null.

    An amount that the connector writes itself is kept: the contract holds it against its parts.
    """
    parts = [fields[part] for part in PARTS_OF_AMOUNT if part in fields]
    if parts and fields.get("amount") is None:
        total: Value = Decimal(0)
        for part in parts:
            total = add(total, part)
        fields["amount"] = total
