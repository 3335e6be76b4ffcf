"""What many records show and one alone does not: rules that none came to, ids that are not unique, zones."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from bridge.brand import Brand
from bridge.config.places import KeyPath
from bridge.errors import PoisonRecord
from bridge.flow import Change
from bridge.mapping.mapper import Outcome
from bridge.mapping.state.keys import key_text
from bridge.mapping.state.outgoing import Outgoing
from bridge.mapping.state.plan import LookupPlan, TablePlan
from bridge.mapping.state.rows import row_of_record
from bridge.memory import Memory
from bridge.rehearsing.amounts_not_sent import AmountsNotSent
from bridge.rehearsing.amounts_sent import AmountsSent
from bridge.rehearsing.columns_missing import ColumnsMissing
from bridge.rehearsing.columns_padded import ColumnsPadded
from bridge.rehearsing.columns_unread import ColumnsUnread
from bridge.rehearsing.nothing_taken import NothingTaken
from bridge.rehearsing.origins import Origin
from bridge.rehearsing.parts_taken_whole import PartsTakenWhole
from bridge.rehearsing.rows_used_again import RowsUsedAgain
from bridge.rehearsing.times_kept import TimesKept, moment_of
from bridge.rehearsing.wins_left import WinsLeft

ENOUGH: Final = 10
"""So many events of a table at least, before what they have in common is told."""
_FIRST_YEAR: Final = 2000
_STEP: Final = timedelta(minutes=15)
"""Time zones differ by whole numbers of this."""
_MOST: Final = 26 * 4
"""No two zones are further apart."""
_NEAR: Final = timedelta(minutes=2)


@dataclass(slots=True)
class _OfTable:
    """What the events of one table have shown so far."""

    events: int = 0
    values: dict[str, set[Any]] = field(default_factory=lambda: defaultdict(set))
    """Up to two values of each field."""
    late: list[timedelta] = field(default_factory=list)
    """By how much timestamps differ from the commits."""
    ancient: int = 0


class Notices:
    """Notes how changes end, and tells at the end what is most likely a mistake in the connector."""

    def __init__(self, brand: Brand) -> None:
        self._brand = brand
        self._met: set[KeyPath] = set()
        self._tables: dict[str, _OfTable] = defaultdict(_OfTable)
        self._read: set[str] = set()
        self._ids: dict[str, tuple[str, str, str, int]] = {}
        self._shared: Counter[str] = Counter()
        self._again: Counter[str] = Counter()
        self._rows: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._again_used = RowsUsedAgain()
        self._taken_whole = PartsTakenWhole()
        self._amounts = AmountsSent()
        self._not_sent = AmountsNotSent(brand)
        self._wins_left = WinsLeft()
        self._nothing_taken = NothingTaken()
        self._times_kept = TimesKept()
        self._unread = ColumnsUnread()
        self._padded = ColumnsPadded()
        self._missing = ColumnsMissing(brand)

    def note_row(self, outcome: Outcome, change: Change | None, memory: Memory) -> None:
        """Note what an update says of the row, what its events say again, and what a reversal took."""
        table = self._brand.plan.tables.get(outcome.table)
        if change is not None and table is not None and outcome.kind in ("sent", "skipped"):
            self._again_used.note_change(table, outcome, change, memory)
        if change is not None and table is not None:
            self._unread.note(table, outcome, change, memory)
            self._padded.note(table, change)
            self._missing.note(table, change)
        self._again_used.note_events(outcome.events)
        self._taken_whole.note(outcome, change, memory)
        self._not_sent.note(outcome, change, memory)
        self._amounts.note(outcome.events)
        self._wins_left.note(outcome.events)
        self._times_kept.note(outcome.events)

    def note(self, outcome: Outcome, change: Change | None, rule: Origin | None, reversal: KeyPath | None) -> None:
        """Note how a change ended: by which rule, and under which of `reverses` its row falls."""
        if outcome.kind == "lookup":
            self._note_lookup(change)
            return
        if outcome.kind != "history":
            self._read.add(outcome.table)
        if reversal is not None and (rule is None or rule.path[: len(reversal)] == reversal):
            # No guard of the table took the row before.
            self._met.add(reversal)
            self._nothing_taken.note(outcome, reversal)
        if rule is not None:
            self._met.add(rule.path)
        for out in outcome.events:
            self._note_event(out, change)

    def unmet(self) -> list[KeyPath]:
        """Return the rules of tables with records that no record came to, in the order of the file."""
        paths: list[KeyPath] = []
        for name, table in self._brand.plan.tables.items():
            if name in self._read:
                paths += [path for path in self._rules(name, table) if path not in self._met]
        return sorted(paths, key=lambda path: self._brand.file.document.places[path].key_line)

    def sentences(self) -> Iterator[tuple[str, str]]:
        """Yield what is most likely wrong, and what to look at."""
        for name, count in sorted(self._shared.items()):
            sentence = f"{_events(count)} of {name} had the activity_id of another bet or win"
            yield sentence, "to Fast Track they are one: `activity_id` must be unique for the brand"
        for name, count in sorted(self._again.items()):
            sentence = f"{_events(count)} of {name} came again with the activity_id that was taken back"
            yield sentence, 'give each an id of its own: again: {activity_id: {text: "{id}:{n}"}}'
        yield from self._again_used.sentences()
        found = (
            self._taken_whole,
            self._not_sent,
            self._unread,
            self._amounts,
            self._wins_left,
            self._nothing_taken,
            self._times_kept,
            self._padded,
            self._missing,
        )
        for noted in found:
            yield from noted.sentences()
        shared = Counter(name for (name, _), rows in self._rows.items() if len(rows) > 1)
        for lookup, count in sorted(shared.items()):
            sentence = f"in {lookup}, several rows have one key ({_counted(count, 'key')}): the last is looked up"
            yield sentence, "is `key` all that names a row? Where rows are valid from a time on, write `as_of`"
        for name, shown in sorted(self._tables.items()):
            yield from _told_of_times(name, shown)
            yield from _told_of_values(name, shown, self._varying(name))

    def _rules(self, name: str, table: TablePlan) -> Iterator[KeyPath]:
        places = self._brand.file.document.places
        yield from (("play", name, "activities", each) for each in table.activities)
        several = ("play", name, "reverses", 0) in places
        for at, _ in enumerate(table.reverses):
            yield ("play", name, "reverses", at) if several else ("play", name, "reverses")
        for guards in ("skip", "park"):
            yield from (("play", name, guards, reason) for reason, _ in getattr(table, guards))

    def _varying(self, name: str) -> set[str]:
        """Return the fields of which every activity of a table says that they are not always the same."""
        activities = self._brand.plan.tables[name].activities.values()
        return set.intersection(*({field for field, _ in one.varying} for one in activities))

    def _note_lookup(self, change: Change | None) -> None:
        lookup, _, _ = self._brand.plan.of_table(change.table) if change is not None else (None, None, None)
        if change is None or change.key is None or lookup is None or lookup.as_of is not None:
            return
        try:
            row = str([key_text(change.key[column]) for column in change.key.columns()])
            rows = self._rows[lookup.name, lookup.key(row_of_record(change)) or ""]
            if change.op == "d" or not _is_found(lookup, change):
                rows.discard(row)
            else:
                rows.add(row)
        except PoisonRecord:
            return

    def _note_event(self, out: Outgoing, change: Change | None) -> None:
        name = f"{out.row.plan.name}.{out.name}"
        shown = self._tables[out.row.plan.name]
        if out.approved:
            self._met.add(("play", out.row.plan.name, "activities", out.name))
            self._note_id(name, out)
            self._note_values(shown, out)
        self._note_time(shown, out, change)

    def _note_values(self, shown: _OfTable, out: Outgoing) -> None:
        shown.events += 1
        for each, value in out.fields.items():
            if len(shown.values[each]) < 2:
                shown.values[each].add("" if isinstance(value, Mapping) else value)

    def _note_id(self, name: str, out: Outgoing) -> None:
        mine = (out.row.plan.name, out.row.key, out.name, out.n)
        first = self._ids.setdefault(str(out.fields.get("activity_id")), mine)
        if first[:3] != mine[:3]:
            self._shared[name] += 1
        elif first[3] != mine[3]:
            self._again[name] += 1

    def _note_time(self, shown: _OfTable, out: Outgoing, change: Change | None) -> None:
        moment = moment_of(out.fields.get("timestamp"))
        if moment is None:
            return
        if moment.year < _FIRST_YEAR:
            shown.ancient += 1
        elif change is not None and change.op == "c" and not change.snapshot and out.approved:
            committed = change.committed_at
            if committed is not None:
                shown.late.append(moment - committed)


def _told_of_times(name: str, shown: _OfTable) -> Iterator[tuple[str, str]]:
    if shown.ancient:
        sentence = f"{_events(shown.ancient)} of {name} had a timestamp before the year {_FIRST_YEAR}"
        yield sentence, "is the unit under `columns` right: seconds, millis, micros or nanos?"
    if len(shown.late) < ENOUGH or max(shown.late) - min(shown.late) > _NEAR:
        return
    middle = sorted(shown.late)[len(shown.late) // 2]
    steps = round(middle / _STEP)
    if 1 < abs(steps) <= _MOST and abs(middle - steps * _STEP) < _NEAR:
        apart = f"{abs(steps) * 15 / 60:g} hours {'after' if steps > 0 else 'before'}"
        sentence = f"the events of {name} all have a timestamp {apart} their commit"
        yield sentence, "is the time zone of that column right?"


def _told_of_values(name: str, shown: _OfTable, varying: set[str]) -> Iterator[tuple[str, str]]:
    if shown.events < ENOUGH:
        return
    alike = {each: next(iter(values)) for each, values in shown.values.items() if len(values) == 1}
    for each in sorted(varying & alike.keys()):
        if alike[each] is None:
            yield f"{each} is null in all {shown.events} events of {name}", f"does {each} name what it should?"
    if alike.get("amount") == 0:
        yield f"all {shown.events} events of {name} have the amount 0", "do the amounts name what they should?"


def _events(count: int) -> str:
    return _counted(count, "event")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _is_found(lookup: LookupPlan, change: Change) -> bool:
    return lookup.where is None or (change.after is not None and lookup.where(change.after))
