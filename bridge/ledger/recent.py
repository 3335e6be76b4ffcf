"""A bounded memory of values that were read or committed lately."""

from __future__ import annotations

Pair = tuple[str, str]
"""A space and a key in it."""


class Recent:
    """Keeps the values used last, between half of and all of `size`; of size 0 it keeps none.

    Two generations instead of a list in order of use: a hit in the young one costs a single look,
    and forgetting is dropping the old one as a whole.
    """

    __slots__ = ("_half", "_old", "_young")

    def __init__(self, size: int) -> None:
        self._half = (size + 1) // 2
        self._young: dict[Pair, bytes] = {}
        self._old: dict[Pair, bytes] = {}

    def get(self, pair: Pair) -> bytes | None:
        """Return the value, or None when it is not among the recent ones."""
        value = self._young.get(pair)
        if value is None:
            value = self._old.get(pair)
            if value is not None:
                self.keep(pair, value)
        return value

    def keep(self, pair: Pair, value: bytes) -> None:
        """Remember a committed value."""
        if not self._half:
            return
        if len(self._young) >= self._half:
            self._old = self._young
            self._young = {}
        self._young[pair] = value

    def forget(self, pair: Pair) -> None:
        """Drop one value that is no longer true."""
        self._young.pop(pair, None)
        self._old.pop(pair, None)

    def clear(self) -> None:
        """Drop everything."""
        self._young = {}
        self._old = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
