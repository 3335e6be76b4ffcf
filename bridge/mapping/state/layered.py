"""Rows that stand in for others, and the columns of a row that can be told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bridge.errors import MappingError, PoisonRecord
from bridge.row import UNAVAILABLE, Row, Value


class _NoRow(Row):
    """A row that is not there: every column is null."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__({}, {})

    def __getitem__(self, column: str) -> Value:
        return None


NO_ROW: Final = _NoRow()


class Remembered(Row):
    """What is remembered of a row: the columns that rules asked for when it was last seen."""

    __slots__ = ()

    def __getitem__(self, column: str) -> Value:
        if column not in self.raw:
            said = f"what is remembered of the row has no column {column}: no rule asked for it then"
            raise MappingError("missing_column", said)
        return super().__getitem__(column)


class Layered(Row):
    """A row over another one: a column is that of the first row that has it."""

    __slots__ = ("_over", "_under")

    def __init__(self, over: Row, under: Row) -> None:
        # What a row holds is set for these two: this one passes every question on.
        self._over = over
        self._under = under

    def __getitem__(self, column: str) -> Value:
        return self._showing(column)[column]

    def get(self, column: str) -> Value:
        """Return the value like `row[column]`, but None for a column that is not there and UNAVAILABLE as such."""
        return self._showing(column).get(column)

    def __contains__(self, column: object) -> bool:
        return column in self._over or column in self._under

    def columns(self) -> Iterable[str]:
        """Return the names of the columns that either row has."""
        return dict.fromkeys([*self._over.columns(), *self._under.columns()])

    def _showing(self, column: str) -> Row:
        """Return the row whose column it is."""
        return self._over if column in self._over else self._under


def columns_of(row: Row, known: Row | None = None) -> dict[str, Value]:
    """Return the columns that can be decoded; one that is unavailable is as it was in `known`."""
    columns: dict[str, Value] = {}
    for column in row.columns():
        try:
            value = row.get(column)
        except PoisonRecord:
            continue
        if value is UNAVAILABLE and known is not None and column in known:
            value = known.get(column)
        columns[column] = value
    return columns
