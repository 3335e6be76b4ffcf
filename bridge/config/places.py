"""Where things stand in a file."""

from __future__ import annotations

from dataclasses import dataclass

KeyPath = tuple[str | int, ...]
"""Keys and list places from the top of a file down to one value."""


def dotted(path: KeyPath) -> str:
    """Return a path as problems name it: `play.bets.key`."""
    return ".".join(map(str, path))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value, and the key before it, begin.  Lines and columns count from 1."""

    line: int
    column: int
    key_line: int
    key_column: int
    written: str = ""
    """A text as the file has it, with quotes, escapes and indentation."""
    text: str | None = None
    """The text that it says; None for what is no text, or came out of a variable."""

    def inside(self, offset: int) -> tuple[int, int]:
        """Return the line and column of a character of the text."""
        if not self.text or offset <= 0:
            offset = 0
        at = _aligned(self.written, self.text or "", offset)
        before = self.written[:at]
        lines = before.count("\n")
        if not lines:
            return self.line, self.column + at
        return self.line + lines, at - before.rfind("\n")


def _aligned(written: str, text: str, offset: int) -> int:
    """Return where the character `offset` of a text stands in what is written.

    What is written has more in it than the text says: quotes, escapes, indentation, a block's header.
    So each character of the text is looked for behind the one before it.
    """
    at = written.find("\n") + 1 if written[:1] in ("|", ">") else 0
    for place in range(offset + 1):
        wanted = text[place : place + 1]
        if not wanted:
            return at
        at += len(written[at:]) - len(written[at:].lstrip()) if wanted.isspace() and place < offset else 0
        if wanted.isspace():
            continue
        found = written.find(wanted, at)
        if found < 0:
            return min(at, len(written))
        at = found if place == offset else found + 1
    return at
