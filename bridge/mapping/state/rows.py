"""Which row a change is about, and whether it is news."""

from __future__ import annotations

from typing import Final

from bridge.errors import MappingError, PoisonRecord
from bridge.flow import Change
from bridge.mapping.state.groups import move_group
from bridge.mapping.state.layered import Layered
from bridge.mapping.state.parts import is_part_of
from bridge.mapping.state.plan import TablePlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.remembered import Ending, RowMemory
from bridge.mapping.state.repeats import has_seen, said_by
from bridge.mapping.state.scope import Scope, remembered_row
from bridge.records import Renamed
from bridge.row import UNAVAILABLE, Row, Value

TABLE_NAME: Final = "table_name"
SCHEMA_NAME: Final = "schema_name"
"""What the rows of a pattern of tables have beside their columns: the table that each lies in, and its schema."""


OUTDATED: Final = "row is an older version"
"""Why a version of what the key names is skipped, where a newer one is known."""

REPEATED: Final = "repeated"
"""Why a change is skipped that was taken in before."""
OF_ANOTHER: Final = "another row has its key"
"""Why a row leads to nothing although it was never read before: what its key names is there already."""
PART_OF_ANOTHER: Final = "belongs to the row that came first"
"""The same, of a row that is a part of that one."""
LOG_BEGAN_ANEW: Final = MappingError(
    "log_began_anew",
    "it is before the row's last change in the log and long after it in time: a new log needs a new topic.prefix",
)
"""Of a database that was restored or moved nothing tells which change is newer."""
KEY_IS_KNOWN: Final = (REPEATED, OF_ANOTHER, PART_OF_ANOTHER)


class UpdatedRow(Layered):
    """A row after an update over the row as remembered: what the record could not show is as it was."""

    __slots__ = ()

    def __getitem__(self, column: str) -> Value:
        over, under = self._over, self._under
        # What neither row can give, the record says: that the column is missing, or unavailable.
        hidden = column in under and column in over and over.get(column) is UNAVAILABLE
        return under[column] if hidden else over[column]

    def _showing(self, column: str) -> Row:
        shown = column in self._over and self._over.get(column) is not UNAVAILABLE
        return self._over if shown else self._under


def scope_of(table: TablePlan, change: Change, recall: Recall) -> Scope:
    """Return the scope of the row that a change shows, with its key.  Nothing is remembered in it yet.

    Raises MappingError when the change does not tell which row it is.
    """
    deleted = change.op == "d"
    row = change.after
    if deleted or row is None:
        row = row_of_record(change)
    if table.names_table:
        schema, _, name = change.table.rpartition(".")
        row = Layered(row, Row({TABLE_NAME: name, SCHEMA_NAME: schema}, {}))
    scope = Scope(table, recall, "", row, change=change)
    key = table.key(scope)
    if key is None:
        raise MappingError("no_key", "a part of the row's key is null")
    scope.key = key
    if deleted:
        scope.deleted = True
    return scope


def judged_scope(table: TablePlan, change: Change, recall: Recall) -> Scope:
    """Return the scope in which a change is judged.  Raises as `scope_of` does."""
    scope = scope_of(table, change, recall)
    recollect(scope, change)
    return scope


def recollect(scope: Scope, change: Change) -> None:
    """Let a scope know what is remembered of its row.

    A deleted row is the one remembered: Debezium invents what it does not have of it.
    """
    memory = scope.known = scope.recall.row(scope.plan.name, scope.key)
    if memory is None or memory.ending in (Ending.HELD, Ending.MOVED):
        scope.memory = None
        return
    scope.memory = memory
    if change.op in "ud" and (memory.values is not None or memory.history is not None):
        known = remembered_row(memory)
        scope.row = known if change.op == "d" else UpdatedRow(scope.row, known)
        scope.cache.clear()


def row_of_record(change: Change) -> Row:
    """Return the row that a record shows; of a deleted one the key is sure and the rest may be made up."""
    if change.op == "d":
        rest = change.before if change.before is not None else Row({}, {})
        return Layered(change.key, rest) if change.key is not None else rest
    if change.after is None:
        if change.op == "t":
            raise MappingError("truncated", "the table was truncated")
        raise MappingError("no_row", "the change shows no row")
    return change.after


def old_key(table: TablePlan, change: Change, recall: Recall) -> str | None:
    """Return the key that the row had before this change, if the change gives it another."""
    if change.renamed is not Renamed.TO or change.other_key is None:
        return None
    try:
        return table.key(Scope(table, recall, "", Row(dict(change.other_key), {}), change=change))
    except PoisonRecord:
        return None  # The record's key is not the row's key: the row is still the same one.


def waits_under_old_key(table: TablePlan, change: Change, key: str, recall: Recall) -> str | None:
    """Return the key that the row had before this change, while an earlier change of it waits under that."""
    old = old_key(table, change, recall)
    memory = recall.row(table.name, old) if old not in (None, key) else None
    return old if memory is not None and memory.ending is Ending.HELD else None


def move_memory(table: TablePlan, change: Change, key: str, recall: Recall) -> None:
    """Let what is remembered follow a row whose key has changed, unless that waits under its old key yet."""
    old = old_key(table, change, recall)
    memory = recall.row(table.name, old) if old is not None else None
    known = recall.row(table.name, key)
    if old is None or old == key or memory is None or memory.ending in (Ending.MOVED, Ending.HELD):
        return
    if known is None or known.ending is Ending.HELD:
        recall.put_row(table.name, key, memory)
        recall.put_row(table.name, old, RowMemory(Ending.MOVED, key, change.position))
        if table.gathers:
            move_group(recall, table.name, old, key)


def without_a_look(table: TablePlan, change: Change) -> str | None:
    """Return why a change means nothing whatever the row holds, if it does."""
    if change.renamed is not None:
        return "first half of a changed key" if change.renamed is Renamed.FROM else None
    if table.append_only and change.op in "ud":
        return "row deleted" if change.op == "d" else "row changed"
    return None


def no_news(table: TablePlan, change: Change, scope: Scope, *, is_queued: bool) -> str | None:
    """Return why a change of a row is passed over because of what is known of the row, if it is.

    `is_queued`: an earlier change of the row waits.
    """
    known = scope.known
    if change.renamed is not None and table.append_only:
        return "row changed"
    if known is not None and _is_repeated(table, change, known):
        return _called(table, change, scope, known)
    if change.snapshot and table.snapshot == "ignore":
        return "row of a snapshot"
    if scope.deleted and not is_queued and known is None:
        return "deleted row was never seen"
    return None


def _is_repeated(table: TablePlan, change: Change, memory: RowMemory) -> bool:
    """Return whether the change of a known row was taken in before, or is older than what was."""
    if change.snapshot and memory.shown:
        return said_by(change) in memory.shown
    if change.snapshot and memory.ending is Ending.HISTORY and not (table.append_only and table.as_of is None):
        return False  # Perhaps another row with its key: a snapshot shows them all, at one place in the log.
    position, last = change.position, memory.position
    if last is not None and not last.order:
        return False  # Its parking was undone: it is judged anew.
    if change.snapshot and (position is None or last is None or position.lineage != last.lineage):
        return True
    seen = has_seen(memory, position)
    if seen is None:
        return table.append_only and memory.ending is not Ending.MOVED
    seen = seen and not _is_beside(table.as_of, change, memory)
    return seen or (table.append_only and not _gives_way(change, memory))


def _is_beside(as_of: str | None, change: Change, memory: RowMemory) -> bool:
    """Return whether a new version stands where the last one does: rows that are copied in share one place."""
    position, last, row = change.position, memory.position, change.after
    if as_of is None or change.op != "c" or row is None or position is None or last is None:
        return False
    if (position.lineage, position.order) != (last.lineage, last.order):
        return False
    known = remembered_row(memory).get(as_of)
    if known is None:  # The version of a row that waits is not kept: when it is judged, an older one is told.
        return memory.ending is Ending.HELD
    try:
        return bool(row[as_of] > known)
    except (PoisonRecord, TypeError):
        return False


def _called(table: TablePlan, change: Change, scope: Scope, memory: RowMemory) -> str:
    """Return the name of what `_is_repeated` says: the same change again, or another row with its key.

    What another server writes was never read before: two that count by themselves give one key twice.
    """
    later = has_seen(memory, change.position) is False
    if (later or change.snapshot) and is_part_of(table, change, scope.key):
        return PART_OF_ANOTHER
    return OF_ANOTHER if later and not change.snapshot else REPEATED


def _gives_way(change: Change, memory: RowMemory) -> bool:
    """Return whether a later row may have the key: the row is called otherwise now, or it led to nothing.

    So a call that was refused, and that the provider tries again with the id that it had, is judged anew.
    """
    left_out = memory.ending is Ending.SKIPPED or memory.parked
    return memory.ending is Ending.MOVED or (left_out and not change.snapshot)


def is_another(table: TablePlan, scope: Scope) -> bool:
    """Return whether a change writes a new row, although something was sent of one with its key.

    That one has been deleted, then, or the database tells its rows apart by more than the key.  Where each row
    is a version, or moves from table to table, nothing else is to be expected.
    """
    change, memory = scope.change, scope.memory
    if change is None or change.op != "c" or change.renamed is not None:
        return False
    return memory is not None and bool(memory.sent) and table.as_of is None and table.pattern is None


def is_outdated(table: TablePlan, change: Change, scope: Scope) -> bool:
    """Return whether the row is an older version of what is known.

    Raises MappingError where that cannot be told: of a row, the first one too, that has no such column.
    """
    if table.as_of is None:
        return False
    # Of a delete the row is the one remembered; which version is gone, only the record tells.
    version = row_of_record(change).get(table.as_of) if change.op == "d" else scope.row[table.as_of]
    known = remembered_row(scope.memory).get(table.as_of) if scope.memory is not None else None
    if known is None or (change.op == "d" and version is None):
        return False
    try:
        return version is None or version < known or (change.snapshot and version == known)
    except TypeError:
        raise MappingError("not_comparable", f"{table.as_of} of two versions cannot be compared") from None


def is_history(table: TablePlan, change: Change, scope: Scope, *, is_queued: bool) -> bool:
    """Return whether the row was there before play counts.  `is_queued`: an earlier change of the row waits."""
    if change.snapshot and table.snapshot == "remember":
        return True
    if table.starts is None or is_queued or _has_counted(scope.known):
        return False
    return not table.starts(scope)


def _has_counted(memory: RowMemory | None) -> bool:
    """Return whether a row has led to something, or may still: no later change of it makes it history."""
    if memory is None or memory.ending in (Ending.HISTORY, Ending.MOVED):
        return False
    held = memory.ending is Ending.HELD
    return held or memory.counts or bool(memory.sent or memory.ahead) or memory.effective
