"""The index of a file's ledger: in which slots the values of pairs lie, once it has been told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from bridge.ledger.bloom import Bloom
from bridge.ledger.newest import Entry
from bridge.ledger.recent import Pair
from bridge.ledger.sqlite_link import Row

Rows = Callable[[str, Sequence[Any]], list[Row]]
"""Runs a query and returns what it found."""

# A fixed number of parameters, so that a statement is prepared once; a single one is frequent too.
_CHUNK: Final = 256
_SCAN: Final = "SELECT space, key FROM slots WHERE (space, key) > (?, ?) ORDER BY space, key LIMIT ?"
_SCANNED_AT_ONCE: Final = 2500
_BETWEEN: Final = "SELECT count(*) FROM (SELECT 1 FROM slots WHERE space = ? AND key BETWEEN ? AND ? LIMIT ?)"

_UUID: Final = 36
# No text in UTF-8 has this byte.
_UUID_MARK: Final = b"\xff"
_UUID_BYTES: Final = 16


def of_numbers(statement: str) -> Mapping[int, str]:
    """Return a statement with as many marks for parameters as a chunk has items."""
    return {number: statement.format(", ".join("?" * number)) for number in (1, _CHUNK)}


def chunks(items: Sequence[Any]) -> Iterator[list[Any]]:
    """Yield lists of the lengths that `of_numbers` knows; the last is filled up with what it has."""
    size = 1 if len(items) == 1 else _CHUNK
    for start in range(0, len(items), size):
        chunk = list(items[start : start + size])
        chunk.extend(chunk[-1:] * (size - len(chunk)))
        yield chunk


_FIND: Final = of_numbers(
    "SELECT memory.key, slots.slot, memory.value FROM slots CROSS JOIN memory ON memory.slot = slots.slot "
    "WHERE slots.space = ? AND slots.key IN ({})"
)


def packed(key: str) -> bytes:
    """Return a key as the index has it: a UUID in 17 bytes, so that a page has room for almost twice as many."""
    if len(key) == _UUID and key[8] == key[13] == key[18] == key[23] == "-":
        digits = key.replace("-", "")
        if digits.islower():
            try:
                number = bytes.fromhex(digits)
            except ValueError:
                return key.encode()
            # Blanks between digits are passed over.
            if len(number) == _UUID_BYTES:
                return _UUID_MARK + number
    return key.encode()


def unpacked(key: bytes) -> str:
    """Undo `packed`."""
    if not key.startswith(_UUID_MARK):
        return key.decode()
    digits = key[1:].hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


class SqliteIndex:
    """Finds values of pairs, and knows of most pairs that it has not without a look at the disk."""

    def __init__(self, spaces: Mapping[str, int], rows: Rows, *, alone: bool) -> None:
        """`spaces` is looked at again whenever it is needed.  `alone`: no other process writes."""
        self._spaces = spaces
        self._rows = rows
        self._filter = Bloom() if alone else None
        # How far the filter has been told what the file had at the start; None when it knows all.
        self._scanned: tuple[int, bytes] | None = (0, b"")

    def scan(self) -> None:
        """Tell the filter some more of what the file had at the start, until it knows all."""
        if self._filter is None or self._scanned is None:
            return
        found = self._rows(_SCAN, (*self._scanned, _SCANNED_AT_ONCE))
        names = {number: name for name, number in self._spaces.items()}
        self._filter.add((names[space], unpacked(key)) for space, key in found)
        self._scanned = found[-1] if len(found) == _SCANNED_AT_ONCE else None

    def told(self, pairs: Collection[Pair]) -> None:
        """The index has these now, or will have them."""
        if self._filter is not None:
            self._filter.add(pairs)

    def find(self, pairs: Iterable[Pair], rows: Rows | None = None) -> Iterator[tuple[Pair, int, bytes]]:
        """Yield each pair that is there with its slot and its value; `rows` runs the queries inside a transaction."""
        if self._filter is not None and self._scanned is None:
            pairs = self._filter.maybe(pairs)
        by_space: dict[str, list[bytes]] = {}
        for space, key in pairs:
            by_space.setdefault(space, []).append(packed(key))
        ask = rows or self._rows
        for space, keys in by_space.items():
            number = self._spaces.get(space)
            if number is not None:
                for chunk in chunks(keys):
                    for key, slot, value in ask(_FIND[len(chunk)], (number, *chunk)):
                        yield (space, key), slot, value

    def takes_at_once(self, run: Sequence[Entry]) -> bool:
        """Say whether the entries of one space, in order, lie so close that they share pages anyway.

        So it is with ascending keys.  Of random ones, all others lie between the first and the last.
        """
        space, first, _ = run[0]
        limit = 2 * len(run)
        return bool(self._rows(_BETWEEN, (space, first, run[-1][1], limit))[0][0] < limit)
