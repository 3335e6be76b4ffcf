"""How rows are named: the texts of their keys, and where they lie in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

from bridge.errors import MappingError
from bridge.row import Value

KEY_SEPARATOR: Final = "\x1f"
"""Joins the parts of a composite key; a control character that no key of a wallet holds."""

LONGEST_KEY: Final = 600
"""Characters, which an index of Postgres takes in any script."""
DIGEST_LENGTH: Final = 1 + 64
"""Of a sign and the digits of a digest, with which a text ends that was cut."""


def row_name(table: str, key: str) -> str:
    """Return what a row is called where others are remembered by name."""
    return f"{table}{KEY_SEPARATOR}{key}"


_row_spaces: Final[dict[str, str]] = {}


def row_space(table: str) -> str:
    """Return the ledger's space for the rows of a play table."""
    space = _row_spaces.get(table)
    if space is None:
        space = _row_spaces[table] = f"row:{table}"
    return space


def _decimal_key(value: Decimal) -> str:
    text = str(value)
    if "E" in text:
        text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _other_text(value: Value) -> str:
    if isinstance(value, (list, tuple, dict)) or hasattr(value, "attribute"):
        raise MappingError("not_a_key", "a list, a structure or a row stands where one value names a row")
    return str(value)


_AS_TEXT: Final[dict[type, Callable[[Any], str]]] = {
    bool: lambda value: "true" if value else "false",
    Decimal: _decimal_key,
    bytes: bytes.hex,
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
}


def key_text(value: Value) -> str | None:
    """Return a column's value as part of a key, or None for null: 1 and "1" name the same row."""
    if value is None:
        return None
    kind = type(value)
    if kind is str:
        return as_key(value)
    if kind is int:
        text = str(value)
        return text if len(text) <= LONGEST_KEY else as_key(text)
    return as_key(_AS_TEXT.get(kind, _other_text)(value))


def as_key(text: str) -> str:
    """Return a text as a key: as it is, but its beginning and its digest where a ledger could not keep it."""
    if len(text) <= LONGEST_KEY and "\0" not in text and (text.isascii() or _is_whole(text)):
        return text
    kept = text[: LONGEST_KEY - DIGEST_LENGTH].replace("\0", "").encode(errors="ignore").decode()
    return kept + digest(text.encode(errors="surrogatepass"))


def digest(whole: bytes) -> str:
    """Return what stands behind the beginning of a text that was cut, and tells it from others."""
    return f"~{sha256(whole).hexdigest()}"


def _is_whole(text: str) -> bool:
    """Return whether a text holds no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
