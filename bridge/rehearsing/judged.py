"""What a change said when it was judged, for those who look at many of them."""

from __future__ import annotations

from bridge.errors import PoisonRecord
from bridge.flow import Change
from bridge.mapping.state.plan import TablePlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.rows import judged_scope
from bridge.mapping.state.scope import Scope
from bridge.mapping.state.waiting import Waiting
from bridge.memory import Memory


def scope_then(table: TablePlan, change: Change, memory: Memory) -> Scope | None:
    """Return the scope in which a change is judged on top of a memory; None where its row cannot be told."""
    recall = Recall()
    recall.begin(memory)
    try:
        scope = judged_scope(table, change, recall)
    except (Waiting, PoisonRecord):
        return None
    scope.n = 1
    return scope
