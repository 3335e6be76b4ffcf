"""Texts that end in spaces, as char(n) pads them: they are equal to nothing that a rule compares them with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from bridge.errors import PoisonRecord
from bridge.flow import Change
from bridge.mapping.state.plan import TablePlan

_SEVERAL: Final = 3


@dataclass(slots=True)
class _Shown:
    padded: int = 0
    lengths: set[int] = field(default_factory=set)


class ColumnsPadded:
    """Notes the texts of columns that a rule names."""

    def __init__(self) -> None:
        self._shown: dict[tuple[str, str], _Shown] = defaultdict(_Shown)

    def note(self, table: TablePlan, change: Change) -> None:
        """Note the row that a change shows."""
        if change.after is None:
            return
        for column in table.columns:
            try:
                value = change.after.get(column)
            except PoisonRecord:
                continue
            if type(value) is str and value:
                shown = self._shown[table.name, column]
                shown.padded += value.endswith(" ")
                shown.lengths.add(len(value))

    def sentences(self) -> Iterator[tuple[str, str]]:
        """Yield what is most likely wrong, and what to look at."""
        for (name, column), shown in sorted(self._shown.items()):
            if shown.padded >= _SEVERAL and len(shown.lengths) == 1:
                sentence = f"{shown.padded} texts of {column} in {name} are padded with spaces"
                yield sentence, f"write {{{column}: trimmed}} under `columns`, or they are equal to no other text"
