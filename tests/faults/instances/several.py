"""Several bridges of one brand on one Postgres ledger, and the check that ends each of their tests."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from bridge.ledger import open_ledger
from stack.endpoints import Addresses
from tests.contract.ledger_postgres import empty_schema
from tests.faults.inbox import Inbox
from tests.support.bridge_process import BridgeProcess
from tests.support.eventually import eventually
from tests.support.fault_proxy import FaultProxy
from tests.support.fault_wallet import GAMES, FaultWallet
from tests.support.ledger_check import Message, check

KAFKA = "session_timeout: 6 s, metadata_refresh: 1 s"
LEFT_OVER = (
    "SELECT count(*) FROM outbox o JOIN lanes l USING (lane) "
    "WHERE o.seq > l.confirmed OR EXISTS (SELECT 1 FROM requeued r WHERE r.seq = o.seq)"
)


class SharedWallet(FaultWallet):
    """Games can come and change while it plays."""

    games = GAMES

    def write_game(self, number: int, title: str) -> None:
        """Write a row of the look-up table."""
        record = self._database.insert("games", {"code": f"g{number}"}, {"title": title})
        self._producer.produce(record.topic, record.value, record.key, 0)
        self.flush()

    def _row(self, kind: str, player: int, ref: str | None) -> dict[str, object]:
        return {**super()._row(kind, player, ref), "game_code": f"g{self.rng.randrange(self.games)}"}


class ScatteredWallet(SharedWallet):
    """What a player does lies in several partitions: each rollback in another than its original."""

    def _insert(self, tx: str, player: int, row: dict[str, object]) -> None:
        record = self._database.insert("wallet_tx", {"tx": tx}, row)
        number = player + (row["kind"] == "rollback") + 2 * tx.endswith("-again")
        self._produce(number % self._partitions, record.key, record.value)


class Several:
    """The instances, in the order in which they were started."""

    def __init__(
        self,
        addresses: Addresses,
        folder: Path,
        *,
        wallet: SharedWallet,
        inbox: Inbox,
        ledger: str,
        ledger_link: FaultProxy,
        rabbitmq_link: FaultProxy,
        connector: Path,
    ) -> None:
        self.wallet = wallet
        self.inbox = inbox
        self.ledger = ledger
        self.ledger_link = ledger_link
        """What stands between the instances and their ledger."""
        self.rabbitmq_link = rabbitmq_link
        self.instances: list[BridgeProcess] = []
        self.timeline: list[str] = []
        self._began = time.monotonic()
        self._folder = folder
        self._connector = connector
        self._environment = {
            "KAFKA_BROKERS": addresses.kafka_bootstrap,
            "RABBITMQ_URL": addresses.rabbitmq_bridge_url.replace(
                f":{addresses.rabbitmq_port}/", f":{rabbitmq_link.port}/"
            ),
            "LEDGER_URL": ledger.replace(f":{addresses.postgres_port}/", f":{ledger_link.port}/"),
        }

    def start(self) -> BridgeProcess:
        """Start one more, and wait until it has partitions."""
        instance = self.begin()
        self.said(instance, "partitions_assigned")
        return instance

    def begin(self) -> BridgeProcess:
        """Start one more, and wait for nothing."""
        state = self._folder / f"instance-{len(self.instances)}"
        state.mkdir()
        instance = BridgeProcess(self._connector, self._environment, state)
        self.instances.append(instance)
        self.note(f"start {state.name}")
        return instance

    def said(self, instance: BridgeProcess, event: str, times: int = 1) -> None:
        """Wait until an instance has logged an event so often."""
        eventually(
            lambda: instance.log.read_text().count(f'"{event}"') >= times,
            within_seconds=60,
            message=f"an instance never said {event}",
        )

    def stop(self, instance: BridgeProcess) -> None:
        """End one as an operator does."""
        self.note(f"stop {self.instances.index(instance)}")
        assert (code := instance.stop()) == 0, f"exit code {code}\n{instance.tail()}"

    def note(self, what: str) -> None:
        """Write into the timeline."""
        self.timeline.append(f"{time.monotonic() - self._began:8.2f}  {what}")

    def arrived(self, count: int) -> None:
        """Wait until so many messages have arrived."""
        eventually(lambda: self.look() >= count, within_seconds=60, message=f"fewer than {count} arrived")

    def more_arrived(self, count: int) -> None:
        """Wait until so many more messages have arrived."""
        self.arrived(self.look() + count)

    def look(self) -> int:
        """Return how many messages have arrived."""
        self.wallet.arrived = self.inbox.depth()
        return self.wallet.arrived

    def taken_in(self) -> None:
        """Wait until the ledger has all that was written."""
        ends = sum(self.wallet.ends().values())
        eventually(
            lambda: self.query("SELECT sum(position) FROM positions") == ends,
            within_seconds=30,
            message="not everything is taken in",
        )

    def query(self, question: str) -> Any:
        """Ask the ledger's database for one value."""
        with psycopg.connect(self.ledger) as connection:
            row = connection.execute(question.encode()).fetchone()
        return row[0] if row else None

    def finish(self, *, most_duplicates: int) -> None:
        """Wait for all events, stop all instances, and hold everything against the truth."""
        check(self.wallet.expected, self.settle(), most_duplicates=most_duplicates)

    def settle(self, within_seconds: float = 60.0) -> list[Message]:
        """Wait for all events, stop all instances, see that the ledger has an end; return what arrived."""
        self.wallet.pause_play()
        self.wallet.write_originals()
        wanted = {one.message_id for one in self.wallet.expected}
        self.note(f"{len(wanted)} events are due")

        def all_there() -> bool:
            return self.look() >= len(wanted) and wanted <= {each.message_id for each in self.inbox.take()}

        try:
            eventually(all_there, within_seconds=within_seconds)
        except AssertionError as error:
            self.note(f"waited in vain: {error}")
            self._note_lost(wanted)
        for instance in self.instances:
            if instance.running():
                self.stop(instance)
        arrived = self.inbox.take()
        assert self.query(LEFT_OVER) == 0, "the ledger holds unconfirmed events"
        reader = open_ledger(self.ledger, "faults", create=False, read_only=True)
        try:
            assert not list(reader.held()), "the ledger holds changes that wait"
            parked = Counter((each.code, each.reason) for each in reader.parked())
            assert not parked, f"the ledger holds parked changes: {parked}"
            assert dict(reader.positions()) == self.wallet.ends(), "the ledger's positions are not at the end"
        finally:
            reader.close()
        return arrived

    def _note_lost(self, wanted: set[str]) -> None:
        """Note what the ledger says of the first events that have not arrived."""
        lost = wanted - {each.message_id for each in self.inbox.take()}
        with psycopg.connect(self.ledger) as connection:
            rows = connection.execute(
                "SELECT o.lane, o.seq, r.turn, l.confirmed, l.epoch, l.instance FROM outbox o JOIN lanes l "
                "USING (lane) LEFT JOIN requeued r ON r.seq = o.seq WHERE message_id = ANY(%s) ORDER BY 1, 2",
                (list(lost),),
            ).fetchall()
        self.note(f"{len(lost)} have not arrived, {len(rows)} of them are in the outbox")
        for row in [*rows[:3], *rows[-3:]]:
            self.note("lane {}, seq {}, turn {}, confirmed {}, epoch {}, owner {}".format(*row))

    def told(self) -> str:
        """Return the timeline and the end of each log."""
        logs = [f"--- instance {number}\n{each.tail(25)}" for number, each in enumerate(self.instances)]
        return "\n".join(["", *self.timeline, *logs])


@contextmanager
def several(
    addresses: Addresses,
    folder: Path,
    *,
    seed: int,
    wallet: type[SharedWallet] = SharedWallet,
    ledger: str = "",
) -> Iterator[Several]:
    """Yield a brand with four partitions and a Postgres ledger, unless another is named; no instance yet."""
    with ExitStack() as stack:
        ledger = ledger or stack.enter_context(empty_schema())
        link = stack.enter_context(FaultProxy((addresses.postgres_host, addresses.postgres_port)))
        play = stack.enter_context(wallet(addresses.kafka_bootstrap, seed, partitions=4))
        inbox = stack.enter_context(Inbox(addresses))
        connector = play.connector(folder, inbox.name, kafka=KAFKA, more='ledger: "${LEDGER_URL}"')
        made = Several(
            addresses,
            folder,
            wallet=play,
            inbox=inbox,
            ledger=ledger,
            ledger_link=link,
            rabbitmq_link=stack.enter_context(FaultProxy((addresses.rabbitmq_host, addresses.rabbitmq_port))),
            connector=connector,
        )
        try:
            yield made
        except Exception as error:
            raise AssertionError(f"{error}\nseed {seed}{made.told()}") from error
        finally:
            for instance in made.instances:
                if instance.running():
                    instance.kill()
