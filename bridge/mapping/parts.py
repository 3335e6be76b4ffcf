"""One event from several rows: the parts of a header, and when they are complete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bridge.errors import MappingError
from bridge.mapping.amounts import checked
from bridge.mapping.decisions import Hold, Park, Skip
from bridge.mapping.keys import key_text, row_space
from bridge.mapping.operators import add
from bridge.mapping.readers import Reader
from bridge.mapping.remembered import Ending, RowMemory
from bridge.mapping.scope import PartsOf, Scope, columns_of
from bridge.mapping.shares import Shares
from bridge.mapping.transactions import require_all
from bridge.mapping.waiting import Waiting
from bridge.records import Change
from bridge.row import Row

if TYPE_CHECKING:
    from bridge.mapping.plan import SplitPlan, TablePlan
    from bridge.mapping.recall import Recall


@dataclass(slots=True)
class PartsPlan:
    """Rows of another table that belong to one row of this one.

    The ledger keeps them under their header's key as a list of [part's key, columns].
    """

    name: str
    table: str
    one: str
    header_key: Callable[[Any], str | None]
    key: Callable[[Any], str | None]
    count: Reader | None
    space: str
    until: Callable[[Any], bool] | None = None
    """Whether the parts that have come are all."""
    until_transaction: bool = False
    """They are all when the header's transaction has ended, and all that it wrote of them has come."""

    def stored(self, recall: Recall, header_key: str) -> list[list[Any]]:
        """Return the parts that have come so far."""
        return recall.value(self.space, header_key) or []

    def complete(self, scope: Scope) -> PartsOf:
        """Return all parts of the scope's row.  Raises Waiting while some are missing."""
        kept: PartsOf | None = scope.cache.get(f"parts {self.name}")
        if kept is None:
            kept = scope.cache[f"parts {self.name}"] = self._complete(scope)
        return kept

    def _complete(self, scope: Scope) -> PartsOf:
        stored = self.stored(scope.recall, scope.key)
        if self.until is not None:
            return self._complete_when(self.until, scope, PartsOf([Row(columns, {}) for _, columns in stored]))
        if self.until_transaction:
            require_all(self.space, scope.change, scope.recall)
            return PartsOf([Row(columns, {}) for _, columns in stored])
        expected = self.count(scope) if self.count is not None else None
        if type(expected) is not int or expected < 0:
            raise MappingError("no_count", f"the number of {self.name} is not known")
        if len(stored) < expected:
            raise Waiting(self.space, scope.key)
        if len(stored) > expected:
            raise MappingError("too_many_parts", f"more {self.name} came than the row says")
        return PartsOf([Row(columns, {}) for _, columns in stored])

    def _complete_when(self, until: Callable[[Any], bool], scope: Scope, parts: PartsOf) -> PartsOf:
        """Return the parts if they are all.  What is worked out from some of them is forgotten again."""
        scope.cache[f"parts {self.name}"] = parts
        complete = False
        try:
            complete = len(parts) > 0 and until(scope)
        finally:
            if not complete:
                scope.cache.clear()
        if not complete:
            raise Waiting(self.space, scope.key)
        return parts

    def divide(self, split: SplitPlan, read: Reader, scope: Scope) -> Shares:
        """Return the sum of `read` over the parts, for each value of the split's column."""
        only = split.only(scope) if split.only is not None else None
        shares = Shares()
        for row in self.complete(scope):
            value = key_text(row[split.by])
            if value is None or (only is not None and value not in only):
                continue
            scope.part = row
            number = checked(read(scope), f"the share of one of {self.name}")
            scope.part = None
            shares[value] = Decimal(add(shares.of(value), number))
        return shares


def take_part(
    table: TablePlan, parts: PartsPlan, change: Change, recall: Recall
) -> tuple[Skip | Park | Hold, str]:
    """Keep a part; return how it ends (Hold: with its header) and the key of its header.

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
    stored = parts.stored(recall, header)
    if any(part == key for part, _ in stored):
        return Skip("repeated", untouched=True), header
    memory = recall.row(table.name, header)
    decided = memory is not None and memory.ending not in (Ending.HELD, Ending.HISTORY)
    recall.put_value(parts.space, header, [*stored, [key, None if decided else columns_of(row)]])
    return _as_its_header(table, change, memory, header), header


def _as_its_header(table: TablePlan, change: Change, memory: RowMemory | None, header: str) -> Skip | Park | Hold:
    if change.snapshot or (memory is not None and memory.ending is Ending.HISTORY):
        return Skip("history", untouched=True)
    if memory is None or memory.ending is Ending.HELD:
        return Hold(Waiting(row_space(table.name), header))
    if memory.parked:
        return Park("header_parked", f"its header is parked: {memory.reason}")
    if memory.ending is Ending.SKIPPED:
        return Skip(memory.reason)
    return Park("late_part", "its header has been sent without it")
