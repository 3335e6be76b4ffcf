"""Finds where values of Avro's binary form end, without reading them.

https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

TEXT: Final = 0
"""A length and so many bytes: a string or bytes."""
NUMBER: Final = 1
"""A number of seven bits a byte: an int, a long, or the place of an enum's symbol."""
FLAG: Final = 2
FIXED: Final = 3
RECORD: Final = 4

_LONGEST_NUMBER: Final = 10
"""Bytes of a number of 64 bits."""


class Step:
    """A value that comes next in a record, and may be null."""

    __slots__ = ("inner", "kind", "name", "null", "size", "weight")

    def __init__(
        self, kind: int, null: int = -1, *, name: str = "", size: int = 0, inner: Sequence[Step] = ()
    ) -> None:
        """`null` is the byte that says so, or -1 where there is none; `size` that of a FIXED, in bytes."""
        self.kind = kind
        self.null = null
        self.name = name
        self.size = size
        self.inner: list[Step] = list(inner)
        """The fields of a RECORD."""
        self.weight: int = 1 + sum(step.weight for step in inner)
        """How many values there are in it."""


def is_null(step: Step, data: bytes, pos: int) -> bool:
    """Return whether the value is null, told by the byte at `pos`; raises ValueError where that tells neither."""
    byte = data[pos]
    if byte == step.null:
        return True
    if byte != 2 - step.null:
        raise ValueError("no such branch of a union")
    return False


def end_of(step: Step, data: bytes, pos: int) -> int:
    """Return where a value that is not null ends; that may be behind the data.

    Raises ValueError or IndexError for bytes that are no such value.
    """
    kind = step.kind
    if kind == TEXT:
        byte = data[pos]
        if byte < 128 and not byte & 1:
            return pos + 1 + (byte >> 1)
        end = _end_of_number(data, pos)
        return end + _length(data, pos, end)
    if kind == NUMBER:
        return _end_of_number(data, pos)
    if kind == FLAG:
        if data[pos] > 1:
            raise ValueError("no boolean")
        return pos + 1
    if kind == FIXED:
        return pos + step.size
    for field in step.inner:
        if field.null >= 0:
            pos += 1
            if is_null(field, data, pos - 1):
                continue
        pos = end_of(field, data, pos)
    return pos


def _end_of_number(data: bytes, pos: int) -> int:
    end = pos
    while data[end] > 127:
        end += 1
    if end - pos >= _LONGEST_NUMBER or (end - pos == _LONGEST_NUMBER - 1 and data[end] > 1):
        raise ValueError("a number of more than 64 bits")
    return end + 1


def number_in(data: bytes, pos: int, end: int) -> int:
    """Return the whole number that lies between two places."""
    number = shift = 0
    while pos < end:
        number |= (data[pos] & 127) << shift
        shift += 7
        pos += 1
    return (number >> 1) ^ -(number & 1)


def _length(data: bytes, pos: int, end: int) -> int:
    length = number_in(data, pos, end)
    if not 0 <= length <= len(data):
        raise ValueError("a length beyond the record")
    return length
