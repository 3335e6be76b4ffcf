"""The index of a file's ledger: in which slots the values of pairs lie."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from bridge.ledger.bloom import Bloom
from bridge.ledger.chunks import ROWS_AT_ONCE, chunks, for_chunks, write_rows
from bridge.ledger.newest import Entry, Newest, Step, Sweep
from bridge.ledger.recent import Pair
from bridge.ledger.sqlite_link import Row

Rows = Callable[[str, Sequence[Any]], list[Row]]
"""Runs a query and returns what it found."""

_BY_KEY: Final = for_chunks(
    "SELECT memory.key, slots.slot, memory.value FROM slots CROSS JOIN memory ON memory.slot = slots.slot "
    "WHERE slots.space = ? AND slots.key IN ({})"
)
_BY_SLOT: Final = for_chunks("SELECT key, slot, value FROM memory WHERE slot IN ({})")
_BETWEEN: Final = "SELECT count(*) FROM (SELECT 1 FROM slots WHERE space = ? AND key BETWEEN ? AND ? LIMIT ?)"
# What it has already is the same.
_MOVE: Final = "INSERT OR IGNORE INTO slots VALUES (?, ?, ?)"
_MOVE_SEVERAL: Final = _MOVE + ", (?, ?, ?)" * (ROWS_AT_ONCE - 1)
_TAKE: Final = (
    "INSERT OR IGNORE INTO slots SELECT space, key, slot FROM memory WHERE slot > ? AND space = ? ORDER BY key"
)
_BEHIND: Final = (
    "SELECT space, key, slot FROM memory WHERE slot > ? AND NOT EXISTS (SELECT 1 FROM slots "
    "WHERE slots.space = memory.space AND slots.key = memory.key) ORDER BY slot LIMIT ?"
)
_READ_AT_ONCE: Final = 10_000
_SCAN: Final = "SELECT space, key FROM slots WHERE (space, key) > (?, ?) ORDER BY space, key LIMIT ?"
_SCANNED_AT_ONCE: Final = 2500


class IndexChange(NamedTuple):
    """What one batch changes in the index."""

    before: int
    """The highest slot before the batch."""
    at_once: list[int]
    """Spaces whose new slots the index gets with the batch."""
    later: list[Entry]
    """Entries that it gets later."""
    step: Step
    """Entries of batches before that it gets now."""
    last: int
    """The highest slot after the batch."""
    indexed: int
    """Up to which slot the index has everything after the batch."""
    sweep: Sweep
    """How far the sweep has come then."""


class SqliteIndex:
    """Finds values of pairs, and knows of most pairs that have none without a look at the disk."""

    def __init__(self, spaces: Mapping[str, int], rows: Rows, newest: int, *, alone: bool) -> None:
        """`spaces` is looked at whenever it is needed.  `newest`: see Newest.  `alone`: nobody else writes."""
        self._spaces = spaces
        self._rows = rows
        self._size = newest
        self._newest = Newest(newest, 0)
        self._filter = Bloom() if alone else None
        # How far the filter has been told what the file had at the start; None when it knows all.
        self._scanned: tuple[int, str] | None = (0, "")

    def load(self, indexed: int, last: int, sweep: Sweep) -> None:
        """Read the entries that the file's index lacks."""
        self._newest = Newest(self._size, indexed)
        reached = indexed
        while behind := self._rows(_BEHIND, (reached, _READ_AT_ONCE)):
            reached = behind[-1][2]
            self._newest.load(behind)
            self._tell(behind)
        self._newest.go_on(sweep, last)

    def _tell(self, entries: Iterable[Sequence[Any]]) -> None:
        if self._filter is not None:
            names = {number: name for name, number in self._spaces.items()}
            self._filter.add((names[entry[0]], entry[1]) for entry in entries)

    def scan(self) -> None:
        """Tell the filter some more of what the file had at the start, until it knows all."""
        if self._filter is not None and self._scanned is not None:
            found = self._rows(_SCAN, (*self._scanned, _SCANNED_AT_ONCE))
            self._tell(found)
            self._scanned = found[-1] if len(found) == _SCANNED_AT_ONCE else None

    # Any: see Recent.
    def find(self, pairs: Iterable[Any], rows: Rows | None = None) -> Iterator[tuple[Pair, int, bytes]]:
        """Yield each pair that has a value with its slot and the value; `rows` asks inside a transaction."""
        ask = rows or self._rows
        spaces = self._spaces
        pairs = [pair for pair in pairs if pair[0] in spaces]
        if self._filter is not None and self._scanned is None:
            pairs = self._filter.maybe(pairs)
        by_space: dict[str, list[str]] = {}
        for space, key in pairs:
            by_space.setdefault(space, []).append(key)
        for space, keys in by_space.items():
            for key, slot, value in self._find(spaces[space], keys, ask):
                yield (space, key), slot, value

    def _find(self, space: int, keys: list[str], ask: Rows) -> Iterator[Row]:
        newest = self._newest.find(space, keys)
        for slots in chunks(list(newest.values())):
            yield from ask(_BY_SLOT[len(slots)], slots)
        for chunk in chunks([key for key in keys if key not in newest] if newest else keys):
            yield from ask(_BY_KEY[len(chunk)], (space, *chunk))

    def plan(self, new: Mapping[int, dict[str, int]], before: int, last: int) -> IndexChange:
        """Work out what the index gets in a batch; `new` has the new keys of each space with their slots."""
        at_once: list[int] = []
        later: list[Entry] = []
        for space, slots in new.items():
            if self._takes_at_once(space, slots):
                at_once.append(space)
            else:
                later += [(space, key, slots[key]) for key in sorted(slots)]
        step = self._newest.next_step(last - before)
        indexed = self._newest.indexed_after(step, later, last)
        return IndexChange(before, at_once, later, step, last, indexed, self._newest.sweep_after(step, last))

    def _takes_at_once(self, space: int, keys: Collection[str]) -> bool:
        """Say whether keys lie so close that they share pages anyway, as ascending ones do.

        Of random ones, all others lie between the first and the last.
        """
        limit = len(keys) // 2 + 1
        return bool(self._rows(_BETWEEN, (space, min(keys), max(keys), limit))[0][0] < limit)

    @staticmethod
    def write(cursor: sqlite3.Cursor, change: IndexChange) -> None:
        """Write a change inside the caller's transaction, after the values."""
        for space in change.at_once:
            cursor.execute(_TAKE, (change.before, space))
        write_rows(cursor, _MOVE, _MOVE_SEVERAL, change.step.entries)

    def keep(self, change: IndexChange, new: Iterable[Pair]) -> None:
        """A change has been committed; `new` are the new pairs."""
        if self._filter is not None:
            self._filter.add(new)
        self._newest.keep(change.step, change.later, change.last)

    def forget(self, pairs: Iterable[Pair]) -> None:
        """Drop pairs that have no value any more."""
        self._newest.forget((self._spaces[space], key) for space, key in pairs)
