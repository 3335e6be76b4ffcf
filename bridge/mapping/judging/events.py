"""Makes events: fields from readers, Rollbacks from what was sent, bodies from fields."""

from __future__ import annotations

from decimal import Decimal

from bridge.casino import ContractBreach, decode, encode, rewards_breaches
from bridge.config.wallet import Wallet
from bridge.errors import MappingError, PoisonRecord
from bridge.mapping.judging.ahead import left_ahead
from bridge.mapping.state.amounts import AMOUNTS, add_up
from bridge.mapping.state.keys import key_text
from bridge.mapping.state.message_ids import message_id
from bridge.mapping.state.outgoing import Outgoing
from bridge.mapping.state.plan import ActivityPlan, Fields, TablePlan
from bridge.mapping.state.remembered import Sent
from bridge.mapping.state.scope import PlayRow, Scope
from bridge.mapping.state.scope_readers import Column
from bridge.row import Value


class EventMaker:
    """Makes and checks the events of decisions.  Nothing here takes effect."""

    def __init__(self, wallet: Wallet) -> None:
        self._rewards = wallet.profile == "rewards"
        self._strict = wallet.profile_breach == "park"

    def approve(self, row: PlayRow, plan: ActivityPlan, scope: Scope, n: int, before: Sent | None) -> Outgoing:
        """Return the Approved event of an activity in its `n`-th generation, made from the row as it is."""
        scope.n = n
        scope.left = plan.share(scope) if plan.share is not None else None
        if scope.left is not None and scope.memory is not None and scope.memory.ahead:
            scope.left = left_ahead(plan, scope.memory, scope.left)
        fields = plan.blank.copy()
        override(fields, plan.varying, scope)
        if n > 1 and plan.grows is None:
            override(fields, plan.again, scope)
        out = Outgoing(row, plan.name, n, fields, approved=True)
        out.left = scope.left
        if plan.grows is not None:
            self._finish(out, plan, scope, before)
            out.compare = scope.grown if scope.grown != Decimal(out.amount) else None
            return out
        if plan.compare is not None:
            out.compare = plan.compare(scope)
        return self._finish(out, plan, scope, before)

    def again(self, row: PlayRow, plan: ActivityPlan, scope: Scope, sent: Sent, left: Value) -> Outgoing:
        """Return an activity once more as it was sent, in its next generation, with what is left of it.

        `scope` is that of the activity's own row.  Only what `left` changes and `again` names is made anew.
        """
        fields = dict(scope.sent_fields(sent))
        scope.n, scope.left = sent.n + 1, left
        if left is not None:
            for name in AMOUNTS:
                fields.pop(name, None)
            override(fields, [(name, read) for name, read in plan.event if name in AMOUNTS], scope)
        override(fields, plan.again, scope)
        out = Outgoing(row, plan.name, sent.n + 1, fields, approved=True)
        out.left, out.compare = left, sent.compare
        return out

    def piece_again(self, row: PlayRow, plan: ActivityPlan, scope: Scope, piece: Sent, n: int) -> Outgoing:
        """Return a piece of a running total once more as it was sent, as the `n`-th piece."""
        fields = dict(scope.sent_fields(piece))
        scope.n = n
        override(fields, [(name, read) for name, read in plan.event if name == "activity_id"], scope)
        out = Outgoing(row, plan.name, n, fields, approved=True)
        out.compare = piece.compare
        return out

    def rollback(self, row: PlayRow, scope: Scope, sent: Sent) -> Outgoing:
        """Return the Rollback of what was sent: the same in every field but its status."""
        fields = dict(scope.sent_fields(sent))
        fields["status"] = "Rollback"
        out = Outgoing(row, sent.name, sent.n, fields, approved=False)
        out.message, out.stands = sent.message, False
        return out

    def finish(self, out: Outgoing, kind: str, before: Sent | None, by: str = "") -> Outgoing:
        """Fix an event's bytes and its message id.  Raises MappingError when it breaks the contract."""
        fields = out.fields
        if out.approved:
            fields["type"], fields["status"] = kind, "Approved"
            add_up(fields)
        out.body = encode(fields)
        if self._rewards:
            out.warnings = tuple(rewards_breaches(decode(out.body)))
            # What stands at Fast Track must go when it is taken back, whatever rewards make of it.
            if out.warnings and self._strict and out.approved:
                raise MappingError("rewards", "; ".join(out.warnings))
        activity_id = fields["activity_id"]
        if type(activity_id) is not str:
            activity_id = key_text(activity_id)
        if out.approved and before is not None and self._id_of(before, out) == activity_id:
            out.message = before.message + 1
        out.amount = key_text(fields["amount"]) or "0"
        out.message_id = message_id(activity_id, fields["status"], out.message, by)
        return out

    def _finish(self, out: Outgoing, plan: ActivityPlan, scope: Scope, before: Sent | None) -> Outgoing:
        """Finish an event of a row that may follow another one: what that was not sent with is missing here."""
        try:
            return self.finish(out, plan.type, before)
        except ContractBreach as breach:
            followed = scope.original.memory() if scope.original is not None else None
            if breach.code != "missing_field" or followed is None or followed.sent:
                raise
            reason = f"{breach.reason}: of the row that it follows, nothing has been sent yet"
            raise MappingError(breach.code, reason) from breach

    def _id_of(self, before: Sent, out: Outgoing) -> str | None:
        memory = out.row.memory()
        if memory is None or (not before.seq and memory.history is None):
            return None
        return key_text(out.row.scope().sent_fields(before).get("activity_id"))


def override(fields: dict[str, Value], readers: Fields, scope: Scope) -> None:
    """Set fields from readers.  Raises MappingError, which names the field, and lets Waiting through."""
    name = ""
    try:
        for name, read in readers:
            # Most are columns: a call less for each.
            fields[name] = scope.row[read.name] if isinstance(read, Column) else read(scope)
    except PoisonRecord as poison:
        raise MappingError(poison.code, f"{name}: {poison.reason}") from poison


def newest_first(table: TablePlan, standing: list[Sent]) -> list[Sent]:
    """Return activities in the order in which they are taken back: newest first, the Bet last.

    Those of history have no number: there the last one that the table writes is the newest.
    """
    plans = table.activities
    last_first = standing[::-1]
    return sorted(last_first, key=lambda sent: (plans[sent.name].type == "Bet", -sent.seq, -sent.n))


def require_different_ids(events: list[Outgoing]) -> list[Outgoing]:
    """Return events.  Raises MappingError when two that count bear one id: one would pass for a repeat."""
    ids: set[str | None] = set()
    for out in events:
        if out.approved:
            own = key_text(out.fields["activity_id"])
            if own in ids:
                raise MappingError("same_id", "two activities of the row have the same activity_id")
            ids.add(own)
    return events
