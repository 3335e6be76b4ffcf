"""Rows and their values, decoded column by column when a rule first asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from bridge.errors import DecodeError, MappingError


class Unavailable:
    """A value that Debezium did not have: an unchanged large column outside the replica identity."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<unavailable>"


UNAVAILABLE: Final = Unavailable()

Value = Any
"""A decoded column: None, bool, int, str, bytes, Decimal, datetime, date, time, timedelta, list or dict.

An aware datetime is a moment in UTC; a naive one is local time of a zone that the column does not
tell.  Numbers with a fraction are always Decimal, at any depth.  Bytes are raw.
"""

ColumnDecoder = Callable[[Any], Value]
"""Takes a column from the record's form to a Value; raises DecodeError; may return UNAVAILABLE."""


class Columns(dict[str, Value]):
    """The values of a row's columns: each is decoded when it is first asked for, and kept.

    `columns[name]` is the hot path: a column that has been read costs no step of Python.
    """

    __slots__ = ("decoders", "raw")

    decoders: Mapping[str, ColumnDecoder]
    raw: Mapping[str, Any]

    def __missing__(self, column: str) -> Value:
        if not self and isinstance(self.decoders, ColumnDecoders):
            self.decoders.fill(self)
            if column in self:
                return self[column]
        value = self.decode(column)
        if value is UNAVAILABLE:
            raise MappingError("unavailable_column", f"column {column} is unavailable in this record")
        self[column] = value
        return value

    def decode(self, column: str) -> Value:
        """Return the value, or UNAVAILABLE; what was decoded is not kept.

        Raises MappingError for a missing column, DecodeError for a value that contradicts its type.
        """
        try:
            value = self.raw[column]
        except KeyError:
            raise MappingError("missing_column", f"the record has no column {column}") from None
        decoder = self.decoders.get(column)
        if value is None or decoder is None:
            return value
        try:
            return decoder(value)
        except DecodeError as error:
            raise DecodeError(error.code, f"column {column}: {error.reason}") from error


class ColumnDecoders(dict[str, ColumnDecoder]):
    """Decoders by column, of rows whose other columns are their raw values but for a few marks.

    The marks are the texts and bytes that stand for a value which Debezium did not have.
    """

    __slots__ = ("_marks", "_typed")

    def __init__(self, decoders: Mapping[str, ColumnDecoder], marks: frozenset[str | bytes]) -> None:
        """Take the decoders of those columns that are more than their raw values."""
        super().__init__(decoders)
        self._marks = marks
        self._typed = tuple(decoders)

    def fill(self, values: Columns) -> None:
        """Put into `values` at once every column that is its raw value, unless one of them could be a mark."""
        try:
            if not self._marks.isdisjoint(values.raw.values()):
                return
        except TypeError:  # a list or a structure has to be looked into
            return
        values.update(values.raw)
        for column in self._typed:
            values.pop(column, None)


class Row:
    """The columns of one row, decoded when they are first read.

    Only columns that a rule reads cost anything, and only they can make a record poison.
    """

    __slots__ = ("values",)

    values: Columns
    """The columns by name; what asks for one gets what `row[column]` returns, or raises."""

    def __init__(self, raw: Mapping[str, Any], decoders: Mapping[str, ColumnDecoder]) -> None:
        """Wrap `raw`; a column without an entry in `decoders` is its raw value."""
        self.values = values = Columns()
        values.raw = raw
        values.decoders = decoders

    def __getitem__(self, column: str) -> Value:
        """Return the value of a column.

        Raises MappingError when the record lacks the column or the value is unavailable, and
        DecodeError when the value contradicts its type.
        """
        return self.values[column]

    def get(self, column: str) -> Value:
        """Return the value like `row[column]`, but None for a column that is not there and UNAVAILABLE as such."""
        values = self.values
        if column in values:
            return values[column]
        return values.decode(column) if column in values.raw else None

    def __contains__(self, column: object) -> bool:
        return column in self.values.raw

    def columns(self) -> Iterable[str]:
        """Return the names of the columns that the record has."""
        return self.values.raw.keys()

    def __repr__(self) -> str:
        # Values of rows never reach a log, so they are not shown here either.
        return f"Row({', '.join(self.columns())})"
