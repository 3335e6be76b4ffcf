"""How held and parked changes lie in their tables."""

from __future__ import annotations

from typing import Any

import msgspec

from bridge.records import HeldChange, ParkedChange, SourceRecord

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(SourceRecord).decode


def held_row(held: HeldChange) -> tuple[Any, ...]:
    """Return the columns of the table `held`."""
    return (held.held_id, _encode(held.record), held.table, held.player, held.waiting, held.deadline_ms)


def held_change(row: tuple[Any, ...]) -> HeldChange:
    """Undo `held_row`."""
    held_id, record, table, player, waiting, deadline_ms = row
    return HeldChange(
        held_id=held_id,
        record=_decode(record),
        table=table,
        player=player,
        waiting=bytes(waiting),
        deadline_ms=deadline_ms,
    )


def parked_row(parked: ParkedChange) -> tuple[Any, ...]:
    """Return the columns of the table `parked`."""
    return (
        parked.parked_id,
        _encode(parked.record),
        parked.table,
        parked.key,
        parked.player,
        parked.code,
        parked.reason,
        parked.parked_at_ms,
    )


def parked_change(row: tuple[Any, ...]) -> ParkedChange:
    """Undo `parked_row`."""
    parked_id, record, table, key, player, code, reason, parked_at_ms = row
    return ParkedChange(
        parked_id=parked_id,
        record=_decode(record),
        table=table,
        key=key,
        player=player,
        code=code,
        reason=reason,
        parked_at_ms=parked_at_ms,
    )
