"""In which slots the newest values of a file's ledger lie, until the index on the disk has them."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from bridge.ledger.chunks import ROWS_AT_ONCE, chunks, for_chunks, write_rows

Entry = tuple[int, str, int]
"""One row of the index: the number of a space, a key, a slot."""

_TABLE: Final = (
    "CREATE TABLE newest (space INTEGER, key TEXT, slot INTEGER, PRIMARY KEY (space, key)) WITHOUT ROWID"
)
_FIND: Final = for_chunks("SELECT key, slot FROM newest WHERE space = ? AND key IN ({})")
_NEXT: Final = "SELECT space, key, slot FROM newest WHERE (space, key) > (?, ?) ORDER BY space, key LIMIT ?"
_ADD: Final = "INSERT OR REPLACE INTO newest VALUES (?, ?, ?)"
_ADD_SEVERAL: Final = _ADD + ", (?, ?, ?)" * (ROWS_AT_ONCE - 1)
_BEFORE_ALL: Final = (0, "")


class Sweep(NamedTuple):
    """How far a sweep has come."""

    reached: tuple[int, str] = _BEFORE_ALL
    """The space and the key up to which entries have moved."""
    began: int = 0
    """The last slot when it began: up to there the index has everything when it ends."""


class Step(NamedTuple):
    """A part of a sweep."""

    entries: Sequence[Entry]
    """In the order of their keys."""
    ends: bool
    """There are no more behind them."""


class Newest:
    """A table in memory, whose entries move into the index on the disk in the order of their keys.

    Entries of random keys change a page each when they come one by one.  Neighbours share pages: the more
    entries wait here, the more of them.  A sweep goes through the keys from the first to the last, again and
    again; each batch moves as many as it adds, so nothing stalls.  What had not moved at a crash is read again
    from the values themselves, and the sweep goes on from where it was: else lives that are shorter than a
    sweep would never end one, and each would have more to read than the one before.
    """

    def __init__(self, size: int, indexed: int) -> None:
        """`size`: how many entries wait before any moves.  `indexed`: up to which slot the index has all."""
        self.indexed = indexed
        self._size = size
        # Of its own: what it holds is needed while the ledger's connection is at work.
        self._table = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._table.close)
        for statement in ("PRAGMA journal_mode = OFF", _TABLE):
            self._table.execute(statement)
        self._number = 0
        self._last = indexed
        self._sweep = Sweep(began=indexed)

    def load(self, entries: Sequence[Entry]) -> None:
        """Add entries that the file's index lacks."""
        self._add(sorted(entries))

    def go_on(self, sweep: Sweep, last: int) -> None:
        """All is loaded up to slot `last`: go on with the sweep of a life before, unless it is over."""
        self._last = last
        goes_on = sweep.began > self.indexed and sweep.reached != _BEFORE_ALL
        self._sweep = sweep if goes_on else Sweep(began=last)

    def find(self, space: int, keys: Sequence[str]) -> dict[str, int]:
        """Return the slots of those keys of a space that are here."""
        found: dict[str, int] = {}
        if self._number:
            for chunk in chunks(keys):
                found.update(self._table.execute(_FIND[len(chunk)], (space, *chunk)))
        return found

    def next_step(self, new: int) -> Step:
        """Return what a batch with so many new keys moves into the index; changes nothing."""
        due = self._number + new - self._size
        if self._last - self.indexed > 4 * self._size:
            # Most keys come in order and few wait: the sweep goes on, so that a start has little to read.
            due = max(due, new)
        # After a start more than that may wait.
        due = min(due, 4 * new + 100)
        if due <= 0 or not self._number:
            return Step((), ends=False)
        entries = self._table.execute(_NEXT, (*self._sweep.reached, due)).fetchall()
        return Step(entries, ends=len(entries) < due)

    def indexed_after(self, step: Step, later: Sequence[Entry], last: int) -> int:
        """Return up to which slot the index has everything after a batch that moves `step` and adds `later`.

        `last`: the highest slot that is given out then.
        """
        if step.ends:
            return self._sweep.began
        return self.indexed if self._number or later else last

    def sweep_after(self, step: Step, last: int) -> Sweep:
        """Return how far the sweep has come after a batch that moves `step`; `last` as above."""
        if step.entries and not step.ends:
            return self._sweep._replace(reached=step.entries[-1][:2])
        return Sweep(began=last) if step.ends or self._sweep.reached == _BEFORE_ALL else self._sweep

    def keep(self, step: Step, later: Sequence[Entry], last: int) -> None:
        """A batch that moved `step` and added `later` has been committed."""
        self.indexed = self.indexed_after(step, later, last)
        if step.entries:
            self._move(step)
        self._sweep = self.sweep_after(step, last)
        self._add(later)
        self._last = last

    def _move(self, step: Step) -> None:
        gone = "DELETE FROM newest WHERE (space, key) > (?, ?) AND (space, key) <= (?, ?)"
        self._number -= self._table.execute(gone, (*self._sweep.reached, *step.entries[-1][:2])).rowcount

    def _add(self, entries: Sequence[Entry]) -> None:
        if entries:
            self._table.execute("BEGIN")
            write_rows(self._table, _ADD, _ADD_SEVERAL, entries)
            self._table.execute("COMMIT")
            self._number += len(entries)

    def forget(self, keys: Iterable[tuple[int, str]]) -> None:
        """Drop keys of spaces that have no value any more."""
        gone = "DELETE FROM newest WHERE space = ? AND key = ?"
        self._number -= max(0, self._table.executemany(gone, keys).rowcount)
