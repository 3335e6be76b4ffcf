"""Reads Debezium's envelope in Avro by regular expressions, compiled once for each schema.

The general reader goes from column to column in Python, which costs more than all else that is done
with a record.  Here the columns are cut out in C, and the bytes of a column are read when it is asked
for.  What does not fit (arrays, maps) is left to the general reader.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from bridge.decoders.avro_binary import compile_reader
from bridge.decoders.avro_columns import WireReader, read_number, read_text
from bridge.decoders.avro_finding import Finder, finder
from bridge.decoders.avro_patterns import LONGEST, Names, NotFlat, Pattern
from bridge.decoders.envelope import Source
from bridge.decoders.origin import Opened, Origin

WORTH = 1_000
"""So many records of one shape pay for the compilation, which takes some hundredths of a second.

Not final: compiled, that would be the number itself in each place, and tests could not set another.
"""

Shape = tuple[bool, bool]
"""Whether there is a row before, and a row after."""

_INSERT: Final[Shape] = (False, True)
_OTHERS: Final[tuple[Shape, ...]] = ((True, True), (True, False))
_SHAPES: Final = frozenset({_INSERT, *_OTHERS})
_MOST_SOURCES: Final = 1_000
_FIELDS: Final = Source.__struct_fields__
_MICROS, _MILLIS = _FIELDS.index("ts_us"), _FIELDS.index("ts_ms")
_STEADY: Final = frozenset({"connector", "name", "snapshot", "db", "schema", "table"})


@dataclasses.dataclass(slots=True, eq=False)
class _Plan:
    """Where what is read stands in what the pattern captures; fields of the source are told by number."""

    pattern: Pattern
    op: int = 0
    transaction: int | None = None
    before: int | None = None
    """Where the columns of the row begin."""
    after: int | None = None
    steady: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    """The source's texts that are the same in most records."""
    texts: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    numbers: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    millis: int | None = None
    """The commit time in milliseconds, where there is also one in microseconds, which may be null."""


@dataclasses.dataclass(slots=True, eq=False)
class _Program:
    """A plan, compiled."""

    plan: _Plan
    find: Finder
    steady: Callable[[Sequence[Any]], tuple[bytes | None, ...]]


class FlatReader:
    """Reads the envelopes of one schema, once it has seen enough of them."""

    def __init__(self, schema: Any, types: Sequence[Any] = ()) -> None:
        """`types` are the schemas to which it refers.  Raises NotFlat where envelopes have no pattern."""
        try:
            self._names = Names()
            for each in types:
                self._names.resolve(each)
            self._fields: dict[str, Any] = {field["name"]: field["type"] for field in schema["fields"]}
            if list(self._fields)[:2] != ["before", "after"]:
                raise NotFlat("before and after")
            self._rows = [self._names.nullable(self._fields[name]) for name in ("before", "after")]
            for kind in self._fields.values():
                self._names.pattern(kind)
            self.wire: Mapping[str, WireReader] = self._wire(self._rows[1][0])
            self._columns = list(self.wire)
            self._source = [(field["name"], field["type"]) for field in self._fields["source"]["fields"]]
        except (KeyError, TypeError, AttributeError, RecursionError):
            raise NotFlat("no envelope") from None
        (before, absent), (after, also_absent) = self._rows
        op = self._names.nullable(self._fields["op"])
        if before is not after or min(absent, also_absent) < 0 or op != ("string", -1):
            raise NotFlat("no envelope")
        self._long: set[tuple[str, str]] = set()
        self._seen: dict[Shape, int] = {}
        self._programs: dict[Shape, _Program] = {}
        self._sources: dict[tuple[bytes | None, ...], list[Any]] = {}
        if len(self._plan(_INSERT).steady) < 2:
            raise NotFlat("source")

    def _wire(self, row: Any) -> dict[str, WireReader]:
        return {field["name"]: self._wire_reader(field["type"]) for field in row["fields"]}

    def _wire_reader(self, schema: Any) -> WireReader:
        kind, _ = self._names.nullable(schema)
        if kind == "string":
            return read_text
        if kind in ("int", "long"):
            return read_number
        try:
            read = compile_reader(kind)
        except ValueError:
            # It names a type that is defined elsewhere.
            raise NotFlat("type") from None
        return lambda raw: read(raw, 0)[0]

    def read(self, data: bytes) -> Opened | None:
        """Return the envelope, its rows in bytes; None for one that the general reader must read."""
        try:
            for shape in (_INSERT,) if data[5] == self._rows[0][1] else _OTHERS:
                program = self._programs.get(shape)
                values = None if program is None else program.find(data, 5)
                if program is not None and values is not None:
                    return self._envelope(program, values)
        except (ValueError, IndexError):
            # The general reader says what is wrong.
            return None
        return None

    def _envelope(self, program: _Program, values: Sequence[Any]) -> Opened:
        plan, columns, transaction = program.plan, self._columns, None
        if plan.transaction is not None and values[plan.transaction] is not None:
            transaction = read_text(values[plan.transaction])
        key = program.steady(values)
        source = (self._sources.get(key) or self._remember(plan, key)).copy()
        for place, field in plan.texts:
            raw = values[place]
            if raw is not None:
                source[field] = read_text(raw)
        for place, field in plan.numbers:
            raw = values[place]
            if raw is not None:
                source[field] = read_number(raw)
        if plan.millis is not None and source[_MICROS] is None and values[plan.millis] is not None:
            source[_MILLIS] = read_number(values[plan.millis])
        return (
            read_text(values[plan.op]),
            Origin(tuple(source)),
            None if plan.before is None else _row(columns, values, plan.before),
            None if plan.after is None else _row(columns, values, plan.after),
            transaction,
        )

    def _remember(self, plan: _Plan, key: tuple[bytes | None, ...]) -> list[Any]:
        """Keep the source's texts that are the same in most records, by their bytes."""
        source: list[Any] = [None] * len(_FIELDS)
        for raw, (_, field) in zip(key, plan.steady, strict=True):
            source[field] = None if raw is None else read_text(raw)
        if len(self._sources) >= _MOST_SOURCES:
            self._sources.clear()
        self._sources[key] = source
        return source

    def learn(self, content: Mapping[str, Any]) -> None:
        """Take note of an envelope that the general reader has read: of its shape, and of long texts."""
        shape = (content["before"] is not None, content["after"] is not None)
        for part in ("before", "after", "source"):
            for name, value in (content[part] or {}).items():
                if isinstance(value, str | bytes) and len(value) * 4 > LONGEST:
                    self._note("source" if part == "source" else "row", name, value)
        if shape in _SHAPES:
            self._seen[shape] = self._seen.get(shape, 0) + 1
            if self._seen[shape] >= WORTH and shape not in self._programs:
                self._programs[shape] = self._compile(shape)

    def _note(self, part: str, name: str, value: str | bytes) -> None:
        size = len(value if isinstance(value, bytes) else value.encode())
        kind, _ = self._names.nullable(dict(self._source)[name] if part == "source" else self._row_types()[name])
        if size > LONGEST and kind in ("string", "bytes") and (part, name) not in self._long:
            self._long.add((part, name))
            self._programs.clear()

    def _row_types(self) -> dict[str, Any]:
        return {field["name"]: field["type"] for field in self._rows[1][0]["fields"]}

    def _compile(self, shape: Shape) -> _Program:
        plan = self._plan(shape)
        return _Program(plan, finder(*plan.pattern.parts()), itemgetter(*(place for place, _ in plan.steady)))

    def _plan(self, shape: Shape) -> _Plan:
        plan = _Plan(Pattern(self._names))
        plan.before, plan.after = (self._add_row(plan, *part) for part in zip(self._rows, shape, strict=True))
        for name, kind in list(self._fields.items())[2:]:
            if name == "source":
                self._add_source(plan)
            elif name == "op":
                plan.op = plan.pattern.capture(kind)
            elif name == "transaction":
                plan.transaction = plan.pattern.first_of(kind, "id")
            else:
                plan.pattern.skip(kind)
        return plan

    def _add_row(self, plan: _Plan, row: tuple[Any, int], is_there: bool) -> int | None:
        kind, null = row
        plan.pattern.byte(2 - null if is_there else null)
        if not is_there:
            return None
        start = plan.pattern.count
        for field in kind["fields"]:
            plan.pattern.capture(field["type"], long=("row", field["name"]) in self._long)
        return start

    def _add_source(self, plan: _Plan) -> None:
        names = {name for name, _ in self._source}
        for name, schema in self._source:
            kind, _ = self._names.nullable(schema)
            long = ("source", name) in self._long
            if name not in _FIELDS:
                plan.pattern.skip(schema, long=long)
            elif kind == "string":
                target = plan.steady if name in _STEADY else plan.texts
                target.append((plan.pattern.capture(schema, long=long), _FIELDS.index(name)))
            elif name == "ts_ms" and kind == "long" and "ts_us" in names:
                plan.millis = plan.pattern.capture(schema)
            elif kind in ("int", "long"):
                plan.numbers.append((plan.pattern.capture(schema), _FIELDS.index(name)))
            else:
                raise NotFlat(name)


def _row(columns: list[str], values: Sequence[Any], start: int) -> dict[str, Any]:
    """Return the columns that begin at a place of what was captured; `dict(zip(...))` takes twice as long."""
    row: dict[str, Any] = {}
    place = start
    for column in columns:
        row[column] = values[place]
        place += 1
    return row
