"""Taking in the rows of play tables, each in its player's order."""

from __future__ import annotations

from typing import Final

from bridge.errors import MappingError, PoisonRecord
from bridge.flow import Change
from bridge.mapping.holding import Holding, waits_for_row
from bridge.mapping.judging.endings import Endings
from bridge.mapping.judging.judge import Judge
from bridge.mapping.judging.same_key import SAME_KEY, is_no_retry, is_of_another_kind
from bridge.mapping.snapshots import Streamed, is_of_the_log, shown_again
from bridge.mapping.state.decisions import Decision, Hold, Park
from bridge.mapping.state.items import change_of_row, items_of
from bridge.mapping.state.plan import TablePlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.remembered import Ending, RowMemory
from bridge.mapping.state.repeats import is_of_another_log
from bridge.mapping.state.rows import (
    KEY_IS_KNOWN,
    LOG_BEGAN_ANEW,
    OF_ANOTHER,
    OUTDATED,
    REPEATED,
    is_history,
    is_outdated,
    move_memory,
    no_news,
    old_key,
    recollect,
    scope_of,
    waits_under_old_key,
    without_a_look,
)
from bridge.mapping.state.scope import Scope
from bridge.records import Renamed
from bridge.row import Row

NO_ITEMS: Final = "nothing is in its list"
"""Why a row is skipped of which each item of a list is a row."""


class PlayRows:
    """Finds what is news, and lets it be judged now, or wait behind what it must not overtake."""

    def __init__(self, recall: Recall, judge: Judge, endings: Endings, holding: Holding) -> None:
        self._recall = recall
        self._judge = judge
        self._endings = endings
        self._holding = holding
        self._streamed = Streamed(recall)

    def take_items(self, table: TablePlan, change: Change, only: str) -> None:
        """Take in each item of the list that a row holds, as a row; with `only`, that with this key alone."""
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
        seen: set[str] = set()
        for item in [one] if one is not change else found:
            self.take(table, item, seen=seen)

    def _without_items(self, table: TablePlan, change: Change) -> str:
        row = change.after if change.after is not None else Row({}, {})
        skip = self._judge.skip_at_once(table, Scope(table, self._recall, "", row, change=change))
        return skip.reason if skip is not None else NO_ITEMS

    def take(
        self, table: TablePlan, change: Change, scope: Scope | None = None, *, seen: set[str] | None = None
    ) -> None:
        """Take in a change of a row; `scope` is that of `scope_of`, where it has been made already.

        `seen`: the keys of the items before it, where it is one of a list.
        """
        if not change.snapshot:
            self._streamed.note(table.name, change.record, self._endings.now_ms)
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
        known = scope.known
        if skip == REPEATED and not change.snapshot and known is not None and is_of_another_log(known, change):
            self._endings.poisoned(change.record, table.name, LOG_BEGAN_ANEW)
        elif self._is_another(table, change, scope, skip, seen):
            self._endings.poisoned(change.record, table.name, SAME_KEY)
        elif skip is None:
            self._take_news(table, change, scope, queue)
        else:
            self._endings.skipped(change.record, table.name, scope.key, skip)
            if table.append_only and table.indexes and skip in KEY_IS_KNOWN:
                self._holding.release(self._endings.named_by_another(table, scope))
        if seen is not None:
            seen.add(scope.key)

    def _is_another(
        self, table: TablePlan, change: Change, scope: Scope, skip: str | None, seen: set[str] | None
    ) -> bool:
        """Return whether a row that has the key of a known one is another one, which its `key` does not tell."""
        if skip is None:
            found = is_of_another_kind(table, change, scope)
        elif skip == OF_ANOTHER or (skip == REPEATED and seen is not None and scope.key in seen):
            first = self._holding.queues.change_of_row(table.name, scope.key) if scope.memory is None else None
            found = is_no_retry(table, change, scope, first)
        else:
            return False  # The same row, read again.
        return found and not self._judge.skip_at_once(table, scope)

    def _take_without_key(self, table: TablePlan, change: Change, poison: PoisonRecord) -> None:
        """Skip what means nothing although it does not tell its key: a call that is no play, an archive job."""
        if change.op == "d" and table.deleted == "nothing":
            self._endings.skipped(change.record, table.name, "", "row deleted")
            return
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
            if table.as_of is not None and is_outdated(table, change, scope):
                self._endings.skipped(change.record, table.name, scope.key, OUTDATED)
                return
            is_queued = queue is not None
            if (change.snapshot or table.starts is not None) and is_history(
                table, change, scope, is_queued=is_queued
            ):
                self._take_history(table, change, scope, is_queued=is_queued)
                return
            own = scope.queue = queue if queue is not None else _own_queue(table, scope)
        except PoisonRecord as poison:
            memory = scope.memory
            acted = memory is not None and (memory.sent or memory.effective)
            skip = None if acted else self._judge.skip_at_once(table, scope)
            decision = skip or Park(poison.code, poison.reason)
            self._holding.release(self._endings.decided(table, change, scope, decision))
            return
        self._take_in_order(table, change, scope, own, row_is_queued=queue is not None)

    def _take_history(self, table: TablePlan, change: Change, scope: Scope, *, is_queued: bool) -> None:
        """Remember a row that was there before play counts, unless the log has told of it."""
        if change.snapshot and (is_queued or is_of_the_log(scope.known)):
            skip = shown_again(self._judge, table, change, scope)
            self._endings.skipped(change.record, table.name, scope.key, skip)
            return
        reason, said = self._judge.skip_of_history(table, scope), self._streamed.called(table, change, scope)
        self._holding.release(self._endings.history(table, change, scope, reason, said))

    def _take_in_order(
        self, table: TablePlan, change: Change, scope: Scope, queue: str, *, row_is_queued: bool
    ) -> None:
        known = scope.known
        under = waits_under_old_key(table, change, scope.key, self._recall) or scope.key
        waits = row_is_queued or under != scope.key or (known is not None and known.ending is Ending.HELD)
        decision: Decision | None
        if self._holding.queues.count and self._holding.blocks(queue, table, scope):
            decision = (
                None
                if waits or (known is not None and _may_be_taken_back(known))
                else self._judge.skip_at_once(table, scope)
            )
        elif waits:
            decision = waits_for_row(table, under)
        else:
            decision = self._judge.judge(table, change, scope)
        if decision is None:
            self._holding.queue(table, change, scope, queue)
        elif isinstance(decision, Hold):
            self._holding.hold(table, change, scope, queue, decision)
        else:
            self._holding.release(self._endings.decided(table, change, scope, decision))


def _may_be_taken_back(known: RowMemory) -> bool:
    """Return whether something that waits may do its work on a row, or the row has done some."""
    pending = known.ending in (Ending.OPEN, Ending.HISTORY)
    return pending or bool(known.sent or known.ahead or known.effective)


def _own_queue(table: TablePlan, scope: Scope) -> str:
    """Return the queue of a row; one that is deleted, or that tells its player no more, stays in its own."""
    known = scope.memory.queue if scope.memory is not None else ""
    if known and scope.deleted:
        return known
    try:
        return table.queue(scope)
    except MappingError as error:
        if known and error.code == "no_player":
            return known
        raise
