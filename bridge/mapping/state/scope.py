"""What an expression sees: a row, and everything that is remembered around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar

from bridge.errors import MappingError
from bridge.flow import Change
from bridge.mapping.state.amounts import exact_sum
from bridge.mapping.state.keys import row_space
from bridge.mapping.state.layered import NO_ROW, Layered, Remembered
from bridge.mapping.state.past import would_have_amounted_to, would_have_sent
from bridge.mapping.state.plan import ReversalPlan, TablePlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.remembered import COMMITTED, Ending, RowMemory, Sent
from bridge.mapping.state.waiting import Waiting
from bridge.row import Row, Value

_Made = TypeVar("_Made")


class SentView:
    """An activity of a row as it was last sent; null in expressions if it never was."""

    __slots__ = ("_fields", "_pieces", "_scope", "sent")

    def __init__(
        self, scope: Scope, sent: Sent, pieces: list[Sent], fields: Mapping[str, Value] | None = None
    ) -> None:
        self._scope = scope
        self._fields = fields
        self._pieces = pieces
        self.sent = sent

    def attribute(self, name: str) -> Value:
        """Return a field of the event, or `stands`, `generation`, `total` (of the pieces that stand)."""
        if name == "stands":
            return self.sent.stands
        if name == "generation":
            return self.sent.n
        if name == "total":
            return exact_sum((self._amount(piece) for piece in self._pieces if piece.stands), "the total")
        return self.fields().get(name)

    def _amount(self, piece: Sent) -> Value:
        new = self._fields if piece is self.sent and not piece.seq else None
        return new["amount"] if new is not None else self._scope.sent_amount(piece)

    def fields(self) -> Mapping[str, Value]:
        """Return the fields of the event as it was sent."""
        if self._fields is None:
            self._fields = self._scope.sent_fields(self.sent)
        return self._fields


class NeverSent:
    """A running total of which nothing was sent yet: its `total` is 0, all else null."""

    __slots__ = ()

    def attribute(self, name: str) -> Value:
        """Return 0 for `total`, False for `stands`, null for every field."""
        return {"total": Decimal(0), "stands": False, "generation": 0}.get(name)

    def __bool__(self) -> bool:
        return False


NEVER_SENT: Final = NeverSent()


class PlayRow:
    """Another play row, by its table and key.  It need not be there yet."""

    __slots__ = ("key", "plan", "recall")

    def __init__(self, plan: TablePlan, key: str, recall: Recall) -> None:
        self.plan = plan
        self.key = key
        self.recall = recall

    def memory(self) -> RowMemory | None:
        """Return what is remembered of the row, or None while it was not seen.  A changed key is followed."""
        memory = self.recall.row(self.plan.name, self.key)
        while memory is not None and memory.ending is Ending.MOVED:
            self.key = memory.reason
            memory = self.recall.row(self.plan.name, self.key)
        return memory

    def columns(self) -> Row:
        """Return the columns that are remembered of the row."""
        memory = self.memory()
        return remembered_row(memory) if memory is not None else NO_ROW

    def scope(self) -> Scope:
        """Return the scope in which the row's own events can be made again."""
        return Scope(self.plan, self.recall, self.key, self.columns(), memory=self.memory())

    def undecided(self) -> Waiting:
        """Return what to wait for until the row has ended somehow."""
        return Waiting(row_space(self.plan.name), self.key)

    def attribute(self, name: str) -> Value:
        """Return a remembered column, or `sent` for the row's first activity as it was sent.

        Raises Waiting while the row was not seen or is held; of one that waits for its round, columns are known.
        """
        memory = self.memory()
        if memory is None or memory.ending is Ending.HELD:
            if memory is None or memory.values is None or name not in memory.values:
                raise self.undecided()
            return memory.values[name]
        scope = self.scope()
        if name == "sent":
            return next((scope.activity(known) for known in self.plan.activities if memory.last(known)), None)
        if name in self.plan.activities:
            return scope.activity(name)
        try:
            return scope.row[name]
        except MappingError as error:
            if error.code != "missing_column":
                raise
            reason = f"the row of {self.plan.name} that it names has no column {name}"
            raise MappingError(error.code, reason) from None


def remembered_row(memory: RowMemory) -> Row:
    """Return the columns that are remembered of a row."""
    values = memory.values if memory.values is not None else memory.history
    return Remembered(values or {}, {})


class Scope:
    """The surroundings in which the expressions of one row are evaluated.

    Names of `with` are worked out once per scope; what changes from event to event (the
    generation, what is left, ...) lives in the attributes below and is never kept.
    """

    n = 1
    """The generation, or the number of the piece of a running total."""
    deleted = False
    queue = ""
    """Whose queue the row is in, once that is known."""
    last = True
    grown: Value = None
    left: Value = None
    takes: Value = None
    taken_back: Mapping[str, Value] | None = None
    """The fields of the event that a reversal takes back, as they were sent."""
    part: Row | None = None
    original: PlayRow | None = None
    was: Scope | None = None
    known: RowMemory | None = None
    """What is remembered of the row, also while a change of it waits: `memory` is None then."""
    reversal: ReversalPlan | None = None
    """The kind of reversal that the row is of, once that is known."""
    siblings: dict[str, tuple[Sent, Mapping[str, Value]]] | None = None
    """Activities sent by this very change, not in the ledger yet."""

    def __init__(
        self,
        plan: TablePlan,
        recall: Recall,
        key: str,
        row: Row,
        *,
        memory: RowMemory | None = None,
        change: Change | None = None,
    ) -> None:
        # What most scopes never change is an attribute of the class: a record makes several scopes.
        self.plan = plan
        self.recall = recall
        self.key = key
        self.row = row
        self.memory = memory
        self.change = change
        self.cache: dict[str, Value] = {}

    def activity(self, name: str) -> Value:
        """Return the activity as last sent: this change's own events included."""
        memory = self.memory
        if self.siblings is not None and name in self.siblings:
            sent, fields = self.siblings[name]
            pieces = memory.pieces(name) if memory is not None else []
            return SentView(self, sent, [s for s in pieces if s.n != sent.n] + [sent], fields)
        pieces = memory.pieces(name) if memory is not None else []
        if not pieces or (self.plan.name, self.key, name) in self.recall.in_making:
            return NEVER_SENT if self.plan.activities[name].grows is not None else None
        return SentView(self, pieces[-1], pieces)

    def sent_fields(self, sent: Sent) -> Mapping[str, Value]:
        """Return an activity's event as it was sent, or as it would have been for a row of history."""
        if sent.seq:
            fields = self.recall.fields(sent.seq)
            if fields is None:
                raise MappingError("original_forgotten", "the event as it was sent is past the ledger's retention")
            return fields
        if sent.fields is not None:
            if not sent.fields:
                raise MappingError(
                    "history_of_itself", "its event in history depends on what is not known any more"
                )
            return dict(sent.fields)
        return self._of_history(sent, would_have_sent)

    def sent_amount(self, piece: Sent) -> Value:
        """Return the amount of a piece of a running total; of history only the total is remembered."""
        if piece.seq:
            return Decimal(piece.amount)
        return piece.fields["amount"] if piece.fields else self._of_history(piece, would_have_amounted_to)

    def as_history(self) -> Scope:
        """Return the scope of the row as it was when it was history."""
        totals = frozenset(one.name for one in self.plan.activities.values() if one.grows is not None)
        memory = self.memory.untaken(totals) if self.memory is not None else None
        history = memory.history if memory is not None else None
        return Scope(self.plan, self.recall, self.key, Row(history or {}, {}), memory=memory)

    def _of_history(self, sent: Sent, make: Callable[[Scope, Sent], _Made]) -> _Made:
        memory = self.memory
        if memory is None or memory.history is None:
            raise MappingError("history_forgotten", "the row of history is past the ledger's retention")
        place = (self.plan.name, self.key, sent.name)
        if place in self.recall.in_making:
            raise MappingError("history_of_itself", "an event of history cannot be told, because it names itself")
        self.recall.in_making.add(place)
        try:
            return make(self.as_history(), sent)
        finally:
            self.recall.in_making.discard(place)

    def before(self) -> Scope:
        """Return the scope of the row as it was before this change; its columns are null for a new row."""
        if self.was is None:
            self.was = Scope(self.plan, self.recall, self.key, self._previous(), memory=self.memory)
        return self.was

    def _previous(self) -> Row:
        memory, change = self.memory, self.change
        shown = change.before if change is not None else None
        if memory is None or (memory.values is None and memory.history is None):
            return shown if shown is not None else NO_ROW
        known = remembered_row(memory)
        # A rule may be newer than the memory. The row before a delete is often made up.
        return Layered(known, shown) if change is not None and change.op == "u" and shown is not None else known

    def committed_at(self) -> datetime | None:
        """Return when the database committed the change; of history, the one by which it was remembered."""
        if self.change is not None:
            return self.change.committed_at
        known = self.row.get(COMMITTED)
        return known if isinstance(known, datetime) else None


def names_itself(row: PlayRow, scope: Scope) -> bool:
    """Return whether a row that one names is that row itself."""
    return row.plan is scope.plan and row.key == scope.key
