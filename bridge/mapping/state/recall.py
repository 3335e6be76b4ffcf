"""Reads and writes of what is remembered, with decoded copies of what a batch uses."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection
from typing import Any, Final

from bridge.casino import decode as decode_body
from bridge.mapping.state.frozen import (
    decode_row,
    decode_value,
    decode_versions,
    encode_row,
    encode_value,
    encode_versions,
)
from bridge.mapping.state.keys import row_space
from bridge.mapping.state.remembered import RowMemory, Version
from bridge.memory import Memory
from bridge.row import Row, Value

LOOKUPS_KEPT: Final = 200_000
"""Decoded look-up rows kept at hand; with more, the oldest half of each look-up is let go."""
LOOKUPS_FRESH_MS: Final = 1_000
"""How old a look-up row may be that another instance can have written."""


class Recall:
    """The mapping's view of the ledger.  One batch at a time.

    Play rows are read anew for each batch.  Look-up rows are kept, for a second where other instances
    write to the same ledger.
    """

    memory: Memory
    """The transaction of this batch; there is none before `begin`."""
    given_up: Collection[tuple[str, str]] = ()
    """Rows for which the change that is judged has waited long enough, by space and key."""

    def __init__(self, *, shared: bool = False) -> None:
        self.in_making: set[tuple[str, str, str]] = set()
        """Events of history that are being worked out (table, key, activity): none can ask for itself."""
        self._shared = shared
        self._used: set[tuple[str, str]] = set()
        self._fresh_since_ms = 0
        # By table or space, and then by key: a text knows its hash, and a pair of two does not.
        self._rows: dict[str, dict[str, RowMemory | None]] = {}
        self._supposed: dict[tuple[str, str], RowMemory | None] | None = None
        self._lookups: dict[str, dict[str, Any]] = {}

    def begin(self, memory: Memory, now_ms: int = 0) -> None:
        """Turn to the transaction of the next batch."""
        self.memory = memory
        self._rows.clear()
        if self._shared and abs(now_ms - self._fresh_since_ms) >= LOOKUPS_FRESH_MS:
            self._fresh_since_ms = now_ms
            self._refresh()

    def _refresh(self) -> None:
        """Read the look-up rows of the last moment again, in one go, and let go of the others."""
        known, used = self._lookups, self._used
        self._lookups = {}
        self._used = set()
        kept = [(space, key) for space, key in used if key in known.get(space, ())]
        self.memory.prefetch(kept)
        for space, key in kept:
            if isinstance(known[space][key], Row):
                self.lookup(space, key)
            else:
                self._versions(space, key)
        self._used = set()

    def row(self, table: str, key: str) -> RowMemory | None:
        """Return what is remembered of a play row.  The caller does not change it."""
        if self._supposed is not None and (table, key) in self._supposed:
            return self._supposed[table, key]
        rows = self._rows_of(table)
        if key in rows:
            return rows[key]
        data = self.memory.get(row_space(table), key)
        found = rows[key] = decode_row(data) if data is not None else None
        return found

    def _rows_of(self, table: str) -> dict[str, RowMemory | None]:
        rows = self._rows.get(table)
        if rows is None:
            rows = self._rows[table] = {}
        return rows

    def put_row(self, table: str, key: str, row: RowMemory | None) -> None:
        """Remember a play row."""
        self._rows_of(table)[key] = row
        self.memory.put(row_space(table), key, encode_row(row) if row is not None else None)

    def supposing(self, rows: dict[tuple[str, str], RowMemory | None]) -> Recall:
        """Return a view of the same memory in which these rows are as they are here.  Nothing is put into it."""
        view = Recall(shared=self._shared)
        view.memory, view.given_up, view.in_making = self.memory, self.given_up, self.in_making
        view._supposed, view._rows = rows, self._rows
        view._lookups, view._used = self._lookups, self._used
        return view

    def fields(self, seq: int) -> dict[str, Value] | None:
        """Return the fields of an event as it was sent, or None when it is past its retention."""
        body = self.memory.body(seq)
        return decode_body(body) if body is not None else None

    def value(self, space: str, key: str) -> Value:
        """Return any other remembered value, or None."""
        data = self.memory.get(space, key)
        return decode_value(data) if data is not None else None

    def put_value(self, space: str, key: str, value: Value) -> None:
        """Remember any other value; None forgets."""
        self.memory.put(space, key, encode_value(value) if value is not None else None)

    def lookup(self, space: str, key: str) -> Row | None:
        """Return the row of a look-up table without versions."""
        found: Row | None = self._kept(space, key)
        if found is None:
            there = [Row(one.columns, {}) for one in self.stored(space, key) if one.columns is not None]
            found = there[-1] if there else None
            if found is not None:
                self._keep(space, key, found)
        return found

    def version(self, space: str, key: str, moment: Value) -> Row | None:
        """Return the version of a look-up row that was valid at `moment`, that moment included."""
        versions = self._versions(space, key)
        if versions is None:
            return None
        at = bisect_right(versions[0], moment)
        row: Row | None = versions[1][at - 1] if at else None
        return row

    def _versions(self, space: str, key: str) -> tuple[list[Any], list[Row]] | None:
        versions: tuple[list[Any], list[Row]] | None = self._kept(space, key)
        if versions is None:
            stored = self.stored(space, key)
            there = [(one.since, Row(one.columns, {})) for one in stored if one.columns is not None]
            if not there:
                return None
            versions = ([since for since, _ in there], [row for _, row in there])
            self._keep(space, key, versions)
        return versions

    def stored(self, space: str, key: str) -> list[Version]:
        """Return all that is remembered of a look-up row, in the order of its times."""
        data = self.memory.get(space, key)
        return decode_versions(data) if data is not None else []

    def put_lookup(self, space: str, key: str, versions: list[Version]) -> None:
        """Remember a look-up row; no version forgets it."""
        kept = self._lookups.get(space)
        if kept is not None:
            kept.pop(key, None)
        self.memory.put(space, key, encode_versions(versions) if versions else None)

    def _kept(self, space: str, key: str) -> Any:
        """Return what is at hand of a look-up row, or None."""
        if self._shared:
            self._used.add((space, key))
        rows = self._lookups.get(space)
        return rows.get(key) if rows is not None else None

    def _keep(self, space: str, key: str, found: Any) -> None:
        rows = self._lookups.get(space)
        if rows is None:
            rows = self._lookups[space] = {}
        if sum(map(len, self._lookups.values())) >= LOOKUPS_KEPT:
            for each in self._lookups.values():
                for old in list(each)[: (len(each) + 1) // 2]:
                    del each[old]
        rows[key] = found
