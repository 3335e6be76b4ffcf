"""In which slots the newest values of a file's ledger lie, until the index on the disk has them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import chain

from bridge.ledger.recent import Pair


class Newest:
    """Two generations: one that grows, and one whose entries go into the index in the order of their keys.

    Entries of random keys change a page each when they come one by one.  Those of a whole generation, in
    order, share pages: the larger the generation, the more of them.  Each batch moves a little more than
    it adds, so nothing stalls, and what was not moved at a crash is read again from the rows themselves.
    """

    def __init__(self, generation: int) -> None:
        """A generation is closed when it has so many entries; both together have at most some more than twice that."""
        self._generation = max(1, generation)
        self._growing: dict[Pair, int] = {}
        # Sorted runs, each longer than the next; runs of one length are merged, as in a binary counter.
        self._runs: list[list[Pair]] = []
        self._moving: dict[Pair, int] = {}
        self._order: list[Pair] = []
        self._at = 0
        self._end = 0
        self._last = 0

    def __len__(self) -> int:
        return len(self._growing) + len(self._moving)

    def get(self, pair: Pair) -> int | None:
        """Return the slot of a pair, or None when only the index can tell."""
        return self._growing.get(pair) or self._moving.get(pair)

    def due(self, new: int) -> list[Pair]:
        """Return what a batch with so many new pairs moves into the index, in order; changes nothing."""
        excess = len(self) + new - 2 * self._generation
        return self._order[self._at : self._at + max(new + new // 4, excess)]

    def indexed_after(self, due: Collection[Pair]) -> int | None:
        """Return up to which slot the index has everything once these are moved; None when that is no news."""
        return self._end if self._order and self._at + len(due) == len(self._order) else None

    def moved(self, due: Collection[Pair]) -> None:
        """The index has these now."""
        for pair in due:
            self._moving.pop(pair, None)
        self._at += len(due)
        if self._at == len(self._order):
            self._order, self._moving, self._at = [], {}, 0

    def add(self, new: Mapping[Pair, int]) -> None:
        """Remember the slots of new values, which are higher than all before."""
        if new:
            self._growing.update(new)
            self._last = max(new.values())
            run = sorted(new)
            while self._runs and len(self._runs[-1]) <= len(run):
                run = sorted(self._runs.pop() + run)
            self._runs.append(run)
        if not self._order and len(self._growing) >= self._generation:
            self._order, self._runs = sorted(chain.from_iterable(self._runs)), []
            self._moving, self._growing = self._growing, {}
            self._end = self._last

    def forget(self, gone: Collection[Pair]) -> None:
        """Drop pairs that have no value any more."""
        for pair in gone:
            self._growing.pop(pair, None)
            self._moving.pop(pair, None)
