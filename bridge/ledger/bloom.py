"""A Bloom filter over the pairs that a file's ledger has."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from mmap import mmap
from typing import Any, Final

SIZE: Final = 1 << 23
"""In bytes.  Of the pairs that are not there, 1 % are looked for in vain when there are 2 million, 8 % when
there are 10 million, 40 % when there are 30 million."""

# Two bits of one byte for each pair: one place of memory to look at, which is what takes the time.
_TWO: Final = [1 << one | 1 << other for one, other in combinations(range(8), 2)]
_USED: Final = (1 << 48) - 1
"""Of a hash: what is above costs more than all else, for it makes the number a long one."""
_BITS: Final = [_TWO[number % len(_TWO)] for number in range(256)]


class Bloom:
    """Knows of most pairs that are not there that they are not, without a look at the disk."""

    def __init__(self, size: int = SIZE) -> None:
        """`size` is a power of two."""
        # Of no file: memory is taken page by page as pairs come, and none for a ledger that keeps few.
        self._bytes = mmap(-1, size)
        self._mask = size - 1

    # Any: see Recent.
    def add(self, pairs: Iterable[Any]) -> None:
        """Remember pairs."""
        there, mask, bits = self._bytes, self._mask, _BITS
        for pair in pairs:
            number = hash(pair) & _USED
            there[number & mask] |= bits[number >> 40 & 255]

    def maybe(self, pairs: Iterable[Any]) -> list[Any]:
        """Return those that may have been added: all that were, and few others."""
        there, mask, bits = self._bytes, self._mask, _BITS
        found = []
        for pair in pairs:
            number = hash(pair) & _USED
            wanted = bits[number >> 40 & 255]
            if there[number & mask] & wanted == wanted:
                found.append(pair)
        return found
