"""What a change leads to, decided as a whole before anything of it takes effect."""

from __future__ import annotations

from typing import Final

from bridge.mapping.state.keys import KEY_SEPARATOR
from bridge.mapping.state.outgoing import Outgoing, Send
from bridge.mapping.state.plan import ReversalPlan
from bridge.mapping.state.waiting import Waiting
from bridge.records import SourceRecord


class Skip:
    """Rightly leads to no event."""

    __slots__ = ("final", "frees", "reason", "released", "reversal", "untouched")

    def __init__(
        self,
        reason: str,
        *,
        final: bool = False,
        untouched: bool = False,
        reversal: bool = False,
        released: tuple[str, ...] = (),
        frees: bool = False,
    ) -> None:
        self.reason = reason
        self.final = final
        """A guard said so: the row is none of ours, and rows that point to it are skipped too."""
        self.untouched = untouched
        """The change means nothing at all: not even the memory of the row changes."""
        self.reversal = reversal
        self.released = released
        """Activities that another row took back, and that their own row no longer says to count."""
        self.frees = frees
        """The same of what was taken back before it was sent."""


class Park:
    """Waits for a person."""

    __slots__ = ("code", "reason", "reversal")

    def __init__(self, code: str, reason: str, *, reversal: bool = False) -> None:
        self.code = code
        self.reason = reason
        self.reversal = reversal


class Hold:
    """Waits for something that is not there yet."""

    __slots__ = ("aside", "reversal", "waiting")

    def __init__(self, waiting: Waiting, *, aside: bool = False, reversal: bool = False) -> None:
        self.waiting = waiting
        self.aside = aside
        """A reversal that waits for its original: it holds nothing else up."""
        self.reversal = reversal


NO_CHANGE: Final = Skip("nothing to do")

Decision = Skip | Park | Hold | Send


class Outcome:
    """How one change ended, for preview, tests and counters."""

    __slots__ = ("events", "key", "kind", "reason", "record", "reversal", "table")

    def __init__(
        self,
        kind: str,
        record: SourceRecord,
        table: str,
        key: str,
        *,
        reason: str = "",
        events: tuple[Outgoing, ...] = (),
        reversal: ReversalPlan | None = None,
    ) -> None:
        self.kind = kind
        """sent, skipped, parked, held, history or lookup."""
        self.record = record
        self.table = table
        self.key = key
        self.reason = reason
        self.events = events
        self.reversal = reversal
        """Of what is sent: the kind of reversal that the row is of."""

    @property
    def shown_key(self) -> str:
        """Return the row's key for a person: of several parts, with commas between."""
        return self.key.replace(KEY_SEPARATOR, ", ")
