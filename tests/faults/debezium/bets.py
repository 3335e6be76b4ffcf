"""A wallet in Postgres that keeps one row per bet and moves its status, with Debezium and the bridge behind it."""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from confluent_kafka import Consumer, TopicPartition
from psycopg import sql

import stack
from bridge.ledger import open_ledger
from stack.endpoints import Addresses
from tests.faults.inbox import Inbox
from tests.support.bridge_process import BridgeProcess
from tests.support.eventually import eventually
from tests.support.live import LiveWallet, drop_database, environment, streams

SCHEMA = """\
CREATE TABLE games (code text PRIMARY KEY, title text NOT NULL);
INSERT INTO games VALUES ('g1', 'Game of One');
CREATE TABLE bets (
    id text PRIMARY KEY, player_id integer NOT NULL, round text NOT NULL, game_code text NOT NULL,
    status text NOT NULL, amount numeric(20, 2) NOT NULL, currency text NOT NULL, note text,
    created_at timestamptz NOT NULL DEFAULT now()
);
-- Where an operator asks Debezium for a snapshot; it marks there where each piece of it begins and ends.
CREATE TABLE debezium_signal (id text PRIMARY KEY, type text NOT NULL, data text);
GRANT SELECT, INSERT, DELETE ON debezium_signal TO debezium;
CREATE PUBLICATION bets_cdc FOR TABLES IN SCHEMA public;
"""

CONNECTOR = """\
version: 1
brand: bets
source:
  kafka: {{brokers: "${{KAFKA_BROKERS}}", group: "{name}", member: bets, session_timeout: 6 s}}
  topics: "{name}.public.{{table}}"
target: {{rabbitmq: "${{RABBITMQ_URL}}", exchange: "{exchange}", routing_key: casino}}
lookups:
  games: {{key: code}}
play:
  bets:
    rows: mutable
    deleted: nothing
    key: id
    player: player_id
    with: {{game: "games[game_code]"}}
    activities:
      bet: {{type: Bet, when: true}}
    stands: status == "settled"
    event:
      activity_id: id
      user_id: player_id
      round_id: round
      timestamp: created_at
      wager_amount: amount
      currency: currency
      exchange_rate: 1
      is_round_end: false
      game_id: game_code
      game_name: game.title
      vendor_id: {{const: v}}
      vendor_name: {{const: Vendor}}
      origin: {{const: play.example.com}}
"""

DEBEZIUM = {
    "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
    "tasks.max": "1",
    "plugin.name": "pgoutput",
    "publication.name": "bets_cdc",
    "publication.autocreate.mode": "disabled",
    "schema.include.list": "public",
    "signal.data.collection": "public.debezium_signal",
    "incremental.snapshot.chunk.size": "16",
    "snapshot.mode": "initial",
    "decimal.handling.mode": "precise",
    "topic.creation.default.partitions": "1",
    "topic.creation.default.replication.factor": "1",
    "key.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
}

# A bet is open, then settled: it counts.  Some are taken back.
SENT = {"open": [], "settled": ["Approved"], "void": ["Approved", "Rollback"]}


class Bets:
    """Plays rows, breaks Debezium, and knows what each row must have led to."""

    def __init__(self, wallet: LiveWallet, inbox: Inbox, slot: str) -> None:
        self.wallet = wallet
        self.inbox = inbox
        self.statuses: dict[str, str] = {}
        """The status that each row has now."""
        self.amounts: dict[str, Decimal] = {}
        self._slot = slot

    def insert(self, count: int, status: str = "open", amount: str = "10.05", column: str = "amount") -> list[str]:
        """Insert so many rows in a status, and return their ids."""
        ids = [f"b{len(self.statuses) + number}" for number in range(count)]
        statement = (
            f"INSERT INTO bets (id, player_id, round, game_code, status, {column}, currency) "  # noqa: S608 - our own
            "VALUES (%s, %s, %s, 'g1', %s, %s, 'EUR')"
        )
        with psycopg.connect(self.wallet.dsn) as connection:
            for number, each in enumerate(ids):
                connection.execute(statement.encode(), (each, 100 + number % 7, f"R{each}", status, amount))
        self.statuses |= dict.fromkeys(ids, status)
        self.amounts |= dict.fromkeys(ids, Decimal(amount))
        return ids

    def move(self, ids: list[str], status: str) -> None:
        """Let rows have another status, each by a commit of its own."""
        with psycopg.connect(self.wallet.dsn, autocommit=True) as connection:
            for each in ids:
                connection.execute("UPDATE bets SET status = %s WHERE id = %s", (status, each))
        self.statuses |= dict.fromkeys(ids, status)

    def play(self, count: int) -> None:
        """Write rows that live whole lives: all are settled, one of three is taken back."""
        ids = self.insert(count)
        self.move(ids, "settled")
        self.move(ids[::3], "void")

    def alter(self, change: str) -> None:
        """Change the table."""
        self.wallet.execute(f"ALTER TABLE bets {change}")

    def register(self, **changed: str) -> None:
        """Start Debezium, or change its settings, and wait until it reads the log."""
        addresses = self.wallet.addresses
        places = {
            "database.hostname": addresses.connect_postgres_host,
            "database.port": str(addresses.connect_postgres_port),
            "database.user": addresses.debezium_user,
            "database.password": addresses.debezium_password,
            "database.dbname": psycopg.conninfo.conninfo_to_dict(self.wallet.dsn)["dbname"],
            "topic.prefix": self.wallet.prefix,
            "slot.name": self._slot,
        }
        stack.connect.register(self.wallet.prefix, {**DEBEZIUM, **places, **changed}, deadline_seconds=120)  # type: ignore[dict-item]
        self.streams()

    def streams(self) -> None:
        """Wait until Debezium reads the log."""
        eventually(lambda: streams(self.wallet, self._slot), within_seconds=90, message="Debezium does not stream")

    def lose_the_slot(self) -> None:
        """End Debezium and drop its slot: nothing that is written from now on is in its log."""
        stack.connect.delete(self.wallet.prefix)

        def dropped() -> bool:
            with psycopg.connect(self.wallet.dsn, autocommit=True) as admin:
                found = admin.execute(
                    "SELECT active FROM pg_replication_slots WHERE slot_name = %s", [self._slot]
                ).fetchone()
                if found is not None and not found[0]:
                    admin.execute("SELECT pg_drop_replication_slot(%s)", [self._slot])
                return found is None or not found[0]

        eventually(dropped, within_seconds=60, message="the slot stays in use")

    def read_again(self) -> None:
        """Ask Debezium to read the whole table again beside the stream (an incremental snapshot)."""
        order = json.dumps({"data-collections": ["public.bets"], "type": "incremental"})
        self.wallet.execute("INSERT INTO debezium_signal VALUES ('again', 'execute-snapshot', %s)", order)

    def crash_debezium(self) -> None:
        """Kill Kafka Connect, start it again, and wait until Debezium reads the log again."""
        server = stack.server("connect")
        server.kill()
        server.start()

        def runs() -> bool:
            try:
                status = stack.connect.status(self.wallet.prefix)
            except stack.StackError:
                return False
            return status is not None and [task["state"] for task in status["tasks"]] == ["RUNNING"]

        eventually(runs, within_seconds=90, message="Debezium does not run again")
        self.streams()

    def records(self, op: str = "") -> int:
        """Return how many records of bets Debezium has written, of one operation or of all."""
        addresses = self.wallet.addresses
        at = TopicPartition(f"{self.wallet.prefix}.public.bets", 0, 0)
        consumer = Consumer({"bootstrap.servers": addresses.kafka_bootstrap, "group.id": "ask", "log_level": 2})
        try:
            end = int(consumer.get_watermark_offsets(at, 30)[1])
            if not op:
                return end
            consumer.assign([at])
            values = [each.value() for each in consumer.consume(end, 30)]
        finally:
            consumer.close()
        return sum(value is not None and json.loads(value)["payload"]["op"] == op for value in values)

    def arrived(self) -> dict[str, list[str]]:
        """Return the statuses that have arrived, by activity, each in order; bodies are held against the rows."""
        found: dict[str, list[str]] = defaultdict(list)
        for message in self.inbox.take():
            event: dict[str, Any] = message.event
            assert event["amount"] == self.amounts[event["activity_id"]], event
            found[event["activity_id"]].append(event["status"])
        return found

    def due(self) -> dict[str, list[str]]:
        """Return what the rows lead to, by activity."""
        return {each: SENT[status] for each, status in self.statuses.items() if SENT[status]}

    def settled(self) -> None:
        """Wait until exactly what is due has arrived, once."""
        try:
            eventually(lambda: self.arrived() == self.due(), within_seconds=60)
        except AssertionError:
            came, due = self.arrived(), self.due()
            wrong = {each: (came.get(each), due.get(each)) for each in sorted(came.keys() | due.keys())}
            wrong = {each: pair for each, pair in wrong.items() if pair[0] != pair[1]}
            raise AssertionError(f"{len(wrong)} rows have led to something else than is due: {wrong}") from None


@contextmanager
def bets(addresses: Addresses, folder: Path) -> Iterator[Bets]:
    """Yield a wallet whose play so far was read by a snapshot, and the bridge running behind it."""
    unique = uuid.uuid4().hex[:8]
    database, slot = f"wallet_{unique}", f"slot_{unique}"
    with psycopg.connect(addresses.postgres_dsn, autocommit=True) as admin, ExitStack() as undo:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        undo.callback(drop_database, admin, database, slot)
        dsn = psycopg.conninfo.make_conninfo(addresses.postgres_dsn, dbname=database)
        wallet = LiveWallet(addresses, "bets", unique, dsn)
        wallet.execute(SCHEMA)
        inbox = undo.enter_context(Inbox(addresses))
        made = Bets(wallet, inbox, slot)
        undo.callback(stack.connect.delete, wallet.prefix)
        connector = folder / "bets.yaml"
        connector.write_text(CONNECTOR.format(name=wallet.prefix, exchange=inbox.name))
        # Topics are made by the first record of each table.
        made.play(3)
        history, made.statuses = made.statuses, {}
        made.statuses = dict.fromkeys(history, "open")
        made.register()
        bridge = BridgeProcess(connector, environment(addresses), folder)
        try:
            yield made
            assert bridge.running(), "the bridge has ended by itself"
            assert bridge.stop() == 0
        except Exception as error:
            raise AssertionError(f"{error}\n{bridge.tail()}") from error
        finally:
            if bridge.running():
                bridge.kill()


def skipped(folder: Path, reason: str) -> int:
    """Return how many bets the bridge has skipped for a reason."""
    ledger = open_ledger(str(folder / "bets.ledger"), "bets", create=False, read_only=True)
    try:
        return ledger.counters().get(("skipped", "bets", reason), 0)
    finally:
        ledger.close()


def parked(folder: Path) -> list[tuple[str, str]]:
    """Return key and reason of what the bridge has parked."""
    ledger = open_ledger(str(folder / "bets.ledger"), "bets", create=False, read_only=True)
    try:
        return [(change.key, change.reason) for change in ledger.parked()]
    finally:
        ledger.close()
