"""Runs the tests beside a connector, without any server."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bridge.brand import Brand, declared_columns
from bridge.config.connector_tests import (
    Case,
    ConnectorTests,
    End,
    Pause,
    Step,
    connector_of,
    read_tests,
    steps_of,
)
from bridge.config.loading import LoadedFile
from bridge.config.wallet import Lookup
from bridge.config.wording import nearest
from bridge.config.written_values import differences
from bridge.decoders.declarations import Declarations
from bridge.decoders.declared import ColumnType
from bridge.decoders.placeholder import Placeholder
from bridge.errors import ConfigError, DecodeError, Problem
from bridge.flow import Change, Taken
from bridge.mapping.mapper import Outcome
from bridge.records import Renamed, SourcePosition, SourceRecord, TransactionEnd
from bridge.rehearsing.rehearsal import Rehearsal, load_without_servers
from bridge.row import ColumnDecoder, Row

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that came out otherwise than expected."""

    where: str
    """Which event, or what was counted."""
    field: str
    expected: Any
    got: Any


@dataclass(slots=True)
class CaseResult:
    """How one case came out."""

    file: str
    line: int
    name: str
    differences: list[Difference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was parked or held, and what was skipped where the case does not say: most failures begin there."""

    @property
    def passed(self) -> bool:
        """Return whether all came out as expected."""
        return not self.differences


def run_tests(path: Path) -> list[CaseResult]:
    """Run every case of a test file, each on a memory of its own.

    Raises ConfigError with every problem of the file, or of the connector that it tests.
    """
    tests = read_tests(path)
    connector = connector_of(tests)
    if not connector.is_file():
        raise ConfigError(
            [tests.problem(("connector",), f"there is no connector {connector}", "say which: connector:")]
        )
    brand = load_without_servers(connector)
    problems = list(_unknown_tables(tests, brand))
    if problems:
        raise ConfigError(problems)
    return [_run_case(tests, name, brand) for name in tests.model.cases]


def _unknown_tables(tests: LoadedFile[ConnectorTests], brand: Brand) -> Iterator[Problem]:
    wallet = brand.connector
    known = {
        *wallet.lookups,
        *wallet.play,
        *(part.table for t in wallet.play.values() for part in t.parts.values()),
    }
    patterns = {name: lookup.tables for name, lookup in wallet.lookups.items()}
    patterns |= {name: table.tables for name, table in wallet.play.items()}
    said: list[tuple[tuple[str | int, ...], str]] = [(("columns", name), name) for name in tests.model.columns]
    said += [(("rows", name), name) for name in tests.model.rows]
    if tests.model.table is not None:
        said.append((("table",), tests.model.table))
    for name, case in tests.model.cases.items():
        said += [(("cases", name, "rows", table), table) for table in case.rows]
        for at, given in enumerate(case.given):
            if given.table is not None:
                said.append((("cases", name, "given", at, "table"), given.table))
            said += [(("cases", name, "given", at, "counts", table), table) for table in given.counts or ()]
    for keys, table in said:
        if brand.plan.of_table(table) == (None, None, None):
            pattern = patterns.get(table)
            hint = f"name one of its tables, which fit {pattern}" if pattern else nearest(table, known)
            yield tests.problem(keys, f"the connector has no table {table}", hint)


def _run_case(tests: LoadedFile[ConnectorTests], name: str, brand: Brand) -> CaseResult:
    outcomes: list[Outcome] = []
    rehearsal = Rehearsal(brand, outcomes.append)
    declared = Declarations(declared_columns(brand.connector), Placeholder())
    try:
        for step in steps_of(tests.model, name, lambda table: key_columns(brand, table)):
            if isinstance(step, Pause):
                rehearsal.pass_time(int(step.duration.total_seconds() * 1000))
            elif isinstance(step, End):
                rehearsal.take([ended_record(step)])
            else:
                rehearsal.take([taken_record(step, declared.declared(step.table))])
        events = [json.loads(event.body, parse_float=Decimal) for event in rehearsal.events()]
        case = tests.model.cases[name]
        line, _ = tests.place(("cases", name))
        place = tests.document.places.get(("cases", name))
        result = CaseResult(str(tests.path), place.key_line if place is not None else line, name)
        result.differences += compared(case.expect, events, exact=case.exact)
        result.differences += _counted(case, rehearsal)
        told = {"parked", "held"} | ({"skipped"} if case.skipped is None else set())
        result.notes += [
            f"{o.kind}: {f'{o.table} {o.shown_key}'.strip()}: {o.reason}" for o in outcomes if o.kind in told
        ]
    finally:
        rehearsal.close()
    return result


def taken_record(step: Step, declared: Mapping[str, ColumnType]) -> Taken:
    """Return a case's change as a decoder would have made it of a record."""
    columns = {name: _decoder(kind) for name, kind in declared.items()}
    microseconds = (step.committed_at - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
    record = SourceRecord(step.table, 0, step.number, None, b"", (), microseconds // 1000)
    change = Change(
        record=record,
        table=step.table,
        op=step.op,
        key=Row(dict(step.key), columns),
        before=Row(dict(step.before), columns) if step.before is not None else None,
        after=Row(dict(step.after), columns) if step.after is not None else None,
        position=SourcePosition("test", step.place),
        snapshot=step.op == "r",
        committed_us=microseconds,
        renamed=Renamed.TO if step.old_key is not None else None,
        other_key=step.old_key,
        transaction=step.transaction,
    )
    return Taken(record, change, change.position, 0.0)


def ended_record(end: End) -> Taken:
    """Return the end of a transaction as a decoder would have made it of a record."""
    record = SourceRecord("transaction", 0, 0, None, b"", (), 0)
    return Taken(record, TransactionEnd(end.transaction, end.counts), None, 0.0)


def _decoder(kind: ColumnType) -> ColumnDecoder:
    """Return what reads a column's value as a record has it, and lets one pass that is what a record means."""

    def decode(value: Any) -> Any:
        try:
            return kind.convert(value)
        except DecodeError as error:
            if isinstance(value, str) or error.code == "unsigned_wrapped":
                raise
            return value

    return decode


def key_columns(brand: Brand, table: str) -> Sequence[str]:
    """Return the columns that tell a row of a table from another, versions of a look-up row too."""
    lookup, play, part = brand.plan.of_table(table)
    wallet = brand.connector
    if lookup is not None:
        return _columns_of_lookup(wallet.lookups[lookup.name])
    if play is not None:
        return _columns(wallet.play[play.name].key)
    if part is not None:
        header, parts = part
        return _columns(wallet.play[header.name].parts[parts.name].key)
    return ()


def _columns_of_lookup(lookup: Lookup) -> list[str]:
    return [*_columns(lookup.key), *([lookup.as_of] if lookup.as_of is not None else [])]


def _columns(key: Any) -> list[str]:
    """Return the names in the expressions of a key; functions are called, columns are not."""
    found: list[str] = []
    for text in key if isinstance(key, list) else [key]:
        tree = ast.parse(str(text), mode="eval")
        called = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
        found += [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node not in called]
    return list(dict.fromkeys(found))


def compared(expected: Sequence[Fields], events: Sequence[Fields], *, exact: bool) -> list[Difference]:
    """Return what differs between events and expectations, both in order, matched as well as can be."""
    found: list[Difference] = []
    for wanted, event in _aligned(expected, events, exact=exact):
        at = f"event {1 + (_index(events, event) if event is not None else _index(expected, wanted))}"
        if event is None:
            found.append(Difference(at, "missing", wanted, None))
        elif wanted is None:
            found.append(Difference(at, "unexpected", None, event))
        else:
            found += [Difference(at, *differs) for differs in _fields(wanted, event, exact=exact)]
    return found


def _index(items: Sequence[Fields], item: Fields | None) -> int:
    return next(at for at, other in enumerate(items) if other is item)


def _fields(wanted: Fields, event: Fields, *, exact: bool) -> list[tuple[str, Any, Any]]:
    found = [
        (name, value, event.get(name))
        for name, value in wanted.items()
        if differences({name: value}, event, exact=False)
    ]
    return found + [(name, None, event[name]) for name in sorted(set(event) - set(wanted)) if exact]


def _aligned(
    expected: Sequence[Fields], events: Sequence[Fields], *, exact: bool
) -> list[tuple[Fields | None, Fields | None]]:
    """Pair expectations and events in order such that the fewest fields differ; a lonely one costs four."""
    lonely = 4
    width = len(events) + 1
    costs = [[0] * width for _ in range(len(expected) + 1)]
    for i in range(len(expected), -1, -1):
        for j in range(len(events), -1, -1):
            ways = []
            if i < len(expected):
                ways.append(lonely + costs[i + 1][j])
            if j < len(events):
                ways.append(lonely + costs[i][j + 1])
            if i < len(expected) and j < len(events):
                ways.append(len(_fields(expected[i], events[j], exact=exact)) + costs[i + 1][j + 1])
            costs[i][j] = min(ways, default=0)
    pairs: list[tuple[Fields | None, Fields | None]] = []
    i = j = 0
    while i < len(expected) or j < len(events):
        both = i < len(expected) and j < len(events)
        if both and costs[i][j] == len(_fields(expected[i], events[j], exact=exact)) + costs[i + 1][j + 1]:
            pairs.append((expected[i], events[j]))
            i, j = i + 1, j + 1
        elif i < len(expected) and costs[i][j] == lonely + costs[i + 1][j]:
            pairs.append((expected[i], None))
            i += 1
        else:
            pairs.append((None, events[j]))
            j += 1
    return pairs


def _counted(case: Case, rehearsal: Rehearsal) -> list[Difference]:
    """Return what differs in the counts of changes that led to no event."""
    found: list[Difference] = []
    if case.skipped is not None:
        skipped: dict[str, int] = {}
        for (outcome, _, reason), count in rehearsal.ledger.counters().items():
            if outcome == "skipped":
                skipped[reason] = skipped.get(reason, 0) + count
        for reason in sorted({*case.skipped, *skipped}):
            wanted, got = case.skipped.get(reason, 0), skipped.get(reason, 0)
            found += [Difference("skipped", reason, wanted, got)] if wanted != got else []
    parked = list(rehearsal.ledger.parked())
    named = set(case.parked)
    for reason, wanted in case.parked.items():
        got = sum(1 for item in parked if reason in (item.code, item.reason))
        found += [Difference("parked", reason, wanted, got)] if wanted != got else []
    for item in parked:
        if not named & {item.code, item.reason}:
            found.append(Difference("parked", f"{item.reason} ({item.code})", 0, 1))
    if case.held != rehearsal.held:
        found.append(Difference("held", "changes", case.held, rehearsal.held))
    return found
