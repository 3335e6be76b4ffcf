"""Several reversals that keep back one activity: it comes back when none of them holds it any more.

Of those that say the same (of the same kind: they name the row, or its round, or what it follows) the first that
was written holds it, and the others repeat that.  So its undo is theirs too, as far as they were written before
it; what was written after it says once more that the activity does not count.
"""

from __future__ import annotations

from typing import NamedTuple

from bridge.mapping.judging.ahead import taken_ahead
from bridge.mapping.judging.retaking import first_of
from bridge.mapping.judging.taking_back import as_history_left, as_settled
from bridge.mapping.state.groups import taken_with
from bridge.mapping.state.keys import KEY_SEPARATOR, row_name
from bridge.mapping.state.outgoing import Lifted
from bridge.mapping.state.remembered import Ahead, Did, RowMemory, Sent, Took
from bridge.mapping.state.rounds import RoundRows
from bridge.mapping.state.scope import PlayRow, Scope, names_itself
from bridge.mapping.state.shares import anything
from bridge.records import SourcePosition


def kept_already(rows: RoundRows, scope: Scope, activity: str | None, now: str) -> list[Took]:
    """Return what others keep back of rows: a reversal does so too.  `now` is its `taken_with`."""
    by = row_name(scope.plan.name, scope.key)
    found: list[Took] = []
    for row, memory in rows[::-1]:
        if not names_itself(row, scope):
            names = [name for name in row.plan.activities if activity in (None, name)]
            kept = [name for name in names[::-1] if _is_kept_by_others(row, memory, name, by, now)]
            found += [Took(row.plan.name, row.key, name, memory.not_sent, taken_with=now) for name in kept]
    return found


def _is_kept_by_others(row: PlayRow, memory: RowMemory, name: str, by: str, kind: str) -> bool:
    """Return whether reversals keep an activity back, and none of them is this one; an old one has no name."""
    if not memory.sent and not memory.ahead:
        return False
    last = memory.last(name)
    keepers: list[tuple[str, str | bool]] = [
        (one.by, one.taken_with) for one in memory.ahead if one.name == name and one.part is None
    ]
    if last is not None:
        last = as_settled(row, last)
        if last.stands or row.plan.activities[name].alone:
            return False
        if last.taken:
            keepers.append((last.taken_by, last.taken_with))
    return bool(keepers) and not any(one == by if one else _is_same(other, kind) for one, other in keepers)


def _is_same(kind: str | bool, other: str | bool) -> bool:
    """Return whether two reversals are of one kind; an old one may tell only that it did not name the row."""
    return bool(kind) == bool(other) if True in (kind, other) else kind == other


class _Keeper(NamedTuple):
    by: str
    kind: str | bool
    later: bool
    """It was judged after the reversal that is undone."""


class Undoing:
    """The undo of a reversal: what of others is lifted with it, and what holds although it is undone."""

    def __init__(self, undone: PlayRow, took: list[Took], scope: Scope) -> None:
        self.undone = undone
        self.took = took
        memory = undone.memory()
        self.repeated = memory is not None and bool(memory.reason)
        """It found nothing standing: what stands by now is none of its doing."""
        self.by = row_name(undone.plan.name, undone.key)
        self._kind = taken_with(first_of(undone))
        self._since = _written(undone)
        until = scope.change.position if scope.change is not None else None
        early = until is not None and self._since is not None and not until.is_after(self._since)
        self._until = self._since if early else until  # One that is read first undoes as soon as it can.

    def lifts(self) -> list[Lifted]:
        """Return what the reversal took, and what repeats of it did until it was undone."""
        took = [one for one in self.took if not one.given]
        found = [Lifted(self.undone, one) for one in took]
        for one in took:
            row = self._row(one.table, one.key)
            memory = row.memory()
            if memory is not None:
                found += self._repeats(row, memory, one)
        return found

    def is_repeat(self) -> bool:
        """Return whether the reversal only repeated others, which hold all of it still."""
        return bool(self.took) and all(one.n <= 0 and not one.given and self._is_held(one) for one in self.took)

    def _is_held(self, one: Took) -> bool:
        row = self._row(one.table, one.key)
        memory = row.memory()
        return memory is not None and not all(map(self._goes_with, self._that_say_the_same(row, memory, one)))

    def _repeats(self, row: PlayRow, memory: RowMemory, one: Took) -> list[Lifted]:
        """Return what was taken by those that repeat the reversal, of one activity that it took."""
        found = filter(self._goes_with, self._that_say_the_same(row, memory, one))
        names = dict.fromkeys(other.by for other in found)
        return [lifted for by in names for lifted in self._took_by(by, row, one.name)]

    def _that_say_the_same(self, row: PlayRow, memory: RowMemory, one: Took) -> list[_Keeper]:
        """Return what else of the reversal's kind keeps an activity back, while that does so itself."""
        memory = as_history_left(row, memory)
        mine = taken_ahead(memory, one, self.by)
        kind: str | bool = self._kind
        taken = [sent for sent in memory.pieces(one.name) if sent.taken]
        if mine is None and all(sent.n != one.n for sent in taken):
            if one.part is None or not taken:
                return []  # Its own row has said no since.
            kind = taken[-1].taken_with  # What came when all was gone repeats that which took the last part.
        others = self._others(memory, one, mine)
        return others if not row.plan.append_only else [one for one in others if _is_same(one.kind, kind)]

    def _others(self, memory: RowMemory, one: Took, mine: Ahead | None) -> list[_Keeper]:
        """Return what else keeps back all of an activity, as far as it has a name."""
        later = mine is None
        found = []
        if mine is not None:
            found = [_Keeper(s.taken_by, s.taken_with, False) for s in memory.pieces(one.name) if s.taken]
        for other in memory.ahead:
            if other.name == one.name and other.part is None and other is not mine:
                found.append(_Keeper(other.by, other.taken_with, later))
            later = later or other is mine
        return [keeper for keeper in found if keeper.by not in ("", self.by)]

    def _goes_with(self, keeper: _Keeper) -> bool:
        """Return whether a keeper was written after the reversal, and before that was undone."""
        at = _written(self._keeper(keeper.by))
        if at is None or self._since is None or at.lineage != self._since.lineage:
            return keeper.later
        return not self._since.is_after(at) and not self.is_later(at)

    def is_later(self, at: SourcePosition | None) -> bool:
        """Return whether a place in the log is known to be after the undo."""
        return at is not None and at.is_known_after(self._until)

    def takes_later(self, sent: Sent) -> bool:
        """Return whether what was left of a share went after the undo: so does what that gives back."""
        did = self._taking(sent)
        return did is not None and did.takes is None and self.is_later(did.at)

    def is_free(self, sent: Sent) -> bool:
        """Return whether nothing holds it, or only what took a last part: that leaves what came back since."""
        did = self._taking(sent)
        took_a_part = did is not None and did.takes is not None
        return not sent.taken or (took_a_part and sent.left is not None and anything(sent.left))

    def _taking(self, sent: Sent) -> Did | None:
        """Return what the other reversal did that took an activity, where it is known."""
        if not sent.taken or sent.taken_by in ("", self.by):
            return None
        memory = self._keeper(sent.taken_by).memory()
        return memory.did if memory is not None else None

    def _took_by(self, by: str, row: PlayRow, name: str) -> list[Lifted]:
        keeper = self._keeper(by)
        memory = keeper.memory()
        took = (memory.took if memory is not None else None) or []
        return [Lifted(keeper, one) for one in took if one.name == name and _is_of(one, row)]

    def _keeper(self, by: str) -> PlayRow:
        table, _, key = by.partition(KEY_SEPARATOR)
        return self._row(table, key)

    def _row(self, table: str, key: str) -> PlayRow:
        return PlayRow(self.undone.plan.all_tables[table], key, self.undone.recall)


def _is_of(took: Took, row: PlayRow) -> bool:
    named = PlayRow(row.plan.all_tables[took.table], took.key, row.recall)
    named.memory()  # It follows a key that has changed since.
    return not took.given and (named.plan.name, named.key) == (row.plan.name, row.key)


def _written(row: PlayRow) -> SourcePosition | None:
    memory = row.memory()
    return memory.did.at if memory is not None and memory.did is not None else None
