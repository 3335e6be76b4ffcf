"""The value that Debezium writes where it does not have one, in each of its spellings."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from hashlib import md5
from typing import Any
from uuid import UUID

import msgspec

from bridge.decoders.decimals import require_flat
from bridge.row import UNAVAILABLE, Plain, Value

DEFAULT_PLACEHOLDER = "__debezium_unavailable_value"


class Placeholder(Plain):
    """Recognises Debezium's `unavailable.value.placeholder`, whatever the type of the column.

    A text column holds the text, a binary one its bytes (base64 or hex in JSON), an array one item
    that says it (or its byte codes, signed as Java has them, or a UUID made of it), an hstore one pair.
    """

    __slots__ = ("lists", "pair", "raw", "shortest", "texts")

    def __init__(self, setting: str = DEFAULT_PLACEHOLDER) -> None:
        """Take Debezium's setting as it is written there: text, or `hex:` and the bytes in hex.

        Raises ValueError when the hex is none.
        """
        self.raw = bytes.fromhex(setting[4:]) if setting.startswith("hex:") else setting.encode()
        text = self.raw.decode("utf-8", "replace")
        base64 = b64encode(self.raw).decode()
        hstore = msgspec.json.encode({text: text}).decode()
        self.texts = frozenset({text, base64, urlsafe_b64encode(self.raw).decode(), self.raw.hex(), hstore})
        self.shortest = min(map(len, self.texts))
        """How many characters the shortest of its texts has: most columns are shorter."""
        digest = md5(self.raw, usedforsecurity=False).digest()
        self.lists: tuple[list[Any], ...] = (
            [text],
            [base64],
            [self.raw.hex()],
            [self.raw],
            [byte - 256 if byte > 127 else byte for byte in self.raw],
            [str(UUID(bytes=digest, version=3))],
        )
        self.pair = {text: text}

    def plain(self, value: Any) -> Value:
        """Return a value without known type as it is, or UNAVAILABLE for any spelling of the placeholder.

        Raises DecodeError for one that is nested too deeply.
        """
        kind = type(value)
        if kind is str:
            return UNAVAILABLE if len(value) >= self.shortest and value in self.texts else value
        if kind is list:
            return UNAVAILABLE if value in self.lists else require_flat(value)
        if kind is dict:
            return UNAVAILABLE if value == self.pair else require_flat(value)
        if kind is bytes:
            return UNAVAILABLE if value == self.raw else value
        return value
