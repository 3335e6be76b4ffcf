"""What the mapping remembers of play rows."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import msgspec

from bridge.mapping.state.keys import KEY_SEPARATOR
from bridge.records import SourcePosition


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


COMMITTED: Final = "<committed_at>"
"""When a row of history was committed: kept among its columns, under a name that no column has."""
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
    """What `compare` names; of a running total's piece by how much that grew, where its amount is another."""
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
    fields: Any = None
    """The event of a row of history whose rules ask for what was there before: it is made at once.

    Empty where it cannot be made.
    """
    taken_with: str | bool = ""
    """With what it was taken back last: its round, or the row that it follows; empty where its own row was named.

    True where an older version has kept only that.
    """
    taken_by: str = ""
    """The reversal that took it back last, as `row_name` says; empty where an older version did not keep that."""


class Took(msgspec.Struct, array_like=True):
    """What a reversal took back, so that an undo can restore exactly that."""

    table: str
    key: str
    name: str
    n: int
    """The generation, or the piece; of what had not been sent yet 0 or less: see `RowMemory.not_sent`."""
    part: Any = None
    """How much of its share, where it has one."""
    given: bool = False
    """An undo let it stand again: it was not taken, but given back."""
    taken_with: str = ""
    """As `Sent.taken_with`, of what did not stand when it was taken."""


class Ahead(msgspec.Struct, array_like=True):
    """What another row took back of an activity before that was sent."""

    name: str
    part: Any = None
    """How much of its share; nothing here means all of it."""
    n: int = 0
    """As of what it took: a generation where the row has said no to that since, and not to all that it took."""
    taken_with: str = ""
    """As `Sent.taken_with`, of the reversal that keeps it back."""
    by: str = ""
    """That reversal, as `Sent.taken_by`."""


UNKNOWN: Final = "?"
"""How much a reversal of history takes: that is worked out when it is asked for."""


class Did(msgspec.Struct, array_like=True):
    """What a reversal row did, as it said then: a later change of it that says the same does nothing more."""

    way: str
    """`original`, `round` or `undoes`."""
    table: str
    key: str
    """The row that it names; of a round, its id."""
    activity: str = ""
    takes: Any = None
    at: SourcePosition | None = None
    """Where the change stands that did it; empty of history."""


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
    """What the row took back or gave back, as a reversal; empty once that has been undone."""
    parked: bool = False
    """A change of this row is parked: later ones are parked too."""
    did: Did | None = None
    gone: bool = False
    """The row was deleted, and that meant that nothing of it counts: no undo brings it back."""
    ahead: list[Ahead] = []
    """What other rows took back of it before it was sent, until it is."""
    asked: list[str] = []
    """Which of its parts a decision about it has read: one that comes later is missing from that."""
    writer: str = ""
    """The transaction that wrote it first, where its parts are complete with that."""
    freed: int = 0
    """How often its own row has freed what was taken ahead: a reversal from before keeps nothing more."""
    elsewhere: list[SourcePosition] = []
    """Where its last change stands in each other lineage, where several servers write it."""
    committed_s: int = 0
    """When its last change was committed, in seconds since 1970; 0 where the record does not tell."""
    since: SourcePosition | None = None
    """Where its first change stands, if another has come since and the row may go with a round, or a bet."""
    counts: bool = False
    """Something of it was sent, taken back or given back, or it did that: `starts` is not asked any more."""
    again: bool = False
    """A guard left it out, and a later change of it waits: how it ends is open again."""
    shown: list[str] = []
    """What each row said that a snapshot showed with this key, while nothing else is known of it.

    Kept where another row with the key may count too: a row that rules ask about, or one that a guard left out.
    """

    @property
    def waits(self) -> bool:
        """Return whether how the row ends is not decided: what names it waits for that."""
        return self.again or self.ending is Ending.HELD

    @property
    def player(self) -> str:
        """Return whose row it is."""
        return self.queue.partition(KEY_SEPARATOR)[0]

    @property
    def undecided(self) -> bool:
        """Return whether this is history of which a guard may still say that it is none of ours."""
        return self.ending is Ending.HISTORY and self.reason == UNDECIDED

    @property
    def stands(self) -> bool:
        """Return whether something of the row stands, and is ours."""
        return any(sent.stands for sent in self.sent) and not self.undecided

    @property
    def effective(self) -> bool:
        """Return whether the row took something back, or gave it back, and nobody has undone that."""
        return bool(self.took) or (self.did is not None and self.took is None and not self.undecided)

    @property
    def not_sent(self) -> int:
        """Return how what is taken now is numbered that was not sent yet: below 0, which is for history."""
        return -1 - self.freed

    def standing(self) -> list[Sent]:
        """Return the activities that stand, oldest first."""
        return [sent for sent in self.sent if sent.stands]

    def taken(self) -> list[str]:
        """Return the names of the activities that another row took back."""
        return [sent.name for sent in self.sent if sent.taken]

    def untaken(self, totals: frozenset[str]) -> RowMemory:
        """Return it as it was before other rows took anything back, and totals grew: so history was made."""
        old = totals.union(one.name for one in self.sent if not one.seq)
        sent = [
            msgspec.structs.replace(one, stands=one.stands or one.taken)
            for one in self.sent
            if not one.seq or one.name not in old
        ]
        return msgspec.structs.replace(self, sent=sent)

    def pieces(self, name: str) -> list[Sent]:
        """Return what was sent of an activity: all pieces of a running total, oldest first, else one."""
        return [sent for sent in self.sent if sent.name == name]

    def last(self, name: str) -> Sent | None:
        """Return the last generation of an activity, standing or not."""
        for sent in reversed(self.sent):
            if sent.name == name:
                return sent
        return None


class Version(msgspec.Struct, array_like=True, gc=False):
    """A look-up row; with `as_of` one of several of its key, each valid from its time on."""

    since: Any
    """Nothing where the look-up has no `as_of`."""
    columns: dict[str, Any] | None
    """Nothing when it was deleted, or the look-up's `where` leaves it out."""
    position: SourcePosition | None = None
    """Of its last change: an older one of it, which Debezium repeats, is no news."""
