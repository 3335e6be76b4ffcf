"""Lets decisions take effect: what is sent, and what is remembered of the rows concerned."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from bridge.errors import PoisonRecord
from bridge.flow import Change, Event
from bridge.mapping.judging.ahead import lift
from bridge.mapping.judging.history import silently_taken, take_again
from bridge.mapping.judging.taking_back import as_history_left
from bridge.mapping.judging.takings import release
from bridge.mapping.language.operators import subtract
from bridge.mapping.state.decisions import Hold, Park, Skip
from bridge.mapping.state.groups import join_groups, taken_with
from bridge.mapping.state.index import note_found
from bridge.mapping.state.keys import key_text, row_name
from bridge.mapping.state.lasting import is_of_another_day, let_last
from bridge.mapping.state.outgoing import Outgoing, Send
from bridge.mapping.state.parts import note_parts, stored_parts
from bridge.mapping.state.past import stands_of_history
from bridge.mapping.state.plan import TablePlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.remembered import COMMITTED, UNDECIDED, Ahead, Did, Ending, RowMemory, Sent, Took
from bridge.mapping.state.repeats import first_seen, see, shown_so_far
from bridge.mapping.state.rounds import ROUND_SPACE, add_to_round, join_round
from bridge.mapping.state.scope import PlayRow, Scope
from bridge.mapping.state.shares import anything
from bridge.row import UNAVAILABLE, Value

# The members of an enum are slow to name, and these are named for every event.
_OPEN: Final = Ending.OPEN
_SENT: Final = Ending.SENT
_HISTORY: Final = Ending.HISTORY


class Effects:
    """Writes what a decision means into the memory."""

    def __init__(self, recall: Recall) -> None:
        self._recall = recall

    def send(self, table: TablePlan, change: Change, scope: Scope, decision: Send) -> list[tuple[str, str]]:
        """Put the events into the outbox, note what stands now, and return the rounds that have something new."""
        mine = self._own(table, change, scope)
        touched = {(table.name, scope.key): mine}
        rounds: list[tuple[str, str]] = []
        by = row_name(table.name, scope.key) if decision.reversal else ""
        for keeper, took in decision.lifts:
            row = self._row(table, took)
            memory = _touch(touched, row)
            memory.sent = as_history_left(row, memory).sent
            lift(memory, took, row_name(keeper.plan.name, keeper.key))
            known = _touch(touched, keeper)
            known.took = [one for one in known.took or () if one != took]
        for took in decision.took or ():
            if took.n <= 0 and not took.given:
                memory = _touch(touched, self._row(table, took))
                memory.ahead = [*memory.ahead, Ahead(took.name, took.part, took.n, took.taken_with, by)]
        for out in decision.events:
            memory = _touch(touched, out.row)
            if out.row.plan.indexes_rounds:
                rounds.append(self._note_round(out))
            # What must hold is the order of the player whom Fast Track sees; a reversal's row may name another.
            player = key_text(out.fields["user_id"]) or ""
            seq = self._recall.memory.add_event(Event(out.message_id, player, out.body, change.record.partition))
            _note(memory, out, seq, by=by, did=decision.did)
        release(table, mine, decision.released, frees=decision.frees)
        mine.ending, mine.reason = _SENT, decision.reason if decision.repeats else ""
        mine.reversal = mine.reversal or decision.reversal
        if decision.reversal:
            mine.took, mine.did = [*decision.before, *(decision.took or [])], decision.did
            if mine.did is not None:
                mine.did.at = change.position
        if decision.undone is not None:
            _touch(touched, decision.undone).took = []
        for (name, key), memory in touched.items():
            if memory.ending is _HISTORY:  # More is known of it now than any snapshot shows.
                memory.ending = _SENT if memory.sent else _OPEN
            memory.counts = table.all_tables[name].starts is not None
            self._recall.put_row(name, key, memory)
        if table.parts:
            self._shrink_parts(table, scope.key)
        return rounds

    def skip(self, table: TablePlan, change: Change, scope: Scope, decision: Skip) -> None:
        """Note that the change leads to nothing."""
        memory = self._own(table, change, scope)
        if decision.final and memory.undecided:
            memory.sent = []
        parked = memory.parked and table.append_only  # What else has its key does not say what that was.
        if decision.final and not parked and not memory.standing():
            memory.ending, memory.reason = Ending.SKIPPED, decision.reason
            if not memory.effective:
                memory.did = None  # What was undone has been withdrawn too: it may come again.
        elif memory.ending is Ending.SKIPPED and not decision.final:
            memory.ending, memory.reason = _SENT if memory.sent else _OPEN, ""  # No guard leaves it out any more.
        elif memory.ending is _HISTORY and not (change.snapshot or memory.undecided):
            memory.ending = _SENT if memory.sent else _OPEN  # The log tells of it from now on.
        release(table, memory, decision.released, frees=decision.frees)
        memory.reversal = memory.reversal or decision.reversal
        if memory.ahead and table.append_only:
            memory.values = _values(table.columns | table.remembers, scope, memory.values)  # An undo sends it.
        self._recall.put_row(table.name, scope.key, memory)
        if table.indexes_rounds and memory.ending is _OPEN:
            join_round(self._recall, table, scope)
        if decision.final:
            self._shrink_parts(table, scope.key)

    def park(self, table: TablePlan, change: Change, scope: Scope, decision: Park) -> None:
        """Note that the row is parked from now on."""
        memory = self._own(table, change, scope)
        memory.ending, memory.reason, memory.parked = Ending.PARKED, decision.reason, True
        memory.reversal = memory.reversal or decision.reversal
        self._recall.put_row(table.name, scope.key, memory)
        if table.indexes_rounds:
            join_round(self._recall, table, scope)
        self._shrink_parts(table, scope.key)

    def note_held(self, table: TablePlan, change: Change, scope: Scope, queue: str, decision: Hold | None) -> None:
        """Note that a change of the row waits, so that a repeat of it is known as one."""
        memory = self._recall.row(table.name, scope.key)
        aside, reversal = (decision.aside, decision.reversal) if decision is not None else (False, False)
        left_out = memory is not None and memory.ending is Ending.SKIPPED and table.append_only
        if memory is None or memory.ending is Ending.MOVED or left_out:
            values: dict[str, Value] | None = {} if aside and not reversal else None
            memory = RowMemory(Ending.HELD, reversal=reversal, queue=queue, values=values)
        else:
            memory = _copy(memory)
            memory.again = memory.ending is Ending.SKIPPED and not (memory.sent or memory.effective)
        if aside and memory.ending is Ending.HELD and memory.values is not None:
            # What it waits for may ask for a column of it: a round for its first bet, and that for the round.
            shown = _values(table.remembers, scope, None)
            known = {name: value for name, value in shown.items() if value is not UNAVAILABLE}
            memory.values = {**memory.values, **known}
        see(table, memory, change)
        self._recall.put_row(table.name, scope.key, memory)
        self.index(table, scope, counts=decision is not None and not decision.reversal)
        if memory.waits and table.indexes_rounds:
            join_round(self._recall, table, scope)
        if table.gathers:
            join_groups(self._recall, table, scope)

    def remember_history(
        self, table: TablePlan, change: Change, scope: Scope, reason: str
    ) -> list[tuple[str, str]]:
        """Remember a row that was there before play counts; return the ways in which it can be found now.

        `reason` is why a guard skips it, or empty.
        """
        memory = RowMemory(Ending.HISTORY, reason, queue=scope.queue or _queue(table, scope))
        see(table, memory, change)
        if scope.known is not None:
            memory.since = first_seen(table, scope.known)
        if reason and reason != UNDECIDED:
            memory.ending = Ending.SKIPPED
            memory.values = _values(table.remembers, scope, None)
        else:
            memory.history = _values(table.columns | table.remembers, scope, None)
            if table.asks_commit:
                memory.history[COMMITTED] = change.committed_at
            memory.sent = stands_of_history(table, scope)
            memory.reversal = silently_taken(table, scope, self._recall, memory)
        memory.shown = shown_so_far(table, change, scope.known, memory.ending)
        self._recall.put_row(table.name, scope.key, memory)
        takes = memory.did is not None and memory.did.way != "undoes"
        counts = memory.ending is Ending.HISTORY and (takes or not memory.reversal)
        return take_again(table.all_tables, self._recall, self.index(table, scope, counts=counts, takes=takes))

    def index(self, table: TablePlan, scope: Scope, *, counts: bool, takes: bool = False) -> list[tuple[str, str]]:
        """Note the ways in which the row can be found, and return those by which it is.

        One that leads to nothing gives its place to one that `counts`; a reversal that `takes` stands in line.
        """
        places = table.places(scope.key, scope)[1:] if table.indexes else ()
        return [place for place in places if note_found(table, scope, place, counts=counts, takes=takes)]

    def _own(self, table: TablePlan, change: Change, scope: Scope) -> RowMemory:
        """Return a copy of the memory of the change's row, with the row as it is now."""
        known = scope.known
        if known is None:
            memory = RowMemory(_OPEN)
        else:
            memory = _copy(scope.memory)
            memory.position, memory.since, memory.elsewhere = known.position, known.since, known.elsewhere
            memory.committed_s = known.committed_s
            memory.reversal = memory.reversal or known.reversal
            memory.gone, memory.again, memory.shown = scope.deleted, False, []
        see(table, memory, change)
        if not (scope.deleted and memory.queue):
            memory.queue = scope.queue or _queue(table, scope)
        if table.remembers and not scope.deleted:
            if memory.values is None and not any(column in scope.row for column in table.remembers):
                memory.values = {}
            else:
                memory.values = _values(table.remembers, scope, memory.values)
        if table.parts:
            note_parts(table, change, scope, memory)
        groups = join_groups(self._recall, table, scope) if table.gathers else ()
        if known is not None and is_of_another_day(known, change):
            let_last(self._recall, table, scope, groups)
        return memory

    def _note_round(self, out: Outgoing) -> tuple[str, str]:
        """Note in which round an event is; return where others wait for that."""
        round_id = key_text(out.fields.get("round_id")) or ""
        add_to_round(self._recall, round_id, out.row.plan.name, out.row.key)
        return ROUND_SPACE, round_id

    def _row(self, table: TablePlan, took: Took) -> PlayRow:
        row = PlayRow(table.all_tables[took.table], took.key, self._recall)
        row.memory()  # It follows a key that has changed since.
        return row

    def _shrink_parts(self, table: TablePlan, key: str) -> None:
        """Keep of a decided header's parts only their keys, to know a repeat, unless it may be judged again."""
        if not table.append_only:
            return
        for parts in table.parts.values():
            stored = stored_parts(parts, self._recall, key)
            if stored:
                self._recall.put_value(parts.space, key, [[part, None] for part, _ in stored])


def _touch(touched: dict[tuple[str, str], RowMemory], row: PlayRow) -> RowMemory:
    """Return the copy of a row's memory that is changed, made when it is first asked for."""
    place: Any = (row.plan.name, row.key)  # Any: see Recent.
    if place not in touched:
        touched[place] = _copy(row.memory())
    return touched[place]


def _copy(memory: RowMemory | None) -> RowMemory:
    if memory is None:
        return RowMemory(_OPEN)
    return msgspec.structs.replace(memory, sent=[msgspec.structs.replace(sent) for sent in memory.sent])


def _note(memory: RowMemory, out: Outgoing, seq: int, *, by: str, did: Did | None) -> None:
    """Note in a row's memory what one event did; `by` is the reversal that made it, if one did, and `did` what."""
    grows = out.row.plan.activities[out.name].grows is not None
    if out.approved:
        cut = False
        if memory.sent and not grows:
            cut = any(sent.cut for sent in memory.sent if sent.name == out.name)
            memory.sent = [sent for sent in memory.sent if sent.name != out.name]
        if memory.ahead:  # What was taken ahead of its share is in what is left of it.
            cut = cut or any(one.name == out.name for one in memory.ahead)
            memory.ahead = [one for one in memory.ahead if one.name != out.name]
        new = Sent(out.name, out.n, True, seq, out.amount, out.compare, out.left, out.message)
        new.cut = cut
        memory.sent.append(new)
        return
    for sent in memory.sent:
        if sent.name == out.name and (sent.n == out.n or not grows):
            sent.n, sent.stands = out.n, out.stands
            if out.stands:  # A part of it went by its amount.
                sent.partly = True
                sent.amount = key_text(subtract(Decimal(sent.amount), Decimal(out.amount))) or "0"
            sent.left = out.left if out.left is not None else sent.left
            sent.taken = bool(by) and not out.stands
            sent.taken_by = by
            sent.taken_with = out.taken_with or taken_with(did)
            sent.cut = sent.cut or (bool(by) and out.takes is not None and anything(out.left))


def _queue(table: TablePlan, scope: Scope) -> str:
    try:
        return table.queue(scope)
    except PoisonRecord:
        return ""


def _values(columns: frozenset[str], scope: Scope, known: dict[str, Value] | None) -> dict[str, Value]:
    """Return the columns of the row that are worth remembering and can be decoded."""
    values = dict(known) if known else {}
    row = scope.row
    for column in columns.intersection(row.columns()):
        try:
            values[column] = row.get(column)
        except PoisonRecord:
            continue
    return values
