"""Whether a change of a row was taken in before, as far as its place in the log tells."""

from __future__ import annotations

import hashlib
from typing import Final

from bridge.flow import Change
from bridge.mapping.state.layered import columns_of
from bridge.mapping.state.plan import TablePlan
from bridge.mapping.state.remembered import Ending, RowMemory
from bridge.records import SourcePosition

_NEARLY_AT_ONCE_S: Final = 60
"""Of two rows with one key, the one that is first in the log may have been committed later by its clock."""


def has_seen(memory: RowMemory, position: SourcePosition | None) -> bool | None:
    """Return whether a row has taken in what stands there or later; None where places do not tell."""
    known = memory.position
    if position is None or known is None:
        return None
    if known.lineage == position.lineage:
        return not position.is_after(known)
    return any(one.lineage == position.lineage and not position.is_after(one) for one in memory.elsewhere)


def is_of_another_log(memory: RowMemory, change: Change) -> bool:
    """Return whether a change lies before the row's last one, and was committed long after it all the same.

    So no change does that is repeated, nor an older one: the log has begun anew.
    """
    position, known = change.position, memory.position
    if position is None or known is None or position.lineage != known.lineage or position.is_after(known):
        return False
    if position.numbered_by and position.numbered_by == known.numbered_by:
        # Whole seconds are when a statement began, and the numbers tell; a commit has microseconds.
        return bool(position.committed_us % 1_000_000) and position.committed_us > known.committed_us > 0
    return 0 < memory.committed_s < (change.committed_us or 0) // 1_000_000 - _NEARLY_AT_ONCE_S


def first_seen(table: TablePlan, memory: RowMemory) -> SourcePosition | None:
    """Return where the first change of a row stands, where its table keeps that: it tells what came first."""
    first = memory.since or memory.position
    keeps = not table.append_only and (table.indexes_rounds or table.gathers)
    return first if keeps and first is not None and first.order else None


def see(table: TablePlan, memory: RowMemory, change: Change) -> None:
    """Note where a change of the row stands."""
    known, position = memory.position, change.position
    if position is None or has_seen(memory, position):
        return
    memory.since = first_seen(table, memory)
    memory.committed_s = (change.committed_us or 0) // 1_000_000
    if known is not None and known.lineage != position.lineage:
        others = [one for one in memory.elsewhere if one.lineage != position.lineage]
        memory.elsewhere = [*others, known] if known.order else others
    memory.position = position


def shown_so_far(table: TablePlan, change: Change, known: RowMemory | None, ending: Ending) -> list[str]:
    """Return what the rows of snapshots with this key have said, this one too, where another may count beside it.

    All rows of a snapshot stand at one place in the log, so that does not tell a second row from a first one
    that is shown again.
    """
    asks = (table.asks_change or table.asks_itself) and table.as_of is None and not table.append_only
    if not change.snapshot or not (asks or ending is Ending.SKIPPED):
        return []
    return [*(known.shown if known is not None else []), said_by(change)]


def said_by(change: Change) -> str:
    """Return what tells the row that a snapshot shows from others with its key: whatever it holds.

    A column that was added meanwhile is null, and tells nothing.
    """
    columns = columns_of(change.after) if change.after is not None else {}
    held = sorted((name, repr(value)) for name, value in columns.items() if value is not None)
    return hashlib.blake2b(repr(held).encode(), digest_size=12).hexdigest()
