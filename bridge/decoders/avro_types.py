"""From Avro schemas to steps, for records whose values can be found without a look at what they hold.

Not compiled: how deep it goes is the schema's to say, and only the interpreter counts that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bridge.decoders.avro_steps import FIXED, FLAG, NUMBER, RECORD, TEXT, Step

_PRIMITIVES: Final[Mapping[str, tuple[int, int]]] = {
    "null": (FIXED, 0),
    "boolean": (FLAG, 0),
    "int": (NUMBER, 0),
    "long": (NUMBER, 0),
    "float": (FIXED, 4),
    "double": (FIXED, 8),
    "bytes": (TEXT, 0),
    "string": (TEXT, 0),
}
_DEEPEST: Final = 30
"""Records within records: each is a call when a value is found, and those are not counted where compiled."""
_MOST_VALUES: Final = 10_000
"""In one record; named types within named types can double at each level."""


class NotFlat(ValueError):
    """A type that has no steps: arrays, maps, unions of several types, and types within themselves."""


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

    def step(self, schema: Any, name: str = "", depth: int = 0) -> Step:
        """Return the step of a type; raises NotFlat."""
        kind, null = self.nullable(schema)
        if isinstance(kind, str):
            what, size = _PRIMITIVES[kind]
            return Step(what, null, name=name, size=size)
        if kind["type"] == "fixed":
            return Step(FIXED, null, name=name, size=int(kind["size"]))
        if kind["type"] == "enum":
            return Step(NUMBER, null, name=name)
        if depth > _DEEPEST:
            raise NotFlat("too deep")
        inner: list[Step] = []
        for field in kind["fields"]:
            inner.append(self.step(field["type"], field["name"], depth + 1))
            if sum(step.weight for step in inner) > _MOST_VALUES:
                raise NotFlat("too many values")
        return Step(RECORD, null, name=name, inner=inner)
