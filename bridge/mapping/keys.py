"""How rows are named: the texts of their keys, and where they lie in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any, Final

from bridge.row import Value

KEY_SEPARATOR: Final = "\x1f"
"""Joins the parts of a composite key; a control character that no key of a wallet holds."""


@cache
def row_space(table: str) -> str:
    """Return the ledger's space for the rows of a play table."""
    return f"row:{table}"


def _decimal_key(value: Decimal) -> str:
    text = str(value)
    if "E" in text:
        text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


_AS_KEY: Final[dict[type, Callable[[Any], str]]] = {
    str: str,
    int: str,
    bool: lambda value: "true" if value else "false",
    Decimal: _decimal_key,
    bytes: bytes.hex,
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
}


def key_text(value: Value) -> str | None:
    """Return a column's value as part of a key, or None for null: 1 and "1" name the same row."""
    kind = type(value)
    if kind is int:
        return str(value)
    return None if value is None else _AS_KEY.get(kind, str)(value)
