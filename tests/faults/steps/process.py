"""What happens to the bridge's process."""

from __future__ import annotations

import resource
import signal
import time
from dataclasses import dataclass

from bridge.cli.signals import SECOND_SIGNAL_EXIT
from tests.faults.world import World
from tests.support.eventually import eventually
from tests.support.fault_proxy import Way
from tests.support.memory_group import memory_group


@dataclass(frozen=True)
class Start:
    """Start the bridge, and wait for nothing."""

    def __call__(self, world: World) -> None:
        """See Step."""
        world.start()


@dataclass(frozen=True)
class Kill:
    """SIGKILL: what the kernel also sends when there is no memory left."""

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
class TerminateTwice:
    """SIGTERM while nothing can be confirmed, and again: the second ends the bridge at once."""

    def __call__(self, world: World) -> None:
        """See Step."""
        world.incidents += 1
        world.bridge.signal(signal.SIGTERM)
        time.sleep(0.5)
        assert world.bridge.running(), "the first signal drains, and nothing can be confirmed"
        world.bridge.signal(signal.SIGTERM)
        assert world.bridge.wait(5) == SECOND_SIGNAL_EXIT


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

        eventually(said, within_seconds=60, message=f"never {self}, but {world.page('/ready')}")


@dataclass(frozen=True)
class Said:
    """Wait until the bridge has logged an event so often, since the first start."""

    event: str
    times: int = 1

    def __call__(self, world: World) -> None:
        """See Step."""
        eventually(
            lambda: world.bridge.log.read_text().count(f'"{self.event}"') >= self.times,
            within_seconds=60,
            message=f"the bridge did not say {self.event} {self.times} times",
        )


@dataclass(frozen=True)
class Ends:
    """Wait until the bridge has ended by itself, with this code and with these words at last."""

    code: int
    words: str

    def __call__(self, world: World) -> None:
        """See Step."""
        assert (code := world.bridge.wait(60)) == self.code, f"exit code {code}"
        assert self.words in world.bridge.tail(1), world.bridge.tail(1)


@dataclass(frozen=True)
class Clock:
    """Turn the bridge's clock by so many seconds; below zero is back.  Needs a world with `clock`."""

    seconds: float

    def __call__(self, world: World) -> None:
        """See Step."""
        world.turn_clock(self.seconds)


@dataclass(frozen=True)
class OutOfMemory:
    """Give the bridge no more memory than it has, and more work than that holds; kill what has not ended then.

    That is what the kernel does, a moment later and to whom it likes.  What fails before, fails where it happens
    to ask for memory: in a thread, in a library, in the middle of a batch.
    """

    def __call__(self, world: World) -> None:
        """See Step."""
        world.proxy.stall(Way.TO_SERVER)
        resource.prlimit(world.bridge.pid, resource.RLIMIT_AS, (1, resource.RLIM_INFINITY))
        world.wallet.play(20_000)
        world.proxy.heal()
        time.sleep(3)
        if world.bridge.running():
            world.kill()
        else:
            world.incidents += 1
            assert world.bridge.stop() != 0, "it ended as if all were well"


@dataclass(frozen=True)
class KernelOutOfMemory:
    """Let the kernel find no memory for the bridge, and end it: where it asks for a page, and without a word."""

    def __call__(self, world: World) -> None:
        """See Step."""
        with memory_group(f"wallet-bridge-{world.bridge.pid}") as group:
            world.incidents += 1
            group.starve(world.bridge.pid)
            world.wallet.play(5_000)
            assert world.bridge.wait(60) == -signal.SIGKILL
            assert group.killed() == 1
