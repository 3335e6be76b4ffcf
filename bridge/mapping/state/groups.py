"""A row with all that follows it by `after`, a bet with its wins: kept, and taken back, like a round."""

from __future__ import annotations

from bridge.errors import PoisonRecord
from bridge.mapping.state.keys import KEY_SEPARATOR
from bridge.mapping.state.plan import ReversalPlan, TablePlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.remembered import Did
from bridge.mapping.state.rounds import ROUND_SPACE, RoundRows, add_to_round, decided_before, rows_of_round
from bridge.mapping.state.scope import PlayRow, Scope
from bridge.mapping.state.unfound import note_unfound
from bridge.mapping.state.waiting import Waiting


def group_of(row: PlayRow) -> str:
    """Return the name of a row's group; no round of a wallet is called so."""
    row.memory()  # Its key may have changed since.
    return _named(row.plan.name, row.key)


def _named(table: str, key: str) -> str:
    return KEY_SEPARATOR.join(("", table, key))


def round_taken(reversal: ReversalPlan, scope: Scope) -> str | None:
    """Return the round that a reversal of history takes back, or the group of the row that it names."""
    if reversal.round is not None:
        return reversal.round(scope)
    row = reversal.original(scope) if reversal.original is not None else None
    if not isinstance(row, PlayRow):
        return None
    group = group_of(row)
    add_to_round(scope.recall, group, row.plan.name, row.key)
    return group


def join_groups(recall: Recall, table: TablePlan, scope: Scope) -> list[str]:
    """Note a row in its own group and in that of the row which it follows; return these."""
    groups = [_named(table.name, scope.key)]
    if table.after is not None:
        try:
            followed = table.after(scope)
            if isinstance(followed, PlayRow):
                groups.append(group_of(followed))
        except (PoisonRecord, Waiting) as missing:
            note_unfound(recall, missing, table.name, scope.key)
    for group in groups:
        add_to_round(recall, group, table.name, scope.key)
    return groups


def is_group(name: str) -> bool:
    """Return whether what is taken back as a whole is a row with what follows it, and no round."""
    return name.startswith(KEY_SEPARATOR)


def move_group(recall: Recall, table: str, old: str, new: str) -> None:
    """Let what follows a row follow it under its new key."""
    for member, key in recall.value(ROUND_SPACE, _named(table, old)) or []:
        add_to_round(recall, _named(table, new), member, key)


def rows_of_whole(recall: Recall, tables: dict[str, TablePlan], name: str) -> RoundRows:
    """Return the rows of a round; or of a group, and what follows these in turn."""
    found: RoundRows = []
    seen: set[tuple[str, str]] = set()
    names = [name]
    for one in names:
        for row, memory in rows_of_round(recall, tables, one):
            if (row.plan.name, row.key) not in seen:
                seen.add((row.plan.name, row.key))
                found.append((row, memory))
                names += [group_of(row)] if is_group(name) else []
    return found


def rows_of_group(row: PlayRow) -> RoundRows:
    """Return a row and all that is known to follow it; it was there before anybody asked for these, perhaps."""
    memory, found = row.memory(), rows_of_whole(row.recall, row.plan.all_tables, group_of(row))
    known = {(member.plan.name, member.key) for member, _ in found}
    return found if memory is None or (row.plan.name, row.key) in known else [(row, memory), *found]


def rows_that_go_with(row: PlayRow, name: str) -> RoundRows:
    """Return a row's group by the group's name, as `rows_of_group` does; of a round nothing."""
    if not is_group(name):
        return []
    _, table, key = name.split(KEY_SEPARATOR, 2)
    return rows_of_group(PlayRow(row.plan.all_tables[table], key, row.recall))


def taken_with(did: Did | None) -> str:
    """Return with what a reversal takes rows back: a round, or a row that they follow; empty if it names one."""
    return KEY_SEPARATOR.join((did.key, did.activity)) if did is not None and did.way == "round" else ""


def follower_stands(row: PlayRow, scope: Scope) -> bool:
    """Return whether something stands of what follows a row, of what waits only that which came before a row.

    Raises Waiting while such a row waits itself.
    """
    own = (row.plan.name, row.key)
    followers = [one for one in rows_of_group(row) if (one[0].plan.name, one[0].key) != own]
    return any(memory.standing() for _, memory in decided_before(followers, scope, row))
