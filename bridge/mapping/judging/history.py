"""Rows that were there before play counts: judged in silence, so that they can be taken back later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from bridge.errors import PoisonRecord
from bridge.mapping.state.groups import group_of, is_group, join_groups, round_taken, rows_of_whole
from bridge.mapping.state.keys import row_name
from bridge.mapping.state.past import stands_of_history
from bridge.mapping.state.plan import ActivityPlan, ReversalPlan, TablePlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.remembered import UNKNOWN, Ahead, Did, Ending, RowMemory, Sent, Took
from bridge.mapping.state.rounds import join_round
from bridge.mapping.state.scope import PlayRow, Scope
from bridge.mapping.state.shares import anything, less
from bridge.mapping.state.takers import DEEPEST, add_taker, is_undone, keepers_of, named_by, takers_of
from bridge.mapping.state.unfound import Place, looked_for, note_unfound
from bridge.mapping.state.waiting import Waiting
from bridge.row import Value


def silently_taken(table: TablePlan, scope: Scope, recall: Recall, memory: RowMemory) -> bool:
    """Let reversals of history, and undos of them, take effect in silence, in whatever order rows are read.

    Returns whether the row is a reversal itself.
    """
    if memory.sent or not table.append_only:
        _join_rounds(table, scope, recall)
    _settle_in_full(table, scope.key, recall, memory)
    for reversal in table.reverses:
        try:
            if not reversal.when(scope):
                continue
            if reversal.round is not None or reversal.followers == "go":
                round_id = round_taken(reversal, scope)
                if round_id is not None:
                    memory.did = Did("round", "", round_id, reversal.activity or "")
                    recall.put_row(table.name, scope.key, memory)  # In what way it takes is asked for by that.
                    _note_round_taken(recall, table, round_id, [table.name, scope.key, memory.did.activity])
                return True
            read = reversal.original if reversal.original is not None else reversal.undoes
            row = read(scope) if read is not None else None
        except (PoisonRecord, Waiting) as missing:
            note_unfound(recall, missing, table.name, scope.key)
            continue
        if isinstance(row, PlayRow):
            way = "original" if reversal.original is not None else "undoes"
            takes = UNKNOWN if reversal.takes is not None else None
            memory.did = Did(way, row.plan.name, row.key, reversal.activity or "", takes)
            recall.put_row(table.name, scope.key, memory)  # How much it takes is asked for by that.
            _note_silent(recall, row, [table.name, scope.key, memory.did.activity])
        return True
    return False


def take_again(tables: dict[str, TablePlan], recall: Recall, found: list[Place]) -> list[Place]:
    """Let rows of history take effect that name what is found now, in these places; return these."""
    for row in [PlayRow(tables[name], key, recall) for name, key in looked_for(recall, found)]:
        memory = row.memory()
        if memory is not None and memory.history is not None:
            memory = msgspec.structs.replace(memory)
            memory.reversal = silently_taken(row.plan, row.scope(), recall, memory) or memory.reversal
            recall.put_row(row.plan.name, row.key, memory)
    return found


def _note_silent(recall: Recall, row: PlayRow, taker: list[str]) -> None:
    """Note under a row which one takes it back, or undoes it, and let what they all name stand or not."""
    add_taker(recall, row.plan.name, row.key, taker)
    memory = row.memory()
    for _ in range(DEEPEST):
        if memory is None or memory.did is None:
            break
        if memory.did.way == "round":
            for member in _members(recall, row.plan, memory.did.key):
                _settle_again(member)
            return
        row = PlayRow(row.plan.all_tables[memory.did.table], memory.did.key, recall)
        memory = row.memory()
    _settle_again(row)


def _join_rounds(table: TablePlan, scope: Scope, recall: Recall) -> None:
    """Note where a row of history belongs, to a round or a group: it is taken back by what has taken that."""
    rounds = [join_round(recall, table, scope)] if table.indexes_rounds else []
    rounds += join_groups(recall, table, scope) if table.gathers else []
    for round_id in filter(None, rounds):
        for taker in named_by(recall, "", round_id):
            if table.each is None or taker[0] != table.name:  # An item is not taken back by one before it.
                add_taker(recall, table.name, scope.key, taker)
                if is_group(round_id):
                    _note_round_taken(recall, table, group_of(PlayRow(table, scope.key, recall)), taker)


def _note_round_taken(recall: Recall, table: TablePlan, round_id: str, taker: list[str]) -> None:
    """Note which row takes back a round, for the rows of it that have been read and those that will be."""
    add_taker(recall, "", round_id, taker)
    for member in _members(recall, table, round_id):
        add_taker(recall, member.plan.name, member.key, taker)
        if is_group(round_id):
            add_taker(recall, "", group_of(member), taker)  # What follows it goes too.
        _settle_again(member)


def _members(recall: Recall, table: TablePlan, round_id: str) -> list[PlayRow]:
    """Return the rows of history that a round has."""
    known = rows_of_whole(recall, table.all_tables, round_id)
    return [row for row, memory in known if memory.history is not None]


def _settle_again(row: PlayRow) -> None:
    memory = row.memory()
    if memory is not None and memory.history is not None:
        _settle_in_full(row.plan, row.key, row.recall, memory)
        row.recall.put_row(row.plan.name, row.key, memory)


def _settle_in_full(table: TablePlan, key: str, recall: Recall, memory: RowMemory) -> None:
    """Let nothing stand that is taken back, but where shares tell how much: that is worked out when asked for."""
    takers = takers_of(recall, table.name, key)
    if takers and not table.append_only and _is_as_it_was(memory):
        recall.put_row(table.name, key, memory)  # How much is taken may depend on its original.
        later = [one for one in memory.ahead if one.n < 0]
        memory.ahead = [*_taken_ahead(table, key, memory, recall, takers), *later]
    elif takers and memory.ahead and table.append_only:
        memory.ahead = [one for one in memory.ahead if one.n < 0]  # What is known of history is noted anew.
    for sent in memory.sent if takers else ():
        mine = [undone for _, _, activity, undone in takers if activity in ("", sent.name)]
        if not mine:
            continue
        if table.activities[sent.name].share is not None:
            sent.cut = True
            _note_takers(table, key, recall, memory, sent)
        elif not all(mine):
            sent.stands, sent.taken = False, True
            _note_takers(table, key, recall, memory, sent)
        else:
            sent.stands = _stood(table, key, recall, sent)
            sent.n, sent.taken = 2 if sent.stands else 1, False


def _note_takers(table: TablePlan, key: str, recall: Recall, memory: RowMemory, sent: Sent) -> None:
    """Note whether an activity went with its round, and what keeps it away beside that."""
    keepers = keepers_of(recall, PlayRow(table, key, recall), sent.name)
    sent.taken_by, sent.taken_with = keepers[0] if keepers else ("", "")
    if table.append_only:
        memory.ahead = [*memory.ahead, *(Ahead(sent.name, taken_with=kind, by=by) for by, kind in keepers[1:])]


def _is_as_it_was(memory: RowMemory) -> bool:
    """Return whether a row of history has said nothing since of what was pending there."""
    return memory.ending is Ending.HISTORY or (memory.ending is Ending.OPEN and not memory.freed)


def _taken_ahead(
    table: TablePlan, key: str, memory: RowMemory, recall: Recall, takers: list[tuple[str, str, str, bool]]
) -> list[Ahead]:
    """Return what reversals took of a row before it was sent, in whole or in part."""
    pending = [one.name for one in table.activities.values() if not (memory.sent and one.alone)]
    pending = [name for name in pending if memory.last(name) is None]
    ahead: list[Ahead] = []
    row = PlayRow(table, key, recall)
    for taker, taker_key, only, undone in takers:
        if undone:
            continue
        part = _part_taken_by(PlayRow(table.all_tables[taker], taker_key, recall), row)
        names = [name for name in pending if only in ("", name)]
        if part is not None:
            ahead += [Ahead(name, part) for name in names if table.activities[name].share is not None]
        else:
            ahead += [Ahead(name) for name in names if Ahead(name) not in ahead]
    return ahead


def _part_taken_by(taker: PlayRow, row: PlayRow) -> Any:
    """Return how much a reversal of history takes of a row that was not sent yet; None for all of it."""
    memory = taker.memory()
    if memory is None or memory.did is None or memory.did.takes != UNKNOWN:
        return None
    try:
        return taken_by(taker, row)
    except (PoisonRecord, Waiting):
        return UNKNOWN


def _stood(table: TablePlan, key: str, recall: Recall, sent: Sent) -> bool:
    """Return whether an activity of history stands as far as its own row tells."""
    if not sent.taken:
        return sent.stands
    scope = PlayRow(table, key, recall).scope().as_history()
    return any(own.name == sent.name and own.stands for own in stands_of_history(table, scope))


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
        rows = _members(recall, table, did.key)[::-1]
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
    part = _part_taken_by(PlayRow(row.plan.all_tables[table], key, row.recall), row)
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
