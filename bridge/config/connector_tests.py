"""Tests beside a connector (`NAME.test.yaml`): given these changes, these events.

This is their form and what it means as changes of rows; judging them is the mapping's business.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import Field, model_validator

from bridge.config.loading import LoadedFile, read_model
from bridge.config.wallet import Duration, Model
from bridge.config.wording import nearest
from bridge.config.written_values import Columns, moment_of, value_of, values_of
from bridge.errors import ConfigError, Problem

_KINDS: Final = ("insert", "update", "delete", "snapshot", "rename")


class Rename(Model):
    """A row whose key changes."""

    from_: Columns = Field(alias="from", description="The key as it was.")
    to: Columns = Field(description="The columns that are new, those of the key among them.")


class Given(Model):
    """One change, or time that passes.  2026-11-21T23:00:00Z is a moment, 2026-11-21 a date, `{text: x}` text."""

    table: str | None = Field(None, description="The table; without it, the file's `table`.")
    insert: Columns | None = Field(None, description="A new row; columns left out are those of `columns`.")
    update: Columns | None = Field(
        None, description="The key and what changes; the other columns stay as the case has them."
    )
    delete: Columns | None = Field(None, description="The key of a row that goes.")
    snapshot: Columns | None = Field(None, description="A row of a snapshot, as `insert`.")
    rename: Rename | None = Field(None, description="A row whose key changes.")
    before: Columns | None = Field(
        None, description="What the record tells of the row before; without it, what the case has.  {}: nothing."
    )
    at: str | None = Field(
        None, description="When it was committed; without it, a second after the change before."
    )
    times: int = Field(1, ge=1, le=100, description="How often the same record is read.")
    transaction: str | None = Field(
        None, description="The database transaction that wrote it, by a name of yours; for `until: transaction`."
    )
    end: str | None = Field(
        None,
        description="Instead of a change: the record of Debezium that this transaction has ended, and had all "
        "changes that the case has of it, before and after.",
    )
    counts: dict[str, int] | None = Field(
        None, description="With `end`: how many changes of each table it had, where one of them never comes."
    )
    wait: Duration | None = Field(None, description="Instead of a change: so much time passes.")

    @model_validator(mode="after")
    def _says_one_thing(self) -> Given:
        if self.at is not None and not isinstance(value_of(self.at), datetime):
            raise ValueError("at is a moment such as 2026-11-21T23:00:00Z")
        said = [kind for kind in (*_KINDS, "end", "wait") if getattr(self, kind) is not None]
        if len(said) != 1:
            raise ValueError(f"one of these is expected: {', '.join((*_KINDS, 'end', 'wait'))}")
        if self.transaction is not None and said[0] not in _KINDS:
            raise ValueError("transaction is said of a change; the end of one is `end: NAME`")
        if self.counts is not None and self.end is None:
            raise ValueError("counts is said with `end`")
        return self

    @property
    def changes_a_row(self) -> bool:
        """Return whether this is a change of a row."""
        return self.wait is None and self.end is None


class Case(Model):
    """Given these changes, these events."""

    rows: dict[str, list[Columns]] = Field({}, description="Look-up rows beside those of the file.")
    given: list[Given] = Field(description="Changes, in order.")
    expect: list[Columns] = Field([], description="Events, in order; only the fields named here are compared.")
    exact: bool = Field(default=False, description="An event has no other fields than those named.")
    skipped: dict[str, int] | None = Field(None, description="How many changes are skipped, by reason.")
    parked: dict[str, int] = Field({}, description="How many changes are parked, by reason or code.")
    held: int = Field(0, ge=0, description="How many changes still wait at the end.")


class ConnectorTests(Model):
    """The tests of one connector."""

    connector: str | None = Field(None, description="Its file; without it, NAME.yaml for NAME.test.yaml.")
    table: str | None = Field(None, description="The table of every change that names none.")
    columns: dict[str, Columns] = Field(
        {}, description="For each table, the columns that its rows have unless said."
    )
    rows: dict[str, list[Columns]] = Field({}, description="Look-up rows that every case begins with.")
    cases: dict[str, Case] = Field(min_length=1, description="The cases, by what they show.")


@dataclass(frozen=True, slots=True)
class Step:
    """One record of a case: rows in full, values as a decoder gives them."""

    table: str
    op: str
    """c, u, d or r, as Debezium writes it."""
    key: Mapping[str, Any]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    committed_at: datetime
    old_key: Mapping[str, Any] | None = None
    """Set for the new half of a changed key."""
    number: int = 0
    """Grows with each change, and is the same each time that it is read."""
    place: tuple[int, ...] = ()
    """Where it stands in the log; all rows of a snapshot stand where that was when it was taken."""
    transaction: str | None = None


class End(NamedTuple):
    """The record of a transaction's end."""

    transaction: str
    counts: Mapping[str, int]
    """How many changes of each table it had."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Time that passes."""

    duration: timedelta


KeyColumns = Callable[[str], Sequence[str]]
"""Tells the columns of a table's key."""


def read_tests(path: Path) -> LoadedFile[ConnectorTests]:
    """Return the tests in a file.  Raises ConfigError with every problem that was found."""
    tests = read_model(path, ConnectorTests, {})
    problems = [
        tests.problem(("cases", name, "given", at), "the change has no table", "write `table:` here or once above")
        for name, case in tests.model.cases.items()
        for at, given in enumerate(case.given)
        if given.changes_a_row and (given.table or tests.model.table) is None
    ]
    problems += _unknown_transactions(tests)
    if problems:
        raise ConfigError(problems)
    return tests


def _unknown_transactions(tests: LoadedFile[ConnectorTests]) -> Iterator[Problem]:
    for name, case in tests.model.cases.items():
        known = {given.transaction for given in case.given if given.transaction is not None}
        for at, given in enumerate(case.given):
            if given.end is not None and given.counts is None and given.end not in known:
                message = f"no change of this case is of a transaction {given.end}"
                hint = nearest(given.end, known) or f"write `transaction: {given.end}` with its changes"
                yield tests.problem(("cases", name, "given", at, "end"), message, hint)


def connector_of(tests: LoadedFile[ConnectorTests]) -> Path:
    """Return the file of the connector that is tested."""
    return tests.path.parent / (tests.model.connector or tests.path.name.replace(".test.", "."))


def steps_of(tests: ConnectorTests, name: str, key_columns: KeyColumns) -> Iterator[Step | End | Pause]:
    """Yield what a case is given: its look-up rows as a snapshot, then its changes.

    An update of a row that the case does not have stands on the columns that the file gives its table.
    """
    case = tests.cases[name]
    table = _Tables(tests, key_columns)
    for group in (tests.rows, case.rows):
        for lookup, rows in group.items():
            for row in rows:
                yield table.step(lookup, "r", values_of(row))
    for given in case.given:
        if given.wait is not None:
            table.now += given.wait
            yield Pause(given.wait)
        elif given.end is not None:
            counts = given.counts if given.counts is not None else _changes_of(given.end, tests, case)
            yield from [End(given.end, counts)] * given.times
        else:
            step = replace(table.change(given), transaction=given.transaction)
            yield from [step] * given.times


def _changes_of(transaction: str, tests: ConnectorTests, case: Case) -> Mapping[str, int]:
    """Return how many changes of each table a case has of a transaction."""
    return Counter(given.table or tests.table or "" for given in case.given if given.transaction == transaction)


Place = tuple[str, tuple[Any, ...]]
"""A table, and the values of a row's key."""


@dataclass(slots=True)
class _Tables:
    """The rows of a case as they stand, and its clock."""

    tests: ConnectorTests
    key_columns: KeyColumns
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    rows: dict[Place, Columns] = field(default_factory=dict)
    number: int = 0
    logged: int = 0
    """The number of the last change that the log told of."""

    def change(self, given: Given) -> Step:
        name = given.table or self.tests.table or ""
        if given.at is not None:
            self.now = moment_of(given.at) - timedelta(seconds=1)
        before = values_of(given.before) if given.before is not None else None
        if given.rename is not None:
            return self._renamed(name, given.rename)
        for kind, op in (("insert", "c"), ("update", "u"), ("delete", "d"), ("snapshot", "r")):
            columns = getattr(given, kind)
            if columns is not None:
                return self.step(name, op, values_of(columns), before)
        raise ValueError("the change says nothing")  # a Given says one thing, or is refused

    def step(self, table: str, op: str, columns: Columns, before: Columns | None = None) -> Step:
        place = self._place(table, columns)
        stood = self.rows.get(_found_by(place))
        if op in ("c", "r"):
            after: Columns | None = {**values_of(self.tests.columns.get(table, {})), **columns}
            stood = None
        else:
            after = {**(stood or values_of(self.tests.columns.get(table, {}))), **columns} if op == "u" else None
            stood = stood or columns
        return self._note(table, op, place, before if before is not None else stood, after)

    def _note(
        self,
        table: str,
        op: str,
        place: Place,
        before: Columns | None,
        after: Columns | None,
    ) -> Step:
        if after is None:
            self.rows.pop(_found_by(place), None)
        else:
            self.rows[_found_by(place)] = after
        self.number += 1
        self.logged = self.logged if op == "r" else self.number
        self.now += timedelta(seconds=1)
        key = dict(zip(self.key_columns(table), place[1], strict=True))
        at = (self.logged, 0) if op == "r" else (self.number,)
        return Step(table, op, key, before or None, after, self.now, number=self.number, place=at)

    def _renamed(self, table: str, rename: Rename) -> Step:
        old = self._place(table, values_of(rename.from_))
        row = {
            **self.rows.pop(_found_by(old), values_of(self.tests.columns.get(table, {}))),
            **values_of(rename.to),
        }
        step = self._note(table, "c", self._place(table, row), None, row)
        old_key = dict(zip(self.key_columns(table), old[1], strict=True))
        return replace(step, old_key=old_key)

    def _place(self, table: str, columns: Columns) -> Place:
        row = {**values_of(self.tests.columns.get(table, {})), **columns}
        return table, tuple(row.get(column) for column in self.key_columns(table))


def _found_by(place: Place) -> Place:
    """Return a row's table and key in a form that can be looked up: a structure as JSON."""
    return place[0], tuple(json.dumps(v, default=str) if isinstance(v, dict | list) else v for v in place[1])
