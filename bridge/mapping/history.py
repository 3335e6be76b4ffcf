"""Rows that were there before play counts: judged in silence, so that they can be taken back later."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from bridge.errors import PoisonRecord
from bridge.mapping.keys import KEY_SEPARATOR, key_text
from bridge.mapping.plan import ActivityPlan, ReversalPlan, TablePlan
from bridge.mapping.recall import Recall
from bridge.mapping.remembered import RowMemory, Sent
from bridge.mapping.scope import PlayRow, Scope
from bridge.mapping.shares import anything, less
from bridge.mapping.waiting import Waiting

SILENT_SPACE: Final = "ref:silent"
"""The reversals of history that name a row: [table, key] of each, under the row's table and key."""


def stands_of_history(table: TablePlan, scope: Scope) -> list[Sent]:
    """Return what counts as sent of a row of history: each as its first generation."""
    found = []
    for activity in table.activities.values():
        try:
            if not activity.when(scope):
                continue
            stands = bool(activity.stands(scope))
            if stands or table.sent_before(scope):
                found.append(_sent_before(activity, scope, stands=stands))
        except (PoisonRecord, Waiting):
            continue
    return [sent for sent in found if sent is not None]


def _sent_before(activity: ActivityPlan, scope: Scope, *, stands: bool) -> Sent | None:
    amount, compare = Decimal(0), None
    if activity.grows is not None:
        amount = activity.grows[0](scope)
        if not amount:
            return None
    if activity.compare is not None:
        compare = activity.compare(scope)
    return Sent(activity.name, 1, stands, 0, key_text(amount) or "0", compare)


def silently_taken(table: TablePlan, scope: Scope, recall: Recall, memory: RowMemory) -> bool:
    """Let reversals of history take back in silence, in whatever order their rows are read.

    Returns whether the row is a reversal itself.
    """
    place = f"{table.name}{KEY_SEPARATOR}{scope.key}"
    if recall.value(SILENT_SPACE, place):
        _take_in_full(table, memory)
    for reversal in table.reverses:
        try:
            if not reversal.when(scope):
                continue
            row = reversal.original(scope) if reversal.original is not None else None
        except (PoisonRecord, Waiting):
            continue
        if isinstance(row, PlayRow):
            _note_silent(recall, row, table.name, scope.key)
        return True
    return False


def _note_silent(recall: Recall, row: PlayRow, table: str, key: str) -> None:
    place = f"{row.plan.name}{KEY_SEPARATOR}{row.key}"
    takers = recall.value(SILENT_SPACE, place) or []
    if [table, key] not in takers:  # A later snapshot shows it again.
        recall.put_value(SILENT_SPACE, place, [*takers, [table, key]])
    memory = row.memory()
    if memory is not None:
        _take_in_full(row.plan, memory)
        recall.put_row(row.plan.name, row.key, memory)


def _take_in_full(table: TablePlan, memory: RowMemory) -> None:
    """Let nothing stand, but where shares tell how much: those are worked out when they are asked for."""
    for sent in memory.sent:
        if table.activities[sent.name].share is None:
            sent.stands, sent.taken = False, True
        else:
            sent.cut = True


def settled(row: PlayRow, activity: ActivityPlan, sent: Sent) -> Sent:
    """Return an activity of history as the reversals of history left it.  Raises Waiting while parts are missing.

    They take back as later ones do: each that leaves something makes the next generation.
    """
    left = activity.share(row.scope().as_history()) if activity.share is not None else None
    n, stands = sent.n, sent.stands
    for table, key in row.recall.value(SILENT_SPACE, f"{row.plan.name}{KEY_SEPARATOR}{row.key}") or []:
        taker = row.plan.all_tables[table]
        taken = _taken(taker, PlayRow(taker, key, row.recall), row)
        rest = less(left, taken if taken is not None else left)
        if rest is None or not stands:
            continue
        left, stands = rest, anything(rest)
        n += stands
    return msgspec.structs.replace(sent, n=n, stands=stands, left=left)


def _taken(table: TablePlan, taker: PlayRow, original: PlayRow) -> Any:
    scope = taker.scope().as_history()
    scope.original = original
    plan: ReversalPlan = next(reversal for reversal in table.reverses if reversal.when(scope))
    return plan.takes(scope) if plan.takes is not None else None
