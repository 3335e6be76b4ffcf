"""Rows and their values, decoded column by column when a rule first asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from bridge.errors import DecodeError, EndlessTime, MappingError


class Unavailable:
    """A value that Debezium did not have: an unchanged large column outside the replica identity."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<unavailable>"


UNAVAILABLE: Final = Unavailable()


class Endless:
    """A time before or after all others, whatever their kind: Postgres' -infinity and infinity.

    It can be compared and remembered, and is no moment: no event can hold it.
    """

    __slots__ = ("_past",)

    def __init__(self, *, past: bool) -> None:
        self._past = past

    def __lt__(self, other: object) -> bool:
        return self._past and other is not self

    def __gt__(self, other: object) -> bool:
        return not self._past and other is not self

    def __le__(self, other: object) -> bool:
        return not self > other

    def __ge__(self, other: object) -> bool:
        return not self < other

    def __str__(self) -> str:
        return "-infinity" if self._past else "infinity"

    def __repr__(self) -> str:
        return str(self)


SINCE_EVER: Final = Endless(past=True)
FOREVER: Final = Endless(past=False)

Value = Any
"""A decoded column: None, bool, int, str, bytes, Decimal, datetime, date, time, timedelta, Endless, list or dict.

An aware datetime is a moment in UTC; a naive one is local time of a zone that the column does not
tell.  Numbers with a fraction are always Decimal, at any depth.  Bytes are raw.
"""

MOST_LEVELS: Final = 100
"""How deep lists and structures may be nested; a ledger keeps them, and every reader of them counts levels."""


def is_deep(value: Value, written: str | bytes | None = None) -> bool:
    """Return whether a value is nested deeper than that; its JSON, as it was `written`, can spare the look."""
    if written is not None and not _opens_many(written):
        return False
    level = [value]
    for _ in range(MOST_LEVELS + 1):
        level = [item for one in level if type(one) in (dict, list) for item in _items(one)]
        if not level:
            return False
    return True


def _opens_many(text: str | bytes) -> bool:
    if isinstance(text, str):
        return text.count("[") + text.count("{") > MOST_LEVELS
    return text.count(b"[") + text.count(b"{") > MOST_LEVELS


def _items(one: Any) -> Iterable[Any]:
    return one.values() if type(one) is dict else one


ColumnDecoder = Callable[[Any], Value]
"""Takes a column from the record's form to a Value; raises DecodeError; may return UNAVAILABLE."""


class Plain:
    """Reads the columns of which nothing is known: what every record does without a word about its types."""

    __slots__ = ()

    def plain(self, value: Any) -> Value:
        """Return the value, or UNAVAILABLE; raises DecodeError for one that nothing can hold."""
        return value


class Row:
    """The columns of one row, decoded when they are first read, and kept.

    Only columns that a rule reads cost anything, and only they can make a record poison.
    """

    __slots__ = ("_decoders", "_known", "_plain", "raw")

    def __init__(
        self,
        raw: dict[str, Any],
        decoders: dict[str, ColumnDecoder],
        plain: Plain | None = None,
    ) -> None:
        """Wrap `raw`; `plain` reads the columns that have no decoder: without it they are their raw values."""
        self.raw = raw
        self._decoders = decoders
        self._plain = plain
        self._known: dict[str, Value] = {}

    def __getitem__(self, column: str) -> Value:
        """Return the value of a column.

        Raises MappingError when the record lacks the column or the value is unavailable, and
        DecodeError when the value contradicts its type.
        """
        known = self._known
        value = known.get(column)
        if value is None and column not in known:
            value = self._decoded(column)
            if value is UNAVAILABLE:
                raise MappingError("unavailable_column", f"column {column} is unavailable in this record")
            known[column] = value
        return value

    def get(self, column: str) -> Value:
        """Return the value like `row[column]`, but None for a column that is not there and UNAVAILABLE as such."""
        known = self._known
        if column in known:
            return known[column]
        value = self._decoded(column) if column in self.raw else None
        if value is not None and value is not UNAVAILABLE:
            known[column] = value
        return value

    def _decoded(self, column: str) -> Value:
        """Return the value, or UNAVAILABLE."""
        try:
            value = self.raw[column]
        except KeyError:
            raise MappingError(
                "missing_column", f"the record has no column {column}{self._hint(column)}"
            ) from None
        if value is None:
            return None
        decoder = self._decoders.get(column)
        try:
            if decoder is not None:
                return decoder(value)
            return value if self._plain is None else self._plain.plain(value)
        except EndlessTime as endless:
            return SINCE_EVER if endless.past else FOREVER
        except DecodeError as error:
            raise DecodeError(error.code, f"column {column}: {error.reason}") from error

    def _hint(self, column: str) -> str:
        other = next((name for name in self.raw if name.casefold() == column.casefold()), None)
        return f"; it has {other}" if other is not None else ""

    def __contains__(self, column: object) -> bool:
        return column in self.raw

    def columns(self) -> Iterable[str]:
        """Return the names of the columns that the record has."""
        return self.raw.keys()

    def __repr__(self) -> str:
        # Values of rows never reach a log, so they are not shown here either.
        return f"Row({', '.join(self.columns())})"
