"""Reads Avro's binary form, compiled once for each schema.

The general reader of fastavro takes nearly twice as long for a record of Debezium, whose columns
are nearly all unions with null.  Logical types stay as they are stored; columns.py reads them.
https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
_STRING, _LONG, _OTHER = range(3)
_KINDS: Final = {"string": _STRING, "int": _LONG, "long": _LONG}


def compile_reader(schema: Any, types: Sequence[Any] = ()) -> Reader:
    """Return the reader for a schema that has been parsed from JSON; raises ValueError when it is none.

    `types` are the schemas to which it refers, each before what refers to it.
    """
    try:
        compiler = _Compiler()
        for each in types:
            compiler.reader(each, "")
        return compiler.reader(schema, "")
    except (KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("no Avro schema") from None


_Field = tuple[str, int, int, Reader]


class _Compiler:
    """Follows one schema; a named type that was seen is referred to by its name."""

    def __init__(self) -> None:
        self._named: dict[str, Reader] = {}

    def reader(self, schema: Any, namespace: str) -> Reader:
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
            return self._define(schema, namespace)
        return self.reader(kind, namespace)

    def _reference(self, name: str, namespace: str) -> Reader:
        if name in PRIMITIVES:
            return PRIMITIVES[name]
        full = f"{namespace}.{name}"
        if full not in self._named:
            full = name
        if full not in self._named:
            raise KeyError(name)

        def read(data: bytes, pos: int) -> tuple[Any, int]:
            # Looked up only now: a type may contain itself.
            return self._named[full](data, pos)

        return read

    def _define(self, schema: Mapping[str, Any], namespace: str) -> Reader:
        name = schema["name"]
        namespace = schema.get("namespace", namespace)
        if "." in name:
            namespace, _, name = name.rpartition(".")
        full = f"{namespace}.{name}"
        self._named[full] = _not_yet
        found = self._defined(schema, namespace)
        self._named[full] = found
        self._named.setdefault(name, found)
        return found

    def _defined(self, schema: Mapping[str, Any], namespace: str) -> Reader:
        if schema["type"] == "enum":
            return enum_reader([str(symbol) for symbol in schema["symbols"]])
        if schema["type"] == "fixed":
            return fixed_reader(int(schema["size"]))
        return _record([self._field(field, namespace) for field in schema["fields"]])

    def _field(self, field: Mapping[str, Any], namespace: str) -> _Field:
        """Return name, what it is, the byte that says null (-1: it cannot be null), and the reader."""
        kind, null = field["type"], -1
        if isinstance(kind, list) and len(kind) == 2 and "null" in kind:
            index = kind.index("null")
            kind, null = kind[1 - index], index * 2
        reader = self.reader(kind, namespace)
        while isinstance(kind, Mapping) and not isinstance(kind["type"], list):
            kind = kind["type"]
        return field["name"], _KINDS.get(kind, _OTHER) if isinstance(kind, str) else _OTHER, null, reader


def _not_yet(_: bytes, __: int) -> tuple[Any, int]:
    raise ValueError("a type that is not complete")


def _record(fields: Sequence[_Field]) -> Reader:
    plan = tuple((name, kind, null, 2 - null, reader) for name, kind, null, reader in fields)

    # One loop with many branches: calls would cost more than the work.
    def read(data: bytes, pos: int) -> tuple[dict[str, Any], int]:
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
            else:
                row[name], pos = reader(data, pos)
        return row, pos

    return read
