"""What other rows took back of a row: its own word alone neither sends that again nor corrects it."""

from __future__ import annotations

from typing import Final

from bridge.errors import MappingError, PoisonRecord
from bridge.mapping.judging.ahead import is_kept_back
from bridge.mapping.state.plan import ActivityPlan, TablePlan
from bridge.mapping.state.remembered import Ahead, Ending, RowMemory, Sent
from bridge.mapping.state.scope import Scope
from bridge.mapping.state.waiting import Waiting

TAKEN_BACK: Final = "taken back by another row"
NOTHING_KEPT: Final[tuple[list[str], list[str], bool]] = ([], [], False)


def require_unchanged(activity: ActivityPlan, scope: Scope) -> None:
    """Raise MappingError when an activity that another row took back is settled to something else since."""
    last = scope.memory.last(activity.name) if scope.memory is not None else None
    if last is not None and activity.compare is not None and activity.compare(scope) != last.compare:
        raise MappingError(
            "settled_after", f"another row took {activity.name} back, and what `compare` names has changed since"
        )


def require_uncut(last: Sent) -> None:
    """Raise MappingError where other rows took parts: sent anew from its row, an activity would forget them."""
    if last.cut:
        raise MappingError(
            "settled_after", f"another row took a part of {last.name}, and its own row changed since"
        )


def kept_back(
    table: TablePlan, scope: Scope, counting: list[str], taken: list[str]
) -> tuple[list[str], list[str], bool]:
    """Return which activities do not count although their row says so, and which the row gives up.

    What others took of a row stays away together: it is free when the row says no to all of it, having said
    yes to some of it before.  That is the last value.  So a win does not come back before its bet.
    """
    memory, plans = scope.memory, table.activities
    if memory is None:
        return [], [], False
    together = {name for name in taken if not plans[name].alone}
    holding = together | {one.name for one in memory.ahead if one.n <= 0}
    kept = [name for name in counting if is_kept_back(plans[name], scope, memory)] if memory.ahead else []
    said_no = [name for name in taken if name not in counting]
    if not holding.isdisjoint(counting):
        return kept, [name for name in said_no if plans[name].alone or plans[name].grows is None], False
    before, left_out = scope.before(), memory.ending is Ending.SKIPPED
    if together or not holding or (not left_out and any(_counts(plans[name], before) for name in holding)):
        return [], said_no, True
    return kept, said_no, False


def release(table: TablePlan, memory: RowMemory, names: tuple[str, ...], *, frees: bool) -> None:
    """Note to what the row has said no itself since others took it back: all counts again when it says so.

    Or, as long as it says yes to the rest of what they took, it is as if they had come after that no.
    """
    if frees and memory.ahead:
        memory.ahead, memory.freed = [], memory.freed + 1
    for sent in memory.sent if names else ():
        if sent.name in names and sent.taken:
            sent.taken = False
            if not frees and not table.activities[sent.name].alone:
                memory.ahead = [*memory.ahead, Ahead(sent.name, None, sent.n, by=sent.taken_by)]


def _counts(activity: ActivityPlan, scope: Scope) -> bool:
    try:
        return bool(activity.when(scope)) and bool(activity.stands(scope))
    except (PoisonRecord, Waiting):
        return False
