"""Ready-made AMQP 0-9-1 frames for publishing: what never changes is encoded once per connector.

Layouts are those of the AMQP 0-9-1 specification, sections 2.3.5 and 4.2; header values are
written as RabbitMQ reads them (its errata to the field types).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from struct import Struct
from typing import Final

from bridge.flow import Delivery

CONTENT_TYPE: Final = "application/json"
MESSAGE_TYPE: Final = "CASINO"
APP_ID: Final = "wallet-bridge"
PERSISTENT: Final = 2

LONGEST_SHORT_STRING: Final = 255
"""Bytes of a message id, an exchange, a routing key or a header's name (AMQP 0-9-1, 4.2.5.3)."""

HeaderValue = bool | int | str

_FRAME = Struct(">BHI")
_HEADER_SIZES = Struct(">IHHQ")
_CONTENT_SIZE = 12
_METHOD_FRAME, _HEADER_FRAME, _BODY_FRAME = 1, 2, 3
_FRAME_END = b"\xce"
_FRAME_OVERHEAD = 8
_SIZES_KEPT = 4096
_BASIC = 60
_BASIC_PUBLISH = b"\x00\x3c\x00\x28"
_MANDATORY = b"\x01"
# content_type, headers, delivery_mode, message_id, type, app_id: one bit each, from the highest down.
_PROPERTY_FLAGS = b"\xb0\xa8"


class PublishFrames:
    """Encodes deliveries for one channel: mandatory, persistent, with the connector's headers."""

    def __init__(
        self,
        *,
        exchange: str,
        routing_key: str,
        headers: Mapping[str, HeaderValue],
        channel: int,
        frame_max: int,
    ) -> None:
        """`frame_max` is what client and broker agreed on; raises ValueError for a name that is too long."""
        method = _BASIC_PUBLISH + b"\x00\x00" + _short(exchange) + _short(routing_key) + _MANDATORY
        self._channel = channel
        self._longest_body = frame_max - _FRAME_OVERHEAD
        self._before_id = _PROPERTY_FLAGS + _short(CONTENT_TYPE) + _table(headers) + bytes((PERSISTENT,))
        self._after_id = _short(MESSAGE_TYPE) + _short(APP_ID) + _FRAME_END
        self._constant_size = _CONTENT_SIZE + len(self._before_id) + len(self._after_id) - len(_FRAME_END) + 1
        # The method frame and the first bytes of the header frame are the same for every message.
        self._start = _frame(_METHOD_FRAME, channel, method) + _HEADER_FRAME.to_bytes(1, "big")
        self._start += channel.to_bytes(2, "big")
        self._ready_made: dict[int, tuple[bytes, bytes]] = {}

    def encode(self, deliveries: Iterable[Delivery]) -> bytes:
        """Return the frames of all deliveries, in order, as one piece.

        Raises ValueError for a message id of more than 255 bytes in UTF-8.
        """
        ready_made, longest = self._ready_made, self._longest_body
        pieces: list[bytes] = []
        for delivery in deliveries:
            name = delivery.message_id.encode()
            body = delivery.body
            length, size = len(name), len(body)
            if length > LONGEST_SHORT_STRING:
                raise ValueError(
                    f"the message id of event {delivery.seq} has {length} bytes; AMQP carries at most 255"
                )
            if 0 < size <= longest:
                around = ready_made.get(size << 8 | length)
                if around is None:
                    around = self._make_ready(length, size)
                pieces += (around[0], name, around[1], body, _FRAME_END)
            else:
                pieces += (self._before_name(length, size), name, self._after_id, *self._split(body))
        return b"".join(pieces)

    def _make_ready(self, length: int, size: int) -> tuple[bytes, bytes]:
        """Return what stands before and behind the id of a message whose body fills one frame, and keep it.

        The messages of a brand come in few sizes, so most are found ready.
        """
        if len(self._ready_made) >= _SIZES_KEPT:
            self._ready_made.clear()
        behind = self._after_id + _FRAME.pack(_BODY_FRAME, self._channel, size)
        around = self._ready_made[size << 8 | length] = (self._before_name(length, size), behind)
        return around

    def _before_name(self, length: int, size: int) -> bytes:
        sizes = _HEADER_SIZES.pack(self._constant_size + length, _BASIC, 0, size)
        return self._start + sizes + self._before_id + bytes((length,))

    def _split(self, body: bytes) -> list[bytes]:
        longest = self._longest_body
        return [_frame(_BODY_FRAME, self._channel, body[at : at + longest]) for at in range(0, len(body), longest)]


def _frame(kind: int, channel: int, payload: bytes) -> bytes:
    return _FRAME.pack(kind, channel, len(payload)) + payload + _FRAME_END


def _short(text: str) -> bytes:
    encoded = text.encode()
    if len(encoded) > LONGEST_SHORT_STRING:
        raise ValueError(f"{text[:40]!r}… has {len(encoded)} bytes; AMQP carries at most {LONGEST_SHORT_STRING}")
    return bytes((len(encoded),)) + encoded


def _table(headers: Mapping[str, HeaderValue]) -> bytes:
    pieces = b"".join(_short(name) + _value(value) for name, value in headers.items())
    return len(pieces).to_bytes(4, "big") + pieces


def _value(value: HeaderValue) -> bytes:
    if isinstance(value, bool):
        return b"t" + bytes((value,))
    if isinstance(value, int):
        # 32 bits where they suffice, else 64, as RabbitMQ's own clients do.
        if -(2**31) <= value < 2**31:
            return b"I" + value.to_bytes(4, "big", signed=True)
        return b"l" + value.to_bytes(8, "big", signed=True)
    encoded = value.encode()
    return b"S" + len(encoded).to_bytes(4, "big") + encoded
