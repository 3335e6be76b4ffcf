"""Rows of history that name others which were not read yet: an index finds a row only once that is there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bridge.mapping.state.keys import KEY_SEPARATOR
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.waiting import Waiting

_UNFOUND_SPACE: Final = "ref:unfound"
"""Which rows of history named what was not there: [table, key] of each, under what they looked for."""


Place = tuple[str, str]
"""A space, and a value in it."""


def note_unfound(recall: Recall, missing: Exception, table: str, key: str) -> None:
    """Note that a row names what no index finds yet, where that is what is missing."""
    if isinstance(missing, Waiting) and missing.space.startswith("ref:"):
        place = _place(missing.space, missing.key)
        others = recall.value(_UNFOUND_SPACE, place) or []
        if [table, key] not in others:
            recall.put_value(_UNFOUND_SPACE, place, [*others, [table, key]])


def looked_for(recall: Recall, places: Iterable[Place]) -> list[tuple[str, str]]:
    """Return the rows of history that named what is found now: table and key of each, told once."""
    found: dict[tuple[str, str], None] = {}
    for space, value in places:
        place = _place(space, value)
        for table, key in recall.value(_UNFOUND_SPACE, place) or []:
            found[table, key] = None
            recall.put_value(_UNFOUND_SPACE, place, None)
    return list(found)


def _place(space: str, value: str) -> str:
    return f"{space}{KEY_SEPARATOR}{value}"
