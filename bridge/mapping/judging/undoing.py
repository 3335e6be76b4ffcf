"""Undoing what a reversal row did: what it took back stands again, where its own row says now that it counts."""

from __future__ import annotations

import msgspec

from bridge.errors import MappingError, PoisonRecord
from bridge.mapping.judging.ahead import MOVED_ON, is_kept_back, lift, taken_ahead
from bridge.mapping.judging.events import EventMaker
from bridge.mapping.judging.growth import growth
from bridge.mapping.judging.keepers import Undoing
from bridge.mapping.judging.retaking import retake
from bridge.mapping.judging.taken_in_history import took_in_history
from bridge.mapping.judging.taking_back import as_history_left, as_settled
from bridge.mapping.judging.takings import require_uncut
from bridge.mapping.state.keys import row_name
from bridge.mapping.state.outgoing import Lifted, Outgoing
from bridge.mapping.state.plan import ActivityPlan
from bridge.mapping.state.remembered import Ending, RowMemory, Sent, Took
from bridge.mapping.state.scope import PlayRow, Scope, names_itself
from bridge.mapping.state.shares import more

Undone = tuple[list[Outgoing], list[Took]]
"""The events of an undo, and what it gave back, or took once more."""


def what_it_took(row: PlayRow, memory: RowMemory) -> list[Took]:
    """Return what a reversal row took or gave back.

    Raises Waiting while that cannot be told of history, and MappingError where it never can.
    """
    if memory.took is not None or memory.did is None:
        return memory.took or []
    if memory.did.way != "undoes":
        return took_in_history(row.recall, row.plan, row.key, memory.did)
    raise MappingError(
        "done_in_history", "what it undoes was done before the bridge, and what that was is not known"
    )


def undo(maker: EventMaker, scope: Scope, undoing: Undoing, lifts: list[Lifted]) -> Undone:
    """Return what undoes a reversal row, and what that takes or gives in turn; of a row deleted since nothing.

    Raises MappingError where something else has happened to it since.
    """
    if any(one.given for one in undoing.took):
        return retake(maker, scope, undoing.undone, undoing.took)
    undone, giving = undoing.undone, _GivingBack(maker, scope, undoing, lifts)
    itself = names_itself(undone, scope)
    if itself:
        giving.count_beside(undone, bets=True)
    for one, counts in giving.in_order():
        giving.give(one, counts=counts)
    if itself:
        giving.count_beside(undone, bets=False)
    return giving.events, giving.done


class _GivingBack:
    """One undo of a reversal.

    Rows are asked as they are without that reversal, and with what has been given back already: a closing win
    may depend on what was cashed out, and the end of a round on its bets.
    """

    def __init__(self, maker: EventMaker, scope: Scope, undoing: Undoing, lifts: list[Lifted]) -> None:
        self._maker = maker
        self._undoing = undoing
        self._took = undoing.took
        self._asking = scope
        self._tables = scope.plan.all_tables
        self._supposed: dict[tuple[str, str], RowMemory | None] = {}
        self._recall = scope.recall.supposing(self._supposed)
        self._scopes: dict[tuple[str, str], Scope] = {}
        self._totals: set[tuple[str, str, str]] = set()
        """The running totals of which this reversal still keeps pieces."""
        self.events: list[Outgoing] = []
        self.done: list[Took] = []
        for keeper, one in lifts:
            row = self._row(one)
            memory = row.memory()
            if memory is not None:
                lift(self._suppose(row, memory), one, row_name(keeper.plan.name, keeper.key))

    def in_order(self) -> list[tuple[Took, bool]]:
        """Return what was taken, and whether its row is asked for it anew: the last first, bets before wins.

        What is restored as it was sent comes before what is made anew, which may depend on it.  That comes in the
        order in which its table has it, as always: a closing win pays what was not cashed out by then.
        """
        found: list[tuple[Took, bool]] = []
        for one in self._took[::-1]:
            memory = self._row(one).memory()
            found.append((one, memory is not None and taken_ahead(memory, one, self._undoing.by) is not None))
        for one in self._took:  # A total that is alone is sent as it grows.
            anew, plan = msgspec.structs.replace(one, n=0), self._plan(one)
            if one.n > 0 and plan.grows is not None and not plan.alone and (anew, True) not in found:
                found.append((anew, True))
        rows = list(dict.fromkeys((one.table, one.key) for one, anew in found if anew))
        found.sort(key=lambda item: self._turn(item, rows))
        return found

    def _turn(self, item: tuple[Took, bool], rows: list[tuple[str, str]]) -> tuple[int, int, int]:
        """Return when the turn of an activity comes; of two that have the same the first comes first."""
        one, anew = item
        if self._plan(one).type == "Bet":
            return 0, 0, 0
        written = list(self._tables[one.table].activities)
        return (2, rows.index((one.table, one.key)), written.index(one.name)) if anew else (1, 0, 0)

    def give(self, one: Took, *, counts: bool) -> None:
        """Give back one activity, or one piece."""
        row, activity = self._row(one), self._plan(one)
        memory = row.memory()
        if memory is None and one.n > 0:
            raise MappingError(*MOVED_ON)
        if memory is None or (memory.gone and not memory.standing()):
            return
        last = memory.last(one.name)
        if counts:
            self._count(row, memory, activity, one)
        elif one.n <= 0 and (one.part is None or last is None):
            if last is not None and (last.stands or last.taken) and not self._undoing.repeated:
                raise MappingError(*MOVED_ON)
        else:
            self._restore(row, memory, activity, one)

    def count_beside(self, row: PlayRow, *, bets: bool) -> None:
        """Let count what a row that undoes itself says of play that it had not sent, bets before all else."""
        memory = row.memory()
        taken = {one.name for one in self._took if (one.table, one.key) == (row.plan.name, row.key)}
        for name, activity in row.plan.activities.items():
            last = memory.last(name) if memory is not None else None
            busy = name in taken or (last is not None and (last.stands or last.taken))
            if memory is None or busy or (activity.type == "Bet") is not bets or not self._is_meant(activity, row):
                continue
            out = self._counted(row, activity, self._now(row), self._suppose(row, memory))
            if out is not None:
                self._add(row, Took(row.plan.name, row.key, name, 0), out)

    def _is_meant(self, activity: ActivityPlan, row: PlayRow) -> bool:
        """Return whether an activity is meant for a row, which may be one that only takes back."""
        try:
            return activity.when(self._now(row))
        except PoisonRecord:
            return False

    def _restore(self, row: PlayRow, memory: RowMemory, activity: ActivityPlan, one: Took) -> None:
        """Let stand again, as it was sent, what the reversal still keeps back and its own row says to count."""
        sent = _known(row, activity, one)
        if _has_said_no(sent):
            return
        self._totals.add((one.table, one.key, one.name))
        known = self._suppose(row, memory)
        gone = one.part is not None and self._undoing.takes_later(sent)
        if gone or is_kept_back(activity, row.scope(), known):
            self._keep(row, one)
            return
        if sent.taken and not row.plan.append_only and not _counts(activity, self._now(row), known):
            if activity.grows is None:
                self._keep(row, one)
            return
        if activity.grows is not None:
            out = self._maker.piece_again(row, activity, row.scope(), sent, known.pieces(one.name)[-1].n + 1)
        else:
            if (sent.stands and sent.n == one.n) or ((one.part is None or not sent.cut) and sent.n != one.n):
                raise MappingError(*MOVED_ON)
            if sent.stands:
                self.events.append(self._maker.rollback(row, row.scope(), sent))
            out = self._settled_anew(row, activity, known, sent) or self._maker.again(
                row, activity, row.scope(), sent, more(sent.left, one.part)
            )
            known.sent = [other for other in known.sent if other.name != one.name]
        known.sent = [*known.sent, msgspec.structs.replace(sent, n=out.n, stands=True, taken=False)]
        self._add(row, one, out)

    def _settled_anew(
        self, row: PlayRow, activity: ActivityPlan, memory: RowMemory, sent: Sent
    ) -> Outgoing | None:
        """Return the event of an activity of the row that undoes itself, and says now something else of it."""
        if activity.compare is None or not self._is_asking(row):
            return None
        scope = self._now(row)
        return self._counted(row, activity, scope, memory) if activity.compare(scope) != sent.compare else None

    def _count(self, row: PlayRow, memory: RowMemory, activity: ActivityPlan, one: Took) -> None:
        """Let count what was taken before it was sent, or has grown since: it is sent if its row says so now."""
        grown_since = one.n == 0 and taken_ahead(memory, one, self._undoing.by) is None
        if grown_since and (one.table, one.key, one.name) not in self._totals:
            return
        known = self._suppose(row, memory)
        last = known.last(one.name)
        if last is not None and not self._undoing.is_free(last):
            out = None
        elif row.plan.append_only and last is not None:
            out = self._once_more(row, activity, known)
        else:
            out = self._counted(row, activity, self._now(row), known)
        if out is not None:
            self._add(row, one, out)
        else:
            self._keep(row, one)

    def _once_more(self, row: PlayRow, activity: ActivityPlan, memory: RowMemory) -> Outgoing | None:
        """Return the event of what was sent before, where no other reversal keeps it back."""
        last = memory.last(activity.name)
        if last is None or last.stands or is_kept_back(activity, row.scope(), memory):
            return None
        return self._maker.again(row, activity, row.scope(), last, last.left)

    def _counted(self, row: PlayRow, activity: ActivityPlan, scope: Scope, memory: RowMemory) -> Outgoing | None:
        """Return the event of an activity that counts by its row as that is now, and was not sent."""
        if memory.parked or not _counts(activity, scope, memory) or is_kept_back(activity, scope, memory):
            return None
        last = memory.last(activity.name)
        n = last.n + 1 if last is not None else 1
        if activity.grows is not None:
            scope.grown, last = growth(activity, scope, memory.pieces(activity.name)), None
            if not scope.grown:
                return None
        elif last is not None:
            require_uncut(last)
        out = self._maker.approve(row, activity, scope, n, last)
        if scope.siblings is not None:
            scope.siblings[activity.name] = (Sent(activity.name, n, True, 0, out.amount), dict(out.fields))
        return out

    def _add(self, row: PlayRow, one: Took, out: Outgoing) -> None:
        self.events.append(out)
        self.done.append(Took(one.table, row.key, one.name, out.n, one.part, given=True))

    def _keep(self, row: PlayRow, one: Took) -> None:
        """Note what was given back and does not count yet."""
        part = one.part if one.n <= 0 else None
        self.done.append(Took(one.table, row.key, one.name, 0, part, given=True))

    def _suppose(self, row: PlayRow, memory: RowMemory) -> RowMemory:
        """Return a row's memory as it is after what has been given back already."""
        place = (row.plan.name, row.key)
        known = self._supposed.get(place)
        if known is None:
            own = [msgspec.structs.replace(sent) for sent in as_history_left(row, memory).sent]
            known = self._supposed[place] = msgspec.structs.replace(memory, sent=own)
        return known

    def _now(self, row: PlayRow) -> Scope:
        """Return the scope of a row as it is now: of one that undoes itself, that is what the change shows."""
        place, asking = (row.plan.name, row.key), self._asking
        scope = self._scopes.get(place)
        if scope is None:
            scope = PlayRow(row.plan, row.key, self._recall).scope()
            if self._is_asking(row):
                scope = Scope(
                    row.plan, self._recall, row.key, asking.row, memory=scope.memory, change=asking.change
                )
            scope.siblings = {}
            self._scopes[place] = scope
        scope.cache.clear()
        return scope

    def _is_asking(self, row: PlayRow) -> bool:
        """Return whether a row undoes itself."""
        return names_itself(row, self._asking)

    def _row(self, one: Took) -> PlayRow:
        return PlayRow(self._tables[one.table], one.key, self._asking.recall)

    def _plan(self, one: Took) -> ActivityPlan:
        return self._tables[one.table].activities[one.name]


def _counts(activity: ActivityPlan, scope: Scope, memory: RowMemory) -> bool:
    """Return whether a row says that an activity counts; one that a guard has left out says so of nothing."""
    return memory.ending is not Ending.SKIPPED and activity.when(scope) and activity.stands(scope)


def _has_said_no(sent: Sent) -> bool:
    """Return whether the own row of what was taken back has said since that it does not count."""
    return not sent.stands and not sent.taken


def _known(row: PlayRow, activity: ActivityPlan, took: Took) -> Sent:
    memory = row.memory()
    last = memory.last(took.name) if memory is not None else None
    if memory is None or last is None or (last.partly and last.stands):
        raise MappingError(*MOVED_ON)
    if activity.grows is None:
        return as_settled(row, last)
    found = next((one for one in memory.pieces(took.name) if one.n == took.n), None)
    if found is None or (not found.taken and (memory.standing() or memory.taken())):
        raise MappingError(*MOVED_ON)
    return found
