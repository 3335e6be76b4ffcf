"""What is remembered of a row comes back from the ledger as it was put there."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from bridge.mapping.state.frozen import decode_row, encode_row
from bridge.mapping.state.remembered import Ahead, Did, Ending, RowMemory, Sent, Took
from bridge.records import SourcePosition

SENT = Sent(
    "bet",
    2,
    False,
    7,
    "10.50",
    Decimal("0.10"),
    {"CASH": Decimal(3)},
    2,
    True,
    True,
    True,
    {"amount": Decimal(1)},
    "R1",
    "tx 1",
)
FULL = RowMemory(
    ending=Ending.SENT,
    reason="why",
    position=SourcePosition("here", (1, 2)),
    queue="p1",
    sent=[SENT],
    values={"amount": Decimal("1.5")},
    history={"amount": Decimal("2.5")},
    reversal=True,
    took=[Took("tx", "1", "bet", 2, Decimal(4), True, "R1")],
    parked=True,
    did=Did("original", "tx", "1", "bet", Decimal(4), SourcePosition("here", (1, 2))),
    gone=True,
    ahead=[Ahead("bet", Decimal(4), 2, "R1", "tx 1")],
    asked=["legs"],
    writer="77",
    freed=1,
    elsewhere=[SourcePosition("there", (3, 4), "0-1", 5)],
    committed_s=1_767_225_600,
    since=SourcePosition("here", (1, 1)),
    counts=True,
    again=True,
    shown=["what one row said"],
)
NAMES = [field.name for field in msgspec.structs.fields(RowMemory)]


def test_every_field_of_a_row_s_memory_is_kept() -> None:
    default = RowMemory(Ending.OPEN)
    assert [name for name in NAMES if getattr(FULL, name) == getattr(default, name)] == []
    assert decode_row(encode_row(FULL)) == FULL


@pytest.mark.parametrize("name", NAMES)
def test_each_field_of_a_row_s_memory_is_kept_alone(name: str) -> None:
    memory = msgspec.structs.replace(RowMemory(Ending.OPEN), **{name: getattr(FULL, name)})
    assert decode_row(encode_row(memory)) == memory


def test_a_row_s_memory_of_before_is_read() -> None:
    """What was taken ahead had no number, and how often a row had freed such things was not kept."""
    old = [*msgspec.msgpack.decode(encode_row(FULL), ext_hook=_kept)[: NAMES.index("freed")]]
    old[NAMES.index("ahead")] = [["bet", "4"]]
    assert old[NAMES.index("took")][0].pop() == "R1"
    old[NAMES.index("position")] = ["here", [1, 2]]
    found = decode_row(msgspec.msgpack.encode(old))
    lacks = {"ahead": [Ahead("bet", "4", 0)], "freed": 0, "elsewhere": [], "committed_s": 0, "since": None}
    lacks |= {"counts": False, "again": False, "shown": [], "took": [Took("tx", "1", "bet", 2, Decimal(4), True)]}
    assert found == msgspec.structs.replace(FULL, **lacks)
    assert found.not_sent < found.ahead[0].n, "a later reversal is not taken for one of before"


def test_with_what_it_was_taken_back_may_not_be_known() -> None:
    """An older version kept only that something else was named than the row."""
    old = msgspec.msgpack.decode(encode_row(RowMemory(Ending.SENT, sent=[SENT])), ext_hook=_kept)
    sent = old[NAMES.index("sent")][0]
    assert (sent.pop(), sent.pop()) == ("tx 1", "R1")
    sent.append(True)
    found = decode_row(msgspec.msgpack.encode(old)).sent[0]
    assert (found.taken_with, found.taken_by) == (True, "")


def _kept(code: int, data: memoryview) -> msgspec.msgpack.Ext:
    return msgspec.msgpack.Ext(code, bytes(data))
