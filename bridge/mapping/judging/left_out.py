"""Reversals of what does not stand, and might come back: a skipped call that is tried again, a round undone."""

from __future__ import annotations

from bridge.mapping.judging.ahead import not_sent_yet
from bridge.mapping.judging.doings import doing
from bridge.mapping.judging.events import EventMaker
from bridge.mapping.judging.guards import skipped_by
from bridge.mapping.judging.keepers import kept_already
from bridge.mapping.judging.taking_back import as_sent
from bridge.mapping.state.decisions import Decision, Skip
from bridge.mapping.state.groups import group_of, taken_with
from bridge.mapping.state.plan import ReversalPlan
from bridge.mapping.state.remembered import Did, RowMemory, Took
from bridge.mapping.state.scope import Scope
from bridge.mapping.state.waiting import Waiting


def of_left_out(
    maker: EventMaker, plan: ReversalPlan, scope: Scope, memory: RowMemory, waiting: Waiting | None
) -> Decision:
    """Return how a reversal ends whose original was skipped: as that did.

    Another row may have the key of an append-only one, if that one counts for nothing.  It is taken back ahead.
    """
    skip = Skip(f"its original: {memory.reason}", final=True, reversal=True)
    row = scope.original
    if row is None or not row.plan.append_only or plan.takes is not None or waiting is not None:
        return skip
    did = doing("round", plan, group_of(row)) if plan.followers == "go" else doing("original", plan, row)
    ahead = not_sent_yet(row, memory, plan.activity, taken_with(did))
    ahead += kept_already([(row, memory)], scope, plan.activity, taken_with(did))
    if not ahead or skipped_by(plan.skip, scope) is not None:
        return skip
    decision = as_sent(maker, plan, scope, [], did, ahead=ahead)
    decision.reason, decision.findable = skip.reason, False
    return decision


def keeps_back_too(
    maker: EventMaker, plan: ReversalPlan, scope: Scope, did: Did, repeated: Decision, *, also: list[Took]
) -> Decision:
    """Return how a reversal ends of which nothing stands: what it and one of another kind took stays away."""
    if not also or not isinstance(repeated, Skip):
        return repeated
    decision = as_sent(maker, plan, scope, [], did, ahead=also)
    decision.reason, decision.repeats = repeated.reason, True
    return decision
