"""Lets decisions take effect: what is sent, and what is remembered of the rows concerned."""

from __future__ import annotations

import msgspec

from bridge.errors import PoisonRecord
from bridge.mapping.decisions import Outgoing, Park, Send, Skip
from bridge.mapping.history import silently_taken, stands_of_history
from bridge.mapping.plan import TablePlan
from bridge.mapping.recall import Recall
from bridge.mapping.remembered import UNDECIDED, Ending, RowMemory, Sent, key_text
from bridge.mapping.rounds import ROUND_SPACE, add_to_round
from bridge.mapping.scope import Scope
from bridge.records import Change, Event, SourcePosition, Value


class Effects:
    """Writes what a decision means into the memory."""

    def __init__(self, recall: Recall) -> None:
        self._recall = recall

    def send(self, table: TablePlan, change: Change, scope: Scope, decision: Send) -> list[tuple[str, str]]:
        """Put the events into the outbox, note what stands now, and return the rounds that have something new."""
        own = (table.name, scope.key)
        rows: dict[tuple[str, str], RowMemory] = {own: self._own(table, change, scope)}
        for out in decision.events:
            place = (out.row.plan.name, out.row.key)
            if place not in rows:
                rows[place] = _copy(out.row.memory())
            seq = self._add_event(change, out)
            _note(rows[place], out, seq)
        mine = rows[own]
        mine.ending, mine.reason = Ending.SENT, ""
        mine.reversal = mine.reversal or decision.reversal
        if decision.took is not None:
            mine.took = decision.took
        if decision.undone is not None:
            undone = (decision.undone.plan.name, decision.undone.key)
            rows.setdefault(undone, _copy(decision.undone.memory())).took = None
        for (name, key), memory in rows.items():
            self._recall.put_row(name, key, memory)
        self._shrink_parts(table, scope.key)
        return [(ROUND_SPACE, _round_of(out)) for out in decision.events if out.row.plan.indexes_rounds]

    def skip(self, table: TablePlan, change: Change, scope: Scope, decision: Skip) -> None:
        """Note that the change leads to nothing."""
        memory = self._own(table, change, scope)
        if decision.final and memory.undecided:
            memory.sent = []
        if decision.final and not memory.standing():
            memory.ending, memory.reason = Ending.SKIPPED, decision.reason
        memory.reversal = memory.reversal or decision.reversal
        self._recall.put_row(table.name, scope.key, memory)
        if decision.final:
            self._shrink_parts(table, scope.key)

    def park(self, table: TablePlan, change: Change, scope: Scope, decision: Park) -> None:
        """Note that the row is parked from now on."""
        memory = self._own(table, change, scope)
        memory.ending, memory.reason, memory.parked = Ending.PARKED, decision.reason, True
        memory.reversal = memory.reversal or decision.reversal
        self._recall.put_row(table.name, scope.key, memory)
        self._shrink_parts(table, scope.key)

    def note_held(self, table: TablePlan, change: Change, scope: Scope, queue: str, *, reversal: bool) -> None:
        """Note that a change of the row waits, so that a repeat of it is known as one."""
        memory = self._recall.row(table.name, scope.key)
        if memory is None or memory.ending is Ending.MOVED:
            memory = RowMemory(Ending.HELD, reversal=reversal, queue=queue)
        else:
            memory = _copy(memory)
        memory.position = _latest(memory.position, change.position)
        self._recall.put_row(table.name, scope.key, memory)

    def remember_history(
        self, table: TablePlan, change: Change, scope: Scope, reason: str
    ) -> list[tuple[str, str]]:
        """Remember a row that was there before play counts; return the ways in which it can be found now.

        `reason` is why a guard skips it, or empty.
        """
        memory = RowMemory(Ending.HISTORY, position=change.position, queue=_queue(table, scope))
        memory.reason = reason
        if reason and reason != UNDECIDED:
            memory.ending = Ending.SKIPPED
            memory.values = _values(table.remembers, scope, None)
        else:
            memory.history = _values(table.columns | table.remembers, scope, None)
            memory.sent = stands_of_history(table, scope)
            memory.reversal = silently_taken(table, scope, self._recall, memory)
        self._recall.put_row(table.name, scope.key, memory)
        return self.index(table, scope)

    def index(self, table: TablePlan, scope: Scope) -> list[tuple[str, str]]:
        """Note the ways in which the row can be found, and return those that are new."""
        if not table.indexes:
            return []
        news = [place for place in table.places(scope)[1:] if self._recall.value(*place) is None]
        for space, value in news:
            self._recall.put_value(space, value, scope.key)
        return news

    def _own(self, table: TablePlan, change: Change, scope: Scope) -> RowMemory:
        """Return a copy of the memory of the change's row, with the row as it is now."""
        memory = _copy(scope.memory) if scope.memory is not None else RowMemory(Ending.OPEN)
        known = self._recall.row(table.name, scope.key)
        memory.position = _latest(known.position if known is not None else None, change.position)
        if not (scope.deleted and memory.queue):
            memory.queue = _queue(table, scope)
        memory.reversal = memory.reversal or (known is not None and known.reversal)
        if not scope.deleted and table.remembers:
            memory.values = _values(table.remembers, scope, memory.values)
        return memory

    def _add_event(self, change: Change, out: Outgoing) -> int:
        # What must hold is the order of the player whom Fast Track sees; a reversal's row may name another.
        player = key_text(out.fields["user_id"]) or ""
        if out.row.plan.indexes_rounds:
            add_to_round(self._recall, _round_of(out), out.row.plan.name, out.row.key)
        return self._recall.memory.add_event(Event(out.message_id, player, out.body, change.record.partition))

    def _shrink_parts(self, table: TablePlan, key: str) -> None:
        """Keep of a decided header's parts only their keys, to know a repeat."""
        for parts in table.parts.values():
            stored = parts.stored(self._recall, key)
            if stored:
                self._recall.put_value(parts.space, key, [[part, None] for part, _ in stored])


def _round_of(out: Outgoing) -> str:
    return key_text(out.fields.get("round_id")) or ""


def _copy(memory: RowMemory | None) -> RowMemory:
    if memory is None:
        return RowMemory(Ending.OPEN)
    return msgspec.structs.replace(memory, sent=[msgspec.structs.replace(sent) for sent in memory.sent])


def _note(memory: RowMemory, out: Outgoing, seq: int) -> None:
    """Note in a row's memory what one event did."""
    grows = out.row.plan.activities[out.name].grows is not None
    if out.approved:
        if not grows:
            memory.sent = [sent for sent in memory.sent if sent.name != out.name]
        memory.sent.append(
            Sent(
                name=out.name,
                n=out.n,
                stands=True,
                seq=seq,
                amount=out.amount,
                compare=out.compare,
                left=out.left,
                message=out.message,
            )
        )
        return
    for sent in memory.sent:
        if sent.name == out.name and (sent.n == out.n or not grows):
            sent.n, sent.stands = out.n, out.stands
            sent.partly = sent.partly or out.stands
            sent.left = out.left if out.left is not None else sent.left


def _queue(table: TablePlan, scope: Scope) -> str:
    if scope.queue:
        return scope.queue
    try:
        return table.queue(scope)
    except PoisonRecord:
        return ""


def _latest(known: SourcePosition | None, new: SourcePosition | None) -> SourcePosition | None:
    if known is None or new is None or known.lineage != new.lineage:
        return new or known
    return new if new.order > known.order else known


def _values(columns: frozenset[str], scope: Scope, known: dict[str, Value] | None) -> dict[str, Value]:
    """Return the columns of the row that are worth remembering and can be decoded."""
    values = dict(known) if known else {}
    row = scope.row
    for column in columns:
        if column in row:
            try:
                values[column] = row.get(column)
            except PoisonRecord:
                continue
    return values
