"""Reads Avro's binary form, compiled once for each schema.

The general reader of fastavro takes nearly twice as long for a record of Debezium, whose columns
are nearly all unions with null.  Logical types stay as they are stored; columns.py reads them.
https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from bridge.decoders.avro_values import (
    PRIMITIVES,
    Reader,
    array_reader,
    enum_reader,
    fixed_reader,
    map_reader,
    read_length,
    read_long,
    union_reader,
)

# What a field is, so that the loop over the fields of a record need not call for the frequent ones.
_STRING, _LONG, _BOOLEAN, _OTHER, _RUN, _SKIP = range(6)
_KINDS: Final = {"string": _STRING, "int": _LONG, "long": _LONG, "boolean": _BOOLEAN}


Wanted = Mapping[str, Any]
STEADY: Final = "steady"


def compile_reader(schema: Any, wanted: Wanted | None = None) -> Reader:
    """Return the reader for a schema that has been parsed from JSON; raises ValueError when it is none.

    With `wanted`, a tree of field names, numbers of other names are passed over, and texts side by
    side that are marked STEADY are remembered from record to record.  A tree that names fields which a
    record does not have is not applied to it.
    """
    try:
        return _Compiler().reader(schema, "", wanted)
    except (KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("no Avro schema") from None


_Field = tuple[str, int, int, Reader]


class _Compiler:
    """Follows one schema; a named type that was seen is referred to by its name."""

    def __init__(self) -> None:
        self._named: dict[str, Reader] = {}

    def reader(self, schema: Any, namespace: str, wanted: Wanted | None = None) -> Reader:
        if isinstance(schema, list):
            return union_reader([self.reader(branch, namespace) for branch in schema])
        if isinstance(schema, str):
            return self._reference(schema, namespace)
        kind = schema["type"]
        if kind == "array":
            return array_reader(self.reader(schema["items"], namespace))
        if kind == "map":
            return map_reader(self.reader(schema["values"], namespace))
        if kind in {"record", "enum", "fixed"}:
            return self._define(schema, namespace, wanted)
        return self.reader(kind, namespace)

    def _reference(self, name: str, namespace: str) -> Reader:
        if name in PRIMITIVES:
            return PRIMITIVES[name]
        full = name if name in self._named else f"{namespace}.{name}"
        if full not in self._named:
            raise KeyError(name)

        def read(data: bytes, pos: int) -> tuple[Any, int]:
            # Looked up only now: a type may contain itself.
            return self._named[full](data, pos)

        return read

    def _define(self, schema: Mapping[str, Any], namespace: str, wanted: Wanted | None) -> Reader:
        name = schema["name"]
        namespace = schema.get("namespace", namespace)
        if "." in name:
            namespace, _, name = name.rpartition(".")
        full = f"{namespace}.{name}"
        self._named[full] = _not_yet
        found = self._defined(schema, namespace, wanted)
        self._named[full] = found
        self._named.setdefault(name, found)
        return found

    def _defined(self, schema: Mapping[str, Any], namespace: str, wanted: Wanted | None) -> Reader:
        if schema["type"] == "enum":
            return enum_reader([str(symbol) for symbol in schema["symbols"]])
        if schema["type"] == "fixed":
            return fixed_reader(int(schema["size"]))
        names = [field["name"] for field in schema["fields"]]
        of_part = wanted if isinstance(wanted, Mapping) and wanted.keys() <= set(names) else {}
        fields = [self._field(field, namespace, of_part.get(field["name"])) for field in schema["fields"]]
        return _record(_shortened(fields, of_part) if of_part else fields)

    def _field(self, field: Mapping[str, Any], namespace: str, wanted: Wanted | None) -> _Field:
        """Return name, what it is, the byte that says null (-1: it cannot be null), and the reader."""
        kind, null = field["type"], -1
        if isinstance(kind, list) and len(kind) == 2 and "null" in kind:
            index = kind.index("null")
            kind, null = kind[1 - index], index * 2
        reader = self.reader(kind, namespace, wanted)
        while isinstance(kind, Mapping) and not isinstance(kind["type"], list):
            kind = kind["type"]
        return field["name"], _KINDS.get(kind, _OTHER) if isinstance(kind, str) else _OTHER, null, reader


def _not_yet(_: bytes, __: int) -> tuple[Any, int]:
    raise ValueError("a type that is not complete")


def _record(fields: Sequence[_Field]) -> Reader:
    plan = tuple((name, kind, null, 2 - null, reader) for name, kind, null, reader in fields)

    # One loop with many branches: calls would cost more than the work.
    def read(data: bytes, pos: int) -> tuple[dict[str, Any], int]:  # noqa: PLR0912 -- see above
        row: dict[str, Any] = {}
        for name, kind, null, present, reader in plan:
            if null >= 0:
                byte = data[pos]
                pos += 1
                if byte == null:
                    row[name] = None
                    continue
                if byte != present:
                    raise ValueError("no such branch of a union")
            if kind == _STRING:
                byte = data[pos]
                if byte > 127:
                    length, pos = read_length(data, pos)
                elif byte & 1:
                    raise ValueError("a length below zero")
                else:
                    length = byte >> 1
                    pos += 1
                end = pos + length
                row[name] = data[pos:end].decode()
                pos = end
            elif kind == _LONG:
                byte = data[pos]
                if byte > 127:
                    row[name], pos = read_long(data, pos)
                else:
                    row[name] = (byte >> 1) ^ -(byte & 1)
                    pos += 1
            elif kind <= _OTHER:
                row[name], pos = reader(data, pos)
            else:
                more, pos = reader(data, pos)
                row.update(more)
        return row, pos

    return read


def _shortened(fields: Sequence[_Field], wanted: Wanted) -> list[_Field]:
    """Take fields together that can be passed over, and text fields that stand side by side."""

    def group(field: _Field) -> int:
        name, kind, _, __ = field
        if kind == _STRING and wanted.get(name) == STEADY:
            return _RUN
        return _SKIP if kind in (_LONG, _BOOLEAN) and name not in wanted else _OTHER

    shortened: list[_Field] = []
    for kind, members in groupby(fields, group):
        together = list(members)
        if kind == _SKIP:
            shortened.append(("", _SKIP, -1, _skip(together)))
        elif kind == _RUN and len(together) > 1:
            shortened.append(("", _RUN, -1, _run(together)))
        else:
            shortened.extend(together)
    return shortened


def _skip(fields: Sequence[_Field]) -> Reader:
    """Return a reader that checks the shape of numbers and leaves them out."""
    number = rb"[\x80-\xff]{0,9}[\x00-\x7f]"
    parts = []
    for _, kind, null, _ in fields:
        value = rb"[\x00\x01]" if kind == _BOOLEAN else number
        parts.append(value if null < 0 else rb"(?:\x%02x|\x%02x%s)" % (null, 2 - null, value))
    match = re.compile(b"".join(parts), re.DOTALL).match

    def read(data: bytes, pos: int) -> tuple[dict[str, Any], int]:
        found = match(data, pos)
        if found is None:
            raise ValueError("no numbers where the schema has them")
        return _NOTHING, found.end()

    return read


_NOTHING: Final[dict[str, Any]] = {}


def _run(fields: Sequence[_Field]) -> Reader:
    """Return a reader of texts that are mostly the same as in the record before."""
    read_all = _record(fields)
    last: tuple[bytes, dict[str, Any]] | None = None

    def read(data: bytes, pos: int) -> tuple[dict[str, Any], int]:
        nonlocal last
        # The same bytes say the same: each text begins with its length.
        if last is not None and data.startswith(last[0], pos):
            return last[1], pos + len(last[0])
        row, end = read_all(data, pos)
        last = data[pos:end], row
        return row, end

    return read
