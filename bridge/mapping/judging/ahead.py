"""What other rows take back before it was sent: it does not count when its own row says so later."""

from __future__ import annotations

import contextlib
from typing import Final

from bridge.errors import MappingError, PoisonRecord
from bridge.mapping.state.plan import ActivityPlan
from bridge.mapping.state.remembered import UNKNOWN, Ahead, Ending, RowMemory, Took
from bridge.mapping.state.rounds import RoundRows
from bridge.mapping.state.scope import PlayRow, Scope, names_itself
from bridge.mapping.state.shares import anything, less, more
from bridge.mapping.state.waiting import Waiting
from bridge.row import Value

TAKEN_AHEAD: Final = "taken back before it was sent"
TOO_MUCH: Final = "more_than_left", "more is taken back than is left"
_KNOWN: Final = (Ending.OPEN, Ending.SENT, Ending.PARKED, Ending.HISTORY)
MOVED_ON: Final = "moved_on", "what was taken back stands, or has been sent or taken again since"


def not_sent_yet(row: PlayRow, memory: RowMemory, activity: str | None, now: str = "") -> list[Took]:
    """Return what a reversal takes back of a row beside what stands: activities that may count later.

    They were never sent, or their own row has taken them back.
    Of a row that sent something none of which stands any more, nothing is left to take.  `now` is `taken_with`
    of the reversal.
    """
    says_more = memory.parked or memory.ending is Ending.SKIPPED or bool(memory.ahead)
    if row.plan.append_only and not says_more:
        return []  # Its own row has said what it says, and no other gets its key.
    names = [name for name in row.plan.activities if activity in (None, name)]
    known = [sent for sent in memory.sent if sent.name in names]
    if known and not any(sent.stands for sent in known):
        return []
    done = {sent.name for sent in known if sent.stands or sent.taken}
    done |= {name for name in names if memory.sent and row.plan.activities[name].alone}
    done |= {one.name for one in memory.ahead if one.part is None}
    place = (row.plan.name, row.key)
    return [Took(*place, name, memory.not_sent, taken_with=now) for name in names[::-1] if name not in done]


def share_not_sent_yet(row: PlayRow, memory: RowMemory, activity: str | None, takes: Value) -> Took | None:
    """Return a part that is taken of an activity that was never sent; None where there is nothing to take from.

    Raises MappingError when it is more than is left, as far as the row tells its share yet, or of several.
    """
    if row.plan.append_only or memory.sent:
        return None
    scope = row.scope()
    found = [one for one in row.plan.activities.values() if activity in (None, one.name) and one.when(scope)]
    if len(found) > 1:
        raise MappingError("ambiguous_share", "the original has several activities; say which: `activity:`")
    if not found or not anything(takes):
        return None
    if found[0].share is None:
        raise MappingError("no_share", "`takes` needs a `share` on the activity that it takes from")
    require_enough(found[0], memory, scope, takes)
    return Took(row.plan.name, row.key, found[0].name, memory.not_sent, takes)


def require_enough(activity: ActivityPlan, memory: RowMemory, scope: Scope, takes: Value) -> None:
    """Raise MappingError when other rows have left less than this of an activity that was not sent yet."""
    mine = _of(activity, memory)
    if any(one.part is None for one in mine):
        raise MappingError(*(TOO_MUCH if takes is not None else MOVED_ON))
    if takes is None or activity.share is None:
        return
    left = None
    with contextlib.suppress(PoisonRecord, Waiting):  # A row that is not done yet need not tell its share.
        left = activity.share(scope)
    if left is not None:
        _less_parts(left, [*mine, Ahead(activity.name, takes)])


def round_not_sent_yet(scope: Scope, rows: RoundRows, activity: str | None, now: str) -> list[Took]:
    """Return what goes with a round of which nothing was sent yet: what is pending, and what is parked."""
    found: list[Took] = []
    for row, memory in rows:
        if not names_itself(row, scope) and memory.ending in _KNOWN:
            found += not_sent_yet(row, memory, activity, now)
    return found


def left_ahead(activity: ActivityPlan, memory: RowMemory, left: Value) -> Value:
    """Return what of a whole share other rows have left before it is sent.

    Raises MappingError when they took more.
    """
    return _less_parts(left, _of(activity, memory))


def taken_ahead(memory: RowMemory, took: Took, by: str) -> Ahead | None:
    """Return how a row remembers what a reversal took of it, where that counts as taken before it was sent."""
    found = None
    for one in memory.ahead:
        same = one.part == took.part and one.taken_with == took.taken_with
        if one.name == took.name and one.n == took.n and (one.n > 0 or same):
            if one.by == by:
                return one
            found = found or one
    return found


def lift(memory: RowMemory, took: Took, by: str) -> None:
    """Let a row's memory, which is the caller's own, be without what a reversal took of it."""
    ahead = taken_ahead(memory, took, by)
    if ahead is not None:
        memory.ahead = list(memory.ahead)
        memory.ahead.remove(ahead)
    for sent in memory.sent:
        if sent.name == took.name and took.n > 0:
            if took.part is not None and sent.left is not None and not sent.stands:
                sent.left = more(sent.left, took.part)  # Another reversal may keep all of it back, until its undo.
            sent.taken = sent.taken and sent.n != took.n


def _of(activity: ActivityPlan, memory: RowMemory) -> list[Ahead]:
    return [one for one in memory.ahead if one.name == activity.name]


def is_kept_back(activity: ActivityPlan, scope: Scope, memory: RowMemory) -> bool:
    """Return whether other rows took all of an activity before it was sent."""
    last = memory.last(activity.name)
    mine = _of(activity, memory) if last is None or not last.stands else []
    if not mine or activity.share is None:
        return bool(mine)
    return any(one.part is None for one in mine) or not anything(_less_parts(activity.share(scope), mine))


def _less_parts(left: Value, ahead: list[Ahead]) -> Value:
    for one in ahead:
        if one.part == UNKNOWN:
            raise MappingError("settled_after", "how much a reversal of history took of it is not known")
        if one.part is not None:
            left = less(left, one.part)
        if left is None:
            raise MappingError(*TOO_MUCH)
    return left
