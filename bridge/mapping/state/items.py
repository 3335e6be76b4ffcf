"""Rows that hold a list of which each item is a row of its own: the actions of one call."""

from __future__ import annotations

from bridge.errors import MappingError, PoisonRecord
from bridge.flow import Change
from bridge.mapping.state.layered import Layered
from bridge.mapping.state.plan import TablePlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.scope import Scope
from bridge.row import Row


def items_of(table: TablePlan, change: Change, recall: Recall) -> list[Change]:
    """Return a change for each item of the list that a row holds, in the list's order; the item is a column of it.

    Raises MappingError for what is no list, and DecodeError.
    """
    row = change.after
    if row is None or table.each is None:
        return [change]
    found = table.each(Scope(table, recall, "", row, change=change))
    if found is None:
        return []
    if not isinstance(found, (list, tuple)):
        raise MappingError("not_a_list", "`each` does not name a list")
    return [change.showing(Layered(Row({table.item: item}, {}), row)) for item in found]


def keys_after(scope: Scope) -> set[str]:
    """Return the keys of the items that come after a row in the list that it is an item of."""
    table, change = scope.plan, scope.change
    if table.each is None or change is None:
        return set()
    items = [item.after for item in items_of(table, change, scope.recall) if item.after is not None]
    keys = [table.key(Scope(table, scope.recall, "", item, change=change)) for item in items]
    at = keys.index(scope.key) if scope.key in keys else len(keys)
    return {key for key in keys[at:] if key is not None and key not in keys[: at + 1]}


def change_of_row(table: TablePlan, change: Change, key: str, recall: Recall) -> Change:
    """Return what a change says of the row with this key: of a list, the item whose row it is."""
    if table.each is None:
        return change
    try:
        for item in items_of(table, change, recall):
            if item.after is not None and table.key(Scope(table, recall, "", item.after, change=item)) == key:
                return item
    except PoisonRecord:
        pass  # It is judged as it is, and parked with the reason.
    return change
