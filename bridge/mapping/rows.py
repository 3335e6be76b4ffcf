"""Which row a change is about, and whether it is news."""

from __future__ import annotations

from bridge.errors import MappingError, PoisonRecord
from bridge.mapping.plan import TablePlan
from bridge.mapping.recall import Recall
from bridge.mapping.remembered import RowMemory
from bridge.mapping.scope import KeyedRow, Scope, remembered_row
from bridge.records import UNAVAILABLE, Change, Row, Value


class UpdatedRow(Row):
    """A row after an update; a column that the record lacks is as it was remembered."""

    __slots__ = ("_remembered",)

    def __init__(self, row: Row, remembered: Row) -> None:
        super().__init__(row._raw, row._decoders)
        self._remembered = remembered

    def __getitem__(self, column: str) -> Value:
        if self.get(column) is UNAVAILABLE:
            return self._remembered[column]
        return super().__getitem__(column)

    def get(self, column: str) -> Value:
        value = super().get(column)
        if value is UNAVAILABLE and column in self._remembered:
            return self._remembered.get(column)
        return value


def row_of(table: TablePlan, change: Change, recall: Recall) -> tuple[Row, str]:
    """Return the row that a change is about, as rules shall see it, and its key.

    A deleted row is the one remembered: Debezium invents what it does not have of it.
    Raises MappingError when the change does not tell which row it is.
    """
    row = _of_record(change)
    key = table.key(Scope(table, recall, "", row, None, change))
    if key is None:
        raise MappingError("no_key", "a part of the row's key is null")
    if change.op in "ud":
        memory = recall.row(table.name, key)
        if memory is not None and (memory.values is not None or memory.history is not None):
            known = remembered_row(memory)
            return (known if change.op == "d" else UpdatedRow(row, known)), key
    return row, key


def _of_record(change: Change) -> Row:
    if change.op == "d":
        rest = change.before if change.before is not None else Row({}, {})
        return KeyedRow(change.key, rest) if change.key is not None else rest
    if change.after is None:
        raise MappingError("no_row", "the change shows no row")
    return change.after


def move_memory(table: TablePlan, change: Change, key: str, recall: Recall) -> None:
    """Let what is remembered follow a row whose key has changed."""
    if change.other_key is None:
        return
    try:
        old = table.key(Scope(table, recall, "", Row(change.other_key, {}), None, change))
    except PoisonRecord:
        return  # The record's key is not the row's key: the row is still the same one.
    if old is None or old == key or recall.row(table.name, key) is not None:
        return
    memory = recall.row(table.name, old)
    if memory is not None:
        recall.put_row(table.name, key, memory)
        recall.put_row(table.name, old, None)


def is_repeated(table: TablePlan, change: Change, memory: RowMemory) -> bool:
    """Return whether the change of a known row was taken in before, or is older than what was."""
    if change.snapshot:
        return True
    position, last = change.position, memory.position
    if position is not None and last is not None and position.lineage == last.lineage and position.order <= last.order:
        return True
    return table.append_only


def is_history(table: TablePlan, change: Change, scope: Scope) -> bool:
    """Return whether the row was there before play counts."""
    if change.snapshot and table.snapshot == "remember":
        return True
    return table.starts is not None and not table.starts(scope)
