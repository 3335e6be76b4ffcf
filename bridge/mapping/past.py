"""What would have been sent for a row of history, had the bridge been there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.mapping.amounts import AMOUNTS, add_up, booked
from bridge.row import Value

if TYPE_CHECKING:
    from bridge.mapping.plan import ActivityPlan
    from bridge.mapping.remembered import Sent
    from bridge.mapping.scope import Scope


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
