"""A bounded memory of values that were read or committed lately."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Pair = tuple[str, str]
"""A space and a key in it."""


class Recent:
    """Keeps the values used last: about half of `size` to all of it, or one batch; of size 0 none.

    Two generations instead of a list in order of use: a hit in the young one costs a single look,
    and forgetting is dropping the old one as a whole.
    """

    __slots__ = ("_half", "_old", "_young")

    def __init__(self, size: int) -> None:
        self._half = (size + 1) // 2
        self._young: dict[Pair, bytes] = {}
        self._old: dict[Pair, bytes] = {}

    # Any, here and below: a tuple whose parts have types is made anew, where this is compiled, for each look.
    def get(self, pair: Any) -> bytes | None:
        """Return the value of a pair, or None when it is not among the recent ones."""
        value = self._young.get(pair)
        if value is None:
            value = self._old.get(pair)
            if value is not None:
                self.keep(pair, value)
        return value

    def lacking(self, pairs: Iterable[Any]) -> list[Any]:
        """Return those of the pairs whose value is not among the recent ones."""
        young, old = self._young, self._old
        return [pair for pair in pairs if pair not in young and pair not in old]

    def keep(self, pair: Any, value: bytes) -> None:
        """Remember a committed value."""
        self.keep_all({pair: value})

    def keep_all(self, values: Mapping[Pair, bytes]) -> None:
        """Remember committed values; more than half of `size` at once stay until the next come."""
        if not self._half:
            return
        if len(self._young) + len(values) > self._half:
            self._old = self._young
            self._young = {}
        self._young.update(values)

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
