"""Which row an index finds: the first that was not skipped; of reversals, the first that is not undone yet."""

from __future__ import annotations

from typing import Final

from bridge.mapping.state.plan import TablePlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.remembered import Ending
from bridge.mapping.state.scope import PlayRow, Scope
from bridge.mapping.state.takers import is_undone

MANY: Final = 20
"""With so many reversals in one line, those that are undone are let go."""


def found_by(table: TablePlan, scope: Scope, space: str, value: str) -> str | None:
    """Return the key of the row that an index finds, or None while there is none.

    A row that has done something names what it named then, although that may have been undone since.
    """
    line = _line(scope.recall, space, value)
    if len(line) < 2:
        return line[0] if line else None
    did = scope.memory.did if scope.memory is not None else None
    if did is not None and did.table == table.name and did.key in line:
        return did.key
    return next((key for key in line if not _is_left_out(table, scope.recall, key)), line[0])


def note_found(table: TablePlan, scope: Scope, place: tuple[str, str], *, counts: bool, takes: bool) -> bool:
    """Let an index find a row, if it has no better one; return whether it does.

    One that leads to nothing gives its place to one that `counts`; a reversal that `takes` stands in line.
    """
    recall, key = scope.recall, scope.key
    line = _line(recall, *place)
    if key in line:
        return True
    if line:
        free = counts and all(_is_left_out(table, recall, one) for one in line)
        if not (free or takes):
            return False
        if not all(_has_reversed(table, recall, one) for one in line):
            if not free:
                return False
            line = []
    if len(line) >= MANY:
        line = [one for one in line if not _is_left_out(table, recall, one)]
    recall.put_value(*place, [*line, key] if line else key)
    return True


def _line(recall: Recall, space: str, value: str) -> list[str]:
    """Return the keys of the rows that an index knows: one, or reversals in the order of judging."""
    known = recall.value(space, value)
    if isinstance(known, list):
        return known
    return [known] if known is not None else []


def _has_reversed(table: TablePlan, recall: Recall, key: str) -> bool:
    """Return whether a row is a reversal, or an undo, that has come to its end."""
    memory = PlayRow(table, key, recall).memory()
    return memory is not None and memory.reversal and not memory.waits


def _is_left_out(table: TablePlan, recall: Recall, key: str) -> bool:
    """Return whether a row leads to nothing, or has been undone."""
    row = PlayRow(table, key, recall)
    memory = row.memory()
    if memory is None:
        return False
    if memory.reversal and not memory.took:
        undone = memory.took is not None or is_undone(recall, table.name, row.key)
        return undone or memory.ending is Ending.SKIPPED
    return memory.ending is Ending.SKIPPED
