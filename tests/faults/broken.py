"""Twenty ways in which a record is no play.  Each takes the columns of a good row and its record."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from tests.faults.world import World

Row = dict[str, object]
WriteRow = Callable[[Row], bytes]
Way = Callable[[Row, WriteRow], bytes]


def _columns(**changed: Any) -> Way:
    return lambda row, write: write({**row, **changed})


def _without(column: str) -> Way:
    return lambda row, write: write({name: value for name, value in row.items() if name != column})


def _envelope(change: Callable[[dict[str, Any]], Any]) -> Way:
    def broken(row: Row, write: WriteRow) -> bytes:
        envelope: dict[str, Any] = json.loads(write(row))
        return json.dumps(change(envelope)).encode()

    return broken


def _text(change: Callable[[bytes], bytes]) -> Way:
    return lambda row, write: change(write(row))


WAYS: dict[str, Way] = {
    "cut off": _text(lambda text: text[: len(text) // 2]),
    "only spaces": _text(lambda _: b"  "),
    "no JSON": _text(lambda _: b"\x00\x01 this is no JSON"),
    "no UTF-8": _text(
        lambda text: text.replace(b"EUR", b"\xff\xfe").replace(b"SEK", b"\xff").replace(b"BTC", b"\xff")
    ),
    "only a number": _text(lambda _: b"42"),
    "a list": _envelope(lambda envelope: [envelope]),
    "nested without end": _text(lambda _: b"[" * 5000),
    "no source": _envelope(lambda envelope: {**envelope, "source": None}),
    "no after": _envelope(lambda envelope: {**envelope, "after": None}),
    "an unknown operation": _envelope(lambda envelope: {**envelope, "op": "x"}),
    "after is a text": _envelope(lambda envelope: {**envelope, "after": "row"}),
    "a truncation": _envelope(lambda envelope: {**{k: envelope[k] for k in ("source", "ts_ms")}, "op": "t"}),
    "no amount": _without("amount"),
    "amount is null": _columns(amount=None),
    "amount is a word": _columns(amount="much"),
    "amount is not a number": _columns(amount="NaN"),
    "amount is negative": _columns(amount="-5.00"),
    "currency is a name": _columns(currency="Euro, the currency"),
    "an unknown kind": _columns(kind="jackpot"),
    "player is null": _columns(player_id=None),
    "time is a word": _columns(created_at="noon"),
    "no round": _without("round"),
}


@dataclass(frozen=True)
class Broken:
    """Write so many records that are broken, each in another way, and so many good rows before each."""

    records: int = len(WAYS)
    good: int = 0

    def __call__(self, world: World) -> None:
        """See Step."""
        for way in islice(cycle(WAYS.values()), self.records):
            world.wallet.play(self.good, wait=False)
            _, row = world.wallet.one_row()
            world.wallet.write_broken(way(row, world.wallet.value_of))
        world.wallet.flush()
