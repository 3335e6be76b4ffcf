"""Columns that a table names for their type, or to watch or remember them, and that no record has: misspelt.

One that a rule reads is told where it is read: the change is parked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

from bridge.brand import Brand
from bridge.flow import Change
from bridge.mapping.compiling.watching import listed
from bridge.mapping.language.syntax import did_you_mean
from bridge.mapping.state.plan import TablePlan

_SEVERAL: Final = 3


class ColumnsMissing:
    """Notes which columns the rows of each table have."""

    def __init__(self, brand: Brand) -> None:
        self._brand = brand
        self._rows: Counter[str] = Counter()
        self._there: dict[str, set[str]] = defaultdict(set)

    def note(self, table: TablePlan, change: Change) -> None:
        """Note the row that a change shows."""
        if change.after is not None:
            self._rows[table.name] += 1
            self._there[table.name].update(change.after.columns())

    def sentences(self) -> Iterator[tuple[str, str]]:
        """Yield what is most likely wrong, and what to look at; tables may share what they say of columns."""
        naming: dict[str, list[str]] = defaultdict(list)
        for name, config in self._brand.connector.play.items():
            for column in {*config.columns, *listed(config.watch), *config.remember}:
                naming[column].append(name)
        for column, tables in sorted(naming.items()):
            there = {each for name in tables for each in self._there[name]}
            if column not in there and all(self._rows[name] >= _SEVERAL for name in tables):
                hint = did_you_mean(column, there) or "is it named as the records have it?"
                yield f"no record of {' or '.join(tables)} has the column {column}", hint
