"""The ledger in one SQLite file, for one process."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from bridge.errors import LedgerUnavailable
from bridge.flow import Delivery
from bridge.ledger.chunks import ROWS_AT_ONCE, write_rows
from bridge.ledger.lock import ProcessLock
from bridge.ledger.recent import Pair, Recent
from bridge.ledger.retention import day_number, prune_events, prune_memory
from bridge.ledger.rows import held_change, held_row, parked_change, parked_row
from bridge.ledger.schema import OUTBOX
from bridge.ledger.sqlite_link import IN_MEMORY, Row, SqliteLink
from bridge.ledger.sqlite_memory import SQL as _SQL
from bridge.ledger.sqlite_memory import MemoryChange, SqliteMemory
from bridge.ledger.tables import SQLITE
from bridge.ledger.transaction import Commit, Pending, Transaction, committed_at_once
from bridge.records import HeldChange, ParkedChange, Partition

_INSERT_EVENTS: Final = OUTBOX.insert(SQLITE, ROWS_AT_ONCE)
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[int]).decode
_NONE: Final = _encode([])


class _Marks(NamedTuple):
    """What the ledger goes on from when a batch is durable."""

    change: MemoryChange
    confirmed: int
    ahead: frozenset[int]


class SqliteLedger:
    """`Ledger` over one file.  Made by `open_ledger`, which also checks what it opens.

    The only writer of the file, so the counters live here and reads need no transaction.  While a commit
    is under way, a batch reads over a second connection; every other call waits for the first one.
    """

    shared = False
    """Nobody else writes."""

    def __init__(self, link: SqliteLink, lock: ProcessLock | None, recent_values: int, newest: int) -> None:
        self.place = link.place
        self._link = link
        self._reader: SqliteLink | None = None
        self._under_way: tuple[Commit, _Marks] | None = None
        self._lock = lock
        self._reads_only = lock is None and link.place != IN_MEMORY
        # What another process writes cannot be answered from memory.
        self.recent = Recent(0 if self._reads_only else recent_values)
        self._memory = SqliteMemory(self._rows, newest, alone=not self._reads_only)
        marks = self._load()
        if not self._reads_only:
            self._memory.load(marks)

    def _load(self) -> dict[str, int]:
        marks: dict[str, int] = dict(self._link.rows(_SQL.select_marks))
        last_event = self._link.one(_SQL.last_event) or 0
        self._confirmed: int = marks.get("confirmed", 0)
        self._ahead = frozenset(_decode(self._link.one(_SQL.select_ahead) or _NONE))
        self._held: int = marks.get("held", 0)
        self._parked: int = marks.get("parked", 0)
        # Retention may have emptied the outbox, but never beyond what is confirmed.
        self._seq = max(last_event, self._confirmed)
        return marks

    def begin(self, now_ms: int) -> Transaction:
        """Start a transaction.  Costs no query, but for a ledger that only reads."""
        if self._reads_only:
            self._memory.load(self._load())
        if self._under_way is not None and self._under_way[0].over():
            self._settle()
        self._memory.begin()
        return Transaction(self, now_ms, self._under_way[0] if self._under_way is not None else None)

    def _settle(self) -> None:
        """Wait for the commit under way, and go on from what it wrote.  Its failure is for who started it."""
        if self._under_way is None:
            return
        (commit, marks), self._under_way = self._under_way, None
        with contextlib.suppress(LedgerUnavailable):
            commit.wait()
            self._go_on(commit.pending, marks)

    def positions(self) -> Mapping[Partition, int]:
        """Return every position that is known."""
        return {Partition(topic, number): at for topic, number, at in self._link.rows(_SQL.select_positions)}

    def claim(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Return the known positions of these; the file's lock has already made them ours."""
        known = self.positions()
        return {partition: known[partition] for partition in partitions if partition in known}

    def at_work(self) -> int:
        """Return 0: the file's lock keeps others away."""
        return 0

    def require_claims(self) -> None:
        """Return: a file has one owner."""

    def disclaim(self, partitions: Collection[Partition]) -> None:
        """Do nothing: no other instance can take a lane of this file over."""

    def confirmed(self) -> int:
        """Return the sequence number up to which all events have been confirmed; 0 at first."""
        self._settle()
        if self._reads_only:
            self._load()
        return self._confirmed

    def confirmed_ahead(self) -> Collection[int]:
        """Return the events behind `confirmed()` that have been confirmed too."""
        self.confirmed()
        return self._ahead

    def unconfirmed(self, after_seq: int, limit: int) -> Sequence[Delivery]:
        """Return events behind `after_seq` that are not known to be confirmed: see `Ledger.unconfirmed`."""
        after = max(after_seq, self.confirmed())
        while True:
            rows = self._link.rows(_SQL.select_outbox, (after, limit))
            found = [Delivery(*row) for row in rows if row[0] not in self._ahead]
            if found or len(rows) < limit:
                return found
            after = rows[-1][0]

    def held(self) -> Iterator[HeldChange]:
        """Yield every held change, in the order of their ids; read as a whole when first asked."""
        rows = self._link.rows(_SQL.select_held)
        yield from map(held_change, rows)

    def parked(self) -> Iterator[ParkedChange]:
        """Yield every parked change, in the order of their ids; read as a whole when first asked."""
        rows = self._link.rows(_SQL.select_parked)
        yield from map(parked_change, rows)

    def parked_record(self, parked_id: int) -> ParkedChange | None:
        """Return one parked change, or None when there is none of this id."""
        rows = self._rows(_SQL.select_one_parked, (parked_id,))
        return parked_change(rows[0]) if rows else None

    def counters(self) -> Mapping[tuple[str, str, str], int]:
        """Return (outcome, table, reason) to number, over all days kept."""
        return {(row[0], row[1], row[2]): row[3] for row in self._link.rows(_SQL.select_counters)}

    def prune(self, before_day: str, limit: int) -> int:
        """Forget up to `limit` things last touched before the day; less than `limit` means all are gone."""
        before = day_number(before_day)
        gone: list[Pair] = []
        self._settle()
        with self._link.transaction() as cursor:

            def forget(touched: list[Any]) -> int:
                old = self._memory.prune(cursor, touched, before)
                gone.extend(old)
                return len(old)

            pruned = prune_events(cursor, _SQL, before, limit, self._confirmed)
            if pruned < limit:
                pruned += prune_memory(cursor, _SQL, before, limit - pruned, forget)
            if pruned < limit:
                # A few dozen rows a day: not worth a slice of their own.
                cursor.execute(_SQL.delete_counters, (before,))
                pruned += cursor.rowcount
        # Values that are gone must not be answered from memory.
        self._memory.forget(gone)
        self.recent.clear()
        return pruned

    def born(self) -> str:
        """Return when the ledger was made, as ISO text: with the brand it tells this ledger from others."""
        meta: dict[str, str] = dict(self._link.rows(_SQL.select_meta))
        return meta["created_at"]

    def size_bytes(self) -> int:
        """Return the bytes of the file and of its write-ahead log."""
        return self._link.size_bytes()

    def close(self) -> None:
        """Close the file and let go of the lock.  May be called twice, and from another thread.

        A commit that is under way comes to its end first.
        """
        self._link.close()
        if self._reader is not None:
            self._reader.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def next_seq(self) -> int:
        """Give out a sequence number.  One that is not committed leaves a gap."""
        self._seq += 1
        return self._seq

    def next_held(self) -> int:
        """Give out the id of a held change."""
        self._held += 1
        return self._held

    def next_parked(self) -> int:
        """Give out the id of a parked change."""
        self._parked += 1
        return self._parked

    def read(self, pairs: Collection[Pair]) -> Mapping[Pair, bytes]:
        """Return the committed values of those pairs that have one."""
        return self._memory.read(pairs)

    def _rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Read what is committed, without a wait for the commit under way."""
        reader = self._reader if self._under_way is not None and not self._under_way[0].over() else None
        return (reader or self._link).rows(statement, parameters)

    def body(self, seq: int) -> bytes | None:
        """Return the body of a committed event, or None when it is past its retention."""
        rows = self._rows(_SQL.select_body, (seq,))
        return rows[0][0] if rows else None

    def write(self, pending: Pending) -> None:
        """Write all of it in one transaction, which is on the disk when this returns."""
        self._settle()
        change = self._memory.plan(pending)
        with self._link.transaction() as cursor:
            marks = self._write(cursor, pending, change)
        self._go_on(pending, marks)

    def start(self, pending: Pending, durable: Callable[[], None]) -> Commit:
        """Write all of it in one transaction, and let a thread of its own wait for the disk."""
        if self.place == IN_MEMORY:
            return committed_at_once(self, pending, durable)
        self._settle()
        self._reader = self._reader or self._link.reader()
        change = self._memory.plan(pending)
        with self._link.written() as cursor:
            marks = self._write(cursor, pending, change)
        commit = Commit(pending, self._link.commit_soon(durable))
        self._under_way = (commit, marks)
        return commit

    def _write(self, cursor: sqlite3.Cursor, pending: Pending, change: MemoryChange) -> _Marks:
        confirmed, ahead = self._confirmed, self._ahead
        if pending.confirmed is not None:
            # A number too high must not confirm what comes later.
            confirmed = min(max(confirmed, pending.confirmed), self._seq)
            ahead = frozenset(seq for seq in pending.ahead if confirmed < seq <= self._seq)
        many = cursor.executemany
        self._memory.write(cursor, change, pending.day)
        write_rows(cursor, _SQL.insert_event, _INSERT_EVENTS, pending.outbox)
        marks = {"confirmed": confirmed, "held": self._held, "parked": self._parked}
        many(_SQL.upsert_mark, marks.items())
        if ahead != self._ahead:
            cursor.execute(_SQL.upsert_ahead, (1, _encode(sorted(ahead))))
        many(_SQL.upsert_position, [(*partition, at) for partition, at in pending.positions.items()])
        _write_changes(cursor, pending)
        return _Marks(change, confirmed, ahead)

    def _go_on(self, written: Pending, marks: _Marks) -> None:
        self._memory.keep(marks.change)
        self._confirmed, self._ahead = marks.confirmed, marks.ahead
        self.recent.keep_all({pair: value for pair, value in written.memory.items() if value is not None})
        for pair, value in written.memory.items():
            if value is None:
                self.recent.forget(pair)


def _write_changes(cursor: sqlite3.Cursor, pending: Pending) -> None:
    many = cursor.executemany
    held, parked = pending.held, pending.parked
    many(_SQL.upsert_held, [held_row(change) for change in held.values() if change])
    many(_SQL.delete_held, [(held_id,) for held_id, change in held.items() if change is None])
    many(_SQL.insert_parked, [parked_row(change) for change in parked.values() if change])
    many(_SQL.delete_parked, [(parked_id,) for parked_id, change in parked.items() if change is None])
    many(_SQL.add_count, [(pending.day, *counted, number) for counted, number in pending.counts.items()])
