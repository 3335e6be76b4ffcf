"""In which slots the newest values of a file's ledger lie, until the index on the disk has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from bridge.ledger.recent import Pair

Entry = tuple[int, bytes, int]
"""One row of the index: the number of a space, a key as the index has it, a slot."""


class Newest:
    """Two generations: one that grows, and one whose entries move into the index in the order of their keys.

    Entries of random keys change a page each when they come one by one.  Those of a whole generation, in
    order, share pages: the larger the generation, the more of them.  Each batch moves a little more than
    it adds, so nothing stalls, and what had not moved at a crash is read again from the values themselves.
    """

    def __init__(self, generation: int) -> None:
        """`generation`: with how many slots one is closed.  Both together soon have less than twice that."""
        self._generation = max(1, generation)
        self._growing: dict[Pair, int] = {}
        self._moving: dict[Pair, int] = {}
        # Entries of the growing generation: sorted runs, each longer than the next.
        self._runs: list[list[Entry]] = []
        self._began = 0
        self._last = 0
        # Entries of the moving generation that have not moved yet, in order; its last slot.
        self._order: list[Entry] = []
        self._end = 0
        # Slots of either that were forgotten.
        self._gone: set[int] = set()

    def get(self, pair: Pair) -> int | None:
        """Return the slot of a pair, or None when only the index can tell."""
        return self._growing.get(pair) or self._moving.get(pair)

    def lacking(self, pairs: Iterable[Pair]) -> list[Pair]:
        """Return those of the pairs of which only the index can tell."""
        growing, moving = self._growing, self._moving
        return [pair for pair in pairs if pair not in growing and pair not in moving]

    def due(self, new: int) -> list[Entry]:
        """Return what a batch with so many new pairs moves into the index, in order; changes nothing."""
        excess = len(self._growing) + len(self._order) + new - 2 * self._generation
        return self._order[: max(new + new // 4, excess)]

    def standing(self, due: Sequence[Entry]) -> Sequence[Entry]:
        """Return those of the entries whose pair has not been forgotten."""
        return [entry for entry in due if entry[2] not in self._gone] if self._gone else due

    def indexed_after(self, due: Sequence[Entry], later: Mapping[Pair, int], last: int) -> int | None:
        """Return up to which slot the index has everything after a batch; None when that is no news.

        `due` moves with it, `later` is added with it, and `last` is the highest slot that is given out then.
        """
        if self._order:
            return self._end if len(due) == len(self._order) else None
        return None if self._growing or later else last

    def moved(self, due: Sequence[Entry]) -> None:
        """The index has these now."""
        del self._order[: len(due)]
        if not self._order and self._moving:
            self._moving = {}
            self._gone = {slot for slot in self._gone if slot > self._end}

    def add(self, later: Mapping[Pair, int], run: list[Entry], last: int) -> None:
        """Remember the slots of new values that the index does not have yet, and their entries in order.

        `last`: the highest slot that was given out, to whatever.
        """
        if later:
            self._growing.update(later)
            # Runs of one length become one of twice that, so the work of sorting comes in small pieces.
            while self._runs and len(self._runs[-1]) <= len(run):
                run = sorted(self._runs.pop() + run)
            self._runs.append(run)
        elif not self._growing:
            self._began = last
        self._last = last
        if not self._order and self._growing and last - self._began >= self._generation:
            self._order, self._runs = sorted(chain.from_iterable(self._runs)), []
            self._moving, self._growing = self._growing, {}
            self._began = self._end = last

    def forget(self, pairs: Iterable[Pair]) -> None:
        """Drop pairs that have no value any more."""
        for pair in pairs:
            slot = self._growing.pop(pair, None) or self._moving.pop(pair, None)
            if slot is not None:
                self._gone.add(slot)
