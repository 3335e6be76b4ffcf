"""Rows that a wallet overwrites with other play, or whose events change when nothing has happened to them."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from bridge.errors import PoisonRecord
from bridge.flow import Change
from bridge.mapping.mapper import Outcome
from bridge.mapping.state.keys import key_text
from bridge.mapping.state.outgoing import Outgoing
from bridge.mapping.state.plan import ActivityPlan, TablePlan
from bridge.mapping.state.rows import OF_ANOTHER
from bridge.mapping.state.scope import Scope
from bridge.mapping.state.waiting import Waiting
from bridge.memory import Memory
from bridge.rehearsing.judged import scope_then

_FREE = {"activity_id", "status", "timestamp"}
"""What may differ between a Rollback and the event after it, when nothing that counts has changed."""


class RowsUsedAgain:
    """Notes what was sent of each row, and what its row says of that later."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], dict[str, str | None]] = {}
        """The activity_id of each activity of a row that was sent once."""
        self._others: Counter[str] = Counter()
        self._taken_for_others: Counter[str] = Counter()
        self._alike: Counter[str] = Counter()

    def note_events(self, events: Sequence[Outgoing]) -> None:
        """Note the events of one change."""
        for before, after in itertools.pairwise(events):
            if not before.approved and after.approved and _same_values(before, after):
                self._alike[f"{after.row.plan.name}.{after.name}"] += 1
        for out in events:
            if out.approved and out.row.plan.activities[out.name].grows is None:
                known = self._ids.setdefault((out.row.plan.name, out.row.key), {})
                known[out.name] = key_text(out.fields.get("activity_id")) if out.n == 1 else None

    def note_change(self, table: TablePlan, outcome: Outcome, change: Change, memory: Memory) -> None:
        """Note an update of a row, or a new row with its key, before what it has led to is noted."""
        known = self._ids.get((table.name, outcome.key))
        if known is None or change.renamed is not None:
            return
        if change.op == "c" and outcome.reason == OF_ANOTHER:
            noted = self._taken_for_others
        elif change.op == "u" and not table.append_only:
            noted = self._others
        else:
            return
        scope = scope_then(table, change, memory)
        if scope is None:
            return
        if any(_is_other(table.activities[name], scope, sent) for name, sent in known.items() if sent is not None):
            noted[table.name] += 1

    def sentences(self) -> Iterator[tuple[str, str]]:
        """Yield what is most likely wrong, and what to look at."""
        for name, count in sorted(self._others.items()):
            updates = "1 update" if count == 1 else f"{count} updates"
            sentence = f"{updates} of {name} had another activity_id than what was sent of the row"
            yield (
                sentence,
                "is `key` all that names a row? A row that is used again for other play needs more in it",
            )
        for name, count in sorted(self._taken_for_others.items()):
            rows = "1 new row" if count == 1 else f"{count} new rows"
            sentence = f"{rows} of {name} had the key of another, and an activity_id of its own"
            yield sentence, "is `key` all that names a row? Only a call that is repeated has a key once more"
        for name, count in sorted(self._alike.items()):
            events = "1 event" if count == 1 else f"{count} events"
            sentence = f"{events} of {name} came again with the values that were taken back"
            yield sentence, "does `compare` name a column that each update changes?"


def _is_other(activity: ActivityPlan, scope: Scope, sent: str) -> bool:
    read = dict(activity.event).get("activity_id")
    try:
        return read is not None and key_text(read(scope)) != sent
    except (Waiting, PoisonRecord):
        return False


def _same_values(before: Outgoing, after: Outgoing) -> bool:
    if (before.row.plan, before.row.key, before.name) != (after.row.plan, after.row.key, after.name):
        return False
    one, other = (msgspec.json.decode(out.body) for out in (before, after))
    return all(one.get(field) == other.get(field) for field in {*one, *other} - _FREE)
