"""Previews: what real records would lead to, without sending, joining a group or committing anything."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from bridge.brand import Brand
from bridge.errors import ConfigError, Problem
from bridge.flow import Change
from bridge.lookups.tables import Loaded, LookupTables
from bridge.mapping.mapper import Outcome
from bridge.mapping.state.outgoing import Outgoing
from bridge.records import SourceRecord
from bridge.rehearsing.notices import Notices
from bridge.rehearsing.origins import Origin, Origins
from bridge.rehearsing.rehearsal import Rehearsal, in_order
from bridge.sources import open_source
from bridge.sources.peek import PeekFrom, peek
from bridge.sources.subscription import Subscription

_JSON = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class PreviewedEvent:
    """One event as it would be sent."""

    message_id: str
    activity: str
    player: str
    body: bytes
    why: Mapping[str, Origin]
    warnings: tuple[str, ...] = ()
    """What the event breaks of the stricter profile that the connector names."""

    @property
    def fields(self) -> dict[str, Any]:
        """Return the body's fields, with exact numbers."""
        found: dict[str, Any] = json.loads(self.body, parse_float=Decimal)
        return found


@dataclass(frozen=True, slots=True)
class Previewed:
    """How one change ended."""

    kind: str
    """sent, skipped, parked, held or history."""
    record: SourceRecord
    table: str
    key: str
    op: str
    reason: str
    rule: Origin | None
    events: tuple[PreviewedEvent, ...]

    def as_json(self, *, why: bool) -> bytes:
        """Return it as one line, the events' bodies as they would be sent."""
        said: dict[str, Any] = {
            "outcome": self.kind,
            "table": self.table,
            "key": self.key,
            "op": self.op,
            "topic": self.record.topic,
            "partition": self.record.partition,
            "offset": self.record.offset,
            "reason": self.reason,
            "rule": _place(self.rule) if self.rule is not None else None,
            "events": [_event(event, why=why) for event in self.events],
        }
        return _JSON.encode(said)


@dataclass(slots=True)
class Counts:
    """How many changes ended how."""

    by_reason: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Outcome, table and reason."""
    events: int = 0
    warnings: Counter[str] = field(default_factory=Counter)
    """How many events break the stricter profile, by what they break."""
    waiting: int = 0
    """Changes that still wait at the end."""
    notices: list[tuple[str, str]] = field(default_factory=list)
    """What the records together show that is most likely a mistake, and what to look at."""
    unmet: list[Origin] = field(default_factory=list)
    """Rules that no record came to."""
    missing_lookups: dict[str, str] = field(default_factory=dict)
    """Look-ups whose rows are not there, and why: what needs one waits, or falls back as the connector says."""

    def as_json(self) -> bytes:
        """Return them as one line."""
        counts = [
            {"outcome": kind, "table": table, "reason": reason, "changes": count}
            for (kind, table, reason), count in sorted(self.by_reason.items())
        ]
        said: dict[str, Any] = {"counts": counts, "events": self.events, "waiting": self.waiting}
        if self.warnings:
            said["warnings"] = dict(sorted(self.warnings.items()))
        if self.notices:
            said["notices"] = [{"sentence": sentence, "hint": hint} for sentence, hint in self.notices]
        if self.unmet:
            said["unmet"] = [_place(origin) for origin in self.unmet]
        if self.missing_lookups:
            said["missing_lookups"] = dict(sorted(self.missing_lookups.items()))
        return _JSON.encode(said)


class LookUpTables(NamedTuple):
    """The look-ups of a brand that no topic carries."""

    loaded: Sequence[Loaded]
    missing: Mapping[str, str]
    """Those without an answer, and why."""


def look_up_tables(brand: Brand, *, ask: bool) -> LookUpTables:
    """Return what files hold and, if databases are to be asked, what a run's queries answer now.

    Blocks until all have answered.  Raises ConfigError for a file or an answer that cannot be used.
    """
    tables = LookupTables(brand.connector, brand.path.parent)
    loaded = tables.load_what_answers() if ask else tables.load_files()
    return LookUpTables(loaded, tables.problems)


class Preview:
    """One preview of a brand: yields how each change ends, in order, and counts."""

    def __init__(
        self, brand: Brand, *, why: bool = False, now_ms: int = 0, tables: LookUpTables | None = None
    ) -> None:
        """`tables` are the look-ups that no topic carries; without them, no database is asked."""
        self._brand = brand
        self._why = why
        self._origins = Origins(brand)
        self._notices = Notices(brand)
        self._found: list[Previewed] = []
        self._changes: dict[tuple[str, int, int], Change] = {}
        tables = tables or look_up_tables(brand, ask=False)
        self._missing = {f"waits for lookup {name}": reason for name, reason in tables.missing.items()}
        self._rehearsal = Rehearsal(brand, self._observe, now_ms, tables=tables.loaded)
        self.counts = Counts(missing_lookups=dict(tables.missing))

    def of(self, records: Iterable[SourceRecord], *, wait_out: bool = False) -> Iterator[Previewed]:
        """Yield how each change ends.  With `wait_out`, all deadlines pass at the end."""
        try:
            for batch in in_order(self._brand, records):
                for taken in batch:
                    if isinstance(taken.decoded, Change):
                        self._changes[_place_of(taken.record)] = taken.decoded
                self._rehearsal.take(batch)
                yield from self._told()
            if wait_out:
                self._rehearsal.wait_out()
                yield from self._told()
            self.counts.waiting = self._rehearsal.held
            self.counts.notices = list(self._notices.sentences())
            self.counts.unmet = [self._origins.at(path) for path in self._notices.unmet()]
        finally:
            self._rehearsal.close()

    def _told(self) -> Iterator[Previewed]:
        found, self._found = self._found, []
        yield from found

    def _observe(self, outcome: Outcome) -> None:
        kind = outcome.kind
        self.counts.by_reason[kind, outcome.table, outcome.reason] += 1
        change = self._changes.get(_place_of(outcome.record))
        if kind != "held" and not self._more_is_told_of(kind, outcome.table):
            self._changes.pop(_place_of(outcome.record), None)
        if kind == "lookup":
            self._notices.note(outcome, change, None, None)
            return
        reversal = self._origins.reversal_of(outcome, change, self._rehearsal.memory)
        missing = self._missing.get(outcome.reason)
        reason = outcome.reason if missing is None else f"{outcome.reason}: {missing}"
        events = tuple(self._event(outcome, out, reversal) for out in outcome.events)
        self.counts.events += len(events)
        rule = self._origins.rule(outcome, reversal)
        self._notices.note(outcome, change, rule, reversal)
        self._notices.note_row(outcome, change, self._rehearsal.memory)
        op = change.op if change is not None else ""
        self._found.append(
            Previewed(kind, outcome.record, outcome.table, outcome.shown_key, op, reason, rule, events)
        )

    def _more_is_told_of(self, kind: str, name: str) -> bool:
        """Return whether a change ends in several ways: a list in its items, a look-up row as play too."""
        if kind == "lookup":
            return self._brand.plan.of_table(name)[1:] != (None, None)
        table = self._brand.plan.tables.get(name)
        return table is not None and table.each is not None

    def _event(self, outcome: Outcome, out: Outgoing, reversal: Any) -> PreviewedEvent:
        why = self._origins.fields(outcome, out, reversal) if self._why else {}
        activity = f"{out.row.plan.name}.{out.name}"
        self.counts.warnings.update(out.warnings)
        player = str(out.fields.get("user_id", ""))
        return PreviewedEvent(out.message_id, activity, player, out.body, why, out.warnings)


def records_of(brand: Brand, *, limit: int | None, start: PeekFrom | int) -> Iterator[SourceRecord]:
    """Yield records of the brand's topics that are there now: look-up topics whole, then play, `limit` a topic.

    No group is joined and nothing is committed.  Raises ConfigError for a topic that is not there, and
    SourceUnavailable when Kafka does not answer.
    """
    look_ups, play = topics_there(brand)
    kafka = brand.connector.source.kafka
    yield from peek(kafka, look_ups, limit=None, start=PeekFrom.START)
    yield from peek(kafka, play, limit=limit, start=start)


def look_ups_of(brand: Brand) -> Iterator[SourceRecord]:
    """Yield the records of the brand's look-up topics, as `records_of` does."""
    look_ups, _ = topics_there(brand, play=False)
    yield from peek(brand.connector.source.kafka, look_ups, limit=None, start=PeekFrom.START)


def topics_there(brand: Brand, *, play: bool = True) -> tuple[list[str], list[str]]:
    """Return the names of the look-up topics and of the play topics, those that a pattern finds among them.

    Raises ConfigError with every topic that is not there (without `play`, of the look-ups only), and
    SourceUnavailable when Kafka does not answer.
    """
    topics, settings = brand.topics(), brand.connector.source.kafka
    names = [name for name in topics.names if play or not topics.is_play(name)]
    patterns = [pattern for pattern in topics.patterns if play or pattern not in topics.plays]
    if not names and not patterns:
        return [], []
    subscription = Subscription(names, patterns)
    source = open_source(settings, names, patterns)
    try:
        there = source.topics()
    finally:
        source.close()
    if missing := subscription.missing(there):
        hint = "Debezium makes a topic with its first record: check the name and the Debezium connector"
        place = f"Kafka at {settings.brokers}"
        raise ConfigError([Problem(place, 0, 0, "", sentence, hint) for sentence in missing])
    return [name for name in there if not topics.is_play(name)], [name for name in there if topics.is_play(name)]


def _place_of(record: SourceRecord) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset


def _place(origin: Origin) -> dict[str, Any]:
    return {"text": origin.text, "key": origin.key, "file": origin.file, "line": origin.line}


def _event(event: PreviewedEvent, *, why: bool) -> dict[str, Any]:
    said: dict[str, Any] = {
        "message_id": event.message_id,
        "activity": event.activity,
        "body": msgspec.Raw(event.body),
    }
    if event.warnings:
        said["warnings"] = event.warnings
    if why:
        said["why"] = {name: _place(origin) for name, origin in event.why.items()}
    return said


def start_of(text: str) -> PeekFrom | int | None:
    """Return what `--from` says: start, end or an offset; None when it says none of these."""
    if re.fullmatch(r"[0-9]{1,18}", text):
        return int(text)
    return {"start": PeekFrom.START, "end": PeekFrom.END}.get(text)
