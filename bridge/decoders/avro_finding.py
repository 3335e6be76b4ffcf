"""Finds what a pattern captures in a record of Avro, long texts between its parts included."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from bridge.decoders.avro_values import read_length

Finder = Callable[[bytes, int], Sequence[bytes | None] | None]
"""Finds the captured values in a record from a place on; None where they are not."""


def finder(parts: Sequence[re.Pattern[bytes]], nulls: Sequence[int]) -> Finder:
    """Return what finds the values of these parts; between two of them is a text that is counted, not matched.

    `nulls` are the bytes that say that such a text is null, or -1.
    """
    if len(parts) == 1:
        match_all = parts[0].fullmatch

        def find_at_once(data: bytes, pos: int) -> Sequence[bytes | None] | None:
            found = match_all(data, pos)
            return None if found is None else found.groups()

        return find_at_once
    first, *rest = (part.match for part in parts)
    steps = list(zip(nulls, rest, strict=True))

    def find(data: bytes, pos: int) -> Sequence[bytes | None] | None:
        found = first(data, pos)
        values: list[bytes | None] = []
        for null, match in steps:
            if found is None:
                return None
            value, pos = _long(data, found.end(), null)
            values += (*found.groups(), value)
            found = match(data, pos)
        if found is None or found.end() != len(data):
            return None
        return [*values, *found.groups()]

    return find


def _long(data: bytes, pos: int, null: int) -> tuple[bytes | None, int]:
    """Return a text of any length with its length before it; raises ValueError or IndexError when it is none."""
    if null >= 0:
        pos += 1
        if data[pos - 1] == null:
            return None, pos
        if data[pos - 1] != 2 - null:
            raise ValueError("no such branch of a union")
    length, start = read_length(data, pos)
    end = start + length
    if end > len(data):
        raise ValueError("the record ends early")
    return data[pos:end], end
