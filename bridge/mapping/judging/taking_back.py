"""Events that take back an activity, all that is left of it or a part, and the decision that holds them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from bridge.errors import MappingError
from bridge.mapping.judging.ahead import TAKEN_AHEAD
from bridge.mapping.judging.events import EventMaker, override
from bridge.mapping.judging.taken_in_history import settled
from bridge.mapping.language.operators import subtract
from bridge.mapping.state.amounts import AMOUNTS, add_up
from bridge.mapping.state.keys import key_text
from bridge.mapping.state.outgoing import Outgoing, Send
from bridge.mapping.state.plan import ReversalPlan
from bridge.mapping.state.remembered import Did, RowMemory, Sent, Took
from bridge.mapping.state.scope import PlayRow, Scope
from bridge.mapping.state.shares import anything, less, more
from bridge.row import Value


def all_of(maker: EventMaker, row: PlayRow, sent: Sent, *, by_amount: bool) -> Outgoing:
    """Return the Rollback of what is left of an activity; of a share, all that is left of it is taken."""
    if row.plan.activities[sent.name].share is None:
        return maker.rollback(row, row.scope(), sent)
    (out,) = part_of(maker, row, sent, sent.left, less(sent.left, sent.left), by_amount=by_amount)
    return out


def part_of(
    maker: EventMaker, row: PlayRow, sent: Sent, takes: Value, rest: Value, *, by_amount: bool
) -> list[Outgoing]:
    """Return the events that take a part of a share: Rollback and remainder, or a Rollback of the part's amount.

    What stands with less than was sent of it can only go by amounts.
    """
    activity = row.plan.activities[sent.name]
    whole = maker.rollback(row, row.scope(), sent)
    whole.takes, whole.left = takes, rest
    if not by_amount and not sent.partly:
        return [whole, maker.again(row, activity, row.scope(), sent, rest)] if anything(rest) else [whole]
    _set_amount(maker, whole, sent, rest)
    whole.stands = anything(rest)
    return [whole]


def goes_by_amount(row: PlayRow, sent: Sent, by_amount: bool) -> bool:
    """Return whether an activity may have several Rollbacks, so that the reversal tells them apart."""
    return (by_amount or sent.partly) and row.plan.activities[sent.name].share is not None


def rest_of(maker: EventMaker, row: PlayRow, scope: Scope, sent: Sent) -> Outgoing:
    """Return the Rollback of what stands of an activity, which its own row takes back."""
    out = maker.rollback(row, scope, sent)
    if sent.partly:
        _set_amount(maker, out, sent, None)
    return out


def _set_amount(maker: EventMaker, out: Outgoing, sent: Sent, rest: Value) -> None:
    """Let a Rollback be of what stands less what is left after it, so that all of them add up to what was sent.

    The amount of the part that is taken is another where amounts are rounded, or one purse comes first.
    """
    amounts = _amounts(maker, out.row, sent, sent.left) if sent.partly else dict(out.fields)
    if sent.partly and sent.seq and amounts["amount"] != Decimal(sent.amount):
        raise MappingError("settled_after", f"what stands of {sent.name} is not what its row says any more")
    less_this = _amounts(maker, out.row, sent, rest) if anything(rest) else {}
    kept = {field: value for field, value in out.fields.items() if field not in AMOUNTS}
    stand = {field: value for field, value in amounts.items() if field in AMOUNTS}
    out.fields = kept | {field: subtract(value, less_this.get(field, 0)) for field, value in stand.items()}


def _amounts(maker: EventMaker, row: PlayRow, sent: Sent, share: Value) -> dict[str, Value]:
    """Return the amounts of an event with so much of its share; the ledger keeps shares as a mere map."""
    fields = maker.again(row, row.plan.activities[sent.name], row.scope(), sent, more(share, None)).fields
    add_up(fields)
    return fields


def as_sent(
    maker: EventMaker,
    plan: ReversalPlan,
    scope: Scope,
    events: list[Outgoing],
    did: Did | None,
    *,
    by: str = "",
    ahead: Sequence[Took] = (),
) -> Send:
    """Return the events of a reversal with its own fields on each, fixed.

    Raises MappingError when these give two Rollbacks one id: the second would be taken for a repeat.
    """
    ids: set[str | None] = set()
    for at, out in enumerate(events):
        scope.n, scope.last = out.n, at == len(events) - 1
        own = None if out.approved else out.fields.get("activity_id")
        scope.taken_back = dict(out.fields)
        override(out.fields, plan.event, scope)
        if own != out.fields.get("activity_id") and own is not None:
            _require_new(ids, key_text(out.fields["activity_id"]))
        memory = out.row.memory()
        before = memory.last(out.name) if memory is not None else None
        maker.finish(out, out.row.plan.activities[out.name].type, before, by)
    decision = Send(events, took=[*[_took(out) for out in events if not out.approved], *ahead], reversal=True)
    decision.did, decision.reason = did, TAKEN_AHEAD
    return decision


def _require_new(ids: set[str | None], activity_id: str | None) -> None:
    if activity_id in ids:
        raise MappingError("same_id", "several activities are taken back, and activity_id is the same for each")
    ids.add(activity_id)


def _took(out: Outgoing) -> Took:
    return Took(out.row.plan.name, out.row.key, out.name, out.n, out.takes)


def as_settled(row: PlayRow, sent: Sent) -> Sent:
    """Return an activity as it stands now; where it is of history, reversals of history may have left a part."""
    activity = row.plan.activities[sent.name]
    known = sent.left is not None or sent.seq or activity.share is None
    return sent if known else settled(row, activity, sent)


def as_history_left(row: PlayRow, memory: RowMemory) -> RowMemory:
    """Return a row's memory with what reversals of history have left of its shares, where they took parts."""
    if not any(_is_cut_in_history(sent) for sent in memory.sent):
        return memory
    activities = row.plan.activities
    known = [settled(row, activities[one.name], one) if _is_cut_in_history(one) else one for one in memory.sent]
    return msgspec.structs.replace(memory, sent=known)


def _is_cut_in_history(sent: Sent) -> bool:
    return sent.cut and not sent.seq and sent.left is None
