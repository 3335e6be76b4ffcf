"""Avro's binary form as regular expressions over bytes, for what can be found without counting.

A text is found by its length, which stands before it in one byte: one alternative for each length.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

LONGEST: Final = 48
"""A longer text has no pattern, as each length makes the compilation slower.  A GTID of MySQL has up to 48."""

_LENGTHS: Final = (b"\\x%02x.{%d}" % (2 * length, length) for length in range(1, LONGEST + 1))
TEXT: Final = b"(?>\\x00|" + b"|".join(_LENGTHS) + b")"
_NUMBER: Final = b"[\\x80-\\xff]{0,9}+[\\x00-\\x7f]"
_PRIMITIVES: Final[Mapping[str, bytes]] = {
    "null": b"",
    "boolean": b"[\\x00\\x01]",
    "int": _NUMBER,
    "long": _NUMBER,
    "float": b".{4}",
    "double": b".{8}",
    "bytes": TEXT,
    "string": TEXT,
    "enum": _NUMBER,
}


class NotFlat(ValueError):
    """A type without a pattern: arrays, maps, unions of several types, and types within themselves."""


class Names:
    """The named types of one schema, by name, in the order in which they are defined."""

    def __init__(self) -> None:
        self._types: dict[str, Any] = {}

    def resolve(self, schema: Any) -> Any:
        """Return a type's definition, without annotations around it; raises NotFlat for an unknown name."""
        while True:
            if isinstance(schema, Mapping):
                kind = schema["type"]
                if kind in ("record", "enum", "fixed"):
                    name = schema["name"].rpartition(".")[2]
                    if self._types.setdefault(name, schema) is not schema:
                        # Of another namespace; too rare to tell apart here.
                        raise NotFlat(name)
                    return schema
                if kind in ("array", "map"):
                    raise NotFlat(kind)
                schema = kind
            elif isinstance(schema, str) and schema not in _PRIMITIVES:
                if schema.rpartition(".")[2] not in self._types:
                    raise NotFlat(schema)
                schema = self._types[schema.rpartition(".")[2]]
            else:
                return schema

    def nullable(self, schema: Any) -> tuple[Any, int]:
        """Return a type without null, and the byte that says null, or -1 where it cannot be null."""
        found = self.resolve(schema)
        if not isinstance(found, list):
            return found, -1
        if len(found) != 2 or "null" not in found:
            raise NotFlat("union")
        null = found.index("null")
        return self.resolve(found[1 - null]), null * 2

    def pattern(self, schema: Any, *, capture: bool = False) -> bytes:
        """Return the pattern of a type, with the value as a group where wanted; raises NotFlat."""
        kind, null = self.nullable(schema)
        found = b"(" + self._plain(kind) + b")" if capture else self._plain(kind)
        return found if null < 0 else b"(?>\\x%02x|\\x%02x%s)" % (null, 2 - null, found)

    def _plain(self, kind: Any) -> bytes:
        if isinstance(kind, str):
            return _PRIMITIVES[kind]
        if kind["type"] == "fixed":
            return b".{%d}" % int(kind["size"])
        if kind["type"] == "enum":
            return _NUMBER
        return b"".join(self.pattern(field["type"]) for field in kind["fields"])


class Pattern:
    """The pattern of a whole record, built from its fields in order."""

    def __init__(self, names: Names) -> None:
        self.count = 0
        """How many values were captured until now."""
        self._names = names
        # A pattern, then the null byte of a long text and the next pattern, and so on.
        self._patterns: list[bytes] = [b""]
        self._nulls: list[int] = []

    def byte(self, value: int) -> None:
        """Add a byte that must be there."""
        self._add(b"\\x%02x" % value)

    def skip(self, schema: Any, *, long: bool = False) -> None:
        """Add a field whose value is of no use."""
        if long:
            self.capture(schema, long=True)
        else:
            self._add(self._names.pattern(schema))

    def capture(self, schema: Any, *, long: bool = False) -> int:
        """Add a field, and return where its value will be; a long text is counted and not matched."""
        if long:
            self._nulls.append(self._names.nullable(schema)[1])
            self._patterns.append(b"")
        else:
            self._add(self._names.pattern(schema, capture=True))
        self.count += 1
        return self.count - 1

    def first_of(self, schema: Any, name: str) -> int:
        """Add a record that may be null, and return where its first field will be; raises NotFlat for another."""
        kind, null = self._names.nullable(schema)
        fields = kind["fields"] if isinstance(kind, Mapping) else []
        if null < 0 or not fields or fields[0]["name"] != name:
            raise NotFlat(name)
        first, *rest = (field["type"] for field in fields)
        inside = self._names.pattern(first, capture=True) + b"".join(map(self._names.pattern, rest))
        self._add(b"(?>\\x%02x|\\x%02x%s)" % (null, 2 - null, inside))
        self.count += 1
        return self.count - 1

    def _add(self, pattern: bytes) -> None:
        self._patterns[-1] += pattern

    def parts(self) -> tuple[list[re.Pattern[bytes]], list[int]]:
        """Return the patterns between the long texts, compiled, and the byte that says null for each such text."""
        return [re.compile(pattern, re.DOTALL) for pattern in self._patterns], self._nulls
