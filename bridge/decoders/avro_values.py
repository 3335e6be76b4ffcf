"""Readers for the values of Avro's binary form: primitives, and what is made of other readers.

https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from struct import unpack_from
from typing import Any, Final

Reader = Callable[[bytes, int], tuple[Any, int]]
"""Takes the data and where a value starts; returns the value and where it ends.

Raises ValueError or IndexError for bytes that are no such value.  An end behind the data is
possible: whoever reads the whole record compares it with the length.
"""


def read_long(data: bytes, pos: int) -> tuple[int, int]:
    """Read a zig-zag number of seven bits a byte."""
    byte = data[pos]
    pos += 1
    number = byte & 127
    shift = 7
    while byte > 127:
        byte = data[pos]
        pos += 1
        number |= (byte & 127) << shift
        shift += 7
        if shift > 70:
            raise ValueError("a number of more than 64 bits")
    return (number >> 1) ^ -(number & 1), pos


def read_length(data: bytes, pos: int) -> tuple[int, int]:
    length, pos = read_long(data, pos)
    if not 0 <= length <= len(data):
        raise ValueError("a length beyond the record")
    return length, pos


def _read_string(data: bytes, pos: int) -> tuple[str, int]:
    length, pos = read_length(data, pos)
    return data[pos : pos + length].decode(), pos + length


def _read_bytes(data: bytes, pos: int) -> tuple[bytes, int]:
    length, pos = read_length(data, pos)
    return data[pos : pos + length], pos + length


def _read_boolean(data: bytes, pos: int) -> tuple[bool, int]:
    if data[pos] > 1:
        raise ValueError("no boolean")
    return data[pos] == 1, pos + 1


def _read_null(_: bytes, pos: int) -> tuple[None, int]:
    return None, pos


def _read_float(data: bytes, pos: int) -> tuple[float, int]:
    return _unpack("<f", data, pos, 4)


def _read_double(data: bytes, pos: int) -> tuple[float, int]:
    return _unpack("<d", data, pos, 8)


def _unpack(form: str, data: bytes, pos: int, size: int) -> tuple[float, int]:
    if pos + size > len(data):
        raise ValueError("the record ends early")
    (number,) = unpack_from(form, data, pos)
    return number, pos + size


PRIMITIVES: Final[Mapping[str, Reader]] = {
    "null": _read_null,
    "boolean": _read_boolean,
    "int": read_long,
    "long": read_long,
    "float": _read_float,
    "double": _read_double,
    "bytes": _read_bytes,
    "string": _read_string,
}


def union_reader(branches: Sequence[Reader]) -> Reader:
    def read(data: bytes, pos: int) -> tuple[Any, int]:
        index, pos = read_long(data, pos)
        if index < 0:
            raise ValueError("no such branch of a union")
        return branches[index](data, pos)

    return read


def _block(data: bytes, pos: int, before: int) -> tuple[int, int]:
    """Read the head of a block of items: a count, below zero when its size in bytes follows.

    All items together are no more than the record has bytes; else an item of no size could hang us.
    """
    count, pos = read_long(data, pos)
    if count < 0:
        count = -count
        _, pos = read_long(data, pos)
    if before + count > len(data):
        raise ValueError("more items than bytes")
    return count, pos


def array_reader(item: Reader) -> Reader:
    def read(data: bytes, pos: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        count, pos = _block(data, pos, 0)
        while count:
            for _ in range(count):
                value, pos = item(data, pos)
                items.append(value)
            count, pos = _block(data, pos, len(items))
        return items, pos

    return read


def map_reader(of_value: Reader) -> Reader:
    def read(data: bytes, pos: int) -> tuple[dict[str, Any], int]:
        items: dict[str, Any] = {}
        count, pos = _block(data, pos, 0)
        while count:
            for _ in range(count):
                name, pos = _read_string(data, pos)
                items[name], pos = of_value(data, pos)
            count, pos = _block(data, pos, count)
        return items, pos

    return read


def enum_reader(symbols: Sequence[str]) -> Reader:
    def read(data: bytes, pos: int) -> tuple[str, int]:
        index, pos = read_long(data, pos)
        if index < 0:
            raise ValueError("no such symbol")
        return symbols[index], pos

    return read


def fixed_reader(size: int) -> Reader:
    return lambda data, pos: (data[pos : pos + size], pos + size)
