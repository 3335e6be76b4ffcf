"""One event from several rows: the parts of a header, and when they are complete."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from bridge.errors import MappingError, PoisonRecord
from bridge.flow import Change
from bridge.mapping.language.operators import add
from bridge.mapping.language.readers import Reader
from bridge.mapping.state.amounts import checked
from bridge.mapping.state.decisions import Hold, Park, Skip
from bridge.mapping.state.keys import key_text, row_space
from bridge.mapping.state.layered import columns_of
from bridge.mapping.state.plan import PartsPlan, SplitPlan, TablePlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.remembered import Ending, RowMemory
from bridge.mapping.state.scope import Scope
from bridge.mapping.state.shares import Shares
from bridge.mapping.state.transactions import require_all
from bridge.mapping.state.waiting import Waiting
from bridge.row import Row, Value


class NamedPart(Row):
    """A part whose names of `with` are columns too, worked out when they are first asked for."""

    __slots__ = ("_plan", "_scope", "_written")

    def __init__(self, columns: dict[str, Value], plan: PartsPlan, scope: Scope) -> None:
        super().__init__(columns, {})
        self._written = Row(columns, {})
        self._plan = plan
        self._scope = scope

    def _decoded(self, column: str) -> Value:
        read = self._plan.named.get(column)
        if read is None:
            return super()._decoded(column)
        scope = self._scope
        outer, scope.part = scope.part, self._written
        try:
            return read(scope)
        finally:
            scope.part = outer

    def __contains__(self, column: object) -> bool:
        return column in self._plan.named or column in self.raw


class PartsOf:
    """The parts of a header; an attribute of it is the list of that column's values."""

    __slots__ = ("rows",)

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows

    def attribute(self, name: str) -> list[Value]:
        """Return a column of every part, in the order of their keys."""
        return [row[name] for row in self.rows]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def is_part_of(table: TablePlan, change: Change, key: str) -> bool:
    """Return whether a row of the table is also one of the parts of the table's row with this key."""
    row, names = change.after, (change.table, change.table.rpartition(".")[2])
    try:
        return row is not None and any(
            parts.table in names and parts.header_key(row) == key for parts in table.parts.values()
        )
    except PoisonRecord:
        return False  # Said where it was taken in as a part.


def stored_parts(parts: PartsPlan, recall: Recall, header_key: str) -> list[list[Any]]:
    """Return the parts that have come so far: of each its key and its columns, under their header's key."""
    return recall.value(parts.space, header_key) or []


def note_parts(table: TablePlan, change: Change, scope: Scope, memory: RowMemory) -> None:
    """Note whether a decision has read the row's parts, and which transaction is to have written them all."""
    for parts in table.parts.values():
        if _cached(parts) in scope.cache and parts.name not in memory.asked:
            memory.asked = [*memory.asked, parts.name]
        if parts.until_transaction and not memory.writer:
            memory.writer = change.transaction or ""


def _cached(parts: PartsPlan) -> str:
    return f"parts {parts.name}"


def complete(parts: PartsPlan, scope: Scope) -> PartsOf:
    """Return all parts of the scope's row.  Raises Waiting while some are missing."""
    kept: PartsOf | None = scope.cache.get(_cached(parts))
    if kept is None:
        kept = scope.cache[_cached(parts)] = _complete(parts, scope)
    return kept


def _complete(parts: PartsPlan, scope: Scope) -> PartsOf:
    stored = stored_parts(parts, scope.recall, scope.key)
    if any(columns is None for _, columns in stored):
        raise MappingError("parts_forgotten", f"{parts.name} of a row that was decided before are not kept")
    found = PartsOf([_part(parts, columns, scope) for _, columns in stored])
    if parts.until is not None:
        return _complete_when(parts, parts.until, scope, found)
    if parts.until_transaction:
        known = scope.known
        writer = known.writer if known is not None and parts.name not in known.asked else ""
        require_all(parts.space, scope.change, scope.recall, writer)
        return found
    expected = parts.count(scope) if parts.count is not None else None
    if type(expected) is not int or expected < 0:
        raise MappingError("no_count", f"the number of {parts.name} is not known")
    if len(stored) < expected:
        raise Waiting(parts.space, scope.key)
    if len(stored) > expected:
        raise MappingError("too_many_parts", f"more {parts.name} came than the row says")
    return found


def _part(parts: PartsPlan, columns: dict[str, Value], scope: Scope) -> Row:
    return NamedPart(columns, parts, scope) if parts.named else Row(columns, {})


def _complete_when(parts: PartsPlan, until: Callable[[Any], bool], scope: Scope, found: PartsOf) -> PartsOf:
    """Return the parts if they are all.  What is worked out from some of them is forgotten again."""
    scope.cache[_cached(parts)] = found
    are_all = False
    try:
        are_all = len(found) > 0 and until(scope)
    finally:
        if not are_all:
            scope.cache.clear()
    if not are_all:
        raise Waiting(parts.space, scope.key)
    return found


def share_reader(table: TablePlan, read: Reader | Mapping[str, Reader]) -> Reader:
    """Return what reads a share, or what a reversal takes: one number, or one for each name or value of the split.

    It raises MappingError where that is no number, and Waiting while parts are missing.
    """
    if isinstance(read, Mapping):
        named = dict(read)
        return lambda scope: Shares(
            {name: Decimal(checked(one(scope), f"the share of {name}")) for name, one in named.items()}
        )

    def share(scope: Scope) -> Value:
        if table.split is None:
            return checked(read(scope), "the share")
        return _divided(table.parts[table.split.parts], table.split, read, scope)

    return share


def _divided(parts: PartsPlan, split: SplitPlan, read: Reader, scope: Scope) -> Shares:
    """Return the sum of `read` over the parts, for each value of the split's column."""
    only = split.only(scope) if split.only is not None else None
    shares = Shares()
    for row in complete(parts, scope):
        value = key_text(row[split.by])
        if value is None or (only is not None and value not in only):
            continue
        scope.part = row
        number = checked(read(scope), f"the share of one of {parts.name}")
        scope.part = None
        shares[value] = Decimal(add(shares.of(value), number))
    return shares


def take_part(
    table: TablePlan, parts: PartsPlan, change: Change, recall: Recall
) -> tuple[Skip | Park | Hold | None, str]:
    """Keep a part; return how it ends and the key of its header.

    Hold: as its header, once that ends; None: as its header, which has ended without a look at its parts.
    Raises MappingError or DecodeError when the part does not tell whose it is.
    """
    if change.op == "t":
        raise MappingError("truncated", "the table was truncated")
    if change.op in "ud" or change.renamed is not None:
        return Skip("part deleted" if change.op == "d" else "part changed", untouched=True), ""
    row = change.after
    if row is None:
        raise MappingError("no_row", "the change shows no row")
    header, key = parts.header_key(row), parts.key(row)
    if header is None or key is None:
        raise MappingError("no_key", "the part does not say whose it is")
    stored = stored_parts(parts, recall, header)
    for part, known in stored:
        if part == key:
            if known is not None and columns_of(row) != known:
                raise MappingError("same_key", f"two of {parts.name} have this key: `key` tells too little")
            return Skip("repeated", untouched=True), header
    memory = recall.row(table.name, header)
    columns = columns_of(row) if _may_be_read(table, parts, memory) else None
    recall.put_value(parts.space, header, [*stored, [key, columns]])
    return _as_its_header(table, parts, change, memory, header), header


def _may_be_read(table: TablePlan, parts: PartsPlan, memory: RowMemory | None) -> bool:
    """Return whether a decision about a header may still read a part that comes now."""
    if memory is None or memory.ending in (Ending.HELD, Ending.HISTORY):
        return True
    if memory.ahead and not memory.parked:
        return True  # An undo of what took it back sends it.
    return not (table.append_only or parts.name in memory.asked or memory.parked)


def _as_its_header(
    table: TablePlan, parts: PartsPlan, change: Change, memory: RowMemory | None, header: str
) -> Skip | Park | Hold | None:
    if change.snapshot or (memory is not None and memory.ending is Ending.HISTORY):
        return Skip("history", untouched=True)
    if memory is None or memory.ending is Ending.HELD:
        return Hold(Waiting(row_space(table.name), header))
    if memory.parked:
        return Park("header_parked", f"its header is parked: {memory.reason}")
    if memory.ending is Ending.SKIPPED:
        return Skip(memory.reason)
    if parts.name not in memory.asked:
        return None
    return Park("late_part", "its header has been sent without it")
