"""A bridge under load, and the script of faults that it has to live through."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from bridge.contracts import Ledger
from bridge.ledger import open_ledger
from stack.endpoints import Addresses
from tests.faults.inbox import Inbox
from tests.support.bridge_process import BridgeProcess
from tests.support.eventually import eventually
from tests.support.fault_proxy import FaultProxy
from tests.support.fault_wallet import WINDOW, FaultWallet
from tests.support.ledger_check import check, duplicates

CLOCK = Path(__file__).parent / "clock"
"""On the path of a bridge whose clock is turned."""


class Step(Protocol):
    """One thing that happens.  Steps are dataclasses, so that a script prints as it was written."""

    def __call__(self, world: World) -> None:
        """Let it happen."""


class World:
    """Wallet, Kafka, bridge, proxy, RabbitMQ; `play` a script, then `finish` with the check."""

    def __init__(
        self,
        addresses: Addresses,
        folder: Path,
        *,
        wallet: FaultWallet,
        inbox: Inbox,
        proxy: FaultProxy,
        connector: Path,
        environment: Mapping[str, str],
        ledger_path: Path,
    ) -> None:
        self.addresses = addresses
        self.folder = folder
        self.ledger_path = ledger_path
        """The file of the bridge's ledger."""
        self.wallet = wallet
        self.inbox = inbox
        self.proxy = proxy
        self.incidents = 0
        """How often a window of unconfirmed events may have been sent again."""
        self.timeline: list[str] = []
        self._connector = connector
        self._environment = {"KAFKA_BROKERS": addresses.kafka_bootstrap, **environment}
        self._login = ""
        self._began = time.monotonic()
        self._bridge: BridgeProcess | None = None

    @property
    def bridge(self) -> BridgeProcess:
        """Return the process that runs, or ran last."""
        assert self._bridge is not None, "the bridge has not been started"
        return self._bridge

    def start(self) -> None:
        """Start the bridge, and return at once."""
        url = urlsplit(self.addresses.rabbitmq_bridge_url)
        login = self._login or f"{url.username}:{url.password}"
        rabbitmq = urlunsplit(url._replace(netloc=f"{login}@127.0.0.1:{self.proxy.port}"))
        environment = {"RABBITMQ_URL": rabbitmq, **self._environment}
        self._bridge = BridgeProcess(self._connector, environment, self.folder)

    def kill(self) -> None:
        """End the bridge with SIGKILL."""
        self.bridge.kill()
        self.incidents += 1

    def change_password(self, password: str) -> None:
        """Give the bridge a user of its own, or change that user's password; it logs in so from its next start."""
        self.inbox.make_user(password)
        self._login = f"{self.inbox.name}:{password}"

    def turn_clock(self, seconds: float) -> None:
        """Turn the wall clock of the bridge, where it runs or will run, by this."""
        place = self.folder / "clock"
        new = place.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(place)
        self._environment |= {"TURNED_CLOCK": str(place), "PYTHONPATH": str(CLOCK)}

    def play(self, script: Iterable[Step]) -> None:
        """Let the steps happen, one after the other."""
        for step in script:
            self.note(str(step))
            step(self)

    def note(self, what: str) -> None:
        """Write into the timeline."""
        self.timeline.append(f"{time.monotonic() - self._began:8.2f}  {what}")

    def told(self, log_lines: int = 40) -> str:
        """Return the timeline and the end of the bridge's log."""
        log = self._bridge.tail(log_lines) if self._bridge and log_lines else ""
        return "\n".join(["", *self.timeline, log])

    # -- conditions

    def arrived(self, count: int, within_seconds: float = 60.0) -> None:
        """Wait until so many messages have arrived; give up when no more come for so long."""
        end = time.monotonic() + within_seconds
        while self.look() < count:
            assert self.bridge.running(), f"the bridge has ended by itself\n{self.bridge.tail()}"
            assert time.monotonic() < end, (
                f"{self.wallet.arrived} messages arrived, and no more; {count} were to come"
            )
            before = self.wallet.arrived
            time.sleep(0.05)
            if self.look() > before:
                end = time.monotonic() + within_seconds

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and the play go on as far as events arrive."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 1.0))
            if left > 1.0:
                self.look()

    def look(self) -> int:
        """Return how many messages have arrived."""
        self.wallet.arrived = self.inbox.depth()
        return self.wallet.arrived

    def page(self, path: str) -> tuple[int, str]:
        """Return status and text of a page of the bridge; 0 when it serves nothing yet."""
        served = [line for line in self.bridge.log.read_text().splitlines() if '"serving"' in line]
        if not served:
            return 0, ""
        address = json.loads(served[-1])
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{address['port']}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def samples(self) -> list[Sample]:
        """Return the samples of the metrics as they are now; none while the bridge serves nothing yet."""
        status, text = self.page("/metrics")
        if status != 200:
            return []
        return [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def ledger(self) -> Ledger:
        """Return the ledger, opened beside the bridge to be read."""
        return open_ledger(str(self.ledger_path), "faults", create=False, read_only=True)

    def add_partitions(self, count: int) -> None:
        """Add partitions to the topic of play: the group is balanced anew when the bridge has seen them."""
        admin = AdminClient({"bootstrap.servers": self.addresses.kafka_bootstrap, "log_level": 2})
        for done in admin.create_partitions([NewPartitions(self.wallet.topic, count)]).values():
            done.result(30)
        self.wallet.grow(count)

    def unconfirmed(self) -> int:
        """Return how many events the ledger does not know to be confirmed."""
        ledger = self.ledger()
        try:
            return len(ledger.unconfirmed(0, 1_000_000))
        finally:
            ledger.close()

    # -- the end

    def finish(self, *, within_seconds: float = 45.0, most_duplicates: int | None = None) -> None:
        """Stop the play, wait for the rest, drain the bridge, and hold everything against the truth.

        `within_seconds` is how long nothing may come while something is missing.
        """
        self.wallet.pause_play()
        self.wallet.write_originals()
        self.proxy.heal()
        wanted = {one.message_id for one in self.wallet.expected}
        self.note(f"{len(wanted)} events are due")

        try:
            self.arrived(len(wanted), within_seconds)
            eventually(
                lambda: wanted <= {message.message_id for message in self.inbox.take()},
                within_seconds=within_seconds,
                message="some have not arrived",
            )
        except AssertionError as error:
            self.note(f"waited in vain: {error}")
        # One that is still being started knows no drain: it has nothing to drain.
        eventually(lambda: self.page("/ready")[0] == 200, within_seconds=60, message="never ready at the end")
        code = self.bridge.stop()
        assert code == 0, f"exit code {code}"
        self.check(most_duplicates)
        self._check_settled()

    def check(self, most_duplicates: int | None = None, *, so_far: bool = False) -> None:
        """Hold what arrived against the truth; `so_far` while play goes on, when some has not arrived yet."""
        most = self.incidents * WINDOW if most_duplicates is None else most_duplicates
        arrived = self.inbox.take()
        expected = self.wallet.expected
        if so_far:
            there = {message.message_id for message in arrived}
            expected = [one for one in list(expected) if one.message_id in there]
        self.note(f"{len(arrived)} arrived, {duplicates(arrived)} of them again, at most {most}")
        check(expected, arrived, most_duplicates=most)

    def _check_settled(self) -> None:
        """Offsets and positions stand at the end, and nothing is left unconfirmed."""
        ledger = self.ledger()
        try:
            assert not ledger.unconfirmed(0, 1), "the ledger holds unconfirmed events"
            assert not list(ledger.held()), "the ledger holds changes that wait"
            parked = [change.record.value for change in ledger.parked()]
            assert sorted(parked, key=str) == sorted(self.wallet.broken, key=str), (
                "other records than the broken are parked"
            )
            ends = self.wallet.ends()
            assert dict(ledger.positions()) == ends, "the ledger's positions are not at the end"
            assert self.wallet.committed() == ends, "the group's committed positions are not at the end"
        finally:
            ledger.close()


@contextmanager
def world(
    addresses: Addresses,
    folder: Path,
    *,
    seed: int,
    queue_type: str = "classic",
    partitions: int = 2,
    players: int = 300,
    wallet: type[FaultWallet] = FaultWallet,
    ledger: Path | None = None,
    environment: Mapping[str, str] | None = None,
    **settings: Any,
) -> Iterator[World]:
    """Yield a world with look-up rows and no play yet.  What fails inside tells seed, timeline and log.

    `ledger` is the folder of the ledger where it is not the one of all else.
    """
    place = (ledger or folder) / "faults.ledger"
    settings["more"] = f'ledger: "{place}"\n{settings.get("more", "")}'
    with ExitStack() as stack:
        play = stack.enter_context(wallet(addresses.kafka_bootstrap, seed, players=players, partitions=partitions))
        inbox = stack.enter_context(Inbox(addresses, queue_type))
        proxy = stack.enter_context(FaultProxy((addresses.rabbitmq_host, addresses.rabbitmq_port)))
        made = World(
            addresses,
            folder,
            wallet=play,
            inbox=inbox,
            proxy=proxy,
            connector=play.connector(folder, inbox.name, **settings),
            environment=environment or {},
            ledger_path=place,
        )
        try:
            yield made
        except Exception as error:
            raise AssertionError(f"{error}\nseed {seed}{made.told()}") from error
        finally:
            # Seen with -s, or when the test fails.
            print(made.told(0))
            if made._bridge is not None and made.bridge.running():
                made.bridge.kill()
