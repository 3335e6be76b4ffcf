"""The demo on the real servers: play, a SIGKILL halfway, a restart, and the count at the end."""

from __future__ import annotations

import random
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bridge.demo.arrivals import Queues
from bridge.demo.brands import BRANDS
from bridge.demo.comparing import Outcome
from bridge.demo.counted import Counted, counted
from bridge.demo.interrupts import uninterrupted
from bridge.demo.play import Dealer, Table, wallets
from bridge.demo.process import BridgeProcess
from bridge.demo.screen import Screen
from bridge.demo.servers import Servers
from bridge.demo.wallets_live import live_wallets

SETTLE_SECONDS = 45.0
"""How long the bridge may take for the rest after the last row was written."""
LOOK_SECONDS = 0.2
QUEUE_SECONDS = 10.0


def play_live(
    servers: Servers,
    screen: Screen,
    *,
    rate: float,
    seconds: float,
    seed: int,
    before_cleaning: Callable[[str, list[Outcome]], None] = lambda _run, _outcomes: None,
) -> list[Outcome]:
    """Play for some seconds at `rate` rows a second, and return how each brand came out.

    Takes about 20 seconds longer than `seconds`.  Everything made on the servers is taken away at the
    end, whatever happens.  Raises SourceUnavailable or SinkUnavailable when a server is away, and
    FatalError when a bridge ends by itself.
    """
    run = f"demo-{uuid.uuid4().hex[:8]}"
    with ExitStack() as undo:
        state = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="wallet-bridge-demo-")))
        exchanges = {brand.name: f"fasttrack.{brand.topics(run)}" for brand in BRANDS}
        with uninterrupted():
            queues = Queues(servers.rabbitmq_admin, exchanges, screen.event)
            undo.callback(queues.close)
        for brand in BRANDS:
            screen.say(f"{brand.name}: {brand.says}; arrives in the queue {exchanges[brand.name]}")
        screen.say("making the wallets' tables, and letting Debezium read them ...")
        wallet = undo.enter_context(live_wallets(servers, run))
        bridges = _bridges(servers, run, exchanges, state)
        for bridge in bridges:
            undo.callback(bridge.kill)
        queues.start()
        screen.say(f"the bridge runs, a process for each brand: {_start(bridges)}")
        dealers = [Dealer(one, random.Random(seed)) for one in wallets(seed)]  # noqa: S311 - play, not a secret
        table = Table(dealers, wallet.write, rate, seconds)
        undo.enter_context(screen)
        table.run(_Halfway(table, bridges, queues, screen).tick)
        screen.say(
            f"all {table.written} statements are written; waiting until the bridge has decided every row ..."
        )
        _settle(table, bridges, state)
        for bridge in bridges:
            bridge.stop()
        queues.wait_until_quiet(QUEUE_SECONDS)
        queues.raise_if_failed()
        outcomes = [
            Outcome(
                brand.name, table.truths[brand.name], queues.arrivals[brand.name],
                counted(state, brand.name, brand.table),
            )
            for brand in BRANDS
        ]  # fmt: skip
        before_cleaning(run, outcomes)
        return outcomes


class _Halfway:
    """Watches the play, and kills the bridge when half of it is over."""

    def __init__(self, table: Table, bridges: list[BridgeProcess], queues: Queues, screen: Screen) -> None:
        self._table = table
        self._bridges = bridges
        self._queues = queues
        self._screen = screen
        self._killed = False

    def tick(self) -> None:
        share = self._table.elapsed / self._table.seconds
        arrived = sum(arrivals.events for arrivals in self._queues.arrivals.values())
        self._screen.progress(share, f"{self._table.written} written, {arrived} arrived")
        self._queues.raise_if_failed()
        for bridge in self._bridges:
            bridge.raise_if_ended()
        if share >= 0.5 and not self._killed:
            self._killed = True
            for bridge in self._bridges:
                bridge.kill()
            self._screen.say(
                f"SIGKILL: the bridge is dead, {self._table.written} written, {arrived} arrived", "bold red"
            )
            self._screen.say(f"and started again: {_start(self._bridges)}", "bold green")


def _bridges(servers: Servers, run: str, exchanges: dict[str, str], state: Path) -> list[BridgeProcess]:
    return [
        BridgeProcess(
            brand.connector,
            {
                "KAFKA_BROKERS": servers.kafka,
                "RABBITMQ_URL": servers.rabbitmq_bridge,
                "DEMO_NAME": run,
                "DEMO_EXCHANGE": exchanges[brand.name],
            },
            state,
        )
        for brand in BRANDS
    ]


def _start(bridges: list[BridgeProcess]) -> str:
    return ", ".join(f"pid {bridge.start()}" for bridge in bridges)


def _settle(table: Table, bridges: list[BridgeProcess], state: Path) -> None:
    """Return when the ledgers tell that every row has been decided, or after the time that it may take."""
    end = time.monotonic() + SETTLE_SECONDS

    def settled(found: Counted, rows: int) -> bool:
        return found.decided >= rows and not found.held

    while time.monotonic() < end:
        for bridge in bridges:
            bridge.raise_if_ended()
        if all(settled(counted(state, one.name, one.table), table.truths[one.name].rows) for one in BRANDS):
            return
        time.sleep(LOOK_SECONDS)
