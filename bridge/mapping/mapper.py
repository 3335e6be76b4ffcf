"""Takes changes in: rows, parts and look-up rows, and what they release."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bridge.contracts import Memory
from bridge.errors import PoisonRecord
from bridge.mapping.decisions import Decision, Hold, Outcome, Park
from bridge.mapping.endings import Endings, Observer
from bridge.mapping.events import EventMaker
from bridge.mapping.holding import Holding, waits_for_row
from bridge.mapping.items import change_of_row, items_of
from bridge.mapping.judge import Judge
from bridge.mapping.keys import row_space
from bridge.mapping.lookups import ShownRow, take_lookup, take_table
from bridge.mapping.parts import take_part
from bridge.mapping.plan import LookupPlan, PartsPlan, Plan, TablePlan
from bridge.mapping.queues import Held
from bridge.mapping.recall import Recall
from bridge.mapping.remembered import Ending
from bridge.mapping.reopening import Reopening, RowPlace
from bridge.mapping.rows import (
    OUTDATED,
    is_history,
    is_outdated,
    move_memory,
    no_news,
    old_key,
    recollect,
    scope_of,
    without_a_look,
)
from bridge.mapping.scope import Scope
from bridge.mapping.snapshots import Streamed, is_of_the_log, shown_again
from bridge.mapping.transactions import ENDED, note_change, note_end
from bridge.records import Change, HeldChange, Renamed, Skipped, SourceRecord, TransactionEnd
from bridge.row import Row

__all__ = ["Mapper", "Observer", "Outcome"]

NO_ITEMS: Final = "nothing is in its list"
"""Why a row is skipped of which each item of a list is a row."""


class Mapper:
    """The mapping of one brand.

    Pure but for the memory that it is given: no clock (`now_ms` is passed in), no network, no logging.
    After a rolled back transaction, make a new one and `restore` it.
    """

    def __init__(self, plan: Plan, observer: Observer | None = None, *, shared: bool = False) -> None:
        """`shared`: other instances write to the same memory; `recheck` then finds what they brought."""
        self._plan = plan
        self._recall = Recall(shared=shared)
        self._endings = Endings(self._recall, observer)
        self._judge = Judge(EventMaker(plan.wallet))
        self._scopes: dict[int, Scope] = {}
        self._shown: dict[int, ShownRow] = {}
        """Made by `wants`, by the identity of their changes, for `take` in the same batch."""
        self._streamed = Streamed(self._recall)
        self._holding = Holding(plan, self._recall, self._judge, self._endings, plan.waits_ms())

    def restore(self, held: Iterable[tuple[HeldChange, Change]]) -> None:
        """Take up what waited when the ledger was closed."""
        found = [Held.restored(stored, change) for stored, change in held]
        for one in found:
            table = self._plan.tables.get(one.table)
            if table is not None and one.kind != "part":
                one.change = change_of_row(table, one.change, one.row, self._recall)
        self._holding.queues.restore(found)

    def begin(self, memory: Memory, now_ms: int) -> None:
        """Turn to the transaction of the next batch; `now_ms` is the wall clock in milliseconds."""
        self._recall.begin(memory, now_ms)
        self._scopes.clear()
        self._shown.clear()
        self._endings.now_ms = now_ms

    @property
    def held(self) -> int:
        """Return how many changes wait."""
        return self._holding.queues.count

    @property
    def parked(self) -> int:
        """Return how many changes this mapper has parked."""
        return self._endings.parked

    def next_deadline(self) -> int | None:
        """Return when the next held change will have waited long enough, in milliseconds, or None."""
        return self._holding.queues.next_deadline()

    def wants(self, change: Change) -> Iterable[tuple[str, str]]:
        """Return what taking in this change will surely read, so that it can be read for a whole batch."""
        lookup, table, part = self._plan.of_table(change.table)
        wanted: tuple[tuple[str, str], ...] = ()
        try:
            if lookup is not None:
                shown = self._shown[id(change)] = ShownRow(lookup, change)
                wanted = (shown.place,)
            if table is not None and table.each is None and without_a_look(table, change) is None:
                scope = self._scopes[id(change)] = scope_of(table, change, self._recall)
                wanted = ((row_space(table.name), scope.key),)
            if part is not None and change.after is not None:
                key = part[1].header_key(change.after)
                if key is not None:
                    wanted = (*wanted, (part[1].space, key), (row_space(part[0].name), key))
        except PoisonRecord:
            pass  # said when the change is taken
        return wanted

    def take(self, change: Change, only: str = "") -> None:
        """Take one change in.  Whatever it leads to is in the memory when this returns.

        With `only`, of a row that holds a list the item with this key alone.
        """
        lookup, table, part = self._plan.of_table(change.table)
        if lookup is not None:
            self._take_lookup(lookup, change)
        if part is not None:
            self._take_part(*part, change)
        if table is not None and table.each is not None:
            self._take_items(table, change, only)
        elif table is not None:
            self._take_row(table, change)
        if lookup is None and table is None and part is None:
            self._endings.skipped(change.record, change.table, "", "table is not in the connector")

    def poison(self, record: SourceRecord, table: str, error: PoisonRecord) -> None:
        """Park a record that could not even be decoded."""
        self._endings.poisoned(record, table, error)

    def skip(self, record: SourceRecord, skipped: Skipped) -> None:
        """Count a record that is no change."""
        self._endings.skipped(record, "", "", skipped.reason)

    def end(self, record: SourceRecord, end: TransactionEnd) -> None:
        """Note the end of a transaction of the database: parts may be complete with it."""
        self._endings.skipped(record, "", "", "end of a transaction")
        if self._plan.reads_transactions:
            self._holding.release([note_end(end, self._plan.space_of_parts, self._recall)])

    def load(self, lookup: str, rows: Iterable[Row]) -> None:
        """Let a look-up that no topic carries have exactly these rows, and go on with what waited for them.

        Raises MappingError or DecodeError when a row's key cannot be told; nothing has changed then.
        """
        plan = self._plan.lookups[lookup]
        keys = take_table(plan, rows, self._recall)
        self._holding.release([(plan.space, key) for key in keys])

    def recheck(self) -> None:
        """Judge again what waits for something that has come to the memory by another instance."""
        self._holding.recheck()

    def expire(self) -> None:
        """Park what has waited long enough."""
        self._holding.expire()

    def reopening(self) -> Reopening:
        """Return the way to undo, in this batch's memory, what parking left there."""
        return Reopening(self._plan, self._recall)

    def queues_row(self, place: RowPlace) -> bool:
        """Return whether a change of the row waits in its player's queue."""
        return self._holding.queues.of_row(*place) is not None

    # -- rows of play tables

    def _take_items(self, table: TablePlan, change: Change, only: str) -> None:
        """Take in each item of the list that a row holds, as a row."""
        skip = without_a_look(table, change) or ("row changed" if change.renamed is not None else None)
        try:
            found = [] if skip is not None else items_of(table, change, self._recall)
        except PoisonRecord as poison:
            self._take_without_key(table, change, poison)
            return
        if not found:
            self._endings.skipped(change.record, table.name, "", skip or self._without_items(table, change))
            return
        one = change_of_row(table, change, only, self._recall) if only else change
        for item in [one] if one is not change else found:
            self._take_row(table, item)

    def _without_items(self, table: TablePlan, change: Change) -> str:
        row = change.after if change.after is not None else Row({}, {})
        skip = self._judge.skip_at_once(table, Scope(table, self._recall, "", row, change=change))
        return skip.reason if skip is not None else NO_ITEMS

    def _take_row(self, table: TablePlan, change: Change) -> None:
        if not change.snapshot:
            self._streamed.note(table.name, change.record, self._endings.now_ms)
        scope = self._scopes.pop(id(change), None)
        if scope is None:
            skip = without_a_look(table, change)
            if skip is not None:
                self._endings.skipped(change.record, table.name, "", skip)
                return
            try:
                scope = scope_of(table, change, self._recall)
            except PoisonRecord as poison:
                self._take_without_key(table, change, poison)
                return
        queue = self._queue_of_row(table, change, scope) if self._holding.queues.count else None
        if change.renamed is not None and queue is None:
            move_memory(table, change, scope.key, self._recall)
        recollect(scope, change)
        skip = no_news(table, change, scope, is_queued=queue is not None)
        if skip is not None:
            self._endings.skipped(change.record, table.name, scope.key, skip)
        else:
            self._take_news(table, change, scope, queue)

    def _take_without_key(self, table: TablePlan, change: Change, poison: PoisonRecord) -> None:
        """Skip what a guard skips although the row does not tell its key, such as a call that is no play."""
        row = change.after
        skip = (
            None
            if row is None
            else self._judge.skip_at_once(table, Scope(table, self._recall, "", row, change=change))
        )
        if skip is not None:
            self._endings.skipped(change.record, table.name, "", skip.reason)
        else:
            self._endings.poisoned(change.record, table.name, poison)

    def _queue_of_row(self, table: TablePlan, change: Change, scope: Scope) -> str | None:
        """Return the queue in which an earlier change of the same row waits, if one does."""
        queues = self._holding.queues
        queue = queues.of_row(table.name, scope.key)
        if queue is None and change.renamed is Renamed.TO:
            old = old_key(table, change, self._recall)
            return queues.of_row(table.name, old) if old is not None else None
        return queue

    def _take_news(self, table: TablePlan, change: Change, scope: Scope, queue: str | None) -> None:
        try:
            if table.as_of is not None and change.op != "d" and is_outdated(table, change, scope):
                self._endings.skipped(change.record, table.name, scope.key, OUTDATED)
                return
            if (change.snapshot or table.starts is not None) and is_history(table, change, scope):
                self._take_history(table, change, scope)
                return
            if queue is not None:
                own = queue
            else:
                own = _queue_of_deleted(table, scope) if scope.deleted else table.queue(scope)
            scope.queue = own
        except PoisonRecord as poison:
            memory = scope.memory
            acted = memory is not None and (memory.sent or memory.effective)
            skip = None if acted else self._judge.skip_at_once(table, scope)
            decision = skip or Park(poison.code, poison.reason)
            self._holding.release(self._endings.decided(table, change, scope, decision))
            return
        self._take_in_order(table, change, scope, own, row_is_queued=queue is not None)

    def _take_history(self, table: TablePlan, change: Change, scope: Scope) -> None:
        """Remember a row that was there before play counts, unless the log has told of it."""
        if change.snapshot and is_of_the_log(scope.known):
            skip = shown_again(self._judge, table, change, scope)
            self._endings.skipped(change.record, table.name, scope.key, skip)
            return
        reason, said = self._judge.skip_of_history(table, scope), self._streamed.called(table, change, scope)
        self._holding.release(self._endings.history(table, change, scope, reason, said))

    def _take_in_order(
        self, table: TablePlan, change: Change, scope: Scope, queue: str, *, row_is_queued: bool
    ) -> None:
        known = scope.known
        waits = row_is_queued or (known is not None and known.ending is Ending.HELD)
        decision: Decision | None
        if self._holding.queues.count and self._holding.blocks(queue, table, scope):
            decision = (
                None
                if waits or (known and (known.sent or known.effective))
                else self._judge.skip_at_once(table, scope)
            )
        elif waits:
            decision = waits_for_row(table, scope.key)
        else:
            decision = self._judge.judge(table, change, scope)
        if decision is None:
            self._holding.queue(table, change, scope, queue)
        elif isinstance(decision, Hold):
            self._holding.hold(table, change, scope, queue, decision)
        else:
            self._holding.release(self._endings.decided(table, change, scope, decision))

    # -- parts and look-up rows

    def _take_part(self, table: TablePlan, parts: PartsPlan, change: Change) -> None:
        try:
            decision, key = take_part(table, parts, change, self._recall)
        except PoisonRecord as poison:
            self._endings.poisoned(change.record, change.table, poison)
            return
        if isinstance(decision, Hold):
            self._holding.hold_part(table, change, key, decision.waiting)
        elif isinstance(decision, Park):
            self._endings.park(change.record, change.table, key, "", decision)
        else:
            self._endings.skipped(change.record, change.table, key, decision.reason)
        self._holding.release([(parts.space, key)])
        if parts.until_transaction and change.transaction is not None:
            note_change(parts.space, change, self._recall)
            self._holding.release([(ENDED, change.transaction)])

    def _take_lookup(self, lookup: LookupPlan, change: Change) -> None:
        try:
            shown = self._shown.pop(id(change), None) or ShownRow(lookup, change)
            key = take_lookup(lookup, change, shown, self._recall)
        except PoisonRecord as poison:
            self._endings.poisoned(change.record, change.table, poison)
            return
        self._endings.looked_up(change.record, change.table, key or "")
        if key is not None:
            self._holding.release([(lookup.space, key)])


def _queue_of_deleted(table: TablePlan, scope: Scope) -> str:
    memory = scope.memory
    return memory.queue if memory is not None and memory.queue else table.queue(scope)
