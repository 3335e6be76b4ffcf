"""Queries for many keys, with a fixed number of parameters: so each is prepared once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeVar

_SIZES: Final = (1, 16, 256)
_Item = TypeVar("_Item")


def for_chunks(statement: str) -> Mapping[int, str]:
    """Return a statement for each length of a chunk, with as many marks in place of {}."""
    return {size: statement.format(", ".join("?" * size)) for size in _SIZES}


def chunks(items: Sequence[_Item]) -> Iterator[list[_Item]]:
    """Yield lists of the lengths that `for_chunks` knows; the last is filled up with what it has."""
    start = 0
    while start < len(items):
        size = next((size for size in _SIZES if size >= len(items) - start), _SIZES[-1])
        chunk = list(items[start : start + size])
        chunk.extend(chunk[-1:] * (size - len(chunk)))
        yield chunk
        start += size
