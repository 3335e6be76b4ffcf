"""What a change waits for."""

from __future__ import annotations


class Waiting(Exception):
    """A look-up row, a part or an original is not there yet."""

    def __init__(self, space: str, key: str) -> None:
        self.space = space
        self.key = key
        super().__init__(space, key)
