"""How values, and what is remembered of rows, are kept in the ledger's bytes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from bridge.mapping.state.remembered import Did, RowMemory, Took, Version
from bridge.row import FOREVER, SINCE_EVER, UNAVAILABLE, Value

_DECIMAL: Final = 1
_DATE: Final = 2
_MOMENT: Final = 3
_LOCAL: Final = 4
_TIME: Final = 5
_DURATION: Final = 6
_BIG: Final = 7
_UNAVAILABLE: Final = 8
_SINCE_EVER: Final = 9
_FOREVER: Final = 10
_SINGLE: Final[dict[int, Value]] = {_UNAVAILABLE: UNAVAILABLE, _SINCE_EVER: SINCE_EVER, _FOREVER: FOREVER}
"""Values of which there is one."""


def freeze(value: Value) -> Any:
    """Return `value` in a form that msgpack keeps exactly."""
    kind = type(value)
    if value is None or kind is str or kind is bool or kind is bytes:
        return value
    if kind is int:
        return value if -(2**63) <= value < 2**64 else msgspec.msgpack.Ext(_BIG, str(value).encode())
    if isinstance(value, dict):
        return {key: freeze(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [freeze(item) for item in value]
    return _extended(value)


def _extended(value: Value) -> msgspec.msgpack.Ext:
    if isinstance(value, Decimal):
        return msgspec.msgpack.Ext(_DECIMAL, str(value).encode())
    if isinstance(value, datetime):
        return msgspec.msgpack.Ext(_LOCAL if value.tzinfo is None else _MOMENT, value.isoformat().encode())
    if isinstance(value, date):
        return msgspec.msgpack.Ext(_DATE, value.isoformat().encode())
    if isinstance(value, time):
        return msgspec.msgpack.Ext(_TIME, value.isoformat().encode())
    if isinstance(value, timedelta):
        micros = (value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds
        return msgspec.msgpack.Ext(_DURATION, str(micros).encode())
    for code, known in _SINGLE.items():
        if value is known:
            return msgspec.msgpack.Ext(code, b"")
    raise TypeError(f"a value of type {type(value).__name__} cannot be remembered")


_THAW: Final[dict[int, Callable[[str], Value]]] = {
    _DECIMAL: Decimal,
    _DATE: date.fromisoformat,
    _MOMENT: datetime.fromisoformat,
    _LOCAL: datetime.fromisoformat,
    _TIME: time.fromisoformat,
    _DURATION: lambda text: timedelta(microseconds=int(text)),
    _BIG: int,
}


def _thaw(code: int, data: memoryview) -> Value:
    return _THAW[code](bytes(data).decode()) if code not in _SINGLE else _SINGLE[code]


_encode: Final = msgspec.msgpack.Encoder().encode
_decode_row: Final = msgspec.msgpack.Decoder(RowMemory, ext_hook=_thaw).decode
_decode_versions: Final = msgspec.msgpack.Decoder(list[Version] | dict[str, Any], ext_hook=_thaw).decode
_decode: Final = msgspec.msgpack.Decoder(ext_hook=_thaw).decode


def encode_row(memory: RowMemory) -> bytes:
    """Return a row's memory as the ledger keeps it."""
    plain = not memory.values and not memory.history and not memory.took and memory.did is None
    if plain and not memory.ahead:
        for item in memory.sent:
            if item.compare is not None or item.left is not None or item.fields is not None:
                break
        else:  # Nothing in it needs another form.
            return _encode(memory)
    return _encode_frozen(memory)


def _encode_frozen(memory: RowMemory) -> bytes:
    """Encode a memory whose values are to be kept exactly."""
    sent = [
        [
            s.name,
            s.n,
            s.stands,
            s.seq,
            s.amount,
            freeze(s.compare),
            freeze(s.left),
            s.message,
            s.partly,
            s.taken,
            s.cut,
            freeze(s.fields),
            s.taken_with,
            s.taken_by,
        ]
        for s in memory.sent
    ]
    took = [_frozen_took(t) for t in memory.took] if memory.took is not None else None
    return _encode(
        [
            memory.ending,
            memory.reason,
            memory.position,
            memory.queue,
            sent,
            freeze(memory.values),
            freeze(memory.history),
            memory.reversal,
            took,
            memory.parked,
            _frozen_did(memory.did) if memory.did is not None else None,
            memory.gone,
            [[one.name, freeze(one.part), one.n, one.taken_with, one.by] for one in memory.ahead],
            memory.asked,
            memory.writer,
            memory.freed,
            memory.elsewhere,
            memory.committed_s,
            memory.since,
            memory.counts,
            memory.again,
            memory.shown,
        ]
    )


def _frozen_took(took: Took) -> list[Any]:
    return [took.table, took.key, took.name, took.n, freeze(took.part), took.given, took.taken_with]


def _frozen_did(did: Did) -> list[Any]:
    return [did.way, did.table, did.key, did.activity, freeze(did.takes), did.at]


def decode_row(data: bytes) -> RowMemory:
    """Undo `encode_row`; values come back thawed."""
    return _decode_row(data)


def encode_versions(versions: list[Version]) -> bytes:
    """Return a look-up row's versions as the ledger keeps them."""
    return _encode([[freeze(one.since), freeze(one.columns), one.position] for one in versions])


def decode_versions(data: bytes) -> list[Version]:
    """Undo `encode_versions`."""
    found = _decode_versions(data)
    # The columns alone are what was kept before the position lay with them.
    return found if isinstance(found, list) else [Version(None, found)]


def encode_value(value: Value) -> bytes:
    """Return any value as the ledger keeps it."""
    return _encode(freeze(value))


def decode_value(data: bytes) -> Value:
    """Undo `encode_value`."""
    return _decode(data)
