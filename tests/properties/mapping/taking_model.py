"""A plain model of rows that change, of reversals of them, and of undos: what counts after each step."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

COUNTS = ("open", "settled")
Sums = dict[tuple[str, str, str], Decimal]
"""By player, currency and type."""


@dataclass
class Line:
    """One row of a wallet as it is now, and what other rows took back of it."""

    table: str
    key: str
    state: str
    stake: int
    cashed: int
    returned: int
    always: bool = False
    """Whether what is cashed out is booked when it is settled too, and not only while it is open."""
    sent: bool = False
    """Whether anything of it was ever sent."""
    kept_by: str = ""
    """The reversal that keeps all of it back."""
    said_yes: bool = False
    """Whether it has counted by its own word since then, or did then."""
    settled_to: int | None = None
    """What it was settled to when it was taken back, until it says itself that it is not settled."""
    won: bool = False
    """Whether its closing win was ever sent."""
    unwon_by: str = ""
    """The reversal that keeps that back alone."""
    said_won: bool = False
    """As `said_yes`, of that."""
    won_again: dict[str, bool] = field(default_factory=dict)
    """The undos that let it stand, and whether it did by then: as long as it does."""
    cash: int = 0
    """What was cashed out and counts, while it is settled."""
    booked: dict[str, tuple[int, int]] = field(default_factory=dict)
    """What each reversal took of its totals: what comes later is play of its own."""
    parts: dict[str, int] = field(default_factory=dict)
    """What each refund took of the stake."""
    given: dict[str, tuple[int, int] | None] = field(default_factory=dict)
    """The undos that let it stand, and what they let stand, if anything stood by then: as long as it does."""
    cut: bool = False
    done: bool = False
    """A person has to look at it, or will when it changes: nothing more of it is tried."""
    gone: bool = False

    @property
    def counts(self) -> bool:
        return self.state in COUNTS and not self.gone

    @property
    def settled(self) -> bool:
        return self.counts and self.state == "settled"

    @property
    def left(self) -> int:
        return self.stake - sum(self.parts.values())

    @property
    def compared(self) -> int:
        """What its closing win is sent anew for, when that changes."""
        return self.returned - self.cashed if self.always else self.returned

    def own(self) -> tuple[int, int]:
        """What counts of it by its own word and refunds: what was staked, and what was won."""
        if not self.counts:
            return 0, 0
        if self.table == "wins":
            return 0, self.returned
        if self.table == "bets" and self.state == "settled":
            return self.left, self.cash if self.unwon_by else self.returned
        return self.left, self.cashed

    def turnover(self) -> tuple[int, int]:
        if self.kept_by or not self.counts:
            return 0, 0
        bet, won = self.own()
        return bet - sum(one for one, _ in self.booked.values()), won - sum(one for _, one in self.booked.values())

    def take(self, reversal: str, *, again: bool = False) -> bool:
        """Let a reversal take back what counts, or what may count later; return whether there was anything."""
        if self.table == "sessions" and self.sent:
            now = self.turnover()
            if any(now):
                self.booked[reversal] = now
                self._forget_given()
            return any(now)
        refused = self.state == "refused" and self.table != "sessions" and not again
        if self.kept_by or (not self.counts and (self.sent or refused)):
            return False
        self.kept_by, self.said_yes = reversal, self.counts
        self.settled_to = self.compared if self.state == "settled" else None
        self._forget_given()
        self._forget_given_wins()
        return True

    def lift(self, reversal: str, undo: str) -> bool:
        """Let it be as without a reversal; return whether that still kept anything back."""
        if reversal in self.booked:
            self.given[undo] = self.booked.pop(reversal)
        elif self.kept_by == reversal:
            self.kept_by = ""
            self.given[undo] = (
                self.own() if self.counts and (self.table != "sessions" or any(self.own())) else None
            )
            self.note_sent()
        else:
            return False
        return True

    def take_again(self, undo: str, name: str) -> bool:
        """Take back what an undo gave; return whether that stands as the undo left it."""
        if undo not in self.given or self.kept_by or (self.sent and not any((self.counts, *self.turnover()))):
            return False
        given = self.given.pop(undo)
        if self.table == "sessions" and given is not None:
            self.booked[name] = given
            return True
        return self.take(name, again=True)

    def change(self, state: str, grown: int, more: int, *, gone: bool = False) -> None:
        counted, compared = self.counts, self.compared
        self.state, self.stake = state, self.stake + (grown if self.table == "sessions" else 0)
        self.gone = gone
        if self.table != "wins":
            self.cashed, self.returned = self.cashed + grown, self.cashed + grown + more
        if counted and not self.counts:
            self.booked.clear()
            self._forget_given()
            self.done = self.done or self.cut  # Its own row cannot say what refunds left.
        if not self.settled or self.compared != compared:
            self._forget_given_wins()
        self._change_kept()
        self.note_sent()

    def _change_kept(self) -> None:
        """Free what the row has said no to, and see whether it says what the reversal did not know."""
        self.said_yes = self.said_yes or self.counts
        if self.kept_by and self.said_yes and not self.counts:
            self.kept_by = ""
        kept = self.table == "bets" and (self.kept_by or self.unwon_by)
        if self.state != "settled":
            self.settled_to = None
        elif kept and self.settled_to not in (None, self.compared):
            self.done = True
        if self.said_won and not self.settled:
            self.unwon_by = ""
        self.said_won = self.said_won or self.settled

    def unwin(self, reversal: str, *, again: bool = False) -> bool:
        """Let a reversal take back the closing win alone; return whether there was anything."""
        refused = self.state == "refused" and not self.sent and not again
        if self.unwon_by or refused or (self.won and not self.settled and not again):
            return False
        self.unwon_by, self.said_won = reversal, self.settled
        self._forget_given_wins()
        self.settled_to = self.compared if self.settled else None
        return True

    def win_again(self, reversal: str, undo: str) -> bool:
        """Let the closing win be as without a reversal; return whether that still kept it back."""
        if self.unwon_by != reversal:
            return False
        self.unwon_by = ""
        self.won_again[undo] = self.settled
        self.note_sent()
        return True

    def unwin_again(self, undo: str, name: str) -> bool:
        if undo not in self.won_again or self.unwon_by or (self.sent and not self.counts):
            return False
        del self.won_again[undo]
        return self.unwin(name, again=True)

    def note_sent(self) -> None:
        counts = self.counts and not self.kept_by
        self.won = self.won or (counts and self.settled and not self.unwon_by)
        booked = counts and not self.done and (self.always or self.state == "open")
        self.cash = 0 if not self.counts else self.cashed if booked else self.cash
        self.sent = self.sent or (counts and (self.table != "sessions" or any(self.turnover())))

    def _forget_given(self) -> None:
        self.given = {undo: given for undo, given in self.given.items() if given is None}

    def _forget_given_wins(self) -> None:
        self.won_again = {undo: stood for undo, stood in self.won_again.items() if not stood}


@dataclass
class Model:
    """All rows of a wallet, and what each reversal did."""

    lines: list[Line] = field(default_factory=list)
    did: dict[str, tuple[str, Line, int]] = field(default_factory=dict)
    """`void`, `refund` or the undo of one; nothing of a reversal that did nothing, or was undone."""
    parked: set[str] = field(default_factory=set)

    def line(self, key: str) -> Line:
        return next(line for line in self.lines if line.key == key)

    def void(self, name: str, line: Line) -> None:
        if line.take(name):
            self.did[name] = "void", line, 0

    def unwin(self, name: str, line: Line) -> None:
        if line.unwin(name):
            self.did[name] = "unwin", line, 0

    def refund(self, name: str, line: Line, part: int) -> None:
        line.parts[name], line.cut = part, True
        self.did[name] = "refund", line, part

    def undo(self, name: str, reversal: str) -> None:
        if reversal in self.parked:
            self.parked.add(name)
        if reversal not in self.did:
            return
        way, line, part = self.did[reversal]
        if line.gone:
            del self.did[reversal]
        elif (undone := self._undone(way, line, reversal, name)) is None:
            self.parked.add(name)
        else:
            del self.did[reversal]
            if undone:
                self.did[name] = undone, line, part

    def _undone(self, way: str, line: Line, reversal: str, name: str) -> str | None:
        """Undo it; return what the undo is then, if anything, or None where a person has to look."""
        match way:
            case "refund" | "undo of refund" as refunds:
                if refunds == "refund":
                    del line.parts[reversal]
                else:
                    line.parts[name] = self.did[reversal][2]
                return "undo of refund" if refunds == "refund" else "refund"
            case "void" if line.lift(reversal, name):
                return "undo"
            case "unwin" if line.win_again(reversal, name):
                return "undo of unwin"
            case "void" | "unwin":  # Its row has said no since: what counts now counts by its own word.
                won = line.settled and (not line.unwon_by or line.settled_to is not None)
                counts = won if way == "unwin" else line.sent and line.counts
                return None if counts else ""
            case "undo":
                return "void" if line.take_again(reversal, name) else None
        return "unwin" if line.unwin_again(reversal, name) else None

    def sums(self) -> Sums:
        found: Sums = defaultdict(Decimal)
        for line in self.lines:
            bet, won = line.turnover()
            found[of(line)["player"], of(line)["currency"], "Bet"] += bet
            found[of(line)["player"], of(line)["currency"], "Win"] += won
        return found


def of(line: Line) -> dict[str, str]:
    """Return whose a row is, and its currency: by its number."""
    number = int(line.key[1:])
    return {"player": f"p{number % 2}", "currency": ("EUR", "SEK", "BTC")[number % 3]}
