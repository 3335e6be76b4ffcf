"""Rows that take back all of a bet, and say an amount of their own that is less: a part was meant, most likely."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from bridge.errors import PoisonRecord
from bridge.flow import Change
from bridge.mapping.mapper import Outcome
from bridge.mapping.state.amounts import AMOUNTS, add_up
from bridge.mapping.state.outgoing import Outgoing
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.rows import row_of_record
from bridge.mapping.state.scope import Scope
from bridge.mapping.state.waiting import Waiting
from bridge.memory import Memory


class PartsTakenWhole:
    """Notes what reversals without `takes` took, and which amount the same columns hold in their own rows."""

    def __init__(self) -> None:
        self._less: Counter[str] = Counter()

    def note(self, outcome: Outcome, change: Change | None, memory: Memory) -> None:
        """Note what a change has led to, where it took one row back."""
        reversal = outcome.reversal
        if change is None or reversal is None or reversal.original is None or reversal.takes is not None:
            return
        if any(_says_less(out, outcome.key, change, memory) for out in outcome.events):
            self._less[outcome.table] += 1

    def sentences(self) -> Iterator[tuple[str, str]]:
        """Yield what is most likely wrong, and what to look at."""
        for name, count in sorted(self._less.items()):
            rows = "1 row" if count == 1 else f"{count} rows"
            sentence = f"{rows} of {name} took back all of a bet or win, and said a smaller amount"
            yield sentence, "is a part meant? Then say how much: `takes`, and a `share` of what it takes from"


def _says_less(out: Outgoing, key: str, change: Change, memory: Memory) -> bool:
    """Return whether the columns that the amount was made of hold less in the row that took it back."""
    activity = out.row.plan.activities[out.name]
    recall = Recall()
    recall.begin(memory)
    amounts: dict[str, Any] = {}
    try:
        scope = Scope(out.row.plan, recall, key, row_of_record(change), change=change)
        scope.n, scope.left = 1, activity.share(scope) if activity.share is not None else None
        amounts = {name: abs(read(scope) or 0) for name, read in activity.event if name in AMOUNTS}
        add_up(amounts)
    except (Waiting, PoisonRecord, TypeError):
        return False  # The row has no such columns, or they are no amounts in it.
    return 0 < Decimal(amounts.get("amount") or 0) < Decimal(out.fields["amount"])
