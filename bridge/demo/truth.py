"""What should arrive, as the generator knows it: worked out from what it played, never by the bridge."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, LiteralString, NamedTuple


class Play(NamedTuple):
    """What of an event the demo compares."""

    activity_id: str
    type: str
    status: str
    amount: Decimal
    currency: str

    @property
    def kind(self) -> str:
        """Return type and status, as the table shows them."""
        return f"{self.type} {self.status}"


@dataclass(frozen=True, slots=True)
class Write:
    """One statement of a wallet, and what it must lead to."""

    statement: LiteralString
    values: tuple[Any, ...]
    player: str = ""
    ending: str = "lookup"
    """How the bridge must count this change: sent, skipped, parked; lookup for no play."""
    events: tuple[Play, ...] = ()
    """What arrives because of it, in this order."""
    waits: bool = False
    """The change cannot be judged at once: its game or its original comes later."""


class Sum(NamedTuple):
    """So many events, and the money in them."""

    number: int
    amount: Decimal


@dataclass
class Truth:
    """Everything that one brand's generator wrote."""

    rows: int = 0
    waited: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    players: dict[str, list[Play]] = field(default_factory=lambda: defaultdict(list))
    """What should arrive, by player, in order."""

    def add(self, write: Write) -> None:
        """Note a statement that has been committed."""
        self.endings[write.ending] += 1
        if write.ending != "lookup":
            self.rows += 1
        self.waited += write.waits
        if write.events:
            self.players[write.player] += write.events

    @property
    def events(self) -> int:
        """Return how many events should arrive."""
        return sum(map(len, self.players.values()))

    def plays(self) -> Iterator[Play]:
        """Yield every event, player by player."""
        for plays in self.players.values():
            yield from plays

    def said(self) -> dict[str, Any]:
        """Return it as plain data, for `heard`."""
        return {
            "rows": self.rows,
            "waited": self.waited,
            "endings": dict(self.endings),
            "players": {
                player: [[*play[:3], str(play.amount), play.currency] for play in plays]
                for player, plays in self.players.items()
            },
        }


def heard(said: Mapping[str, Any]) -> Truth:
    """Return what `Truth.said` gave."""
    players = {
        player: [Play(one[0], one[1], one[2], Decimal(one[3]), one[4]) for one in plays]
        for player, plays in said["players"].items()
    }
    return Truth(said["rows"], said["waited"], Counter(said["endings"]), players)


def sums(plays: Iterable[Play]) -> dict[tuple[str, str], Sum]:
    """Return number and money by kind and currency."""
    found: dict[tuple[str, str], Sum] = {}
    for play in plays:
        place = (play.kind, play.currency)
        number, amount = found.get(place, (0, Decimal(0)))
        found[place] = Sum(number + 1, amount + play.amount)
    return found
