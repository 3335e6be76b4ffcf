"""What happens on the way to RabbitMQ."""

from __future__ import annotations

from dataclasses import dataclass

from pika import frame, spec

from tests.faults.world import World
from tests.support.fault_proxy import Way


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


@dataclass(frozen=True)
class CloseChannel:
    """Say in RabbitMQ's name that the channel is closed by an error, while nothing else is said."""

    code: int = 541
    words: str = "INTERNAL_ERROR - a queue has crashed"

    def __call__(self, world: World) -> None:
        """See Step."""
        world.incidents += 1
        close = spec.Channel.Close(self.code, self.words, 0, 0)
        world.proxy.inject(Way.TO_CLIENT, frame.Method(1, close).marshal())
