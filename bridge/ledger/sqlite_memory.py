"""What a file's ledger remembers: values in slots, and which slot a pair has."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec

from bridge.ledger.chunks import ROWS_AT_ONCE, chunks, for_chunks, write_rows
from bridge.ledger.newest import Sweep
from bridge.ledger.recent import Pair
from bridge.ledger.schema import SLOTTED, prunable
from bridge.ledger.sqlite_index import IndexChange, Rows, SqliteIndex
from bridge.ledger.sqlite_link import Row
from bridge.ledger.statements import Statements
from bridge.ledger.tables import SQLITE
from bridge.ledger.transaction import Pending

SQL: Final = Statements(SQLITE)
_UPSERT_VALUES: Final = SLOTTED.upsert(SQLITE, rows=ROWS_AT_ONCE)
_OLD: Final = for_chunks("SELECT slot, space, key FROM memory WHERE day < ? AND slot IN ({})")
_encode: Final = msgspec.msgpack.Encoder().encode
_SWEEP: Final = "sweep"
_decode_sweep: Final = msgspec.json.Decoder(Sweep).decode


class MemoryChange:
    """What one batch changes in the memory: worked out before its transaction, in force after it."""

    def __init__(self, spaces: dict[str, int]) -> None:
        self.spaces = spaces
        """New ones, with their numbers."""
        self.values: list[tuple[int, int, str, bytes, int]] = []
        """Slot, space, key, value, day, in the order of the slots."""
        self.new: dict[Pair, int] = {}
        """The slots of the pairs that had no value."""
        self.gone: dict[Pair, int] = {}
        """The slots of the pairs that have no value any more."""
        self.touched: list[int] = []
        """The slots that retention may empty one day."""
        self.index: IndexChange | None = None


class SqliteMemory:
    """Finds and changes values.  A value keeps its slot until it is forgotten, and no slot is used twice.

    What a batch changes is worked out by `plan` and written by `write`.  It is known here from `keep` on,
    so a commit that fails changes nothing, and can be tried again.
    """

    def __init__(self, rows: Rows, newest: int, *, alone: bool) -> None:
        """`rows` reads what is committed.  `newest`: see Newest.  `alone`: no other process writes."""
        self._rows = rows
        self._spaces: dict[str, int] = {}
        self._index = SqliteIndex(self._spaces, rows, newest, alone=alone)
        # The slots of the pairs that this batch has read; 0 where there was none.
        self._read: dict[Pair, int] = {}
        self._last = 0
        self._batch = 0

    def load(self, marks: Mapping[str, int]) -> None:
        """Read what the process must know: how far the index is, and the slots behind that."""
        indexed = marks.get("indexed", 0)
        self._last = max(marks.get("slots", 0), indexed)
        self._batch = self._rows(SQL.last_touched, ())[0][0] or 0
        self._spaces.update(self._rows(SQL.select_spaces, ()))
        meta: dict[str, str] = dict(self._rows(SQL.select_meta, ()))
        sweep = meta.get(_SWEEP)
        self._index.load(indexed, self._last, _decode_sweep(sweep) if sweep is not None else Sweep())

    def begin(self) -> None:
        """Start a batch."""
        self._read = {}
        self._index.scan()

    def read(self, pairs: Collection[Pair]) -> Mapping[Pair, bytes]:
        """Return the committed values of those pairs that have one."""
        self._read.update(dict.fromkeys(pairs, 0))
        found: dict[Pair, bytes] = {}
        pair: Any
        for pair, slot, value in self._index.find(pairs):
            self._read[pair] = slot
            found[pair] = value
        return found

    def plan(self, pending: Pending) -> MemoryChange:
        """Work out what a batch changes.  May read; nothing is changed before `keep`."""
        change = MemoryChange(self._new_spaces(pending))
        if pending.memory:
            pairs: Collection[Any] = pending.memory
            unread = [pair for pair in pairs if pair not in self._read]
            if unread:
                self.read(unread)
            self._plan_values(pending, change)
        return change

    def _new_spaces(self, pending: Pending) -> dict[str, int]:
        names = {space for space, _ in pending.memory}.difference(self._spaces)
        return {name: number for number, name in enumerate(sorted(names), start=len(self._spaces) + 1)}

    def _plan_values(self, pending: Pending, change: MemoryChange) -> None:
        read, day = self._read, pending.day
        spaces = {**self._spaces, **change.spaces}
        new: dict[int, dict[str, int]] = {}
        last = self._last
        # Any: see Recent.
        pair: Any
        for pair, value in pending.memory.items():
            slot = read[pair]
            if value is not None:
                space, key = pair
                number = spaces[space]
                if not slot:
                    slot = last = last + 1
                    change.new[pair] = slot
                    new.setdefault(number, {})[key] = slot
                change.values.append((slot, number, key, value, day))
            elif slot:
                change.gone[pair] = slot
        change.values.sort()
        fading = {number for name, number in spaces.items() if prunable(name)}
        change.touched = [value[0] for value in change.values if value[1] in fading]
        change.index = self._index.plan(new, self._last, last)

    def write(self, cursor: sqlite3.Cursor, change: MemoryChange, day: int) -> None:
        """Write a change inside the caller's transaction."""
        many = cursor.executemany
        spaces = {**self._spaces, **change.spaces}
        many(SQL.insert_space, [(number, name) for name, number in change.spaces.items()])
        write_rows(cursor, SQL.upsert_value, _UPSERT_VALUES, change.values)
        if change.index is not None:
            self._index.write(cursor, change.index)
            marks = {"slots": change.index.last, "indexed": change.index.indexed}
            many(SQL.upsert_mark, marks.items())
            if change.index.step.entries:
                cursor.execute(SQL.upsert_meta, (_SWEEP, msgspec.json.encode(change.index.sweep).decode()))
        many(SQL.delete_value, [(slot,) for slot in change.gone.values()])
        many(SQL.delete_slot, [(spaces[space], key) for space, key in change.gone])
        if change.touched:
            cursor.execute(SQL.insert_touched, (self._batch + 1, day, _encode(change.touched)))

    def keep(self, change: MemoryChange) -> None:
        """The change has been committed."""
        self._spaces.update(change.spaces)
        self._batch += bool(change.touched)
        # What was read while this was on its way to the disk is older.
        self._read.update(change.new)
        self._read.update(dict.fromkeys(change.gone, 0))
        if change.index is not None:
            self._last = change.index.last
            self._index.keep(change.index, change.new)
        self._index.forget(change.gone)

    def prune(self, cursor: sqlite3.Cursor, touched: Sequence[Any], before: int) -> list[Pair]:
        """Delete what is older than a day, in the caller's transaction; return the pairs, for `forget`.

        `touched` are slots, or pairs as the first schema had them.
        """

        def rows(statement: str, parameters: Sequence[Any]) -> list[Row]:
            return cursor.execute(statement, parameters).fetchall()

        names = self._names()
        slots = [each for each in touched if isinstance(each, int)]
        if len(slots) < len(touched):
            pairs = [(names[each[0]], each[1]) for each in touched if not isinstance(each, int)]
            slots.extend(slot for _, slot, _ in self._index.find(pairs, rows))
        old = [row for chunk in chunks(slots) for row in rows(_OLD[len(chunk)], (before, *chunk))]
        cursor.executemany(SQL.delete_value, [(slot,) for slot, _, _ in old])
        cursor.executemany(SQL.delete_slot, sorted(row[1:] for row in old))
        return [(names[space], key) for _, space, key in old]

    def forget(self, pairs: Collection[Pair]) -> None:
        """What was pruned is committed."""
        self._index.forget(pairs)
        self._read = {}

    def _names(self) -> dict[int, str]:
        return {number: name for name, number in self._spaces.items()}
