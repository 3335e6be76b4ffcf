"""Undoing what a reversal row did: what it took back stands again, and what an undo gave back goes again."""

from __future__ import annotations

import msgspec

from bridge.errors import MappingError
from bridge.mapping.ahead import MOVED_ON, is_kept_back, may_turn, require_enough, without
from bridge.mapping.events import EventMaker
from bridge.mapping.history import settled, took_in_history
from bridge.mapping.outgoing import Outgoing
from bridge.mapping.plan import ActivityPlan
from bridge.mapping.remembered import Ahead, Ending, RowMemory, Sent, Took
from bridge.mapping.scope import PlayRow, Scope
from bridge.mapping.shares import anything, less, more
from bridge.mapping.takings import require_known_rest


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


def undo(maker: EventMaker, scope: Scope, took: list[Took]) -> tuple[list[Outgoing], list[Took]]:
    """Return what undoes a reversal, the last thing that it did first, and what that takes or gives in turn.

    A bet is given back before what was won with it, whatever the order in which they went, and nothing of a row
    that was deleted since.

    Raises MappingError where something else has happened to it since.
    """
    events: list[Outgoing] = []
    done: list[Took] = []
    scopes: dict[tuple[str, str], Scope] = {}
    for one in _in_order(scope, took):
        plan = scope.plan.all_tables[one.table]
        row, activity = PlayRow(plan, one.key, scope.recall), plan.activities[one.name]
        memory = row.memory()
        if memory is not None and memory.gone and not memory.standing():
            continue
        if one.n == 0 and may_turn(memory, one):
            out, turned = _turned(maker, row, activity, one, scopes)
            events, done = [*events, *out], [*done, *turned]
            continue
        sent = _known(row, activity, one)
        if one.n and not one.given and _says_no(memory, sent):
            continue
        if one.given:
            events += _retaken(maker, row, activity, sent, one)
            done.append(Took(one.table, row.key, one.name, sent.n, one.part))
            continue
        again = _restored(maker, row, sent, one, done)
        events += again
        done.append(Took(one.table, row.key, one.name, again[-1].n, one.part, given=True))
    return events, done


def _turned(
    maker: EventMaker, row: PlayRow, activity: ActivityPlan, took: Took, scopes: dict[tuple[str, str], Scope]
) -> tuple[list[Outgoing], list[Took]]:
    """Let what was taken before it was sent count when its row says so; it is sent if that says so now.

    What an undo let count is kept back once more.
    """
    memory = row.memory()
    if memory is None:
        return [], []
    if not took.given and Ahead(took.name, took.part) not in memory.ahead:
        return [], []  # Its own row has freed it.
    if took.given and Ahead(took.name) in memory.ahead and not activity.when(row.scope()):
        return [], []  # Neither the row nor a reversal means anything by it.
    if took.given:
        require_enough(activity, memory, row.scope(), took.part)
    out = _counted(maker, row, activity, took, scopes) if not took.given else None
    n = out.n if out is not None else 0
    turned = Took(took.table, row.key, took.name, n, took.part, given=not took.given)
    return [out] if out is not None else [], [turned]


def _counted(
    maker: EventMaker, row: PlayRow, activity: ActivityPlan, took: Took, scopes: dict[tuple[str, str], Scope]
) -> Outgoing | None:
    """Return the event of an activity that an undo lets count, if its own row says now that it does."""
    memory = row.memory()
    if memory is None or memory.parked or memory.ending is Ending.SKIPPED:
        return None
    last = memory.last(took.name)
    scope = scopes.get((took.table, row.key))
    if scope is None:
        scope = scopes[took.table, row.key] = row.scope()
        scope.siblings = {}
    scope.memory = known = msgspec.structs.replace(memory, ahead=without(memory.ahead, took))
    if not activity.when(scope) or not activity.stands(scope) or is_kept_back(activity, scope, known):
        return None
    if activity.grows is not None:
        total_of, books = activity.grows
        scope.grown = total_of(scope) if books(scope) else None
        if not scope.grown:
            return None
    if last is not None:
        require_known_rest(last, anew=True)
    out = maker.approve(row, activity, scope, last.n + 1 if last is not None else 1, last)
    siblings = scope.siblings if scope.siblings is not None else {}
    siblings[took.name] = (Sent(took.name, out.n, True, 0, out.amount), dict(out.fields))
    return out


def _says_no(memory: RowMemory | None, sent: Sent) -> bool:
    """Return whether the own row of what was taken back has said since that it does not count.

    Of a share in history that is not known.
    """
    if sent.stands or sent.taken or memory is None:
        return False
    return bool(sent.seq) or not sent.cut


def _in_order(scope: Scope, took: list[Took]) -> list[Took]:
    def is_won(one: Took) -> bool:
        return not one.given and scope.plan.all_tables[one.table].activities[one.name].type != "Bet"

    last_first = took[::-1]
    last_first.sort(key=is_won)
    return last_first


def _known(row: PlayRow, activity: ActivityPlan, took: Took) -> Sent:
    memory = row.memory()
    last = memory.last(took.name) if memory is not None else None
    if memory is None or last is None or (last.partly and last.stands):
        raise MappingError(*MOVED_ON)
    if activity.grows is not None:
        found = next((one for one in memory.pieces(took.name) if one.n == took.n), None)
        if found is None or (not took.given and not found.taken and (found.stands or memory.standing())):
            raise MappingError(*MOVED_ON)
        return found
    return as_settled(row, last)


def as_settled(row: PlayRow, sent: Sent) -> Sent:
    """Return an activity as it stands now; where it is of history, reversals of history may have left a part."""
    activity = row.plan.activities[sent.name]
    known = sent.left is not None or sent.seq or activity.share is None
    return sent if known else settled(row, activity, sent)


def _restored(maker: EventMaker, row: PlayRow, sent: Sent, took: Took, done: list[Took]) -> list[Outgoing]:
    """Return what lets an activity stand again with what a reversal took of it."""
    memory, activity = row.memory(), row.plan.activities[took.name]
    if activity.grows is not None and memory is not None:
        last = memory.last(took.name)
        same = [one for one in done if (one.table, one.key, one.name) == (took.table, row.key, took.name)]
        n = (last.n if last is not None else 0) + len(same) + 1
        return [maker.piece_again(row, activity, row.scope(), sent, n)]
    if (sent.stands and sent.n == took.n) or (took.part is None and sent.n != took.n):
        raise MappingError(*MOVED_ON)
    events = [maker.rollback(row, row.scope(), sent)] if sent.stands else []
    return [*events, maker.again(row, activity, row.scope(), sent, more(sent.left, took.part))]


def _retaken(maker: EventMaker, row: PlayRow, activity: ActivityPlan, sent: Sent, took: Took) -> list[Outgoing]:
    """Return what takes back once more what an undo gave back."""
    if not sent.stands or (took.part is None and sent.n != took.n and took.n):
        raise MappingError(*MOVED_ON)
    whole = maker.rollback(row, row.scope(), sent)
    if took.part is None:
        return [whole]
    rest = less(sent.left, took.part)
    if rest is None:
        raise MappingError(*MOVED_ON)
    whole.takes, whole.left = took.part, rest
    return [whole, maker.again(row, activity, row.scope(), sent, rest)] if anything(rest) else [whole]
