"""What messages are called: each event of a brand by a name of its own, which a broker can carry."""

from __future__ import annotations

from typing import Final

from bridge.mapping.state.keys import DIGEST_LENGTH, KEY_SEPARATOR, digest

LONGEST: Final = 255
"""Bytes of an AMQP short string."""
_SURELY_FITS: Final = LONGEST // 4
"""So many characters take no more bytes than that, whatever they are."""


def message_id(activity_id: str | None, status: str, number: int, by: str) -> str:
    """Return the id of an event's message, the same for the same event.

    `number` tells apart what bears one activity id, generation by generation, and `by` the Rollbacks of its parts.
    """
    text = f"{activity_id}/{status}/{number}{by}" if number > 1 else f"{activity_id}/{status}{by}"
    return text if len(text) <= _SURELY_FITS else _cut(text)


def by_row(table: str, key: str) -> str:
    """Return what tells a Rollback of a part from others: the row that takes it."""
    return f"/{table}:{key.replace(KEY_SEPARATOR, ',')}"


def _cut(text: str) -> str:
    data = text.encode()
    if len(data) <= LONGEST:
        return text
    return data[: LONGEST - DIGEST_LENGTH].decode(errors="ignore") + digest(data)
