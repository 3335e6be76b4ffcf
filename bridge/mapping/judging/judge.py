"""Judges one change of a play row: skip, park, hold or send, decided as a whole.

The order of judging is fixed: deletes and `skip`; `watch`; is there a rule; is the row parked
already; `moves`; the row it follows; reversals; `park`; the difference between what should stand
and what stands; the events.  A guard has three values: one that is true wins over one that still
waits, and only if none is true and one waits does the change wait.
"""

from __future__ import annotations

from typing import Final

from bridge.errors import MappingError, PoisonRecord
from bridge.flow import Change
from bridge.mapping.judging.doings import CHANGED, undoes_itself_in_vain
from bridge.mapping.judging.events import EventMaker, newest_first, override, require_different_ids
from bridge.mapping.judging.growth import growth
from bridge.mapping.judging.guards import first_true, forbidden_move, forgotten
from bridge.mapping.judging.reversals import Reversals
from bridge.mapping.judging.taking_back import as_history_left, rest_of
from bridge.mapping.judging.takings import NOTHING_KEPT, TAKEN_BACK, kept_back, require_unchanged, require_uncut
from bridge.mapping.language.readers import Reader
from bridge.mapping.state.decisions import NO_CHANGE, Decision, Hold, Park, Skip
from bridge.mapping.state.layered import NO_ROW
from bridge.mapping.state.outgoing import Outgoing, Send
from bridge.mapping.state.plan import ActivityPlan, ReversalPlan, TablePlan
from bridge.mapping.state.remembered import UNDECIDED, Ending, Sent
from bridge.mapping.state.rounds import ROUND_SPACE
from bridge.mapping.state.rows import OF_ANOTHER, OUTDATED, is_another, is_outdated
from bridge.mapping.state.scope import PlayRow, Scope
from bridge.mapping.state.waiting import Waiting
from bridge.row import Value

OF_ANOTHER_ROW: Final = Skip(OF_ANOTHER)

Next = tuple[ActivityPlan, int, Value]
"""What is to be sent: an activity, its generation or piece, and by how much it has grown if it is a total."""


class Judge:
    """Decides; remembers nothing itself and changes nothing."""

    def __init__(self, maker: EventMaker) -> None:
        self._maker = maker
        self._reversals = Reversals(maker)

    def judge(self, table: TablePlan, change: Change, scope: Scope) -> Decision:
        """Return what the change leads to.  Whatever cannot be mapped is parked."""
        try:
            if table.as_of is not None and is_outdated(table, change, scope):
                return Skip(OUTDATED, untouched=True)  # It waited, and a newer one has come through before it.
            return self._judge(table, change, scope)
        except Waiting as missing:
            # What waits for a round waits for others of its player: it must not hold them.
            return Hold(missing, aside=missing.space == ROUND_SPACE)
        except PoisonRecord as poison:
            return Park(poison.code, poison.reason)

    def skip_at_once(self, table: TablePlan, scope: Scope) -> Skip | None:
        """Return the skip that a guard demands already now, if one does, although its player's queue waits."""
        try:
            reason, _ = first_true(table.skip, scope)
        except PoisonRecord:
            return None
        return Skip(reason, final=True, reversal=self._is_reversal(table, scope)) if reason is not None else None

    def skip_of_history(self, table: TablePlan, scope: Scope) -> str:
        """Return why a guard skips a row of history: UNDECIDED if that cannot be told yet, empty if none does.

        As in the log, none is asked while something stands.
        """
        try:
            stands = scope.memory is not None and scope.memory.stands
            reason, waiting = ("", None) if stands else first_true(table.skip, scope)
        except PoisonRecord:
            return ""
        return reason or (UNDECIDED if waiting is not None else "")

    def _judge(self, table: TablePlan, change: Change, scope: Scope) -> Decision:
        memory = scope.memory
        stands = memory is not None and memory.stands
        if change.op == "d":
            return self._judge_delete(table, scope, stands=stands)
        waiting: Waiting | None = None
        if table.skip and not stands:
            reason, waiting = first_true(table.skip, scope)
            if reason is not None:
                return self._guarded(table, scope, reason)
        if change.op == "u" and table.watch and self._kept(table, scope):
            return Skip("watched columns kept")
        reversal: ReversalPlan | None = None
        if table.reverses:
            reversal, waiting = self._reversal_of(table, scope, waiting)
        applies: list[ActivityPlan] = []
        in_vain = reversal is not None and undoes_itself_in_vain(reversal, scope)
        if reversal is None or in_vain:
            for activity in table.activities.values():
                if activity.when(scope):
                    applies.append(activity)  # noqa: PERF401 -- for one or two, a comprehension costs more
            if applies:
                reversal = None
        refused = self._refused(table, scope, waiting, reversal is not None, bool(applies))
        if refused is not None:
            return refused
        if reversal is not None:
            scope.reversal = reversal
            return self._reversals.judge(table, reversal, scope, waiting)
        followed = self._follow(table.after, scope) if table.after is not None else None
        return followed if followed is not None else self._judge_activities(table, scope, applies, waiting)

    def _guarded(self, table: TablePlan, scope: Scope, reason: str) -> Decision:
        """Return how a row ends that a guard skips: one that has taken something back cannot just be left out."""
        memory, (_, released, frees) = scope.memory, NOTHING_KEPT
        if memory is not None and memory.effective:
            return CHANGED
        if memory is not None and (memory.sent or memory.ahead):
            _, released, frees = kept_back(table, scope, [], memory.taken())
        reversal = self._is_reversal(table, scope)
        return Skip(reason, final=True, reversal=reversal, released=tuple(released), frees=frees)

    def _refused(
        self, table: TablePlan, scope: Scope, waiting: Waiting | None, reverses: bool, applies: bool
    ) -> Decision | None:
        """Return the parking of a row that no rule names, that is parked already, or moves as it may not."""
        memory = scope.memory
        park: Park | None
        if not reverses and memory is not None and memory.effective and not memory.parked:
            park = CHANGED
        elif not reverses and not applies and not (memory is not None and memory.sent):
            park = Park("no_rule", "no rule of the connector names such a row")
        elif memory is not None and memory.parked:
            return Park("row_parked", "an earlier change of this row is parked")
        else:
            park = forbidden_move(table, scope) if table.moves else None
        return Hold(waiting) if park is not None and waiting is not None else park

    def _judge_activities(
        self, table: TablePlan, scope: Scope, applies: list[ActivityPlan], waiting: Waiting | None
    ) -> Decision:
        if table.park:
            reason, missing = first_true(table.park, scope)
            if reason is not None:
                return Hold(waiting) if waiting else Park("guard", reason)
            waiting = waiting or missing
        return self._send_difference(table, scope, applies, waiting)

    def _judge_delete(self, table: TablePlan, scope: Scope, *, stands: bool) -> Decision:
        memory = scope.memory
        if table.deleted == "nothing":
            return Skip("row deleted", untouched=True)
        if memory is None:
            return Skip("deleted row was never seen", untouched=True)
        if not stands and not memory.effective:
            reason, _ = first_true(table.skip, scope)
            if reason is not None or memory.ending is Ending.SKIPPED:
                return Skip(reason or memory.reason, final=True)
        if memory.parked:
            return Park("row_parked", "an earlier change of this row is parked")
        if callable(table.deleted) and not table.deleted(scope):
            return Skip("row deleted", untouched=True)
        return CHANGED if memory.effective else self._send_difference(table, scope, [], None)

    def _kept(self, table: TablePlan, scope: Scope) -> bool:
        before = scope.before().row
        if before is NO_ROW:
            return False
        return all(column in before and before[column] == scope.row[column] for column in table.watch)

    def _is_reversal(self, table: TablePlan, scope: Scope) -> bool:
        try:
            return any(reversal.when(scope) for reversal in table.reverses)
        except (Waiting, PoisonRecord):
            return False

    def _reversal_of(
        self, table: TablePlan, scope: Scope, waiting: Waiting | None
    ) -> tuple[ReversalPlan | None, Waiting | None]:
        for reversal in table.reverses:
            try:
                if reversal.when(scope):
                    return reversal, waiting
            except Waiting as missing:
                waiting = waiting or missing
        return None, waiting

    def _follow(self, after: Reader, scope: Scope) -> Decision | None:
        """Return how the row ends because of the row that it follows; None to go on."""
        followed = after(scope)
        if followed is None:
            return None
        if not isinstance(followed, PlayRow):
            raise MappingError("not_a_row", "`after` does not name a row of a play table")
        memory = followed.memory()
        if memory is None or memory.waits:
            return Hold(followed.undecided())
        scope.original = followed
        if memory.parked:
            return Park("followed_parked", "the row that it follows is parked")
        if memory.ending is Ending.SKIPPED and not memory.sent:
            return Skip(memory.reason, final=True)
        return None

    def _send_difference(
        self, table: TablePlan, scope: Scope, applies: list[ActivityPlan], waiting: Waiting | None
    ) -> Decision:
        """Send what should stand and does not, and take back what stands and should not."""
        back: list[Sent] = []
        forth: list[Next] = []
        if scope.memory is not None:
            scope.memory = as_history_left(PlayRow(table, scope.key, scope.recall), scope.memory)
        taken = scope.memory.taken() if scope.memory is not None else []
        kept, released, frees = NOTHING_KEPT
        if taken or (scope.memory is not None and scope.memory.ahead):
            counting = [one.name for one in applies if one.stands(scope)]
            kept, released, frees = kept_back(table, scope, counting, taken)
        for activity in table.activities.values() if scope.memory is not None else applies:
            should = activity in applies and activity.stands(scope)
            if activity.name in taken and not activity.alone:
                if should:
                    require_unchanged(activity, scope)
            elif activity.name not in kept:
                self._differ(activity, scope, back, forth, should=should)
        if not back and not forth:
            if not taken and not kept and not frees:
                nothing = OF_ANOTHER_ROW if is_another(table, scope) else NO_CHANGE
                return forgotten(table, scope, [], applies) or nothing
            reason = NO_CHANGE.reason if set(taken) <= set(released) and not kept else TAKEN_BACK
            return Skip(reason, released=tuple(released), frees=frees)
        if waiting is not None:
            return Hold(waiting)
        events = self._make(table, scope, newest_first(table, back) if back else back, forth)
        park = forgotten(table, scope, events) if forth else None
        if park is not None:
            return park
        decision = Send(events)
        decision.released, decision.frees = tuple(released), frees
        return decision

    def _differ(
        self,
        activity: ActivityPlan,
        scope: Scope,
        back: list[Sent],
        forth: list[Next],
        *,
        should: bool,
    ) -> None:
        if activity.grows is not None:
            self._differ_in_growth(activity, scope, back, forth, should=should)
            return
        last = scope.memory.last(activity.name) if scope.memory is not None else None
        if last is None or not last.stands:
            if should:
                if last is not None:
                    require_uncut(last)
                forth.append((activity, last.n + 1 if last is not None else 1, None))
        elif not should:
            back.append(last)
        elif activity.compare is not None and activity.compare(scope) != last.compare:
            require_uncut(last)
            back.append(last)
            forth.append((activity, last.n + 1, None))

    def _differ_in_growth(
        self,
        activity: ActivityPlan,
        scope: Scope,
        back: list[Sent],
        forth: list[Next],
        *,
        should: bool,
    ) -> None:
        pieces = scope.memory.pieces(activity.name) if scope.memory is not None else []
        if not should:
            back += [piece for piece in pieces if piece.stands]
            return
        grown = growth(activity, scope, pieces)
        if grown:
            forth.append((activity, pieces[-1].n + 1 if pieces else 1, grown))

    def _make(self, table: TablePlan, scope: Scope, back: list[Sent], forth: list[Next]) -> list[Outgoing]:
        row = PlayRow(table, scope.key, scope.recall)
        events: list[Outgoing] = []
        count = len(back) + len(forth)
        for sent in back:
            plan = table.activities[sent.name]
            out = rest_of(self._maker, row, scope, sent)
            scope.n, scope.last = sent.n, len(events) + 1 == count
            override(out.fields, plan.rollback, scope)
            events.append(self._maker.finish(out, plan.type, None))
        memory = scope.memory
        scope.siblings = siblings = {}
        for plan, n, grown in forth:
            scope.last, scope.grown = len(events) + 1 == count, grown
            before = memory.last(plan.name) if memory is not None and plan.grows is None else None
            out = self._maker.approve(row, plan, scope, n, before)
            events.append(out)
            if count > 1 or table.indexes:  # Only then will anything ask for it.
                siblings[plan.name] = (Sent(plan.name, n, True, 0, out.amount), out.fields)
        return require_different_ids(events) if len(forth) > 1 else events
