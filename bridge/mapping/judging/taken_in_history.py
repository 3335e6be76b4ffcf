"""How much reversals of history took of what was there before play counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from bridge.errors import PoisonRecord
from bridge.mapping.state.groups import rows_of_whole
from bridge.mapping.state.keys import row_name
from bridge.mapping.state.plan import ActivityPlan, ReversalPlan, TablePlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.remembered import UNKNOWN, Ahead, Did, Ending, Sent, Took
from bridge.mapping.state.scope import PlayRow
from bridge.mapping.state.shares import anything, less
from bridge.mapping.state.takers import is_undone, keepers_of, takers_of
from bridge.mapping.state.waiting import Waiting
from bridge.row import Value


def members_of(recall: Recall, table: TablePlan, round_id: str) -> list[PlayRow]:
    """Return the rows of history that a round has."""
    known = rows_of_whole(recall, table.all_tables, round_id)
    return [row for row, memory in known if memory.history is not None]


def part_taken_by(taker: PlayRow, row: PlayRow) -> Any:
    """Return how much a reversal of history takes of a row that was not sent yet; None for all of it."""
    memory = taker.memory()
    if memory is None or memory.did is None or memory.did.takes != UNKNOWN:
        return None
    try:
        return taken_by(taker, row)
    except (PoisonRecord, Waiting):
        return UNKNOWN


def settled(row: PlayRow, activity: ActivityPlan, sent: Sent) -> Sent:
    """Return an activity of history as the reversals of history left it.  Raises Waiting while parts are missing.

    They take back as later ones do: each that leaves something makes the next generation, and so does an undo;
    what is taken by amount leaves the generation as it is.
    """
    now = msgspec.structs.replace(sent, left=_whole(row, activity))
    for _, then in _parts_of_history(row, activity, now):
        now = then
    return now


def _whole(row: PlayRow, activity: ActivityPlan) -> Value:
    """Return the whole share of an activity of history."""
    return activity.share(row.scope().as_history()) if activity.share is not None else None


def _parts_of_history(row: PlayRow, activity: ActivityPlan, sent: Sent) -> Iterator[tuple[Took, Sent]]:
    """Yield what each reversal of history took of a share, as they were read, and how that was left."""
    for table, key, only, undone in takers_of(row.recall, row.plan.name, row.key):
        if only not in ("", activity.name):
            continue
        plan, taken = _plan_and_take(PlayRow(row.plan.all_tables[table], key, row.recall), row)
        part = taken if taken is not None else sent.left
        rest = less(sent.left, part)
        if rest is None or not sent.stands:
            continue
        took = Took(table, key, activity.name, sent.n, part)
        partly = sent.partly or (plan.partial == "amount" and not undone)
        n = sent.n + (anything(rest) and not partly)
        if undone:
            sent = msgspec.structs.replace(sent, n=n + 1)
        else:
            gone = not anything(rest)
            sent = msgspec.structs.replace(sent, n=n, stands=not gone, left=rest, partly=partly)
            sent.taken = sent.taken or gone
            sent.taken_by = row_name(table, key) if gone else ""
        yield took, sent


def taken_by(taker: PlayRow, original: PlayRow) -> Any:
    """Return how much a reversal of history takes; None for all of it."""
    return _plan_and_take(taker, original)[1]


def _plan_and_take(taker: PlayRow, original: PlayRow) -> tuple[ReversalPlan, Any]:
    table = taker.plan
    scope = taker.scope().as_history()
    scope.original = original
    plan: ReversalPlan = next(reversal for reversal in table.reverses if reversal.when(scope))
    return plan, plan.takes(scope) if plan.takes is not None else None


def took_in_history(recall: Recall, table: TablePlan, key: str, did: Did) -> list[Took]:
    """Return what a reversal of history took back.  Raises Waiting while that cannot be told."""
    if is_undone(recall, table.name, key):
        return []
    if did.way == "round":
        rows = members_of(recall, table, did.key)[::-1]
    else:
        rows = [PlayRow(table.all_tables[did.table], did.key, recall)]
    return [took for row in rows for took in _took_of(row, table.name, key, did.activity)]


def _took_of(row: PlayRow, table: str, key: str, only: str) -> list[Took]:
    memory = row.memory()
    if memory is None or memory.ending is Ending.HELD:
        raise row.undecided()
    found = []
    for sent in memory.sent[::-1]:
        activity = row.plan.activities[sent.name]
        if only not in ("", sent.name):
            continue
        if activity.share is not None:
            # Whatever has become of it since.
            then = Sent(sent.name, 1, True, 0, sent.amount, left=_whole(row, activity))
            found += [
                Took(row.plan.name, row.key, took.name, 0 if sent.seq else took.n, took.part)
                for took, _ in _parts_of_history(row, activity, then)
                if (took.table, took.key) == (table, key)
            ]
        elif sent.taken and not sent.seq and row_name(table, key) in _first_keeper(row, sent.name):
            found.append(Took(row.plan.name, row.key, sent.name, sent.n))
    part = part_taken_by(PlayRow(row.plan.all_tables[table], key, row.recall), row)
    for one in memory.ahead[::-1]:
        mine = one.n >= 0 and one.part == part and only in ("", one.name)
        if mine and (part is not None or row_name(table, key) in _keepers_ahead(row, one)):
            found.append(Took(row.plan.name, row.key, one.name, one.n, one.part, taken_with=one.taken_with))
            if part is not None:
                break  # Another reversal took as much.
    return found


def _first_keeper(row: PlayRow, activity: str) -> list[str]:
    return [by for by, _ in keepers_of(row.recall, row, activity)[:1]]


def _keepers_ahead(row: PlayRow, ahead: Ahead) -> list[str]:
    """Return which reversal of history is noted so: of a row that was sent one that came after the first."""
    if not row.plan.append_only:
        return _first_keeper(row, ahead.name)
    later = keepers_of(row.recall, row, ahead.name)[1:]
    return [by for by, kind in later if kind == ahead.taken_with]
