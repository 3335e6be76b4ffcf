"""SIGKILL at random moments, and at the points where it could do harm."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass

from bridge.telemetry.metrics import PREFIX
from tests.faults.steps.ledger import ledger_locked
from tests.faults.steps.play import Arrive, Backlog, Pass, Play
from tests.faults.steps.process import Kill, Ready, Said, Start
from tests.faults.world import Step, World
from tests.support.eventually import eventually
from tests.support.fault_proxy import Way


@dataclass(frozen=True)
class KillInTransaction:
    """Kill while the bridge stands at the beginning of a ledger transaction."""

    def __call__(self, world: World) -> None:
        """See Step."""
        with ledger_locked(world):
            # Positions cannot move any more; what is under way in a batch gets as far as the lock.
            world.wallet.play(600)
            time.sleep(0.5)
            world.kill()


@dataclass(frozen=True)
class KillAsLedgerGrows:
    """Kill in the very moment in which the ledger's log is written to."""

    def __call__(self, world: World) -> None:
        """See Step."""
        log = world.ledger_path.with_name(world.ledger_path.name + "-wal")
        before = log.stat().st_mtime_ns
        world.wallet.play(600)
        end = time.monotonic() + 10
        while log.stat().st_mtime_ns == before:
            assert time.monotonic() < end, "the ledger is not written to"
        world.kill()


@dataclass(frozen=True)
class KillBeforePublishing:
    """Kill when the ledger holds events of which no byte has left."""

    def __call__(self, world: World) -> None:
        """See Step."""
        world.proxy.stall(Way.TO_SERVER)
        world.wallet.play(600)
        eventually(lambda: world.unconfirmed() > 100, message="the ledger has not taken the rows in")
        world.kill()
        world.proxy.cut()
        world.proxy.heal()


@dataclass(frozen=True)
class KillBeforeConfirm:
    """Kill when events have arrived whose confirms have not come back."""

    def __call__(self, world: World) -> None:
        """See Step."""
        world.proxy.stall(Way.TO_CLIENT)
        before = world.inbox.depth()
        world.wallet.play(600)
        eventually(lambda: world.inbox.depth() > before + 50, message="nothing arrived")
        world.kill()
        world.proxy.cut()
        world.proxy.heal()


@dataclass(frozen=True)
class KillBeforeMarked:
    """Kill when events are confirmed and the ledger could not be told."""

    def __call__(self, world: World) -> None:
        """See Step."""
        world.proxy.stall(Way.TO_CLIENT)
        before = world.inbox.depth()
        world.wallet.play(600)
        eventually(lambda: world.inbox.depth() > before, message="nothing arrived")
        with ledger_locked(world):
            there = world.unconfirmed()
            world.proxy.heal()
            # Confirms are heard now; the lock keeps them out of the ledger.
            eventually(lambda: 0 <= _pending(world) < there, message="it heard of no confirm")
            assert world.unconfirmed() == there
            world.kill()


def _pending(world: World) -> float:
    """Return how many events the bridge has heard no confirm of; -1 while it cannot be asked."""
    return next((one.value for one in world.samples() if one.name == f"{PREFIX}outbox_pending"), -1)


@dataclass(frozen=True)
class KillInReconnect:
    """Kill while the bridge tries to reach RabbitMQ again."""

    def __call__(self, world: World) -> None:
        """See Step."""
        world.incidents += 1
        world.proxy.refuse()
        world.proxy.cut()
        Ready(degraded="not connected")(world)
        world.kill()
        world.proxy.heal()


@dataclass(frozen=True)
class KillInStart:
    """Kill a bridge that is being started: when it has opened its ledger, and reads what it knows."""

    def __call__(self, world: World) -> None:
        """See Step."""
        world.wallet.play(200)
        world.kill()
        begun = world.bridge.log.read_text().count('"serving"')
        world.start()
        Said("serving", begun + 1)(world)
        world.kill()


@dataclass(frozen=True)
class KillInRevoke:
    """Kill while the bridge gives partitions up, and waits for the confirms of what they led to."""

    def __call__(self, world: World) -> None:
        """See Step."""
        world.proxy.stall(Way.TO_CLIENT)
        before = world.inbox.depth()
        world.wallet.play(600)
        eventually(lambda: world.inbox.depth() > before + 50, within_seconds=30, message="nothing arrived")
        visit = threading.Thread(target=world.wallet.visit_group, daemon=True)
        visit.start()
        # A member that polls answers a rebalance at once: one that lasts is waiting for its confirms.
        eventually(world.wallet.rebalancing, within_seconds=30, message="the group does not rebalance")
        time.sleep(1.0)
        assert world.wallet.rebalancing(), "the bridge did not wait for its confirms"
        world.kill()
        world.proxy.cut()
        world.proxy.heal()
        visit.join(60)
        assert not visit.is_alive(), "the visitor of the group never left"


POINTS: tuple[Step, ...] = (
    KillInTransaction(),
    KillAsLedgerGrows(),
    KillBeforePublishing(),
    KillBeforeConfirm(),
    KillBeforeMarked(),
    KillInReconnect(),
    KillInStart(),
    KillInRevoke(),
)


def random_kills(kills: int, seed: int) -> list[Step]:
    """Return a script: so many lives of random length, from half-way into the start to some work done."""
    rng = random.Random(seed)
    script: list[Step] = [Backlog(6000), Play(rate=1500), Start()]
    for number in range(kills):
        # Two of three are let get to work first, so that kills do not fall on starts alone.
        if number % 3:
            script += [Arrive(1), Pass(round(rng.uniform(0, 0.6), 3))]
        else:
            script.append(Pass(round(rng.uniform(0.05, 1.6), 3)))
        script += [Kill(), Start()]
    return script
