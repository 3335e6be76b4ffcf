"""Which rule of a connector decided a change, and where the value of each field of an event came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bridge.brand import Brand
from bridge.casino import PARTS_OF_AMOUNT
from bridge.config.places import KeyPath, dotted
from bridge.errors import PoisonRecord
from bridge.flow import Change
from bridge.mapping.mapper import Outcome
from bridge.mapping.state.items import change_of_row
from bridge.mapping.state.outgoing import Outgoing
from bridge.mapping.state.plan import ReversalPlan, TablePlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.rows import judged_scope
from bridge.mapping.state.waiting import Waiting
from bridge.memory import Memory


@dataclass(frozen=True, slots=True)
class Origin:
    """A place in the connector, or (without a line) words for what no line of it says."""

    text: str
    file: str = ""
    line: int = 0
    path: KeyPath = ()

    @property
    def key(self) -> str:
        """Return the path as problems name it."""
        return dotted(self.path)

    def __str__(self) -> str:
        return f"{self.text}  {self.file}:{self.line}" if self.line else self.text


AS_SENT = Origin("as it was sent")
_SUM = Origin(" + ".join(PARTS_OF_AMOUNT))


class Origins:
    """Finds rules and expressions in the text of one brand's connector."""

    def __init__(self, brand: Brand) -> None:
        self._file = brand.file
        self._plan = brand.plan

    def rule(self, outcome: Outcome, reversal: KeyPath | None) -> Origin | None:
        """Return the rule that decided how a change ended, or None where it is no rule of the connector.

        `reversal` is the rule of `reverses` that the row falls under, if there is one (see `reversal_of`).
        """
        table = ("play", outcome.table)
        if outcome.kind == "sent":
            if reversal is not None:
                return self._first([reversal])
            return self._first([(*table, "activities", out.name) for out in outcome.events])
        guards = {"skipped": "skip", "history": "skip", "parked": "park"}.get(outcome.kind)
        reason = outcome.reason.removeprefix("history: ")
        if guards is None:
            return None
        return self._first([*([(*reversal, guards, reason)] if reversal else []), (*table, guards, reason)])

    def reversal_of(self, outcome: Outcome, change: Change | None, memory: Memory) -> KeyPath | None:
        """Return the place of the rule of `reverses` that a row falls under, as the judge chose it.

        Where the outcome does not tell, it is asked anew, of the row as it is remembered by now.
        """
        _, table, _ = self._plan.of_table(change.table) if change is not None else (None, None, None)
        if table is None or change is None or not table.reverses:
            return None
        if outcome.kind == "sent":
            return self._reversal_path(table, outcome.reversal)
        recall = Recall()
        recall.begin(memory)
        try:
            scope = judged_scope(table, change_of_row(table, change, outcome.key, recall), recall)
            return self._reversal_path(table, next((one for one in table.reverses if one.when(scope)), None))
        except (Waiting, PoisonRecord):
            return None

    def fields(self, outcome: Outcome, out: Outgoing, reversal: KeyPath | None) -> dict[str, Origin]:
        """Return where each field of an event came from, in the event's order."""
        fixed = {
            "type": self._first([("play", out.row.plan.name, "activities", out.name, "type")]) or AS_SENT,
            "status": Origin("it should stand" if out.approved else "taken back"),
        }
        found: dict[str, Origin] = {}
        for field, value in out.fields.items():
            if value is None:
                continue
            origin = self._first(self._candidates(outcome, out, field, reversal))
            found[field] = fixed.get(field) or origin or (_SUM if field == "amount" and out.approved else AS_SENT)
        return found

    def at(self, path: KeyPath) -> Origin:
        """Return the place of a rule."""
        return self._first([path]) or Origin(dotted(path), path=path)

    def _candidates(self, outcome: Outcome, out: Outgoing, field: str, reversal: KeyPath | None) -> list[KeyPath]:
        """Return the places that can say a field, the one that wins first."""
        plan = out.row.plan
        table: KeyPath = ("play", plan.name)
        activity: KeyPath = (*table, "activities", out.name)
        again = [(*activity, "again", field), (*table, "again", field)] if out.n > 1 else []
        event = [(*activity, "event", field), (*table, "event", field)]
        if (plan.name, out.row.key) != (outcome.table, outcome.key):
            said = [(*reversal, "event", field)] if reversal is not None else []
            if not out.approved:
                return said
            remade = event if field in PARTS_OF_AMOUNT and out.left is not None else []
            return [*said, *again, *remade]
        if not out.approved:
            return [(*activity, "rollback", field), (*table, "rollback", field)]
        return [*([] if plan.activities[out.name].grows is not None else again), *event]

    def _reversal_path(self, table: TablePlan, reversal: ReversalPlan | None) -> KeyPath | None:
        if reversal is None:
            return None
        several = ("play", table.name, "reverses", table.reverses.index(reversal))
        return several if several in self._file.document.places else ("play", table.name, "reverses")

    def _first(self, candidates: Iterable[KeyPath]) -> Origin | None:
        places = self._file.document.places
        for keys in candidates:
            place = places.get(keys)
            if place is not None:
                text = written(_at(self._file.document.data, keys))
                return Origin(text, self._file.document.file, place.key_line, keys)
        return None


def _at(data: Any, keys: KeyPath) -> Any:
    for key in keys:
        data = data[key]
    return data


def written(value: Any) -> str:
    """Return a value of the connector on one line."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return str(value)
