"""What reversal rows did before: a later change of such a row does not do it a second time."""

from __future__ import annotations

from typing import Final

from bridge.errors import PoisonRecord
from bridge.mapping.judging.taken_in_history import taken_by
from bridge.mapping.state.decisions import NO_CHANGE, Decision, Park
from bridge.mapping.state.plan import ReversalPlan
from bridge.mapping.state.remembered import UNKNOWN, Did, Ending
from bridge.mapping.state.scope import PlayRow, Scope, names_itself
from bridge.mapping.state.waiting import Waiting
from bridge.row import Value

CHANGED: Final = Park(
    "reversal_changed", "it took something back before, and does not say so any more", reversal=True
)


def doing(way: str, plan: ReversalPlan, named: PlayRow | str, takes: Value = None) -> Did:
    """Return what a reversal does with the row, or the round, that it names."""
    activity = plan.activity or ""
    if isinstance(named, PlayRow):
        return Did(way, named.plan.name, named.key, activity, takes)
    return Did(way, "", named, activity)


def ended_before(scope: Scope, now: Did) -> Decision | None:
    """Return how a change of a reversal row ends because of what the row did before; None where it did nothing.

    Whoever wants it undone writes a row that says so, or `undoes` of the row itself.
    """
    memory = scope.memory
    if memory is None or (memory.did is None and not memory.took):
        return None
    if memory.did is None or same_doing(scope, memory.did, now):
        return NO_CHANGE
    return CHANGED if memory.effective else None


def undoes_itself_in_vain(plan: ReversalPlan, scope: Scope) -> bool:
    """Return whether a row would undo itself that has never taken anything back."""
    memory = scope.memory
    if plan.undoes is None or memory is None or memory.ending is Ending.HELD:
        return False
    if memory.did is not None or memory.took:
        return False
    try:
        row = plan.undoes(scope)
    except (Waiting, PoisonRecord):
        return False  # said when it is judged
    return isinstance(row, PlayRow) and names_itself(row, scope)


def same_doing(scope: Scope, did: Did, now: Did) -> bool:
    """Return whether a reversal row says now what it did before."""
    if (did.way, did.table, did.activity) != (now.way, now.table, now.activity):
        return False
    if did.way == "round":
        return did.key == now.key
    named = PlayRow(scope.plan.all_tables[did.table], did.key, scope.recall)
    named.memory()  # It follows a key that has changed since.
    if named.key != now.key:
        return False
    if did.takes != UNKNOWN:
        return bool(did.takes == now.takes)
    return bool(taken_by(PlayRow(scope.plan, scope.key, scope.recall), named) == now.takes)
