"""What a file's ledger remembers: values in slots, and which slot a pair has."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect

from bridge.ledger.newest import Newest
from bridge.ledger.recent import Pair
from bridge.ledger.schema import prunable
from bridge.ledger.sqlite_link import Row, SqliteLink
from bridge.ledger.statements import Statements
from bridge.ledger.transaction import Pending

DIALECT: Final = sqlite_dialect(paramstyle="qmark")
SQL: Final = Statements(DIALECT)

# A fixed number of parameters, so that a statement is prepared once; one alone is frequent too.
_CHUNK: Final = 256
_LISTS: Final = {number: ", ".join("?" * number) for number in (1, _CHUNK)}
_VALUES_BY_KEY: Final = {
    number: "SELECT slots.key, slots.slot, memory.value FROM slots CROSS JOIN memory ON memory.slot = slots.slot "
    f"WHERE slots.space = ? AND slots.key IN ({marks})"  # noqa: S608 (our own text)
    for number, marks in _LISTS.items()
}
_VALUES_BY_SLOT: Final = {
    number: f"SELECT slot, value FROM memory WHERE slot IN ({marks})"  # noqa: S608 (our own text)
    for number, marks in _LISTS.items()
}
_SLOTS_BY_KEY: Final = {
    number: f"SELECT key, slot FROM slots WHERE space = ? AND key IN ({marks})"  # noqa: S608 (our own text)
    for number, marks in _LISTS.items()
}
_OLD: Final = {
    number: f"SELECT slot, space, key FROM memory WHERE day < ? AND slot IN ({marks})"  # noqa: S608 (our own text)
    for number, marks in _LISTS.items()
}
_encode: Final = msgspec.msgpack.Encoder().encode

Rows = Callable[[str, Sequence[Any]], list[Row]]
"""Runs a query."""


class Change(msgspec.Struct, gc=False):
    """What one batch changes in the memory: worked out before its transaction, in force after it."""

    spaces: dict[str, int] = msgspec.field(default_factory=dict)
    """New ones, with their numbers."""
    values: list[tuple[int, int, str, bytes, int]] = msgspec.field(default_factory=list)
    """Slot, space, key, value, day, in the order of the slots."""
    new: dict[Pair, int] = msgspec.field(default_factory=dict)
    """The slots of the pairs that had no value."""
    gone: dict[Pair, int] = msgspec.field(default_factory=dict)
    """The slots of the pairs that have no value any more."""
    touched: list[int] = msgspec.field(default_factory=list)
    """The slots that retention may empty one day."""
    due: list[Pair] = msgspec.field(default_factory=list)
    """What the index gets, new or not."""
    entries: list[tuple[int, str, int]] = msgspec.field(default_factory=list)
    """The same as rows of the index: space, key, slot."""
    marks: dict[str, int] = msgspec.field(default_factory=dict)


class SqliteMemory:
    """Finds and changes values.  A value keeps its slot until it is forgotten, and no slot is used twice."""

    def __init__(self, link: SqliteLink, generation: int) -> None:
        """`generation`: see `Newest`."""
        self._link = link
        self._generation = generation
        self._newest = Newest(generation)
        self._spaces: dict[str, int] = {}
        # The slot in which this batch has read each pair; 0 where there was none.
        self._read: dict[Pair, int] = {}
        self._last = 0
        self._batch = 0

    def load(self, marks: Mapping[str, int]) -> None:
        """Read what the process must know: how far the index is, and the slots behind that."""
        indexed = marks.get("indexed", 0)
        self._spaces = dict(self._link.rows(SQL.select_spaces))
        self._batch = self._link.one(SQL.last_touched) or 0
        names = self._names()
        behind = self._link.rows(SQL.select_behind, (indexed,))
        self._newest = Newest(self._generation)
        self._newest.add({(names[space], key): slot for space, key, slot in behind})
        self._last = max(marks.get("slots", 0), indexed)
        self._read = {}

    def begin(self) -> None:
        """Start a batch."""
        self._read = {}

    def read(self, pairs: Collection[Pair]) -> Mapping[Pair, bytes]:
        """Return the committed values of those pairs that have one."""
        by_slot: dict[int, Pair] = {}
        by_space: dict[str, list[str]] = {}
        newest, read = self._newest.get, self._read
        for pair in pairs:
            slot = newest(pair)
            if slot is not None:
                by_slot[slot] = pair
            else:
                read[pair] = 0
                by_space.setdefault(pair[0], []).append(pair[1])
        found: dict[Pair, bytes] = {}
        for chunk in _chunks(list(by_slot)):
            for slot, value in self._link.rows(_VALUES_BY_SLOT[len(chunk)], chunk):
                found[by_slot[slot]] = value
        for space, number, chunk in self._known(by_space):
            for key, slot, value in self._link.rows(_VALUES_BY_KEY[len(chunk)], (number, *chunk)):
                found[space, key] = value
                read[space, key] = slot
        return found

    def _known(self, by_space: Mapping[str, list[str]]) -> Iterator[tuple[str, int, list[str]]]:
        for space, keys in by_space.items():
            number = self._spaces.get(space)
            if number is not None:
                for chunk in _chunks(keys):
                    yield space, number, chunk

    def _slots(self, pairs: Iterable[Pair], rows: Rows) -> dict[Pair, int]:
        """Return the slots of those pairs that have one, and 0 for some that have none."""
        newest, read = self._newest.get, self._read.get
        found: dict[Pair, int] = {}
        by_space: dict[str, list[str]] = {}
        for pair in pairs:
            # Read may be older than newest, never the other way round.
            slot = newest(pair) or read(pair)
            if slot is not None:
                found[pair] = slot
            else:
                by_space.setdefault(pair[0], []).append(pair[1])
        for space, number, chunk in self._known(by_space):
            for key, slot in rows(_SLOTS_BY_KEY[len(chunk)], (number, *chunk)):
                found[space, key] = slot
        return found

    def plan(self, pending: Pending) -> Change:
        """Work out what a batch changes; may read, and leaves everything as it is."""
        change = Change(self._new_spaces(pending))
        if not pending.memory:
            return change
        spaces = {**self._spaces, **change.spaces}
        fading = {name for name in spaces if prunable(name)}
        slots = self._slots(pending.memory, self._link.rows)
        last = self._last
        for pair, value in pending.memory.items():
            slot = slots.get(pair, 0)
            if value is None:
                if slot:
                    change.gone[pair] = slot
                continue
            if not slot:
                slot = last = last + 1
                change.new[pair] = slot
            space, key = pair
            change.values.append((slot, spaces[space], key, value, pending.day))
            if space in fading:
                change.touched.append(slot)
        change.values.sort()
        self._plan_index(change)
        change.marks["slots"] = last
        return change

    def _new_spaces(self, pending: Pending) -> dict[str, int]:
        names = {space for space, _ in pending.memory}.difference(self._spaces)
        return {name: number for number, name in enumerate(sorted(names), start=len(self._spaces) + 1)}

    def _plan_index(self, change: Change) -> None:
        spaces, newest, gone = self._spaces, self._newest, change.gone
        change.due = newest.due(len(change.new))
        for pair in change.due:
            slot = newest.get(pair)
            if slot is not None and pair not in gone:
                change.entries.append((spaces[pair[0]], pair[1], slot))
        indexed = newest.indexed_after(change.due)
        if indexed is not None:
            change.marks["indexed"] = indexed

    def write(self, cursor: sqlite3.Cursor, change: Change, day: int) -> None:
        """Write a change inside the caller's transaction."""
        many = cursor.executemany
        spaces = {**self._spaces, **change.spaces}
        many(SQL.insert_space, [(number, name) for name, number in change.spaces.items()])
        many(SQL.upsert_value, change.values)
        many(SQL.upsert_slot, change.entries)
        many(SQL.delete_value, [(slot,) for slot in change.gone.values()])
        many(SQL.delete_slot, [(spaces[space], key) for space, key in change.gone])
        if change.touched:
            cursor.execute(SQL.insert_touched, (self._batch + 1, day, _encode(change.touched)))
        many(SQL.upsert_mark, change.marks.items())

    def keep(self, change: Change) -> None:
        """The change has been committed."""
        self._spaces.update(change.spaces)
        self._last = change.marks.get("slots", self._last)
        self._batch += bool(change.touched)
        for pair in change.gone:
            self._read.pop(pair, None)
        self._newest.forget(change.gone)
        self._newest.moved(change.due)
        self._newest.add(change.new)

    def prune(self, cursor: sqlite3.Cursor, touched: Sequence[Any], before: int) -> list[Pair]:
        """Delete those of the slots (or pairs, of the first schema) that are older than a day; return the pairs.

        The caller tells `forget` of them once they are committed.
        """

        def rows(statement: str, parameters: Sequence[Any]) -> list[Row]:
            return cursor.execute(statement, parameters).fetchall()

        names = self._names()
        slots = [each for each in touched if isinstance(each, int)]
        pairs = [(names[each[0]], each[1]) for each in touched if not isinstance(each, int)]
        slots.extend(slot for slot in self._slots(pairs, rows).values() if slot)
        old = [row for chunk in _chunks(slots) for row in rows(_OLD[len(chunk)], (before, *chunk))]
        cursor.executemany(SQL.delete_value, [(slot,) for slot, _, _ in old])
        cursor.executemany(SQL.delete_slot, sorted((space, key) for _, space, key in old))
        return [(names[space], key) for _, space, key in old]

    def forget(self, pairs: Collection[Pair]) -> None:
        """Pairs have been pruned for good."""
        self._newest.forget(pairs)
        self._read = {}

    def _names(self) -> dict[int, str]:
        return {number: name for name, number in self._spaces.items()}


def _chunks(items: list[Any]) -> Iterator[list[Any]]:
    """Yield lists of one or of _CHUNK; the last is filled up with what it has."""
    if len(items) == 1:
        yield items
        return
    for start in range(0, len(items), _CHUNK):
        chunk = items[start : start + _CHUNK]
        chunk.extend(chunk[-1:] * (_CHUNK - len(chunk)))
        yield chunk
