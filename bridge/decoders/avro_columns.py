"""Columns that are still in Avro's bytes when they are read.

Texts and whole numbers are most of what rules read; they are read in one step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from bridge.decoders.avro_steps import number_in
from bridge.decoders.avro_values import read_length
from bridge.decoders.column_schemas import ColumnSchema
from bridge.decoders.columns import RANGES, column_decoder, is_plain
from bridge.decoders.decimals import conflict
from bridge.decoders.placeholder import Placeholder
from bridge.errors import DecodeError
from bridge.row import UNAVAILABLE, ColumnDecoder, Value

_TRUE: Final = b"\x01"
_FLAGS: Final = frozenset({b"\x00", _TRUE})

WireReader = Callable[[bytes], Any]
"""Takes the bytes of one value; raises ValueError or IndexError when they are none."""


def read_text(raw: bytes) -> str:
    """Return a text with its length before it; raises ValueError where it is none."""
    if raw[0] < 128:
        return raw[1:].decode()
    _, start = read_length(raw, 0)
    return raw[start:].decode()


def read_number(raw: bytes) -> int:
    """Return a whole number of any length."""
    return number_in(raw, 0, len(raw))


def wire_decoder(schema: ColumnSchema, read: WireReader, placeholder: Placeholder) -> ColumnDecoder:
    """Return the decoder of a column that comes in bytes; it never sees None."""
    if schema.type == "string" and read is read_text and is_plain(schema):
        return _text(placeholder)
    if schema.type in RANGES and is_plain(schema):
        return _whole(schema.type)
    if schema.type == "boolean" and is_plain(schema):
        return _flag
    decode = column_decoder(schema, placeholder)

    def decode_bytes(raw: bytes) -> Value:
        try:
            value = read(raw)
        except (ValueError, IndexError):
            raise _bad_avro() from None
        return decode(value)

    return decode_bytes


def _text(placeholder: Placeholder) -> ColumnDecoder:
    texts, shortest = placeholder.texts, placeholder.shortest

    def decode_text(raw: bytes) -> Value:
        try:
            value = raw[1:].decode() if raw[0] < 128 else read_text(raw)
        except ValueError:
            raise _bad_avro() from None
        return UNAVAILABLE if len(raw) > shortest and value in texts else value

    return decode_text


def _whole(kind: str) -> ColumnDecoder:
    low, high = RANGES[kind]

    def decode_number(raw: bytes) -> int:
        number = read_number(raw)
        if low <= number <= high:
            return number
        raise conflict(f"a whole number ({kind})", number)

    return decode_number


def _flag(raw: bytes) -> bool:
    if raw in _FLAGS:
        return raw == _TRUE
    raise _bad_avro()


def _bad_avro() -> DecodeError:
    return DecodeError("bad_avro", "the bytes are not of the schema that they name")
