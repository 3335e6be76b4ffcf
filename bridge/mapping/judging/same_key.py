"""Another row with the key of a known one: a retry or the next state of the same, or something else."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from bridge.errors import MappingError, PoisonRecord
from bridge.flow import Change
from bridge.mapping.judging.doings import doing, same_doing
from bridge.mapping.state.groups import group_of
from bridge.mapping.state.keys import key_text
from bridge.mapping.state.past import would_have_amounted_to
from bridge.mapping.state.plan import ReversalPlan, TablePlan
from bridge.mapping.state.remembered import Did, RowMemory, Sent
from bridge.mapping.state.rows import scope_of
from bridge.mapping.state.scope import PlayRow, Scope
from bridge.mapping.state.waiting import Waiting
from bridge.row import Value

SAME_KEY: Final = MappingError(
    "same_key", "another row has this key and says something else: `key` tells too little"
)


def is_no_retry(table: TablePlan, change: Change, scope: Scope, first: Change | None) -> bool:
    """Return whether another row with the key of a known one says something else: it would be lost as a repeat.

    A retry says the same again.  What cannot be told now counts as the same.  `first`: the change of the known
    row, where that waits.
    """
    memory = scope.known
    if memory is None or change.op != "c" or change.snapshot or not table.append_only:
        return False
    try:
        if memory.queue and table.queue(scope) != memory.queue:
            return True
        if scope.memory is not None:
            return _says_otherwise(table, scope, scope.memory)
        return first is not None and _differ(table, scope, scope_of(table, first, scope.recall))
    except (PoisonRecord, Waiting):
        return False


def is_of_another_kind(table: TablePlan, change: Change, scope: Scope) -> bool:
    """Return whether a new row has the key of one that stands for what such a row never does: a win that of a bet.

    In a table of rows that change it would take that back, and stand in its place.
    """
    if table.append_only or change.op != "c" or change.snapshot or change.renamed is not None:
        return False
    memory = scope.memory
    if memory is None:
        return False
    try:
        others = [sent for sent in memory.standing() if not table.activities[sent.name].when(scope)]
        return bool(others) and not any(one.when(scope) for one in table.reverses)
    except (PoisonRecord, Waiting):
        return False


def _differ(table: TablePlan, one: Scope, other: Scope) -> bool:
    """Return whether two rows of which nothing was judged yet would lead to something else."""
    reversal, of_other = _reversal(table, one), _reversal(table, other)
    if reversal is not of_other:
        return True
    if reversal is not None:
        now, before = _would_do(reversal, one), _would_do(reversal, other)
        return now is not None and before is not None and now != before
    counts = _counts(table, one)
    if counts != _counts(table, other):
        return True
    return any(_amount(one, name) != _amount(other, name) for name in counts)


def _reversal(table: TablePlan, scope: Scope) -> ReversalPlan | None:
    return next((one for one in table.reverses if one.when(scope)), None)


def _would_do(reversal: ReversalPlan, scope: Scope) -> Did | None:
    """Return what a reversal row takes back; None where it names nothing.

    Nor of an undo: which reversal an index names changes with what was undone.
    """
    if reversal.round is not None:
        round_id = reversal.round(scope)
        return doing("round", reversal, round_id) if round_id is not None else None
    row = reversal.original(scope) if reversal.original is not None else None
    if not isinstance(row, PlayRow):
        return None
    row.memory()  # It follows a key that has changed since.
    scope.original = row
    if reversal.followers == "go":
        return doing("round", reversal, group_of(row))
    if reversal.takes is None or reversal.by_what_was_sent:
        return doing("original", reversal, row)  # It may take less now, because it has taken that before.
    return doing("original", reversal, row, reversal.takes(scope))


def _counts(table: TablePlan, scope: Scope) -> set[str]:
    return {name for name, one in table.activities.items() if one.when(scope) and one.stands(scope)}


def _amount(scope: Scope, name: str) -> Value:
    return would_have_amounted_to(scope, Sent(name, 1, True, 0, ""))


def _says_otherwise(table: TablePlan, scope: Scope, memory: RowMemory) -> bool:
    reversal = _reversal(table, scope)
    if reversal is not None or memory.reversal:
        if reversal is None or not memory.reversal:
            return True
        now, did = _would_do(reversal, scope), memory.did
        if did is not None and reversal.by_what_was_sent:
            did = msgspec.structs.replace(did, takes=None)
        return now is not None and did is not None and not same_doing(scope, did, now)
    counts = _counts(table, scope)
    known = {sent.name for sent in memory.sent} | {one.name for one in memory.ahead}
    return counts != known or any(_amounts_otherwise(scope, one) for one in memory.sent)


def _amounts_otherwise(scope: Scope, sent: Sent) -> bool:
    """Return whether the row amounts to something else than what was sent first; of history that is not known."""
    if not sent.seq or sent.n != 1 or sent.cut or sent.partly:
        return False
    amount: Value = would_have_amounted_to(scope, Sent(sent.name, 1, True, 0, sent.amount))
    return amount is not None and Decimal(key_text(amount) or 0) != Decimal(sent.amount)
