"""Rows that take back what other rows stand for, and rows that undo that."""

from __future__ import annotations

from typing import Final

from bridge.errors import MappingError, PoisonRecord
from bridge.mapping.judging.ahead import not_sent_yet, round_not_sent_yet, share_not_sent_yet
from bridge.mapping.judging.doings import CHANGED, doing, ended_before
from bridge.mapping.judging.events import EventMaker, newest_first
from bridge.mapping.judging.guards import first_true, parked_by, skipped_by
from bridge.mapping.judging.keepers import Undoing, kept_already
from bridge.mapping.judging.left_out import keeps_back_too, of_left_out
from bridge.mapping.judging.taken_in_history import settled
from bridge.mapping.judging.taking_back import all_of, as_sent, as_settled, goes_by_amount, part_of
from bridge.mapping.judging.undoing import undo, what_it_took
from bridge.mapping.state.decisions import NO_CHANGE, Decision, Hold, Park, Skip
from bridge.mapping.state.groups import follower_stands, group_of, rows_of_group, taken_with
from bridge.mapping.state.message_ids import by_row
from bridge.mapping.state.plan import WAIT_THEN_SKIP, ReversalPlan, TablePlan
from bridge.mapping.state.remembered import Did, Ending, RowMemory, Sent
from bridge.mapping.state.rounds import (
    ROUND_SPACE,
    Members,
    activities_of,
    in_order,
    is_known,
    rows_of_round,
    taken_together,
)
from bridge.mapping.state.scope import PlayRow, Scope, names_itself
from bridge.mapping.state.shares import adds, anything, less
from bridge.mapping.state.waiting import Waiting
from bridge.row import Value

REPEATED: Final = "repeated: what it takes back does not stand"
NOTHING_TO_RESTORE: Final = "repeated: there is nothing to restore"
MORE: Final = "it takes back more than is left"
ADDS: Final = "it takes back less than nothing: it would add to what counts"
TAKES_NOTHING: Final = "it takes nothing back"
NOT_COUNTED: Final = "its own row does not say that it counts"


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

    def _named(self, plan: ReversalPlan, read: Value, scope: Scope) -> PlayRow | Decision:
        """Return the row that a reversal names, decided, or how the reversal ends without it."""
        try:
            row = read(scope)
        except Waiting as missing:
            hold = Hold(missing, aside=True, reversal=True)
            return self._unknown(plan, scope, hold) if missing.space.startswith("ref:") else hold
        if row is None:
            return Park("no_reference", "the reversal names no row", reversal=True)
        if not isinstance(row, PlayRow):
            raise MappingError("not_a_row", "the reversal does not name a row of a play table")
        memory = row.memory()
        if memory is None or memory.waits:
            if names_itself(row, scope):
                return self._nothing_to_do(plan)  # A row that undoes itself, and has never taken anything back.
            hold = Hold(row.undecided(), aside=True, reversal=True)
            return hold if memory is not None else self._unknown(plan, scope, hold)
        scope.original = row
        return row

    def _one_row(self, table: TablePlan, plan: ReversalPlan, scope: Scope, waiting: Waiting | None) -> Decision:
        named = self._named(plan, plan.original, scope)
        if not isinstance(named, PlayRow):
            return named
        memory = named.memory()
        if memory is None:
            raise named.undecided()
        if names_itself(named, scope) and memory.reversal and not (memory.sent or memory.did):
            return self._nothing_to_do(plan)  # It was taken back when it was first seen, and is so still.
        if plan.followers == "go":
            return self._all_of(table, plan, scope, waiting, named)
        ended = self._ended_already(plan, scope, named)
        ended = ended or self._ended_as(plan, scope, memory, waiting) or parked_by(table.park, scope, None)
        if ended is not None:
            return ended
        if plan.followers == "park" and follower_stands(named, scope):
            return Park("follower_stands", "something that follows its original stands", reversal=True)
        scope.takes = plan.takes(scope) if plan.takes is not None else None
        return skipped_by(plan.skip, scope) or self._take_back(plan, scope, named, memory)

    def _ended_already(self, plan: ReversalPlan, scope: Scope, named: PlayRow) -> Decision | None:
        """Return how a row ends that has taken something back before; None where it has not."""
        if scope.memory is None or not (scope.memory.did or scope.memory.took):
            return None
        takes = plan.takes(scope) if plan.takes is not None else None
        return ended_before(scope, doing("original", plan, named, takes))

    def _unknown(self, plan: ReversalPlan, scope: Scope, hold: Hold) -> Decision:
        """Return how a reversal ends whose original is not there: one that waits itself is there."""
        if scope.memory is not None and scope.memory.effective:
            return CHANGED  # It did something with another one.
        if plan.unknown == "park":
            return Park("unknown_original", "the original is not there", reversal=True)
        gives_up = (hold.waiting.space, hold.waiting.key) in scope.recall.given_up
        if plan.unknown == "skip" or (plan.unknown == WAIT_THEN_SKIP and gives_up):
            return Skip("the original is not there", final=True, reversal=True)
        return hold

    def _ended_as(
        self, plan: ReversalPlan, scope: Scope, memory: RowMemory, waiting: Waiting | None
    ) -> Decision | None:
        """Return how a reversal ends because of its original or its own guards; None to go on."""
        if memory.reversal and not memory.sent:
            return Park("reversal_of_reversal", "it takes back a row that is a reversal itself", reversal=True)
        reason, missing = first_true(plan.park, scope)
        waiting = waiting or missing
        if reason is not None:
            return Hold(waiting, reversal=True) if waiting else Park("guard", reason, reversal=True)
        if memory.ending is Ending.SKIPPED and not memory.sent:
            return of_left_out(self._maker, plan, scope, memory, waiting)
        if memory.parked:
            return Park("original_parked", "its original is parked", reversal=True)
        return Hold(waiting, reversal=True) if waiting else None

    def _take_back(self, plan: ReversalPlan, scope: Scope, row: PlayRow, memory: RowMemory) -> Decision:
        """Take back all that stands of a row, and what was not sent yet; or a part of one activity."""
        if scope.takes is not None:
            return self._take_share(plan, scope, row, memory)
        known = [as_settled(row, sent) for sent in memory.standing() if plan.activity in (None, sent.name)]
        standing = [sent for sent in known if sent.stands]
        ahead = not_sent_yet(row, memory, plan.activity)
        also = kept_already([(row, memory)], scope, plan.activity, "")
        if not standing and not ahead:
            repeated = self._nothing_to_do(plan)
            return keeps_back_too(self._maker, plan, scope, doing("original", plan, row), repeated, also=also)
        by_amount = plan.partial == "amount"
        last_first = newest_first(row.plan, standing)
        events = [all_of(self._maker, row, sent, by_amount=by_amount) for sent in last_first]
        ahead += also
        parts = any(goes_by_amount(row, sent, by_amount) for sent in standing)
        by = by_row(scope.plan.name, scope.key) if parts else ""
        return as_sent(self._maker, plan, scope, events, doing("original", plan, row), by=by, ahead=ahead)

    def _nothing_to_do(self, plan: ReversalPlan, reason: str = REPEATED) -> Decision:
        if plan.repeated == "park":
            return Park("repeated", reason, reversal=True)
        return Skip(reason, final=True, reversal=True)

    def _take_share(self, plan: ReversalPlan, scope: Scope, row: PlayRow, memory: RowMemory) -> Decision:
        """Take a part of what is left of an activity."""
        sent = self._shared(plan, row, memory)
        if sent is None:
            return self._take_share_ahead(plan, scope, row, memory)
        if sent.left is None:
            sent = settled(row, row.plan.activities[sent.name], sent)
        rest = less(sent.left, scope.takes)
        # Of what went with its round the share is left, but nothing stands of which a part could be taken.
        if rest is None or (not sent.stands and anything(scope.takes)):
            return Park("more_than_left", ADDS if adds(scope.takes) else MORE, reversal=True)
        if not sent.stands:
            return self._nothing_to_do(plan)
        if not anything(scope.takes) and anything(rest):
            return Skip(TAKES_NOTHING, final=True, reversal=True)
        if plan.partial == "park" and anything(rest):
            return Park("partial", "it takes back a part only", reversal=True)
        by_amount = plan.partial == "amount"
        events = part_of(self._maker, row, sent, scope.takes, rest, by_amount=by_amount)
        by = by_row(scope.plan.name, scope.key) if goes_by_amount(row, sent, by_amount) else ""
        return as_sent(self._maker, plan, scope, events, doing("original", plan, row, scope.takes), by=by)

    def _take_share_ahead(self, plan: ReversalPlan, scope: Scope, row: PlayRow, memory: RowMemory) -> Decision:
        took = share_not_sent_yet(row, memory, plan.activity, scope.takes)
        if took is None:
            return self._nothing_to_do(plan)
        if plan.partial == "park":
            return Park("partial", "it takes back a part only", reversal=True)
        return as_sent(self._maker, plan, scope, [], doing("original", plan, row, scope.takes), ahead=[took])

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
        return self._all_of(table, plan, scope, waiting, round_id)

    def _all_of(
        self, table: TablePlan, plan: ReversalPlan, scope: Scope, waiting: Waiting | None, whole: PlayRow | str
    ) -> Decision:
        """Take back a whole round, or a row with all that follows it."""
        round_id = whole if isinstance(whole, str) else group_of(whole)
        did = doing("round", plan, round_id)
        before = ended_before(scope, did)
        known = scope.memory.took if scope.memory is not None else None
        named = whole.memory() if isinstance(whole, PlayRow) else None
        if before is not None and (before is not NO_CHANGE or not known or named is not None):
            return before
        ended = self._ended_as(plan, scope, named, waiting) if named is not None else None
        if ended is not None:
            return ended
        if isinstance(whole, PlayRow):
            rows = rows_of_group(whole)
        else:
            rows = rows_of_round(scope.recall, table.all_tables, whole)
        try:
            rows = taken_together(rows, scope, whole if isinstance(whole, PlayRow) else None)
        except Waiting as missing:
            return Hold(missing, aside=True, reversal=True)
        members = activities_of(rows)
        ahead = round_not_sent_yet(scope, rows, plan.activity, taken_with(did))
        known_of = members or ahead or named is not None or is_known(rows, scope)
        ended = self._round_ended(table, plan, scope, waiting, None if known_of else round_id)
        if ended is not None:
            return ended
        standing = self._standing(plan, scope, members)
        also = kept_already(rows, scope, plan.activity, taken_with(did))
        if not standing and not ahead:
            repeated = self._nothing_to_do(plan)
            return before or keeps_back_too(self._maker, plan, scope, did, repeated, also=also)
        ahead += also
        ordered = in_order(standing, plan.order)
        events = [all_of(self._maker, row, sent, by_amount=False) for row, sent in ordered]
        decision = as_sent(self._maker, plan, scope, events, did, ahead=ahead)
        decision.before = known or []  # What came after its cancelling goes as well.
        return decision

    def _standing(self, plan: ReversalPlan, scope: Scope, members: Members) -> list[tuple[PlayRow, Sent]]:
        """Return what of a round or a group stands that a reversal may take."""
        standing = []
        for member, key, _, sent in members:
            if plan.activity in (None, sent.name):
                row = PlayRow(member, key, scope.recall)
                now = as_settled(row, sent)
                standing += [(row, now)] if now.stands else []
        return standing

    def _round_ended(
        self, table: TablePlan, plan: ReversalPlan, scope: Scope, waiting: Waiting | None, unknown: str | None
    ) -> Decision | None:
        """Return how the reversal of a round ends by its guards, or as the round is unknown; None to go on."""
        ended: Decision | None = parked_by([*plan.park, *table.park], scope, waiting)
        if isinstance(ended, Park):
            return ended
        if unknown is not None:
            return self._unknown(plan, scope, Hold(Waiting(ROUND_SPACE, unknown), aside=True, reversal=True))
        return ended or skipped_by(plan.skip, scope)

    def _undo(self, table: TablePlan, plan: ReversalPlan, scope: Scope, waiting: Waiting | None) -> Decision:
        named = self._named(plan, plan.undoes, scope)
        if not isinstance(named, PlayRow):
            return named
        memory = named.memory()
        if memory is None:
            raise named.undecided()
        did = None if names_itself(named, scope) else doing("undoes", plan, named)
        ended = self._undo_ended(table, plan, scope, waiting, did)
        if ended is not None:
            return ended
        if memory.parked:
            return Park("original_parked", "the reversal that it undoes is parked", reversal=True)
        if not memory.reversal and did is not None:
            return Park("not_a_reversal", "the row that it undoes is no reversal", reversal=True)
        undoing = Undoing(named, what_it_took(named, memory), scope)
        lifts, repeats = undoing.lifts(), undoing.is_repeat()
        events, took = undo(self._maker, scope, undoing, lifts)
        if (repeats and plan.repeated == "park") or not (events or took or memory.took):
            return self._nothing_to_do(plan, NOTHING_TO_RESTORE)
        decision = as_sent(self._maker, plan, scope, events, did)
        decision.undone, decision.took = named, [] if repeats else took
        decision.lifts = lifts
        decision.reason = NOTHING_TO_RESTORE if repeats else NOT_COUNTED
        return decision

    def _undo_ended(
        self, table: TablePlan, plan: ReversalPlan, scope: Scope, waiting: Waiting | None, did: Did | None
    ) -> Decision | None:
        """Return how an undo ends because of what it did before, or by its guards; None to go on."""
        ended = ended_before(scope, did) if did is not None else None
        return ended or parked_by([*plan.park, *table.park], scope, waiting) or skipped_by(plan.skip, scope)
