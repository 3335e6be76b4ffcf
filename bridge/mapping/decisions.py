"""What a change leads to, decided as a whole before anything of it takes effect."""

from __future__ import annotations

from typing import Any

import msgspec

from bridge.mapping.keys import KEY_SEPARATOR
from bridge.mapping.remembered import Took
from bridge.mapping.scope import PlayRow
from bridge.mapping.waiting import Waiting
from bridge.records import SourceRecord
from bridge.row import Value


class Skip(msgspec.Struct, frozen=True, gc=False):
    """Rightly leads to no event."""

    reason: str
    final: bool = False
    """A guard said so: the row is none of ours, and rows that point to it are skipped too."""
    untouched: bool = False
    """The change means nothing at all: not even the memory of the row changes."""
    reversal: bool = False


class Park(msgspec.Struct, frozen=True, gc=False):
    """Waits for a person."""

    code: str
    reason: str
    reversal: bool = False


class Hold(msgspec.Struct, frozen=True):
    """Waits for something that is not there yet."""

    waiting: Waiting
    aside: bool = False
    """A reversal that waits for its original: it holds nothing else up."""
    reversal: bool = False


class Outgoing(msgspec.Struct, gc=False):
    """One event to be sent, with what it does to the memory of its row."""

    row: PlayRow
    name: str
    n: int
    approved: bool
    fields: dict[str, Value]
    body: bytes = b""
    message_id: str = ""
    message: int = 1
    amount: str = "0"
    compare: Any = None
    takes: Any = None
    """How much a Rollback takes of the activity's share."""
    left: Any = None
    """What is left of that share then."""
    stands: bool = True
    """After a Rollback: whether a part of the activity still stands."""
    warnings: tuple[str, ...] = ()
    """Why an event that holds to the contract breaks the stricter profile."""


class Send(msgspec.Struct, gc=False):
    """Leads to events, in this order."""

    events: list[Outgoing]
    took: list[Took] | None = None
    reversal: bool = False
    undone: PlayRow | None = None
    """The reversal row whose effect has been undone."""


Decision = Skip | Park | Hold | Send


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """How one change ended, for preview, tests and counters."""

    kind: str
    """sent, skipped, parked, held, history or lookup."""
    record: SourceRecord
    table: str
    key: str
    reason: str
    events: tuple[Outgoing, ...] = ()

    @property
    def shown_key(self) -> str:
        """Return the row's key for a person: of several parts, with commas between."""
        return self.key.replace(KEY_SEPARATOR, ", ")
