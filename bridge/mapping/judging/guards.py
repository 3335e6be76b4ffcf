"""Guards: reasons with conditions, of which one may still wait for a look-up row."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bridge.errors import MappingError, PoisonRecord
from bridge.mapping.state.decisions import Hold, Park, Skip
from bridge.mapping.state.keys import key_text
from bridge.mapping.state.outgoing import Outgoing
from bridge.mapping.state.plan import ActivityPlan, Guard, TablePlan
from bridge.mapping.state.remembered import Ending
from bridge.mapping.state.scope import Scope
from bridge.mapping.state.waiting import Waiting
from bridge.row import Value

FORGOTTEN: Final = (
    "nothing is known of its row, and the event is older than the ledger's retention: "
    "it may have been sent before; `starts` says from when rows count"
)


def parked_by(guards: list[Guard], scope: Scope, waiting: Waiting | None) -> Park | Hold | None:
    """Return the parking that a guard demands, or the hold while it, or a guard that skips, still waits."""
    reason, missing = first_true(guards, scope)
    waiting = waiting or missing
    if waiting is not None:
        return Hold(waiting, reversal=True)
    return Park("guard", reason, reversal=True) if reason is not None else None


def skipped_by(guards: list[Guard], scope: Scope) -> Skip | Hold | None:
    """Return the skip that a guard demands, or the hold while it waits."""
    reason, missing = first_true(guards, scope)
    if missing is not None:
        return Hold(missing, reversal=True)
    return Skip(reason, final=True, reversal=True) if reason is not None else None


def first_true(guards: list[Guard], scope: Scope) -> tuple[str | None, Waiting | None]:
    """Return the reason of the first guard that is true; else what a guard waits for, if one does."""
    waiting = None
    for reason, test in guards:
        try:
            if test(scope):
                return reason, None
        except Waiting as missing:
            waiting = waiting or missing
        except PoisonRecord as poison:
            raise MappingError(poison.code, f"{reason}: {poison.reason}") from poison
    return None, waiting


def forbidden_move(table: TablePlan, scope: Scope) -> Park | None:
    """Return the parking of a row of which a column went as it may not."""
    for column, moves in table.moves.items():
        before = scope.before().row
        now, previous = key_text(scope.row[column]), key_text(before[column]) if column in before else None
        if now == previous and scope.memory is not None:
            continue
        was = previous or ("null" if scope.memory is not None and "null" in moves else "new")
        if now not in [key_text(to) for to in moves.get(was, [])]:
            return Park("move", f"{column} may not go this way")
    return None


def forgotten(
    table: TablePlan, scope: Scope, events: list[Outgoing], silent: Sequence[ActivityPlan] = ()
) -> Park | None:
    """Return the parking of an update that would send what was sent before, had the ledger forgotten its row.

    Or of one that should take that back: `silent` are activities of the row that do not count.  Where the
    connector has `starts`, that decides instead.
    """
    change, memory = scope.change, scope.memory
    if change is None or change.op != "u" or table.append_only or table.starts is not None:
        return None
    if memory is not None and memory.ending is not Ending.HELD:
        return None
    committed = change.committed_at
    if committed is None:
        return None
    if any(committed - _moment(event.fields["timestamp"]) > table.retention for event in events):
        return Park("row_forgotten", FORGOTTEN)
    for activity in silent:
        with contextlib.suppress(PoisonRecord, Waiting, TypeError, ValueError):  # Its event is not made.
            time = _moment(dict(activity.event)["timestamp"](scope))
            if not activity.stands(scope) and committed - time > table.retention:
                return Park("row_forgotten", FORGOTTEN)
    return None


def _moment(timestamp: Value) -> datetime:
    """Return an event's time, which the making of its body has checked: a moment, or RFC 3339 text."""
    return timestamp if isinstance(timestamp, datetime) else datetime.fromisoformat(str(timestamp))
