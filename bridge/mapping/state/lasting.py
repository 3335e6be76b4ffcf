"""What finds a row lasts as long as the row: retention forgets both when nothing has been heard for so long."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bridge.flow import Change
from bridge.mapping.state.plan import TablePlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.remembered import RowMemory
from bridge.mapping.state.rounds import ROUND_SPACE, event_round
from bridge.mapping.state.scope import Scope

_DAY_S: Final = 86_400


def is_of_another_day(known: RowMemory, change: Change) -> bool:
    """Return whether a row was changed last on another day than now: once a day is enough to put anew."""
    return known.committed_s // _DAY_S != (change.committed_us or 0) // (_DAY_S * 1_000_000)


def let_last(recall: Recall, table: TablePlan, scope: Scope, groups: Iterable[str]) -> None:
    """Put anew by what others find a row: its indexes, its round, and `groups`, as far as they know it."""
    places = table.places(scope.key, scope)[1:]
    rounds = [event_round(table, scope)] if table.indexes_rounds else []
    places += [(ROUND_SPACE, name) for name in (*rounds, *groups) if name is not None]
    own = [table.name, scope.key]
    for place in places:
        found = recall.value(*place)
        if found == scope.key or (isinstance(found, list) and (scope.key in found or own in found)):
            recall.put_value(*place, found)
