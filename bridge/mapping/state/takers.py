"""The reversals of history that name a row, in whatever order the rows are read."""

from __future__ import annotations

from typing import Final

from bridge.mapping.state.groups import taken_with
from bridge.mapping.state.keys import row_name
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.scope import PlayRow

_SILENT_SPACE: Final = "ref:silent"
"""The reversals of history that name a row: [table, key, activity] of each, under the row's table and key."""
_OWN_UNDO: Final = "<its own undo>"
"""Stands for the activity where a row undoes what it took back itself; no activity has this name."""
DEEPEST: Final = 100
"""How many undos of undos are followed."""


def add_taker(recall: Recall, table: str, key: str, taker: list[str]) -> None:
    """Note under a row which one names it; a round has no table."""
    takers = named_by(recall, table, key)
    if taker not in takers:  # A later snapshot shows it again.
        recall.put_value(_SILENT_SPACE, row_name(table, key), [*takers, taker])


def note_own_undo(recall: Recall, table: str, key: str, *, undone: bool) -> None:
    """Note whether a reversal of history has been undone by its own row."""
    known = named_by(recall, table, key)
    own = [table, key, _OWN_UNDO]
    if undone != (own in known):
        others = [taker for taker in known if taker != own]
        recall.put_value(_SILENT_SPACE, row_name(table, key), [*others, own] if undone else others)


def named_by(recall: Recall, table: str, key: str) -> list[list[str]]:
    """Return the reversals that name a row or a round, undone or not: table, key and activity of each."""
    return recall.value(_SILENT_SPACE, row_name(table, key)) or []


def takers_of(recall: Recall, table: str, key: str) -> list[tuple[str, str, str, bool]]:
    """Return what takes a row of history back: table, key, activity, and whether that has been undone."""
    found = []
    for taker in named_by(recall, table, key):
        activity = taker[2] if len(taker) > 2 else ""
        found.append((taker[0], taker[1], activity, is_undone(recall, taker[0], taker[1])))
    return found


def is_undone(recall: Recall, table: str, key: str) -> bool:
    """Return whether a reversal of history has been undone: by its own row, or by another and that not in turn."""
    chain = [(table, key)]
    after: list[list[int]] = []
    itself: set[int] = set()
    for at, place in enumerate(chain):
        named = named_by(recall, *place)
        undoing = [(one[0], one[1]) for one in named if one[2:] != [_OWN_UNDO]]
        if len(undoing) < len(named):
            itself.add(at)
        after.append(list(range(len(chain), len(chain) + len(undoing))))
        chain += undoing
        if len(chain) > DEEPEST:
            break
    undone = [False] * len(chain)
    for at in range(len(after) - 1, -1, -1):
        undone[at] = at in itself or any(not undone[other] for other in after[at])
    return undone[0]


def keepers_of(recall: Recall, row: PlayRow, activity: str) -> list[tuple[str, str]]:
    """Return the reversals of history that keep an activity away: the `row_name` of each, and its `taken_with`.

    The first one took it.  Of two that name the row, or its round, the second took nothing; but one of each kind
    keeps what it names.
    """
    found: dict[str, str] = {}
    share = row.plan.activities[activity].share
    for table, key, only, undone in takers_of(recall, row.plan.name, row.key):
        if only in ("", activity) and not undone:
            memory = recall.row(table, key)
            did = memory.did if memory is not None else None
            if share is None or did is None or did.takes is None:  # What takes a part leaves the rest.
                found.setdefault(taken_with(did), row_name(table, key))
    return [(by, kind) for kind, by in found.items()]
