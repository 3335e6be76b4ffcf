"""Shares: the numbers of which reversals take parts; one number, or one under each of several names."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from bridge.errors import MappingError
from bridge.mapping.language.operators import add, subtract
from bridge.row import Value


class Shares(dict[str, Decimal]):
    """A number for each name, or for each value of a split; one that never was is zero."""

    def of(self, name: str) -> Decimal:
        """Return the number under one name."""
        return self[name] if name in self else Decimal(0)

    def attribute(self, name: str) -> Decimal:
        """Return the number under one name, as expressions ask for it."""
        return self.of(name)


def less(left: Value, takes: Value) -> Value:
    """Return what is left after a take, or None when it takes more than that, or less than nothing.

    Both are numbers, or numbers under names.  Raises MappingError where one is, and the other is not.
    """
    if isinstance(left, dict) != isinstance(takes, dict):
        raise MappingError("no_share", "it takes one number of a share of several, or several of one")
    if not isinstance(left, dict):
        rest = subtract(left, takes)
        return rest if takes >= 0 and rest >= 0 else None
    rests = Shares(left)
    for name, take in takes.items():
        rests[name] = subtract(rests.of(name), take)
        if take < 0 or rests[name] < 0:
            return None
    return rests


def more(left: Value, part: Value) -> Value:
    """Return a share with a part of it put back; without one, as it was left."""
    if part is None:
        return Shares(left) if isinstance(left, dict) else left
    if not isinstance(part, dict):
        return add(left, part)
    known = Shares(left or {})
    return Shares({name: add(known.of(name), part.get(name, 0)) for name in {**known, **part}})


def anything(left: Value) -> bool:
    """Return whether anything is left of a share."""
    return any(left.values()) if isinstance(left, Mapping) else bool(left)


def adds(takes: Value) -> bool:
    """Return whether a take is below nothing, as a whole or under one name."""
    return any(take < 0 for take in takes.values()) if isinstance(takes, Mapping) else takes < 0
