"""Avro schemas that refer to types of other subjects of the registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from bridge.decoders.registry import RegisteredSchema, Registry
from bridge.errors import DecodeError

_MOST: Final = 1_000
"""So many types of one schema at most, and so many are kept: each costs a question to the registry."""


class ReferencedTypes:
    """The types to which schemas refer; each version of a subject is asked for once."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: dict[tuple[str, int], RegisteredSchema] = {}

    def of(self, registered: RegisteredSchema) -> Sequence[Any]:
        """Return the schemas to which one refers, itself or through others: each before what refers to it.

        Raises DecodeError for a reference that the registry does not know or that is no Avro, and
        SourceUnavailable when the registry does not answer: asked again, it goes on where it stopped.
        """
        found: dict[tuple[str, int], Any] = {}
        begun: set[tuple[str, int]] = set()
        # What is to be done, last first: a schema's own turn comes after those to which it refers.
        left: list[tuple[tuple[str, int], RegisteredSchema | None]] = _references(registered)
        while left:
            at, asked = left.pop()
            if asked is not None:
                found[at] = parsed_schema(asked.schema)
            elif at not in begun:
                begun.add(at)
                if len(begun) > _MOST:
                    raise DecodeError("schema_references", f"the schema refers to more than {_MOST} others")
                asked = self._ask(*at)
                left += [(at, asked), *_references(asked)]
        return list(found.values())

    def _ask(self, subject: str, version: int) -> RegisteredSchema:
        known = self._known.get((subject, version))
        if known is None:
            known = self._registry.version(subject, version)
            if known.schema_type != "AVRO":
                raise DecodeError("schema_references", f"the schema refers to {subject}, which is no Avro")
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[subject, version] = known
        return known


def parsed_schema(text: str) -> Any:
    """Return a schema that is written in JSON.  Raises DecodeError when it is not."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise DecodeError("bad_schema", "the registry's schema is no JSON") from None


def _references(registered: RegisteredSchema) -> list[tuple[tuple[str, int], RegisteredSchema | None]]:
    return [((one.subject, one.version), None) for one in reversed(registered.references or ())]
