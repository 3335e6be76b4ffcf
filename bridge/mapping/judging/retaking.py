"""Undoing an undo: what that gave back goes again, as with the reversal that it had undone."""

from __future__ import annotations

from bridge.errors import MappingError
from bridge.mapping.judging.ahead import MOVED_ON, require_enough
from bridge.mapping.judging.events import EventMaker
from bridge.mapping.judging.taking_back import all_of, as_settled
from bridge.mapping.state.groups import rows_that_go_with, taken_with
from bridge.mapping.state.outgoing import Outgoing
from bridge.mapping.state.plan import ActivityPlan
from bridge.mapping.state.remembered import Did, RowMemory, Sent, Took
from bridge.mapping.state.scope import PlayRow, Scope
from bridge.mapping.state.shares import anything, less


def retake(
    maker: EventMaker, scope: Scope, undone: PlayRow, given: list[Took]
) -> tuple[list[Outgoing], list[Took]]:
    """Return what takes back once more what an undo gave back, the last first, and what that takes.

    Of an activity that was not sent, or that its own row has taken back, it is noted that it does not count.
    Wins that came while their bet counted again go with it, where the first reversal took those that it had.

    Raises MappingError where something else has happened to a row since.
    """
    first = first_of(undone)
    since = _come_since(first, undone, given)
    events = [all_of(maker, row, sent, by_amount=False) for row, sent in since]
    done = [Took(row.plan.name, row.key, sent.name, sent.n) for row, sent in since]
    for one in given[::-1]:
        row = PlayRow(scope.plan.all_tables[one.table], one.key, scope.recall)
        memory = row.memory()
        if memory is not None and (not memory.gone or memory.standing()):
            beside = [other for other in given if (other.table, other.key) == (one.table, one.key)]
            _require_as_given(memory, beside)
            events += _once_more(maker, row, memory, one, done)
    for out in events:
        out.taken_with = taken_with(first)
    return events, done


def _once_more(maker: EventMaker, row: PlayRow, memory: RowMemory, one: Took, done: list[Took]) -> list[Outgoing]:
    """Return what takes back one thing that was given back, and note in `done` what that takes."""
    activity = row.plan.activities[one.name]
    if one.part is not None and memory.last(one.name) is not None:
        part = _part(maker, row, activity, one)
        done.append(Took(one.table, row.key, one.name, part[0].n, one.part))
        return part
    standing = _standing(row, activity, memory, one)
    taking = [Took(one.table, row.key, one.name, sent.n) for sent in standing]
    if not standing and (memory.last(one.name) is None or not activity.alone):
        taking = _ahead(row, activity, memory, one)
    events = [
        maker.rollback(row, row.scope(), sent)
        for sent, taken in zip(standing, taking, strict=False)
        if taken not in done
    ]
    done += [taken for taken in taking if taken not in done]
    return events


def _come_since(did: Did | None, undone: PlayRow, given: list[Took]) -> list[tuple[PlayRow, Sent]]:
    """Return what stands of what has come to follow a row since an undo gave it back, the newest first."""
    if did is None or did.way != "round":
        return []
    known = {(one.table, one.key) for one in given}
    found: list[tuple[PlayRow, Sent]] = []
    for row, memory in rows_that_go_with(undone, did.key):
        if (row.plan.name, row.key) not in known:
            own = [as_settled(row, sent) for sent in memory.standing() if did.activity in ("", sent.name)]
            found += [(row, sent) for sent in own if sent.stands]
    return found[::-1]


def first_of(undone: PlayRow) -> Did | None:
    """Return what the reversal did that was undone first, in a chain of undos."""
    row, did = undone, None
    while (memory := row.memory()) is not None and memory.did is not None and memory.did != did:
        did = memory.did
        if did.way != "undoes":
            return did
        row = PlayRow(row.plan.all_tables[did.table], did.key, row.recall)
    return None


def _require_as_given(memory: RowMemory, given: list[Took]) -> None:
    """Raise MappingError when nothing of a row stands any more as an undo left it: it has said no since."""
    exact = [one for one in given if one.n]
    for one in exact:
        for sent in memory.pieces(one.name):
            if sent.stands and (sent.n == one.n or (sent.cut and one.part is not None)):
                return
    if memory.sent and (exact or not memory.standing()):
        raise MappingError(*MOVED_ON)


def _standing(row: PlayRow, activity: ActivityPlan, memory: RowMemory, one: Took) -> list[Sent]:
    """Return what goes of an activity, the newest first: of a total that is alone the piece that was given."""
    standing = [sent for sent in memory.pieces(one.name)[::-1] if sent.stands]
    if activity.alone and one.n:
        standing = [sent for sent in standing if sent.n == one.n]
        if not standing:
            raise MappingError(*MOVED_ON)
    if any(sent.partly for sent in standing):
        raise MappingError(*MOVED_ON)
    return standing if activity.grows is not None else [as_settled(row, sent) for sent in standing]


def _ahead(row: PlayRow, activity: ActivityPlan, memory: RowMemory, one: Took) -> list[Took]:
    """Return what is noted of an activity of which nothing stands."""
    last, scope = memory.last(one.name), row.scope()
    if last is not None and last.taken:
        raise MappingError(*MOVED_ON)
    if any(other.name == one.name for other in memory.ahead) and not activity.when(scope):
        return []  # Neither the row nor a reversal means anything by it.
    require_enough(activity, memory, scope, one.part)
    return [Took(one.table, row.key, one.name, memory.not_sent, one.part)]


def _part(maker: EventMaker, row: PlayRow, activity: ActivityPlan, one: Took) -> list[Outgoing]:
    """Return what takes back once more a part of an activity."""
    memory = row.memory()
    last = memory.last(one.name) if memory is not None else None
    if last is None or last.partly or not last.stands:
        raise MappingError(*MOVED_ON)
    sent = as_settled(row, last)
    rest = less(sent.left, one.part)
    if rest is None:
        raise MappingError(*MOVED_ON)
    whole = maker.rollback(row, row.scope(), sent)
    whole.takes, whole.left = one.part, rest
    return [whole, maker.again(row, activity, row.scope(), sent, rest)] if anything(rest) else [whole]
