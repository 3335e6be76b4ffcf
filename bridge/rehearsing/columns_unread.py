"""Columns that updates change as a status is changed, and that no rule reads: a way to void, most likely."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from bridge.errors import PoisonRecord
from bridge.flow import Change
from bridge.mapping.mapper import Outcome
from bridge.mapping.state.plan import TablePlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.rows import scope_of
from bridge.mapping.state.waiting import Waiting
from bridge.memory import Memory

_SHORT: Final = 20
"""A status is no longer than this; a note may be."""
_ONCE_MORE: Final = 2
"""A status is given to several rows; a note, most often, to one."""
_FILLED: Final = "a moment"
_begins_as_date: Final = re.compile(r"\d{4}-\d\d-\d\d").match
_MOST_ROWS: Final = 20_000


class ColumnsUnread:
    """Notes what the columns of each row hold that no rule of its table names."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], dict[str, Any]] = {}
        self._became: dict[tuple[str, str], Counter[Any]] = defaultdict(Counter)
        """What a column of a table became, and how often."""
        self._append_only: set[str] = set()

    def note(self, table: TablePlan, outcome: Outcome, change: Change, memory: Memory) -> None:
        """Note a row as it was inserted, or how an update has changed it."""
        if change.after is None or outcome.kind not in ("sent", "skipped") or table.each is not None:
            return
        recall = Recall()
        recall.begin(memory)
        try:
            key = table.name, scope_of(table, change, recall).key
        except (Waiting, PoisonRecord):
            return
        known = self._rows.get(key)
        now = _states_of(table, change)
        if known is not None and change.op == "u":
            for column in now.keys() & known.keys():
                filled = known[column] is None and now[column] != _FILLED  # Such as a note.
                if now[column] != known[column] and not filled:
                    self._became[table.name, column][now[column]] += 1
        if known is not None or len(self._rows) < _MOST_ROWS:
            self._rows[key] = now
        if table.append_only:
            self._append_only.add(table.name)

    def sentences(self) -> Iterator[tuple[str, str]]:
        """Yield what is most likely wrong, and what to look at."""
        for (name, column), values in sorted(self._became.items()):
            count = sum(values.values())
            if all(often < _ONCE_MORE for often in values.values()):
                continue
            hint = "does it take play back? Then let `stands` ask for it"
            if name in self._append_only:
                hint += ", and write `rows: mutable`"
            yield f"{count} updates of {name} change {column}, which no rule reads", hint


def _states_of(table: TablePlan, change: Change) -> dict[str, Any]:
    """Return the columns that no rule names and that may be a status, a flag, or a moment that is filled in."""
    found: dict[str, Any] = {}
    if change.after is None:
        return found
    for column in change.after.columns():
        if column in table.columns:
            continue
        try:
            value = change.after[column]
        except PoisonRecord:
            continue
        if value is None or isinstance(value, bool):
            found[column] = value
        elif isinstance(value, datetime) or (isinstance(value, str) and _begins_as_date(value)):
            found[column] = _FILLED
        elif isinstance(value, str) and len(value) <= _SHORT:
            found[column] = value
    return found
