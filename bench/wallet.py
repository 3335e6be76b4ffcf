"""The benchmark's wallet: a ledger table in Debezium's schemaless JSON, and the connector for it."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

PLAYERS = 5_000
GAMES = 100
START_MS = 1_795_000_000_000

CONNECTOR = """\
version: 1
brand: bench
source:
  kafka: {{brokers: "{brokers}", group: "bench.{exchange}"}}
  topics: "{unique}.public.{{table}}"
target: {{rabbitmq: {{url: "${{RABBITMQ_URL}}", exchange: "{exchange}", routing_key: casino}}}}
lookups:
  players: {{key: id}}
  games: {{key: code}}
play:
  wallet_tx:
    rows: append-only
    key: tx
    player: player_id
    columns: {{created_at: micros UTC, amount: decimal}}
    with:
      player: players[player_id]
      game: games[game_code]
    skip:
      test player: player.is_test
    activities:
      bet: {{type: Bet, when: kind == "bet"}}
      win: {{type: Win, when: kind == "win"}}
    event:
      activity_id: tx
      user_id: player_id
      round_id: round
      timestamp: created_at
      wager_amount: amount
      bonus_wager_amount: 0
      locked_wager_amount: 0
      currency: currency
      exchange_rate: fx
      is_round_end: closed
      game_id: game_code
      game_name: game.title
      game_type: {{from: game.category, slot: Slots, live: Live Casino}}
      vendor_id: game.vendor_id
      vendor_name: game.vendor
      origin: player.host
    reverses:
      when: kind == "rollback"
      original: wallet_tx[ref]
      event: {{timestamp: created_at}}
"""


SHARED_LEDGER = 'ledger: "${LEDGER_URL}"\n'


def connector(folder: Path, brokers: str, unique: str, exchange: str, *, shared_ledger: bool = False) -> Path:
    """Write the connector and return its path; with `shared_ledger` its ledger is at $LEDGER_URL."""
    path = folder / f"bench-{unique}.yaml"
    text = CONNECTOR.format(brokers=brokers, unique=unique, exchange=exchange)
    path.write_text(text + SHARED_LEDGER if shared_ledger else text)
    return path


def make_topics(brokers: str, unique: str, partitions: int = 1) -> None:
    """Create the topics of one run.  Returns when they are there."""
    admin = AdminClient({"bootstrap.servers": brokers})
    names = {"players": 1, "games": 1, "wallet_tx": partitions}
    wanted = [NewTopic(f"{unique}.public.{name}", count, 1) for name, count in names.items()]
    for done in admin.create_topics(wanted).values():
        done.result(30)


def drop_topics(brokers: str, unique: str) -> None:
    """Delete the topics of one run."""
    admin = AdminClient({"bootstrap.servers": brokers})
    for done in admin.delete_topics(
        [f"{unique}.public.{name}" for name in ("players", "games", "wallet_tx")]
    ).values():
        done.result(30)


def envelope(table: str, row: Mapping[str, object], lsn: int, op: str = "c") -> bytes:
    """Return one Debezium record without schema."""
    source = {
        "version": "3.7.0.Final",
        "connector": "postgresql",
        "name": "bench",
        "ts_ms": START_MS,
        "snapshot": "true" if op == "r" else "false",
        "db": "bench",
        "sequence": json.dumps([str(lsn), str(lsn)]),
        "schema": "public",
        "table": table,
        "txId": lsn & 0xFFFFFF,
        "lsn": lsn,
        "xmin": None,
    }
    body = {"before": None, "after": row, "source": source, "transaction": None, "op": op, "ts_ms": START_MS}
    return json.dumps(body, separators=(",", ":")).encode()


def key(**columns: object) -> bytes:
    """Return a record's key without schema."""
    return json.dumps(columns, separators=(",", ":")).encode()


def plays(count: int, seed: int, rollbacks: float = 0.0) -> Iterator[tuple[str, str, bytes]]:
    """Yield (player, transaction, record): bets, wins, and a share of rollbacks of earlier rows."""
    rng = random.Random(seed)
    sent: list[tuple[str, int]] = []
    for number in range(count):
        player = 100_000 + rng.randrange(PLAYERS)
        tx = str(uuid.UUID(int=rng.getrandbits(128)))
        ref, kind = None, "bet" if number % 3 else "win"
        if sent and rng.random() < rollbacks:
            ref, player = sent.pop(rng.randrange(len(sent)))
            kind = "rollback"
        elif len(sent) < 200_000:
            sent.append((tx, player))
        row = {
            "tx": tx,
            "ref": ref,
            "kind": kind,
            "player_id": player,
            "game_code": f"game-{rng.randrange(GAMES):03d}",
            "round": f"R{number // 2}",
            "amount": f"{rng.randrange(1, 20_000) / 100:.2f}",
            "currency": "EUR",
            "fx": 1,
            "closed": kind != "bet",
            "created_at": START_MS * 1000 + number,
        }
        yield str(player), tx, envelope("wallet_tx", row, 1_000_000 + number)


def fill(
    brokers: str, unique: str, count: int, *, seed: int = 1, rollbacks: float = 0.0, players: int = PLAYERS
) -> int:
    """Write look-up rows and `count` rows of play; return the mean size of a record of play in bytes."""
    producer = Producer({"bootstrap.servers": brokers, "linger.ms": 20, "batch.num.messages": 10_000})
    write_lookups(producer, unique, players)
    size = 0
    for player, _, record in plays(count, seed, rollbacks):
        size += len(record)
        while True:
            try:
                producer.produce(f"{unique}.public.wallet_tx", record, key(player_id=int(player)))
                break
            except BufferError:
                producer.poll(0.1)
    producer.flush(120)
    return size // max(count, 1)


def write_lookups(producer: Producer, unique: str, players: int = PLAYERS) -> None:
    """Write the rows that play refers to, as a snapshot."""
    for table, rows in (("players", player_rows(players)), ("games", game_rows())):
        for number, (row_key, record) in enumerate(rows):
            producer.produce(f"{unique}.public.{table}", record, row_key)
            if number % 10_000 == 0:
                producer.flush(60)
    producer.flush(60)


def player_rows(players: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield (key, record) of every player; those beyond PLAYERS never play."""
    for player in range(100_000, 100_000 + players):
        row: dict[str, object] = {"id": player, "is_test": False, "host": "www.bench.example"}
        yield key(id=player), envelope("players", row, 1, "r")


def game_rows() -> Iterator[tuple[bytes, bytes]]:
    """Yield (key, record) of every game."""
    for game in range(GAMES):
        code = f"game-{game:03d}"
        row = {
            "code": code,
            "title": f"Game of {game}",
            "category": "slot" if game % 4 else "live",
            "vendor_id": game % 7,
            "vendor": f"Vendor {game % 7}",
        }
        yield key(code=code), envelope("games", row, 1, "r")
