"""Rows that take back what other rows stand for, and rows that undo that."""

from __future__ import annotations

from typing import Final

from bridge.errors import MappingError, PoisonRecord
from bridge.mapping.amounts import AMOUNTS, add_up
from bridge.mapping.decisions import Decision, Hold, Park, Skip
from bridge.mapping.events import EventMaker, newest_first, override
from bridge.mapping.history import settled
from bridge.mapping.keys import key_text
from bridge.mapping.outgoing import Outgoing, Send
from bridge.mapping.plan import Guard, ReversalPlan, TablePlan
from bridge.mapping.remembered import Ending, RowMemory, Sent, Took
from bridge.mapping.rounds import ROUND_SPACE, activities_of_round
from bridge.mapping.scope import PlayRow, Scope
from bridge.mapping.shares import anything, less, more
from bridge.mapping.waiting import Waiting
from bridge.row import Value

REPEATED: Final = "repeated: what it takes back does not stand"
NOTHING_TO_RESTORE: Final = "repeated: there is nothing to restore"
MOVED_ON: Final = "moved_on", "what was taken back stands, or has been sent again since"


class Reversals:
    """Judges reversals.  Changes nothing."""

    def __init__(self, maker: EventMaker) -> None:
        self._maker = maker

    def judge(self, table: TablePlan, plan: ReversalPlan, scope: Scope, waiting: Waiting | None) -> Decision:
        """Return what a reversal row leads to; `waiting` is what its skip guards still wait for."""
        try:
            if plan.undoes is not None:
                return self._undo(table, plan, scope, waiting)
            if plan.round is not None:
                return self._whole_round(table, plan, scope, waiting)
            return self._one_row(table, plan, scope, waiting)
        except Waiting as missing:
            return Hold(missing, reversal=True)
        except PoisonRecord as poison:
            return Park(poison.code, poison.reason, reversal=True)

    def _named(self, read: Value, scope: Scope) -> PlayRow | Decision:
        """Return the row that a reversal names, decided, or how the reversal ends without it."""
        try:
            row = read(scope)
        except Waiting as missing:
            return Hold(missing, aside=True, reversal=True)
        if row is None:
            return Park("no_reference", "the reversal names no row", reversal=True)
        if not isinstance(row, PlayRow):
            raise MappingError("not_a_row", "the reversal does not name a row of a play table")
        memory = row.memory()
        if memory is None or memory.ending is Ending.HELD:
            return Hold(row.undecided(), aside=True, reversal=True)
        scope.original = row
        return row

    def _one_row(self, table: TablePlan, plan: ReversalPlan, scope: Scope, waiting: Waiting | None) -> Decision:
        named = self._named(plan.original, scope)
        if not isinstance(named, PlayRow):
            return self._unknown(plan, named)
        memory = named.memory()
        if memory is None:
            raise named.undecided()
        ended = self._ended_as(plan, scope, memory, waiting) or _parked(table.park, scope, None)
        if ended is not None:
            return ended
        scope.takes = plan.takes(scope) if plan.takes is not None else None
        return _skipped(plan.skip, scope) or self._take_back(plan, scope, named, memory)

    def _unknown(self, plan: ReversalPlan, ended: Decision) -> Decision:
        if isinstance(ended, Hold) and plan.unknown == "park":
            return Park("unknown_original", "the original is not there", reversal=True)
        if isinstance(ended, Hold) and plan.unknown == "skip":
            return Skip("the original is not there", final=True, reversal=True)
        return ended

    def _ended_as(
        self, plan: ReversalPlan, scope: Scope, memory: RowMemory, waiting: Waiting | None
    ) -> Decision | None:
        """Return how a reversal ends because of its original or its own guards; None to go on."""
        if memory.reversal:
            return Park("reversal_of_reversal", "it takes back a row that is a reversal itself", reversal=True)
        reason, missing = first_true(plan.park, scope)
        waiting = waiting or missing
        if reason is not None:
            return Hold(waiting, reversal=True) if waiting else Park("guard", reason, reversal=True)
        if memory.ending is Ending.SKIPPED and not memory.sent:
            return Skip(f"its original: {memory.reason}", final=True, reversal=True)
        if memory.parked:
            return Park("original_parked", "its original is parked", reversal=True)
        return Hold(waiting, reversal=True) if waiting else None

    def _take_back(self, plan: ReversalPlan, scope: Scope, row: PlayRow, memory: RowMemory) -> Decision:
        standing = [sent for sent in memory.standing() if plan.activity in (None, sent.name)]
        if scope.takes is not None or any(row.plan.activities[sent.name].share for sent in standing):
            return self._take_share(plan, scope, row, memory)
        if not standing:
            return self._nothing_to_do(plan)
        events = [self._maker.rollback(row, row.scope(), sent) for sent in newest_first(row.plan, standing)]
        return self._sent(plan, scope, events)

    def _nothing_to_do(self, plan: ReversalPlan, reason: str = REPEATED) -> Decision:
        if plan.repeated == "park":
            return Park("repeated", reason, reversal=True)
        return Skip(reason, final=True, reversal=True)

    def _take_share(self, plan: ReversalPlan, scope: Scope, row: PlayRow, memory: RowMemory) -> Decision:
        """Take a part of what is left of an activity, or all of it."""
        sent = self._shared(plan, row, memory)
        if sent is None:
            return self._nothing_to_do(plan)
        activity = row.plan.activities[sent.name]
        if sent.left is None:
            sent = settled(row, activity, sent)
        takes = scope.takes if scope.takes is not None else sent.left
        rest = less(sent.left, takes)
        if rest is None:
            return Park("more_than_left", "it takes back more than is left", reversal=True)
        if not sent.stands:
            return self._nothing_to_do(plan)
        if plan.partial == "park" and anything(rest):
            return Park("partial", "it takes back a part only", reversal=True)
        whole = self._maker.rollback(row, row.scope(), sent)
        whole.takes, whole.left = takes, rest
        if plan.partial == "amount" or sent.partly:
            part = self._maker.again(row, activity, row.scope(), sent, takes)
            whole.fields = {
                **{field: value for field, value in whole.fields.items() if field not in AMOUNTS},
                **{field: value for field, value in part.fields.items() if field in AMOUNTS},
            }
            add_up(whole.fields)
            whole.stands = anything(rest)
            return self._sent(plan, scope, [whole], suffix=f"/{scope.key}")
        remainder = [self._maker.again(row, activity, row.scope(), sent, rest)] if anything(rest) else []
        return self._sent(plan, scope, [whole, *remainder])

    def _shared(self, plan: ReversalPlan, row: PlayRow, memory: RowMemory) -> Sent | None:
        names = [name for name, activity in row.plan.activities.items() if plan.activity in (None, name)]
        known = [sent for name in names if (sent := memory.last(name)) is not None]
        if len(known) > 1:
            raise MappingError("ambiguous_share", "the original has several activities; say which: `activity:`")
        if known and row.plan.activities[known[0].name].share is None:
            raise MappingError("no_share", "`takes` needs a `share` on the activity that it takes from")
        return known[0] if known else None

    def _whole_round(
        self, table: TablePlan, plan: ReversalPlan, scope: Scope, waiting: Waiting | None
    ) -> Decision:
        round_id = plan.round(scope) if plan.round is not None else None
        if round_id is None:
            return Park("no_reference", "the reversal names no round", reversal=True)
        ended: Decision | None = _parked([*plan.park, *table.park], scope, waiting)
        if isinstance(ended, Park):
            return ended
        members = activities_of_round(scope.recall, table.all_tables, str(round_id))
        if not members:
            return self._unknown(plan, Hold(Waiting(ROUND_SPACE, str(round_id)), aside=True, reversal=True))
        ended = ended or _skipped(plan.skip, scope)
        if ended is not None:
            return ended
        standing = [
            (PlayRow(member, key, scope.recall), sent)
            for member, key, _, sent in members
            if sent.stands and plan.activity in (None, sent.name)
        ]
        if not standing:
            return self._nothing_to_do(plan)
        events = [self._maker.rollback(row, row.scope(), sent) for row, sent in _in_order(standing, plan.order)]
        return self._sent(plan, scope, events)

    def _undo(self, table: TablePlan, plan: ReversalPlan, scope: Scope, waiting: Waiting | None) -> Decision:
        named = self._named(plan.undoes, scope)
        if not isinstance(named, PlayRow):
            return self._unknown(plan, named)
        memory = named.memory()
        if memory is None:
            raise named.undecided()
        ended = _parked([*plan.park, *table.park], scope, waiting) or _skipped(plan.skip, scope)
        if ended is not None:
            return ended
        if memory.parked:
            return Park("original_parked", "the reversal that it undoes is parked", reversal=True)
        if not memory.reversal:
            return Park("not_a_reversal", "the row that it undoes is no reversal", reversal=True)
        if not memory.took:
            return self._nothing_to_do(plan, NOTHING_TO_RESTORE)
        takes = memory.took[::-1]
        events = [out for at, took in enumerate(takes) for out in self._restored(scope, took, takes[:at])]
        decision = self._sent(plan, scope, events)
        decision.undone, decision.took = named, None
        return decision

    def _restored(self, scope: Scope, took: Took, earlier: list[Took]) -> list[Outgoing]:
        """Return what lets an activity stand again with what a reversal took of it, after `earlier` ones."""
        plan = scope.plan.all_tables[took.table]
        row, activity = PlayRow(plan, took.key, scope.recall), plan.activities[took.name]
        memory = row.memory()
        sent = memory.last(took.name) if memory is not None else None
        if memory is not None and sent is not None and activity.grows is not None:
            piece = next((one for one in memory.pieces(took.name) if one.n == took.n and one.taken), None)
            if piece is None:
                raise MappingError(*MOVED_ON)
            same = [one for one in earlier if (one.table, one.key, one.name) == (took.table, took.key, took.name)]
            n = sent.n + len(same) + 1
            return [self._maker.piece_again(row, activity, row.scope(), piece, n)]
        if (
            sent is None
            or sent.partly
            or (sent.stands and sent.n == took.n)
            or (took.part is None and sent.n != took.n)
        ):
            raise MappingError(*MOVED_ON)
        left = more(sent.left, took.part)
        events = [self._maker.rollback(row, row.scope(), sent)] if sent.stands else []
        return [*events, self._maker.again(row, activity, row.scope(), sent, left)]

    def _sent(self, plan: ReversalPlan, scope: Scope, events: list[Outgoing], suffix: str = "") -> Send:
        """Return the events with the reversal's own fields on each, fixed.

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
            self._maker.finish(out, out.row.plan.activities[out.name].type, before, suffix)
        return Send(events, took=[_took(out) for out in events if not out.approved], reversal=True)


def _require_new(ids: set[str | None], activity_id: str | None) -> None:
    if activity_id in ids:
        raise MappingError("same_id", "several activities are taken back, and activity_id is the same for each")
    ids.add(activity_id)


def _took(out: Outgoing) -> Took:
    return Took(out.row.plan.name, out.row.key, out.name, out.n, out.takes)


def _parked(guards: list[Guard], scope: Scope, waiting: Waiting | None) -> Park | Hold | None:
    """Return the parking that a guard demands, or the hold while it, or a guard that skips, still waits."""
    reason, missing = first_true(guards, scope)
    waiting = waiting or missing
    if waiting is not None:
        return Hold(waiting, reversal=True)
    return Park("guard", reason, reversal=True) if reason is not None else None


def _skipped(guards: list[Guard], scope: Scope) -> Skip | Hold | None:
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


def _in_order(standing: list[tuple[PlayRow, Sent]], order: str) -> list[tuple[PlayRow, Sent]]:
    def is_bet(item: tuple[PlayRow, Sent]) -> bool:
        return item[0].plan.activities[item[1].name].type == "Bet"

    if order == "oldest first":
        return standing
    if order == "wins first":
        return sorted(standing, key=is_bet)
    newest = standing[::-1]
    return sorted(newest, key=is_bet)
