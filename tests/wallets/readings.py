"""The cases beside a connector, read as a bridge may read them: each record twice, with restarts in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from bridge.brand import Brand, declared_columns, load_brand
from bridge.config.connector_tests import End, Pause, read_tests, steps_of
from bridge.decoders.declarations import Declarations
from bridge.decoders.placeholder import Placeholder
from bridge.flow import Change, Decoded, Taken
from bridge.intake.taking import take_all, take_up
from bridge.ledger import open_ledger
from bridge.lookups.tables import LookupTables
from bridge.mapping.mapper import Mapper
from bridge.mapping.state.layered import Layered
from bridge.records import SourcePosition, SourceRecord
from bridge.rehearsing.connector_tests import ended_record, key_columns, taken_record
from bridge.row import Row
from tests.support.cases import ENVIRONMENT

Step = Taken | Pause
NOTES = 1_000_000
"""Offsets from here on are those of notes."""


@dataclass
class Known:
    """Stands in for the decoder of records that were never encoded."""

    changes: dict[tuple[str, int], Decoded] = field(default_factory=dict)

    def decode(self, record: SourceRecord) -> Decoded:
        """Return the change that a case made of this record."""
        return self.changes[record.topic, record.offset]


@dataclass
class Reading:
    """One reading of a case."""

    brand: Brand
    steps: list[Step]
    times: int = 1
    restart_every: int = 0

    def events(self) -> list[dict[str, Any]]:
        """Return what it leads to, in order."""
        ledger = open_ledger(":memory:", self.brand.connector.brand, create=True)
        known, now_ms, mapper = Known(), 0, Mapper(self.brand.plan)
        first = ledger.begin(now_ms)
        mapper.begin(first, now_ms)
        for lookup, rows in LookupTables(self.brand.connector, self.brand.path.parent).load_files():
            mapper.load(lookup, rows)
        first.commit()
        for number, step in enumerate(self.steps, start=1):
            if isinstance(step, Pause):
                now_ms += int(step.duration.total_seconds() * 1000)
            transaction = ledger.begin(now_ms)
            mapper.begin(transaction, now_ms)
            if isinstance(step, Pause):
                mapper.expire()
            elif not isinstance(step.decoded, Exception):
                known.changes[step.record.topic, step.record.offset] = step.decoded
                take_all(mapper, [step] * self.times)
            transaction.commit()
            if self.restart_every and number % self.restart_every == 0:
                mapper = Mapper(self.brand.plan)
                take_up(mapper, ledger, known)
        return [json.loads(event.body, parse_float=Decimal) for event in ledger.unconfirmed(0, 1_000_000)]


def cases_of(path: Path) -> Iterator[tuple[str, Brand, list[Step]]]:
    """Yield the cases of a test file, each with its brand and what it is given."""
    tests = read_tests(path)
    brand = load_brand(path.with_name(path.name.replace(".test.", ".")), ENVIRONMENT)
    declared = Declarations(declared_columns(brand.connector), Placeholder())
    for name in tests.model.cases:
        steps: list[Step] = []
        for step in steps_of(tests.model, name, lambda table: key_columns(brand, table)):
            if isinstance(step, Pause):
                steps.append(step)
            elif isinstance(step, End):
                steps.append(ended_record(step))
            else:
                steps.append(taken_record(step, declared.declared(step.table)))
        yield name, brand, steps


def touched(steps: list[Step]) -> list[Step]:
    """Return the steps with an update behind each row that is written, which changes nothing but a note on it."""
    found: list[Step] = []
    for step in steps:
        found.append(step)
        if isinstance(step, Taken) and isinstance(step.decoded, Change) and step.decoded.after is not None:
            found.append(_noted(step, step.decoded, step.decoded.after))
    return found


def _noted(step: Taken, change: Change, row: Row) -> Taken:
    """Return an update of a row that was just written."""
    record = replace(step.record, offset=NOTES + step.record.offset)
    position = SourcePosition("test", (*change.position.order, 1)) if change.position is not None else None
    after = Layered(Row({"a_note": "looked at"}, {}), row)
    # The transaction that wrote the row has ended, with as many changes as its end tells.
    later = Change(
        record=record,
        table=change.table,
        op="u",
        key=change.key,
        before=row,
        after=after,
        position=position,
        snapshot=False,
        committed_us=change.committed_us,
    )
    return Taken(record, later, position, step.arrived)
