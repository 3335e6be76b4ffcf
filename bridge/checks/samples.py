"""What recent records of play topics show: settings of Debezium that lose money or order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from bridge.brand import Brand
from bridge.checks.written import Written, written_of
from bridge.decoders.doubles import Double
from bridge.errors import PoisonRecord
from bridge.flow import Change
from bridge.mapping.snapshots import LATER_SNAPSHOT
from bridge.mapping.state.items import items_of
from bridge.mapping.state.keys import key_text
from bridge.mapping.state.plan import TablePlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.rows import judged_scope
from bridge.mapping.state.scope import Scope
from bridge.mapping.state.waiting import Waiting
from bridge.memory import Memory
from bridge.records import SourcePosition, SourceRecord
from bridge.rehearsing.rehearsal import Rehearsal
from bridge.row import UNAVAILABLE, Row
from bridge.sources.peek import PeekFrom, peek

SAMPLE: Final = 500
"""Records of each play topic that are looked at: the newest ones."""
_FLOATS: Final = frozenset({"float", "double", "float32", "float64"})


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
    defaults: set[str] = field(default_factory=set)
    """Columns whose null arrives as their default."""
    places: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """How many digits a number without schema has behind its point."""
    unavailable: set[str] = field(default_factory=set)
    streamed: set[int] = field(default_factory=set)
    """The partitions that have shown records of the log."""
    later_snapshot: bool = False
    without_position: bool = False
    with_sequence: bool | None = None
    """None as long as no record of Postgres has come from the log."""
    made_up_keys: bool = False
    """Whether the key of a delete has columns that Debezium makes up."""
    changes: dict[SourcePosition, tuple[str, Mapping[str, Any] | None]] = field(default_factory=dict)
    """Operation and row at each position in a binlog."""
    same_position: bool = False


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
    tables: set[str] = set()
    rehearsal = Rehearsal(brand, lambda _: None)
    try:
        for record in records:
            try:
                change = decoder.decode(record)
                if isinstance(change, Change):
                    tables.add(change.table)
                    _look(brand, change, seen, rehearsal.memory)
            except PoisonRecord as poison:
                broken[poison.reason] += 1
    finally:
        rehearsal.close()
    for reason, count in sorted(broken.items()):
        hint = "see them with `wallet-bridge preview`"
        yield SampleFinding(f"topic {topic}", f"{count} of the newest records cannot be read: {reason}", hint)
    if tables and all(brand.plan.of_table(table) == (None, None, None) for table in tables):
        names = ", ".join(sorted(tables))
        sentence = f"none of the newest records is of a table of the connector: they are of {names}"
        yield SampleFinding(f"topic {topic}", sentence, "all are skipped; name the table so, or under `tables`")
    for table, shown in sorted(seen.items()):
        yield from _told(topic, table, shown, partitions)


def _look(brand: Brand, change: Change, seen: Mapping[str, _Seen], memory: Memory) -> None:
    _, table, part = brand.plan.of_table(change.table)
    written = written_of(change.record)
    if part is not None:
        _note_places(seen[part[1].table], written, written.row.keys())
    if table is None:
        return
    shown = seen[table.name]
    if change.snapshot:
        if change.record.partition in shown.streamed and not _is_incremental(change, written):
            shown.later_snapshot = True
    else:
        shown.streamed.add(change.record.partition)
        _look_at_the_log(table, change, shown, has_before=brand.connector.source.flattened is None)
    if change.after is not None:
        _look_at_values(table, change.after, written, shown)
        player = _player(table, change, memory)
        if player is not None:
            shown.partitions[player].add(change.record.partition)


def _is_incremental(change: Change, written: Written) -> bool:
    if written.source:
        return bool(written.source.get("snapshot") == "incremental")
    return change.position is None


def _look_at_the_log(table: TablePlan, change: Change, shown: _Seen, *, has_before: bool) -> None:
    """Note what a record of the log shows beside its values."""
    position = change.position
    if position is None:
        shown.without_position = True
    elif position.lineage.startswith("postgresql:"):
        # Without it the LSN stands in both places.
        shown.with_sequence = bool(shown.with_sequence) or position.order[0] != position.order[1]
        is_default = has_before and change.op == "u" and change.before is None
        whole_rows = not table.append_only and table.each is None
        if is_default and whole_rows and not _key_is_the_rows(table, change):
            shown.made_up_keys = True
    elif position.lineage.startswith(("mysql:", "mariadb:")) and change.renamed is None:
        # A repeat has the same row; the halves of a changed key have one position rightly.
        what = (change.op, change.after.raw if change.after is not None else None)
        shown.same_position |= shown.changes.setdefault(position, what) != what


def _key_is_the_rows(table: TablePlan, change: Change) -> bool:
    """Return whether the Kafka key has all that identifies the row, and so is no `message.key.columns`."""
    try:
        return change.key is None or table.key(Scope(table, Recall(), "", change.key, change=change)) is not None
    except PoisonRecord:
        return False


def _look_at_values(table: TablePlan, row: Row, written: Written, shown: _Seen) -> None:
    for column in table.columns:
        value = row.get(column) if column in row else None
        if value is UNAVAILABLE:
            shown.unavailable.add(column)
        elif isinstance(value, Double):
            shown.floats.add(column)
    for schema in written.columns:
        name = schema.get("field")
        if name in table.columns:
            if schema.get("type") in _FLOATS:
                shown.floats.add(str(name))
            if schema.get("optional") and schema.get("default") is not None and written.replaces_nulls:
                shown.defaults.add(str(name))
    _note_places(shown, written, table.columns)


def _note_places(shown: _Seen, written: Written, columns: Collection[str]) -> None:
    for column in columns:
        value = written.row.get(column)
        if type(value) is Decimal:
            shown.places[column].add(-int(value.as_tuple().exponent))


def _player(table: TablePlan, change: Change, memory: Memory) -> str | None:
    """Return whose row it is; None where the record alone does not tell."""
    recall = Recall()
    recall.begin(memory)
    try:
        # All items of one list are of one record, and so of one partition.
        items = items_of(table, change, recall)
        return key_text(table.player(judged_scope(table, items[0], recall))) if items else None
    except (Waiting, PoisonRecord):
        return None


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
    yield from _told_of_columns(about, shown)
    for column in sorted(shown.unavailable):
        sentence = f"column {column} is unavailable in some updates, because it is large and did not change"
        yield SampleFinding(about, sentence, f"set REPLICA IDENTITY FULL on {table}", wrong=False)
    yield from _told_of_the_log(about, table, shown)


def _told_of_the_log(about: str, table: str, shown: _Seen) -> Iterator[SampleFinding]:
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
    elif shown.with_sequence is False:
        sentence = "records have no source.sequence: the order of transactions that overlap cannot be told"
        hint = "use Debezium 2 or newer; for flattened records, add source.sequence to add.fields"
        yield SampleFinding(about, sentence, hint, wrong=False)
    if shown.same_position:
        sentence = "several changes have one position in the binlog: a row's second change is taken for a repeat"
        yield SampleFinding(about, sentence, "set binlog_transaction_compression=OFF in MySQL")
    if shown.made_up_keys:
        sentence = (
            "message.key.columns names columns that a delete does not have under REPLICA IDENTITY DEFAULT: "
            "Debezium makes them up, and the delete may lie in another partition than the row"
        )
        yield SampleFinding(about, sentence, f"set REPLICA IDENTITY FULL on {table}", wrong=False)


def _told_of_columns(about: str, shown: _Seen) -> Iterator[SampleFinding]:
    for column in sorted(shown.defaults):
        sentence = f"column {column} has a default, and a null in it arrives as that default"
        hint = "set value.converter.replace.null.with.default=false in the Debezium connector"
        yield SampleFinding(about, sentence, hint)
    for column, places in sorted(shown.places.items()):
        if len(places) > 1:
            sentence = (
                f"column {column} comes as a number without schema, with now more and now fewer digits behind the "
                "point, as a floating-point number does: money may differ from what the wallet holds"
            )
            hint = "set decimal.handling.mode=string in the Debezium connector, and declare the column decimal"
            yield SampleFinding(about, sentence, hint, wrong=False)
