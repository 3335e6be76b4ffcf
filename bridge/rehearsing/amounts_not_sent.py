"""Updates that say another amount than was sent, and sent nothing: `compare` was forgotten, most likely."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from bridge.brand import Brand
from bridge.errors import PoisonRecord
from bridge.flow import Change
from bridge.mapping.mapper import Outcome
from bridge.mapping.state.amounts import AMOUNTS, add_up
from bridge.mapping.state.plan import ActivityPlan
from bridge.mapping.state.scope import Scope
from bridge.mapping.state.waiting import Waiting
from bridge.memory import Memory
from bridge.rehearsing.judged import scope_then

_NOTHING_SENT = {"nothing to do", "watched columns kept"}


class AmountsNotSent:
    """Notes what stands of each row, and which amount its row says later."""

    def __init__(self, brand: Brand) -> None:
        self._tables = brand.plan.tables
        self._frozen = {
            (name, each)
            for name, table in brand.connector.play.items()
            for each, one in table.activities.items()
            # A total and a share have rules of their own; and `win.amount` under `compare` keeps what was sent.
            if one.grows is None and one.share is None and f"{each}." not in str(one.compare)
        }
        self._sent: dict[tuple[str, str], dict[str, Decimal]] = {}
        self._other: Counter[str] = Counter()

    def note(self, outcome: Outcome, change: Change | None, memory: Memory) -> None:
        """Note how a change ended."""
        for out in outcome.events:
            of_row = self._sent.setdefault((out.row.plan.name, out.row.key), {})
            of_row.pop(out.name, None)
            if out.approved and (out.row.plan.name, out.name) in self._frozen:
                of_row[out.name] = Decimal(out.amount)
        sent = self._sent.get((outcome.table, outcome.key))
        if sent and change is not None and change.op in ("c", "u") and outcome.reason in _NOTHING_SENT:
            self._note_update(outcome, sent, change, memory)

    def sentences(self) -> Iterator[tuple[str, str]]:
        """Yield what is most likely wrong, and what to look at."""
        for name, count in sorted(self._other.items()):
            updates = "1 update" if count == 1 else f"{count} updates"
            sentence = f"{updates} said another amount of {name} than was sent, and nothing was sent of it"
            yield sentence, "should it be sent anew? Then name what changes it under `compare` (and `watch`)"

    def _note_update(self, outcome: Outcome, sent: dict[str, Decimal], change: Change, memory: Memory) -> None:
        table = self._tables[outcome.table]
        scope = scope_then(table, change, memory)
        if scope is None:
            return
        for name, amount in sent.items():
            if _amount(table.activities[name], scope) not in (None, amount):
                self._other[f"{outcome.table}.{name}"] += 1


def _amount(activity: ActivityPlan, scope: Scope) -> Decimal | None:
    """Return the amount that the row says now; None where it says none."""
    try:
        amounts: dict[str, Any] = {name: read(scope) for name, read in activity.event if name in AMOUNTS}
        if None in amounts.values():
            return None
        add_up(amounts)
        return Decimal(amounts["amount"])
    except (Waiting, PoisonRecord, TypeError):
        return None
