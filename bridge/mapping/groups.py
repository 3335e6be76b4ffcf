"""A row with all that follows it by `after`, a bet with its wins: kept, and taken back, like a round."""

from __future__ import annotations

import contextlib

from bridge.errors import PoisonRecord
from bridge.mapping.keys import KEY_SEPARATOR
from bridge.mapping.plan import ReversalPlan, TablePlan
from bridge.mapping.recall import Recall
from bridge.mapping.rounds import ROUND_SPACE, RoundRows, add_to_round, require_decided, rows_of_round
from bridge.mapping.scope import PlayRow, Scope
from bridge.mapping.waiting import Waiting


def group_of(row: PlayRow) -> str:
    """Return the name of a row's group; no round of a wallet is called so."""
    return _named(row.plan.name, row.key)


def _named(table: str, key: str) -> str:
    return KEY_SEPARATOR.join(("", table, key))


def round_taken(reversal: ReversalPlan, scope: Scope) -> str | None:
    """Return the round that a reversal takes back, or the group of the row that it names."""
    if reversal.round is not None:
        return reversal.round(scope)
    row = reversal.original(scope) if reversal.original is not None else None
    if not isinstance(row, PlayRow):
        return None
    row.memory()  # Its key may have changed since.
    return group_of(row)


def join_groups(recall: Recall, table: TablePlan, scope: Scope) -> list[str]:
    """Note a row in its own group and in that of the row which it follows; return these."""
    groups = [_named(table.name, scope.key)]
    if table.after is not None:
        with contextlib.suppress(PoisonRecord, Waiting):
            followed = table.after(scope)
            if isinstance(followed, PlayRow):
                followed.memory()  # Its key may have changed since.
                groups.append(group_of(followed))
    for group in groups:
        add_to_round(recall, group, table.name, scope.key)
    return groups


def move_group(recall: Recall, table: str, old: str, new: str) -> None:
    """Let what follows a row follow it under its new key."""
    for member, key in recall.value(ROUND_SPACE, _named(table, old)) or []:
        add_to_round(recall, _named(table, new), member, key)


def follower_stands(recall: Recall, row: PlayRow) -> bool:
    """Return whether something stands of what follows a row.  Raises Waiting while that waits itself."""
    followers: RoundRows = [
        (member, memory)
        for member, memory in rows_of_round(recall, row.plan.all_tables, group_of(row))
        if (member.plan.name, member.key) != (row.plan.name, row.key)
    ]
    require_decided(followers)
    return any(memory.standing() for _, memory in followers)
