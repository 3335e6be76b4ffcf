"""Statements for many keys or rows, with a fixed number of parameters: so each is prepared once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, TypeVar

ROWS_AT_ONCE: Final = 50
"""Rows of one statement of `write_rows`: each statement costs a fifth of what a row costs."""

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


def write_rows(
    cursor: sqlite3.Cursor | sqlite3.Connection, one: str, several: str, rows: Sequence[tuple[Any, ...]]
) -> None:
    """Run `several`, which takes ROWS_AT_ONCE rows, as often as it can be filled, and `one` for each row left."""
    rest = len(rows) - len(rows) % ROWS_AT_ONCE
    for start in range(0, rest, ROWS_AT_ONCE):
        cursor.execute(several, list(chain.from_iterable(rows[start : start + ROWS_AT_ONCE])))
    cursor.executemany(one, rows[rest:])
