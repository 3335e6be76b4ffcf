"""The faults, one small dataclass each.  A script is a list of them; `random_kills` makes one from a seed."""

from __future__ import annotations

import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import stack
from tests.faults.world import Step, World
from tests.support.eventually import eventually
from tests.support.fault_proxy import Way

# -- load


@dataclass(frozen=True)
class Backlog:
    """Write so many rows at once: enough to fill the window."""

    rows: int

    def __call__(self, world: World) -> None:
        """See Step."""
        world.wallet.play(self.rows)


@dataclass(frozen=True)
class Play:
    """Write rows at a rate from now on."""

    rate: float

    def __call__(self, world: World) -> None:
        """See Step."""
        world.wallet.keep_playing(self.rate)


@dataclass(frozen=True)
class Arrive:
    """Wait until so many more messages have arrived."""

    messages: int

    def __call__(self, world: World) -> None:
        """See Step."""
        world.arrived(world.inbox.depth() + self.messages)


@dataclass(frozen=True)
class Pass:
    """Let time pass: the random part of a script, or how long a fault lasts."""

    seconds: float

    def __call__(self, world: World) -> None:
        """See Step."""
        del world
        time.sleep(self.seconds)


@dataclass(frozen=True)
class Still:
    """See that nothing arrives for some seconds, after what is on its way already."""

    seconds: float

    def __call__(self, world: World) -> None:
        """See Step."""
        time.sleep(0.5)
        before = world.inbox.depth()
        time.sleep(self.seconds)
        assert world.inbox.depth() == before, "events arrived that had no way"


# -- the bridge


@dataclass(frozen=True)
class Start:
    """Start the bridge, and wait for nothing."""

    def __call__(self, world: World) -> None:
        """See Step."""
        world.start()


@dataclass(frozen=True)
class Kill:
    """SIGKILL."""

    def __call__(self, world: World) -> None:
        """See Step."""
        world.kill()


@dataclass(frozen=True)
class Terminate:
    """SIGTERM, which must drain."""

    code: int = 0

    def __call__(self, world: World) -> None:
        """See Step."""
        assert (code := world.bridge.stop()) == self.code, f"exit code {code}"


@dataclass(frozen=True)
class Freeze:
    """SIGSTOP, and SIGCONT after some seconds."""

    seconds: float

    def __call__(self, world: World) -> None:
        """See Step."""
        world.bridge.signal(signal.SIGSTOP)
        time.sleep(self.seconds)
        world.bridge.signal(signal.SIGCONT)


@dataclass(frozen=True)
class Ready:
    """Wait until the bridge says that all is well, or that something is wrong with certain words."""

    degraded: str = ""

    def __call__(self, world: World) -> None:
        """See Step."""

        def said() -> bool:
            status, text = world.page("/ready")
            return status == 503 and self.degraded in text if self.degraded else status == 200

        eventually(said, within_seconds=45, message=f"never {self}, but {world.page('/ready')}")


@dataclass(frozen=True)
class Settled:
    """Wait until everything that was taken in is confirmed, and recorded as that."""

    def __call__(self, world: World) -> None:
        """See Step."""
        eventually(lambda: world.inbox.depth() >= len(world.wallet.expected), within_seconds=30)
        eventually(lambda: not world.unconfirmed(), within_seconds=30, message="events stay unconfirmed")


# -- RabbitMQ


@dataclass(frozen=True)
class Server:
    """Stop, kill or freeze a server, and let it work again after some seconds."""

    name: str
    how: str
    seconds: float = 0.0

    def __call__(self, world: World) -> None:
        """See Step."""
        server = stack.server(self.name)
        world.incidents += 1
        {"stop": server.stop, "kill": server.kill, "pause": server.pause}[self.how]()
        try:
            time.sleep(self.seconds)
        finally:
            server.resume() if self.how == "pause" else server.start()


@dataclass(frozen=True)
class CloseConnections:
    """What an operator does in the management pages."""

    def __call__(self, world: World) -> None:
        """See Step."""
        world.incidents += 1
        world.inbox.close_connections()


@dataclass(frozen=True)
class MemoryAlarm:
    """RabbitMQ blocks what publishes, until its memory is enough again."""

    on: bool

    def __call__(self, world: World) -> None:
        """See Step."""
        del world
        memory_alarm(self.on)


def memory_alarm(on: bool) -> None:
    """Set RabbitMQ's memory limit to nothing, or to what it is by default."""
    stack.rabbitmqctl("set_vm_memory_high_watermark", "0.0000001" if on else "0.6")


@dataclass(frozen=True)
class Exchange:
    """Delete the exchange, or make it again with its queue."""

    there: bool

    def __call__(self, world: World) -> None:
        """See Step."""
        if self.there:
            world.inbox.declare_exchange()
            world.inbox.bind()
        else:
            world.incidents += 1
            world.inbox.delete_exchange()


@dataclass(frozen=True)
class Binding:
    """Unbind the queue, so that events are returned, or bind it again."""

    there: bool

    def __call__(self, world: World) -> None:
        """See Step."""
        world.inbox.bind() if self.there else world.inbox.unbind()


@dataclass(frozen=True)
class QueueFull:
    """Let the queue refuse what comes, or take everything again."""

    full: bool

    def __call__(self, world: World) -> None:
        """See Step."""
        world.inbox.limit(1) if self.full else world.inbox.unlimit()


# -- the network to RabbitMQ


@dataclass(frozen=True)
class Network:
    """Do to the connection what a `FaultProxy` can: refuse, cut, half_open, stall, delay, trickle, heal."""

    what: str
    way: Way | None = None
    seconds: float | None = None

    def __call__(self, world: World) -> None:
        """See Step."""
        if self.what in {"cut", "half_open", "stall"}:
            world.incidents += 1
        given = [each for each in (self.way, self.seconds) if each is not None]
        getattr(world.proxy, self.what)(*given)


# -- the ledger


@contextmanager
def ledger_locked(world: World) -> Iterator[None]:
    """Hold the write lock of the bridge's ledger: its next transaction waits inside its beginning."""
    connection = sqlite3.connect(world.ledger_path, timeout=20, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
    finally:
        connection.close()


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
        world.wallet.play(600)
        before = world.inbox.depth()
        eventually(lambda: world.inbox.depth() > before, message="nothing arrived")
        with ledger_locked(world):
            left = world.inbox.depth()
            # Confirms of what is on its way come within the pause; the lock keeps them out of the ledger.
            eventually(lambda: world.inbox.depth() > left or world.unconfirmed() > 0, message="all was marked")
            time.sleep(0.3)
            world.kill()


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


POINTS: tuple[Step, ...] = (
    KillInTransaction(),
    KillAsLedgerGrows(),
    KillBeforePublishing(),
    KillBeforeConfirm(),
    KillBeforeMarked(),
    KillInReconnect(),
)


def random_kills(kills: int, seed: int) -> list[Step]:
    """Return a script: so many lives of random length, from half-way into the start to some work done."""
    rng = random.Random(seed)
    script: list[Step] = [Backlog(6000), Play(rate=1500), Start()]
    for number in range(kills):
        # Two of three are let get to work first, so that kills do not fall on starts alone.
        if number % 3:
            script += [Arrive(1), Pass(round(rng.uniform(0, 1.0), 3))]
        else:
            script.append(Pass(round(rng.uniform(0.05, 2.0), 3)))
        script += [Kill(), Start()]
    return script
