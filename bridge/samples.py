"""What recent records of play topics show: settings of Debezium that lose money or order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import msgspec

from bridge.brand import Brand
from bridge.contracts import Memory
from bridge.errors import PoisonRecord
from bridge.mapping.items import items_of
from bridge.mapping.keys import key_text
from bridge.mapping.plan import TablePlan
from bridge.mapping.recall import Recall
from bridge.mapping.rows import judged_scope
from bridge.mapping.snapshots import LATER_SNAPSHOT
from bridge.mapping.waiting import Waiting
from bridge.records import Change, SourceRecord
from bridge.rehearsal import Rehearsal
from bridge.row import UNAVAILABLE
from bridge.sources.peek import PeekFrom, peek

SAMPLE: Final = 500
"""Records of each play topic that are looked at: the newest ones."""
_FLOATS: Final = frozenset({"float", "double", "float32", "float64"})
_ANYTHING = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class SampleFinding:
    """One thing that records show."""

    about: str
    sentence: str
    hint: str
    wrong: bool = True


@dataclass(slots=True)
class _Seen:
    """What the records of one table have shown so far."""

    partitions: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Where the rows of each player lie."""
    floats: set[str] = field(default_factory=set)
    unavailable: set[str] = field(default_factory=set)
    streamed: set[int] = field(default_factory=set)
    """The partitions that have shown records of the log."""
    later_snapshot: bool = False
    without_position: bool = False
    without_sequence: bool = False


def sample_findings(brand: Brand, topics: Sequence[str], partitions: Mapping[str, int]) -> Iterator[SampleFinding]:
    """Yield what the newest records of play topics show.  Raises SourceUnavailable when Kafka is away."""
    settings = brand.connector.source.kafka
    for topic in topics:
        records = peek(settings, [topic], limit=SAMPLE, start=PeekFrom.END)
        yield from findings_of(brand, topic, records, partitions=partitions[topic])


def findings_of(
    brand: Brand, topic: str, records: Iterable[SourceRecord], *, partitions: int
) -> Iterator[SampleFinding]:
    """Yield what some records of one topic show."""
    decoder = brand.decoder()
    seen: dict[str, _Seen] = defaultdict(_Seen)
    broken: dict[str, int] = defaultdict(int)
    rehearsal = Rehearsal(brand, lambda _: None)
    try:
        for record in records:
            try:
                change = decoder.decode(record)
                if isinstance(change, Change):
                    _look(brand, change, seen, rehearsal.memory)
            except PoisonRecord as poison:
                broken[poison.reason] += 1
    finally:
        rehearsal.close()
    for reason, count in sorted(broken.items()):
        hint = "see them with `wallet-bridge preview`"
        yield SampleFinding(f"topic {topic}", f"{count} of the newest records cannot be read: {reason}", hint)
    for table, shown in sorted(seen.items()):
        yield from _told(topic, table, shown, partitions)


def _look(brand: Brand, change: Change, seen: Mapping[str, _Seen], memory: Memory) -> None:
    _, table, _ = brand.plan.of_table(change.table)
    if table is None:
        return
    shown = seen[table.name]
    if not change.snapshot and change.position is None:
        shown.without_position = True
    source, schema = _source_and_schema(change.record)
    if source.get("connector") == "postgresql" and not change.snapshot and not source.get("sequence"):
        shown.without_sequence = True
    if not change.snapshot:
        shown.streamed.add(change.record.partition)
    elif change.record.partition in shown.streamed and source.get("snapshot") != "incremental":
        shown.later_snapshot = True
    row = change.after
    if row is None:
        return
    for column in table.columns:
        if column in row and row.get(column) is UNAVAILABLE:
            shown.unavailable.add(column)
    shown.floats |= {column for column in schema if column in table.columns}
    player = _player(table, change, memory)
    if player is not None:
        shown.partitions[player].add(change.record.partition)


def _player(table: TablePlan, change: Change, memory: Memory) -> str | None:
    """Return whose row it is; None where the record alone does not tell."""
    recall = Recall()
    recall.begin(memory)
    try:
        items = items_of(
            table, change, recall
        )  # All items of one list are of one record, and so of one partition.
        return key_text(table.player(judged_scope(table, items[0], recall))) if items else None
    except (Waiting, PoisonRecord):
        return None


def _source_and_schema(record: SourceRecord) -> tuple[Mapping[str, Any], set[str]]:
    """Return the source block of a JSON record, and the columns that come as floating-point numbers."""
    try:
        value = _ANYTHING.decode(record.value or b"null")
    except (msgspec.DecodeError, RecursionError, ArithmeticError):
        return {}, set()
    if not isinstance(value, dict):
        return {}, set()
    payload, schema = value.get("payload", value), value.get("schema")
    source = payload.get("source") if isinstance(payload, dict) else None
    return (source if isinstance(source, dict) else {}), _float_columns(schema)


def _float_columns(schema: Any) -> set[str]:
    if not isinstance(schema, dict):
        return set()
    after = next((part for part in schema.get("fields") or () if part.get("field") == "after"), schema)
    return {str(part.get("field")) for part in after.get("fields") or () if part.get("type") in _FLOATS}


def _told(topic: str, table: str, shown: _Seen, partitions: int) -> Iterator[SampleFinding]:
    about = f"topic {topic}"
    spread = [player for player, places in shown.partitions.items() if len(places) > 1]
    if partitions > 1 and spread:
        sentence = (
            f"rows of one player lie in several partitions ({len(spread)} of {len(shown.partitions)} players "
            f"in the newest {SAMPLE} records): their order is lost"
        )
        hint = f"set message.key.columns of the Debezium connector to the column of {table} that names the player"
        yield SampleFinding(about, sentence, hint)
    for column in sorted(shown.floats):
        sentence = f"column {column} comes as a floating-point number: money may differ from what the wallet holds"
        hint = "set decimal.handling.mode=precise (or string) in the Debezium connector"
        yield SampleFinding(about, sentence, hint)
    for column in sorted(shown.unavailable):
        sentence = f"column {column} is unavailable in some updates, because it is large and did not change"
        yield SampleFinding(about, sentence, f"set REPLICA IDENTITY FULL on {table}", wrong=False)
    if shown.later_snapshot:
        sentence = (
            "rows of a snapshot lie behind records of the log: what was written between the two is not sent "
            f"(counted as `{LATER_SNAPSHOT}`)"
        )
        hint = "set snapshot.mode=initial of the Debezium connector, and compare that time with the wallet"
        yield SampleFinding(about, sentence, hint, wrong=False)
    if shown.without_position:
        sentence = "records do not tell their source position: repeats and the order across topics cannot be told"
        yield SampleFinding(about, sentence, "keep `source` in the records (no transform may drop it)")
    elif shown.without_sequence:
        sentence = "records have no source.sequence: the order of transactions that overlap cannot be told"
        yield SampleFinding(about, sentence, "use Debezium 2 or newer", wrong=False)
