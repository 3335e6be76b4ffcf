"""Taking in while the disk makes the batch before durable: one brand, a ledger in a file, topics and a broker."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from bench.wallet import envelope, key
from bridge.brand import Brand
from bridge.delivery.memory import MemoryOutbound
from bridge.intake import intake as taking_in
from bridge.intake import pace
from bridge.intake.intake import Intake
from bridge.ledger import SqliteLedger
from bridge.records import Partition
from bridge.sources.memory import MemorySource, MemoryTopics
from tests.support.event import EVENT

CONNECTOR = (
    """\
version: 1
brand: overlap
source: {kafka: "127.0.0.1:9", topics: "w.public.{table}"}
target: {rabbitmq: {url: "amqp://a:b@127.0.0.1/", exchange: fasttrack}}
lookups:
  games: {key: code}
play:
  tx:
    rows: append-only
    key: id
    player: player
    activities: {bet: {type: Bet, when: voids == none}}
    reverses:
      when: voids != none
      original: tx[voids]
"""
    + EVENT
)
PLAY, GAMES = Partition("w.public.tx", 0), Partition("w.public.games", 0)
BATCH, ENOUGH = 8, 2


def take_small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let batches be small, and no time pass between them."""
    monkeypatch.setattr(taking_in, "BATCH", BATCH)
    monkeypatch.setattr(taking_in, "ENOUGH", ENOUGH)
    monkeypatch.setattr(taking_in, "RETRY_SECONDS", 0.0)
    # Nobody writes while taking in waits for rows.
    monkeypatch.setattr(pace, "IDLE_POLL_SECONDS", 0.0)


@dataclass
class World:
    """One brand between topics in memory, a ledger in a file, and a broker in memory."""

    brand: Brand
    ledger: SqliteLedger
    topics: MemoryTopics = field(default_factory=MemoryTopics)
    outbound: MemoryOutbound = field(default_factory=MemoryOutbound)
    rows: int = 0
    clock: Callable[[], float] = time.monotonic
    """May be stopped at any time."""

    def __post_init__(self) -> None:
        self.topics.create(PLAY.topic)
        self.topics.create(GAMES.topic)
        names = [PLAY.topic, GAMES.topic]
        self.source = MemorySource(self.topics, "g", names, max_poll_records=BATCH)
        self.intake = Intake(self.brand, self.source, self.ledger, self.outbound, clock=self._now)
        self.intake.open()

    def _now(self) -> float:
        return self.clock()

    def game(self, code: str) -> None:
        """Write a row that play looks up."""
        self.rows += 1
        value = envelope("games", {"code": code, "title": code.title()}, self.rows)
        self.topics.append(GAMES, key(code=code), value)

    def row(self, name: str, *, game: str = "dice", voids: str | None = None, player: str = "p") -> None:
        """Write a bet, or what voids one; the same name again is a repeat."""
        self.rows += 1
        row: Mapping[str, object] = {"id": name, "player": player, "amount": 1, "game": game, "voids": voids}
        self.topics.append(PLAY, key(id=name), envelope("tx", row, self.rows))

    def bets(self, number: int) -> None:
        """Write bets."""
        for _ in range(number):
            self.row(f"b{self.rows}")

    def turn(self, times: int = 1) -> None:
        """Let taking in go round."""
        for _ in range(times):
            self.intake.step()

    def committed(self) -> int:
        """Return the group's position in the topic of play."""
        return self.source.committed([PLAY]).get(PLAY, 0)

    def counted(self, outcome: str) -> int:
        """Return how many changes the ledger says ended so."""
        return sum(number for key, number in self.ledger.counters().items() if key[0] == outcome)

    def arrived(self) -> list[str]:
        """Return what the broker has, in the order of arrival."""
        return [one.message_id for one in self.outbound.taken]
