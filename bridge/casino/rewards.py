"""The profile `rewards`: what Fast Track's loyalty and challenges ask beyond the CASINO contract.

Source: Fast Track's knowledge base, "Event Requirements for Loyalty and Challenges".  An event that
does not meet them is taken in for everything else and passed over there without an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from bridge.row import Value

MAX_INT32: Final = 2**31 - 1


def rewards_breaches(fields: Mapping[str, Value]) -> list[str]:
    """Return why rewards would pass over an event; empty when they take it.

    `fields` are those of an event that holds to the contract, as `decode` returns them: ids are
    text, `amount` is there.  The sentences name field and rule, never a value.
    """
    breaches = []
    user_id = fields.get("user_id")
    if not isinstance(user_id, str) or not _is_int32(user_id):
        breaches.append(f"user_id is not a whole number from 1 to {MAX_INT32 - 1}")
    amount = fields.get("amount")
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal) or not amount > 0:
        breaches.append("amount is not above 0")
    return breaches


def _is_int32(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10 and text[0] != "0" and int(text) < MAX_INT32
