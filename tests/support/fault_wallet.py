"""A wallet without a database: Debezium records straight into Kafka, and the events that they must lead to."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import deque
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self

from confluent_kafka import Producer

from tests.support.changes import EPOCH_US, Database
from tests.support.fault_topics import FaultTopics
from tests.support.ledger_check import Expected

GAMES = 20
CURRENCIES = ("EUR", "SEK", "BTC")
WINDOW = 200
AHEAD = 10_000
"""So many events may be due and not arrived: on a slow machine the load becomes less, not the backlog more."""

CONNECTOR = """\
version: 1
brand: faults
source:
  kafka: {{brokers: "${{KAFKA_BROKERS}}", group: "{unique}", {kafka}}}
  topics: "{unique}.public.{{table}}"
  {source}
target:
  rabbitmq:
    url: "${{RABBITMQ_URL}}"
    exchange: "{exchange}"
    routing_key: casino
    connection_name: "{exchange}"
    window: {window}
    {rabbitmq}
{more}
lookups:
  games: {{key: code}}
play:
  wallet_tx:
    rows: append-only
    key: tx
    player: player_id
    columns: {{created_at: micros UTC, amount: decimal}}
    with: {{game: "games[game_code]"}}
    activities:
      bet: {{type: Bet, when: kind == "bet"}}
      win: {{type: Win, when: kind == "win"}}
    event:
      activity_id: tx
      user_id: player_id
      round_id: round
      timestamp: created_at
      wager_amount: amount
      currency: currency
      exchange_rate: 1
      is_round_end: kind == "win"
      game_id: game_code
      game_name: game.title
      vendor_id: {{const: v}}
      vendor_name: {{const: Vendor}}
      origin: {{const: play.example.com}}
    reverses:
      when: kind == "rollback"
      original: wallet_tx[ref]
      event: {{timestamp: created_at}}
"""


class FaultWallet(FaultTopics):
    """Writes play into topics of its own.  A context manager; everything is drawn from `seed`."""

    def __init__(self, brokers: str, seed: int, *, players: int = 300, partitions: int = 2) -> None:
        super().__init__(brokers, f"faults-{uuid.uuid4().hex[:8]}", partitions)
        self.expected: list[Expected] = []
        """What the rows written so far lead to, in the order of the rows of each player."""
        self.broken: list[bytes] = []
        """The values of the records that must be parked."""
        self.rng = random.Random(seed)
        self.players = players
        self._settled = (players, partitions)
        self._database = Database(name=self.unique)
        self._rows: deque[tuple[int, bytes | None, bytes | None]] = deque(maxlen=2000)
        self._reversible: list[tuple[str, Expected]] = []
        self._early: dict[int, list[tuple[str, int, str]]] = {}
        self._failed: list[str] = []
        self._writing = threading.Lock()
        """Rows are written by the player's thread and by the test's own."""
        self.arrived = 0
        """How many events have arrived, as far as the test has looked; play at a rate runs no further ahead."""
        self._playing = threading.Event()
        self._player: threading.Thread | None = None
        self._number = 0
        self._producer = self._new_producer()

    def __enter__(self) -> Self:
        self.make_topics()
        for number in range(GAMES):
            row = {"title": f"Game of {number}"}
            record = self._database.snapshot("games", {"code": f"g{number}"}, row)
            self._producer.produce(record.topic, record.value, record.key, 0)
        self.flush()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pause_play()
        self.drop_topics()

    def connector(
        self,
        folder: Path,
        exchange: str,
        *,
        kafka: str = "",
        rabbitmq: str = "",
        more: str = "",
        source: str = "",
        window: int = WINDOW,
    ) -> Path:
        """Write the connector and return its path."""
        path = folder / "faults.yaml"
        # A member with a name gets its partitions back at once after a kill; without, when its session is over.
        settings = kafka or "member: faults, session_timeout: 6 s, metadata_refresh: 1 s"
        text = CONNECTOR.format(
            unique=self.unique,
            exchange=exchange,
            kafka=settings,
            source=source,
            rabbitmq=rabbitmq,
            more=more,
            window=window,
        )
        path.write_text(text)
        return path

    # -- play

    def play(self, rows: int, *, wait: bool = True) -> None:
        """Write so many rows, and wait until Kafka has them unless told otherwise."""
        for _ in range(rows):
            with self._writing:
                self._write_row()
        if wait:
            self.flush()

    def keep_playing(self, rate: float) -> None:
        """Write rows at a rate, in a thread, until `pause_play`."""
        self._playing.set()
        self._player = threading.Thread(target=self._play_on, args=(rate,), daemon=True)
        self._player.start()

    def pause_play(self) -> None:
        """Stop writing, and wait until Kafka has all of it."""
        self._playing.clear()
        if self._player is not None:
            self._player.join()
            self._player = None
            self.flush()

    def write_originals(self) -> None:
        """Write the originals that rollbacks still wait for: at the end nothing must wait."""
        while self._early:
            for ref, player, late in self._early.pop(min(self._early)):
                self._original(ref, player, rolled_back_by=late)
        self.flush()

    def write_broken(self, value: bytes) -> None:
        """Write a record that cannot be taken for play, among the others of some player."""
        self.broken.append(value)
        self._produce(self.rng.randrange(self._partitions), b'{"tx":"broken"}', value)

    def repeat(self, rows: int) -> None:
        """Write so many of the latest records once more, as Debezium does that starts from an older position."""
        for partition, key, value in list(self._rows)[-rows:]:
            self._produce(partition, key, value)
        self.flush()

    def one_row(self) -> tuple[bytes, dict[str, object]]:
        """Return key and columns of a row that is not written: something to break."""
        self._number += 1
        tx = f"broken-{self._number}"
        return b'{"tx":"broken"}', {"tx": tx, **self._row("bet", self.rng.randrange(self.players), None)}

    def value_of(self, row: dict[str, object]) -> bytes:
        """Return the record's value for the columns of a row."""
        value = self._database.insert("wallet_tx", {"tx": row["tx"]}, row).value
        assert value is not None
        return value

    def flush(self) -> None:
        """Wait until Kafka has everything.  Raises AssertionError when it refused something."""
        left = self._producer.flush(120)
        assert not left, f"Kafka did not take {left} records"
        assert not self._failed, f"Kafka refused records: {self._failed[:3]}"

    def _play_on(self, rate: float) -> None:
        began, written = time.monotonic(), 0
        while self._playing.is_set():
            due = int((time.monotonic() - began) * rate)
            while written < due and len(self.expected) - self.arrived < AHEAD:
                with self._writing:
                    self._write_row()
                written += 1
            self._producer.poll(0)
            time.sleep(0.01)

    def _write_row(self) -> None:
        """Write the next row: mostly bets and wins, some rollbacks, a few of them before their original."""
        self._number += 1
        tx, player = f"t{self._number}", self.rng.randrange(self.players)
        for ref, of_player, late in self._early.pop(self._number, []):
            self._original(ref, of_player, rolled_back_by=late)
        chance = self.rng.random()
        if chance < 0.05 and self._reversible:
            self._roll_back(tx)
        elif chance < 0.06:
            self._insert(tx, player, self._row("rollback", player, f"e{tx}"))
            self._early.setdefault(self._number + self.rng.randrange(1, 50), []).append((f"e{tx}", player, tx))
        else:
            self._original(tx, player)

    def _original(self, tx: str, player: int, rolled_back_by: str = "") -> None:
        kind = self.rng.choice(("bet", "bet", "win"))
        row = self._row(kind, player, None)
        self._insert(tx, player, row)
        amount, currency = Decimal(str(row["amount"])), str(row["currency"])
        one = Expected(f"{tx}/Approved", tx, kind.title(), "Approved", amount, currency, str(player))
        self.expected.append(one)
        if rolled_back_by:
            self.expected.append(one.taken_back())
        elif len(self._reversible) < 10_000:
            self._reversible.append((tx, one))

    def _roll_back(self, tx: str) -> None:
        ref, original = self._reversible.pop(self.rng.randrange(len(self._reversible)))
        player = int(original.player)
        self._insert(tx, player, self._row("rollback", player, ref))
        self.expected.append(original.taken_back())
        if self.rng.random() < 0.1:
            # Once more, by a row of its own: nothing stands any more, so nothing follows.
            self._insert(f"{tx}-again", player, self._row("rollback", player, ref))

    def _row(self, kind: str, player: int, ref: str | None) -> dict[str, object]:
        return {
            "kind": kind,
            "ref": ref,
            "player_id": player,
            "round": f"R{self._number // 2}",
            "game_code": f"g{self.rng.randrange(GAMES)}",
            "amount": f"{self.rng.randrange(1, 1_000_000)}.{self.rng.randrange(100):02d}",
            "currency": self.rng.choice(CURRENCIES),
            "created_at": EPOCH_US + self._number,
        }

    def _insert(self, tx: str, player: int, row: dict[str, object]) -> None:
        record = self._database.insert("wallet_tx", {"tx": tx}, row)
        players, partitions = self._settled
        partition = player % (partitions if player < players else self._partitions)
        self._produce(partition, record.key, record.value)
        self._rows.append((partition, record.key, record.value))

    def _produce(self, partition: int, key: bytes | None, value: bytes | None) -> None:
        while True:
            try:
                self._producer.produce(self.topic, value, key, partition)
            except BufferError:
                self._producer.poll(0.1)
            else:
                return

    def _new_producer(self) -> Producer:
        # Idempotent: a broker that restarts must neither lose, repeat nor turn round what is written.
        # It asks often who leads: else one that missed a restart may wait for minutes.
        config = {"bootstrap.servers": self._brokers, "enable.idempotence": True, "linger.ms": 5, "log_level": 2}
        # One request at a time, for new partitions: see tests/contract/kafka_world.py.
        asks = {"topic.metadata.refresh.interval.ms": 2000, "max.in.flight": 1}
        return Producer({**config, **asks, "on_delivery": self._note_delivery})

    def _note_delivery(self, error: object, _message: object) -> None:
        if error is not None:
            self._failed.append(str(error))

    def write_as_another(self) -> None:
        """Write on with a new producer: the old one may know of records, or of topics, what is true no more."""
        self.flush()
        self._producer = self._new_producer()

    def grow(self, partitions: int) -> None:
        """Write the play of new players to partitions that were added; nobody moves to another one."""
        # The old one would not know the new partitions before it asks for them again.
        self.write_as_another()
        self._settled = (self.players, self._settled[1])
        self.players += 100
        self._partitions = partitions
