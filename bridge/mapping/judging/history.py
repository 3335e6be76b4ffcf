"""Rows that were there before play counts: judged in silence, so that they can be taken back later."""

from __future__ import annotations

import msgspec

from bridge.errors import PoisonRecord
from bridge.mapping.judging.taken_in_history import members_of, part_taken_by
from bridge.mapping.state.groups import group_of, is_group, join_groups, round_taken
from bridge.mapping.state.past import stands_of_history
from bridge.mapping.state.plan import TablePlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.remembered import UNKNOWN, Ahead, Did, Ending, RowMemory, Sent
from bridge.mapping.state.rounds import join_round
from bridge.mapping.state.scope import PlayRow, Scope, names_itself
from bridge.mapping.state.takers import (
    DEEPEST,
    add_taker,
    keepers_of,
    named_by,
    note_own_undo,
    takers_of,
)
from bridge.mapping.state.unfound import Place, looked_for, note_unfound
from bridge.mapping.state.waiting import Waiting


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
            note_own_undo(recall, table.name, scope.key, undone=False)
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
        if isinstance(row, PlayRow) and reversal.undoes is not None and names_itself(row, scope):
            _undo_own(table, scope.key, recall)
        elif isinstance(row, PlayRow):
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
    _settle_named(recall, row)


def _undo_own(table: TablePlan, key: str, recall: Recall) -> None:
    """Let what a row took back stand again, which says itself that it does so no more."""
    note_own_undo(recall, table.name, key, undone=True)
    _settle_named(recall, PlayRow(table, key, recall))


def _settle_named(recall: Recall, row: PlayRow) -> None:
    """Settle what a row takes back, by way of what it undoes; a row that takes nothing back is settled itself."""
    memory = row.memory()
    for _ in range(DEEPEST):
        if memory is None or memory.did is None:
            break
        if memory.did.way == "round":
            for member in members_of(recall, row.plan, memory.did.key):
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
    for member in members_of(recall, table, round_id):
        add_taker(recall, member.plan.name, member.key, taker)
        if is_group(round_id):
            add_taker(recall, "", group_of(member), taker)  # What follows it goes too.
        _settle_again(member)


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
        part = part_taken_by(PlayRow(table.all_tables[taker], taker_key, recall), row)
        names = [name for name in pending if only in ("", name)]
        if part is not None:
            ahead += [Ahead(name, part) for name in names if table.activities[name].share is not None]
        else:
            ahead += [Ahead(name) for name in names if Ahead(name) not in ahead]
    return ahead


def _stood(table: TablePlan, key: str, recall: Recall, sent: Sent) -> bool:
    """Return whether an activity of history stands as far as its own row tells."""
    if not sent.taken:
        return sent.stands
    scope = PlayRow(table, key, recall).scope().as_history()
    return any(own.name == sent.name and own.stands for own in stands_of_history(table, scope))
