"""Takes changes in: rows, parts and look-up rows, and what they release."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.errors import PoisonRecord
from bridge.flow import Change
from bridge.mapping.holding import Holding
from bridge.mapping.judging.endings import Endings, Observer
from bridge.mapping.judging.events import EventMaker
from bridge.mapping.judging.judge import Judge
from bridge.mapping.play_rows import PlayRows
from bridge.mapping.reopening import Reopening, RowPlace
from bridge.mapping.state.decisions import Hold, Outcome, Park
from bridge.mapping.state.items import change_of_row
from bridge.mapping.state.keys import row_space
from bridge.mapping.state.lookups import ShownRow, take_lookup, take_table
from bridge.mapping.state.parts import take_part
from bridge.mapping.state.plan import LookupPlan, PartsPlan, Plan, TablePlan
from bridge.mapping.state.queues import Held
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.rows import scope_of, without_a_look
from bridge.mapping.state.scope import Scope
from bridge.mapping.state.transactions import ENDED, note_change, note_end
from bridge.memory import Memory
from bridge.records import HeldChange, Skipped, SourceRecord, TransactionEnd
from bridge.row import Row

__all__ = ["Mapper", "Observer", "Outcome"]


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
        self._holding = Holding(plan, self._recall, self._judge, self._endings, plan.waits_ms())
        self._rows = PlayRows(self._recall, self._judge, self._endings, self._holding)

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
                wanted = ((lookup.space, shown.key),)
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
            self._rows.take_items(table, change, only)
        elif table is not None:
            self._rows.take(table, change, self._scopes.pop(id(change), None))
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

    # -- parts and look-up rows

    def _take_part(self, table: TablePlan, parts: PartsPlan, change: Change) -> None:
        try:
            decision, key = take_part(table, parts, change, self._recall)
        except PoisonRecord as poison:
            self._endings.poisoned(change.record, change.table, poison)
            return
        if isinstance(decision, Hold):
            self._holding.hold_part(table, change, key, decision.waiting)
        elif decision is None:
            self._endings.with_header(change.record, change.table, key)
        elif isinstance(decision, Park):
            self._endings.park(change.record, change.table, key, "", decision)
        else:
            self._endings.skipped(change.record, change.table, key, decision.reason)
        self._holding.release([(parts.space, key)])
        if parts.until_transaction and change.transaction is not None:
            note_change(parts, change, self._recall)
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
