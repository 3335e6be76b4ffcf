"""The events of a decision, while they are made.  A module of its own: it is compiled, and what is kept is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bridge.mapping.state.remembered import Did, Took
from bridge.mapping.state.scope import PlayRow
from bridge.row import Value


class Outgoing:
    """One event to be sent, with what it does to the memory of its row."""

    # What most events leave as it is stays an attribute of the class.
    body = b""
    message_id = ""
    message = 1
    amount = "0"
    compare: Value = None
    takes: Value = None
    """How much a Rollback takes of the activity's share."""
    left: Value = None
    """What is left of that share then."""
    stands = True
    """After a Rollback: whether a part of the activity still stands."""
    taken_with = ""
    """Of a Rollback that repeats one, in a chain of undos: with what that took it back."""
    warnings: tuple[str, ...] = ()
    """Why an event that holds to the contract breaks the stricter profile."""

    def __init__(self, row: PlayRow, name: str, n: int, fields: dict[str, Value], *, approved: bool) -> None:
        self.row = row
        self.name = name
        self.n = n
        self.fields = fields
        self.approved = approved


class Lifted(NamedTuple):
    """What a reversal row took whose effect is undone: it keeps that back no more."""

    by: PlayRow
    took: Took


class Send:
    """Leads to events, in this order."""

    lifts: Sequence[Lifted] = ()
    repeats = False
    """Others keep back already all that a reversal does."""
    findable = True
    """Whether an index finds the row rather than one that was skipped."""

    def __init__(self, events: list[Outgoing], *, took: list[Took] | None = None, reversal: bool = False) -> None:
        self.events = events
        self.took = took
        self.before: list[Took] = []
        """What the row had taken back before that."""
        self.reversal = reversal
        self.undone: PlayRow | None = None
        """The reversal row whose effect has been undone."""
        self.did: Did | None = None
        """What a reversal row did, to know it again."""
        self.released: tuple[str, ...] = ()
        """As of a skip: activities whose own row has said no since another row took them back."""
        self.frees = False
        """As of a skip."""
        self.reason = ""
        """Why nothing is to be sent, although the row took something back or gave it back."""
