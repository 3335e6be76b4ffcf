"""What the mapping remembers of play rows, and how values are kept in the ledger's bytes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

import msgspec

from bridge.mapping.keys import KEY_SEPARATOR
from bridge.records import SourcePosition
from bridge.row import UNAVAILABLE, Value


class Ending(StrEnum):
    """How the last change of a row ended, or that it has not."""

    OPEN = "open"
    """Looked at, and nothing of it was sent yet (a pending transaction)."""
    SENT = "sent"
    SKIPPED = "skipped"
    PARKED = "parked"
    HELD = "held"
    HISTORY = "history"
    MOVED = "moved"
    """The row has got another key, which is the reason."""


UNDECIDED: Final = "a guard still waited"
"""The reason of a row of history of which it is not known yet whether a guard skips it."""


class Sent(msgspec.Struct, array_like=True, gc=False):
    """One activity in one generation, as it was last sent."""

    name: str
    n: int
    """The generation; for a running total, the number of the piece."""
    stands: bool
    seq: int
    """Where the Approved event lies in the outbox; 0 for history, whose event was never made here."""
    amount: str
    compare: Any = None
    left: Any = None
    """What reversals have left of its share: a number, or a number for each value of the split."""
    message: int = 1
    """How many Approved events bore this activity's id, so that message ids stay unique."""
    partly: bool = False
    """Parts of it were taken back by Rollbacks of their amounts: it stands with what is left."""
    taken: bool = False
    """Another row took it back: that its own row still says it counts does not send it again."""
    cut: bool = False
    """Other rows took parts of its share, now or before."""


class Took(msgspec.Struct, array_like=True):
    """What a reversal took back, so that an undo can restore exactly that."""

    table: str
    key: str
    name: str
    n: int
    part: Any = None
    """How much of its share, where it has one."""


class RowMemory(msgspec.Struct, array_like=True, omit_defaults=True):
    """What is remembered of one play row."""

    ending: Ending
    reason: str = ""
    position: SourcePosition | None = None
    queue: str = ""
    """Whose queue the row is in: its player's, or that of its player's round."""
    sent: list[Sent] = []
    values: dict[str, Any] | None = None
    """Columns of the row as it was looked at last."""
    history: dict[str, Any] | None = None
    """Columns of a row of history, from which its event can still be made."""
    reversal: bool = False
    took: list[Took] | None = None
    parked: bool = False
    """A change of this row is parked: later ones are parked too."""

    @property
    def player(self) -> str:
        """Return whose row it is."""
        return self.queue.partition(KEY_SEPARATOR)[0]

    @property
    def undecided(self) -> bool:
        """Return whether this is history of which a guard may still say that it is none of ours."""
        return self.ending is Ending.HISTORY and self.reason == UNDECIDED

    def standing(self) -> list[Sent]:
        """Return the activities that stand, oldest first."""
        return [sent for sent in self.sent if sent.stands]

    def taken(self) -> list[str]:
        """Return the names of the activities that another row took back."""
        return [sent.name for sent in self.sent if sent.taken]

    def pieces(self, name: str) -> list[Sent]:
        """Return what was sent of an activity: all pieces of a running total, oldest first, else one."""
        return [sent for sent in self.sent if sent.name == name]

    def last(self, name: str) -> Sent | None:
        """Return the last generation of an activity, standing or not."""
        for sent in reversed(self.sent):
            if sent.name == name:
                return sent
        return None


_DECIMAL, _DATE, _MOMENT, _LOCAL, _TIME, _DURATION, _BIG, _UNAVAILABLE = range(1, 9)


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
    if value is UNAVAILABLE:
        return msgspec.msgpack.Ext(_UNAVAILABLE, b"")
    raise TypeError(f"a value of type {type(value).__name__} cannot be remembered")


_THAW: Final[dict[int, Callable[[str], Value]]] = {
    _DECIMAL: Decimal,
    _DATE: date.fromisoformat,
    _MOMENT: datetime.fromisoformat,
    _LOCAL: datetime.fromisoformat,
    _TIME: time.fromisoformat,
    _DURATION: lambda text: timedelta(microseconds=int(text)),
    _BIG: int,
    _UNAVAILABLE: lambda _: UNAVAILABLE,
}


def _thaw(code: int, data: memoryview) -> Value:
    return _THAW[code](bytes(data).decode())


_ENCODER = msgspec.msgpack.Encoder()
_ROWS = msgspec.msgpack.Decoder(RowMemory, ext_hook=_thaw)
_VALUES = msgspec.msgpack.Decoder(ext_hook=_thaw)


def encode_row(memory: RowMemory) -> bytes:
    """Return a row's memory as the ledger keeps it."""
    if not memory.values and not memory.history and not memory.took:
        for item in memory.sent:
            if item.compare is not None or item.left is not None:
                break
        else:  # Nothing in it needs another form.
            return _ENCODER.encode(memory)
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
        ]
        for s in memory.sent
    ]
    took = (
        [[t.table, t.key, t.name, t.n, freeze(t.part)] for t in memory.took] if memory.took is not None else None
    )
    return _ENCODER.encode(
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
        ]
    )


def decode_row(data: bytes) -> RowMemory:
    """Undo `encode_row`; values come back thawed."""
    return _ROWS.decode(data)


def encode_value(value: Value) -> bytes:
    """Return any value as the ledger keeps it."""
    return _ENCODER.encode(freeze(value))


def decode_value(data: bytes) -> Value:
    """Undo `encode_value`."""
    return _VALUES.decode(data)
