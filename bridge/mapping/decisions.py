"""What a change leads to, decided as a whole before anything of it takes effect."""

from __future__ import annotations

from typing import Final

import msgspec

from bridge.mapping.keys import KEY_SEPARATOR
from bridge.mapping.outgoing import Outgoing, Send
from bridge.mapping.plan import ReversalPlan
from bridge.mapping.waiting import Waiting
from bridge.records import SourceRecord


class Skip(msgspec.Struct, frozen=True, gc=False):
    """Rightly leads to no event."""

    reason: str
    final: bool = False
    """A guard said so: the row is none of ours, and rows that point to it are skipped too."""
    untouched: bool = False
    """The change means nothing at all: not even the memory of the row changes."""
    reversal: bool = False
    released: tuple[str, ...] = ()
    """Activities that another row took back, and that their own row no longer says to count."""
    frees: bool = False
    """The same of what was taken back before it was sent."""


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


NO_CHANGE: Final = Skip("nothing to do")

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
    reversal: ReversalPlan | None = None
    """Of what is sent: the kind of reversal that the row is of."""

    @property
    def shown_key(self) -> str:
        """Return the row's key for a person: of several parts, with commas between."""
        return self.key.replace(KEY_SEPARATOR, ", ")
