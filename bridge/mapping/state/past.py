"""What counts as sent of a row of history, and what its events would have been, had the bridge been there."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from bridge.errors import PoisonRecord
from bridge.mapping.state.amounts import AMOUNTS, add_up, booked, checked
from bridge.mapping.state.keys import key_text
from bridge.mapping.state.remembered import Sent
from bridge.mapping.state.waiting import Waiting
from bridge.row import Value

if TYPE_CHECKING:
    from bridge.mapping.state.plan import ActivityPlan, TablePlan
    from bridge.mapping.state.scope import Scope


def stands_of_history(table: TablePlan, scope: Scope) -> list[Sent]:
    """Return what counts as sent of a row of history: each as its first generation."""
    if table.after is not None:
        with contextlib.suppress(PoisonRecord, Waiting):
            scope.original = table.after(scope)
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
    kept = _goes_on_standing(activity, scope) if stands and scope.plan.asks_itself else None
    if kept is not None:
        return kept
    amount, compare = Decimal(0), None
    if activity.grows is not None:
        total = activity.grows[0](scope)
        if not total:
            return None
        amount = Decimal(checked(total, f"the total of {activity.name}"))
    elif activity.compare is not None:
        compare = activity.compare(scope)
    sent = Sent(activity.name, 1, stands, 0, key_text(amount) or "0", compare)
    memory = scope.memory
    plan = scope.plan
    if plan.asks_change or plan.is_looked_up or (plan.asks_itself and memory is not None and memory.sent):
        try:  # Once this row is remembered, the change and the row before are gone.
            if plan.after is not None and scope.original is None:
                scope.original = plan.after(scope)
            sent.fields = would_have_sent(scope, sent)
        except (PoisonRecord, Waiting):
            sent.fields = {}
    return sent


def _goes_on_standing(activity: ActivityPlan, scope: Scope) -> Sent | None:
    """Return what stands of an earlier row with the same key, where this row changes nothing of it.

    Its event is made at once, from that row: it is forgotten once this one is remembered.
    """
    memory = scope.memory
    last = memory.last(activity.name) if memory is not None else None
    if last is None or last.seq or not last.stands or activity.grows is not None:
        return None
    if activity.compare is not None and activity.compare(scope) != last.compare:
        return None
    fields = last.fields
    if fields is None:
        try:
            fields = dict(scope.sent_fields(last))
        except (PoisonRecord, Waiting):
            fields = {}
    return msgspec.structs.replace(last, fields=fields)


def would_have_sent(past: Scope, sent: Sent) -> dict[str, Value]:
    """Return the event that would have been sent for a row of history, in a scope of it."""
    plan = _looking_at(past, sent)
    fields = {name: read(past) for name, read in plan.event}
    if sent.n > 1 and plan.grows is None:
        fields |= {name: read(past) for name, read in plan.again}
    fields["type"], fields["status"] = plan.type, "Approved"
    add_up(fields)
    return fields


def would_have_amounted_to(past: Scope, sent: Sent) -> Value:
    """Return the amount of that event alone: whatever else it says need not be known."""
    plan = _looking_at(past, sent)
    fields = {name: read(past) for name, read in plan.event if name in AMOUNTS}
    add_up(fields)
    return fields.get("amount")


def _looking_at(past: Scope, sent: Sent) -> ActivityPlan:
    """Let a scope of history show the activity in the generation that would have been sent."""
    plan = past.plan.activities[sent.name]
    past.left = sent.left if sent.left is not None or plan.share is None else plan.share(past)
    past.n = sent.n
    past.grown = booked(sent) if plan.grows is not None else None
    return plan
