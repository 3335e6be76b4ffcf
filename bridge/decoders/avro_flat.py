"""Reads Debezium's envelope in Avro from value to value, and decodes only what every record is asked for.

A column stays in its bytes until a rule asks for it.  What has no steps (arrays, maps) is left to the
general reader.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bridge.decoders.avro_binary import compile_reader
from bridge.decoders.avro_columns import WireReader, read_number, read_text
from bridge.decoders.avro_steps import RECORD, TEXT, Step, end_of, is_null, number_in
from bridge.decoders.avro_types import Names, NotFlat
from bridge.decoders.envelope import Source
from bridge.decoders.origin import Opened, Origin

_START: Final = 5
"""Behind the zero byte and the schema's id."""
_MOST_SOURCES: Final = 1_000
_FIELDS: Final = Source.__struct_fields__
_MICROS: Final = _FIELDS.index("ts_us")
_MILLIS: Final = _FIELDS.index("ts_ms")
_BLANK: Final[list[Any]] = [None] * len(_FIELDS)
_OTHER: Final = -1
_NUMBERS: Final = frozenset({"ts_ms", "ts_us", "lsn", "server_id", "pos", "row", "event_serial_no", "ssn"})
_EITHER: Final = "txId"
_STEADY: Final = frozenset({"connector", "name", "snapshot", "db", "schema", "table"})
"""The source's texts that are the same in most records."""


class _Field:
    """A field of the source: its step, and where `Origin` has it; _OTHER for one that it has not."""

    __slots__ = ("is_steady", "place", "step")

    def __init__(self, step: Step) -> None:
        self.step = step
        self.place = _FIELDS.index(step.name) if step.name in _FIELDS else _OTHER
        self.is_steady = step.name in _STEADY


class FlatReader:
    """Reads the envelopes of one schema."""

    def __init__(self, schema: Any, types: Sequence[Any] = ()) -> None:
        """`types` are the schemas to which it refers.  Raises NotFlat where its envelopes have no steps."""
        try:
            names = Names()
            for each in types:
                names.resolve(each)
            fields: dict[str, Any] = {field["name"]: field["type"] for field in schema["fields"]}
            if list(fields)[:2] != ["before", "after"]:
                raise NotFlat("before and after")
            row, _ = names.nullable(fields["before"])
            if names.nullable(fields["after"])[0] is not row:
                raise NotFlat("rows of two types")
            steps = {name: names.step(kind, name) for name, kind in fields.items()}
            for field in fields["source"]["fields"]:
                _require_readable(field["name"], *names.nullable(field["type"]))
            if names.nullable(fields["op"]) != ("string", -1):
                raise NotFlat("op")
            if "transaction" in fields and not _has_id_first(names.nullable(fields["transaction"])[0]):
                raise NotFlat("transaction")
            self.wire: Mapping[str, WireReader] = {
                field["name"]: _wire_reader(field["type"], names) for field in row["fields"]
            }
        except (KeyError, TypeError, AttributeError, RecursionError):
            raise NotFlat("no envelope") from None
        self._before, self._after = steps["before"], steps["after"]
        self._rest = list(steps.values())[2:]
        if self._before.kind != RECORD or self._before.null < 0 or self._after.null < 0:
            raise NotFlat("rows")
        self._source = [_Field(step) for step in steps["source"].inner]
        self._texts: dict[Any, list[tuple[int, str | None]]] = {}
        """What the source's steady texts say, by their bytes."""

    def read(self, data: bytes) -> Opened | None:
        """Return the envelope, its rows in bytes; None for one that the general reader must read."""
        try:
            return self._read(data)
        except (ValueError, IndexError):
            # The general reader says what is wrong.
            return None

    def _read(self, data: bytes) -> Opened | None:
        before, pos = _row(self._before, data, _START)
        after, pos = _row(self._after, data, pos)
        op, source, transaction = "", _BLANK, None
        for step in self._rest:
            if step.null >= 0:
                pos += 1
                if is_null(step, data, pos - 1):
                    continue
            name = step.name
            if name == "source":
                source, pos = self._origin(data, pos)
                continue
            end = end_of(step, data, pos)
            if name == "op":
                op = read_text(data[pos:end])
            elif name == "transaction":
                transaction = read_text(data[pos : end_of(step.inner[0], data, pos)])
            pos = end
        if pos != len(data):
            return None
        return op, Origin(tuple(source)), before, after, transaction

    def _origin(self, data: bytes, pos: int) -> tuple[list[Any], int]:
        """Return the fields of the source, and where it ends."""
        source: list[Any] = _BLANK.copy()
        steady: list[bytes | None] = []
        millis = millis_end = 0
        for field in self._source:
            step, place = field.step, field.place
            if step.null >= 0:
                pos += 1
                if is_null(step, data, pos - 1):
                    if field.is_steady:
                        steady.append(None)
                    continue
            end = end_of(step, data, pos)
            if field.is_steady:
                steady.append(data[pos:end])
            elif place == _MILLIS:
                millis, millis_end = pos, end  # Only asked for where there are no microseconds.
            elif place != _OTHER:
                source[place] = read_text(data[pos:end]) if step.kind == TEXT else number_in(data, pos, end)
            pos = end
        if millis and source[_MICROS] is None:
            source[_MILLIS] = number_in(data, millis, millis_end)
        for place, text in self._steady(steady):
            source[place] = text
        return source, pos

    def _steady(self, raw: list[bytes | None]) -> list[tuple[int, str | None]]:
        key: Any = tuple(raw)
        known = self._texts.get(key)
        if known is None:
            places = [field.place for field in self._source if field.is_steady]
            texts = [None if one is None else read_text(one) for one in raw]
            if len(self._texts) >= _MOST_SOURCES:
                self._texts.clear()
            known = self._texts[key] = list(zip(places, texts, strict=True))
        return known


def _row(row: Step, data: bytes, pos: int) -> tuple[dict[str, Any] | None, int]:
    """Return the columns of a row, each in its bytes, and where it ends."""
    if is_null(row, data, pos):
        return None, pos + 1
    pos += 1
    columns: dict[str, Any] = {}
    for step in row.inner:
        if step.null >= 0:
            pos += 1
            if is_null(step, data, pos - 1):
                columns[step.name] = None
                continue
        end = end_of(step, data, pos)
        columns[step.name] = data[pos:end]
        pos = end
    return columns, pos


def _require_readable(name: str, kind: Any, _: int) -> None:
    """Raise NotFlat for a field of the source whose type is not the one that positions are made of."""
    if name not in _FIELDS:
        return
    is_number = kind in ("int", "long")
    if name == _EITHER:
        fits = is_number or kind == "string"
    else:
        fits = is_number if name in _NUMBERS else kind == "string"
    if not fits:
        raise NotFlat(name)


def _has_id_first(transaction: Any) -> bool:
    first = transaction["fields"][0]
    return bool(first["name"] == "id" and first["type"] == "string")


def _wire_reader(schema: Any, names: Names) -> WireReader:
    kind, _ = names.nullable(schema)
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
