"""What is played, and how long is waited for it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tests.faults.world import World
from tests.support.eventually import eventually


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
        world.arrived(world.look() + self.messages)


@dataclass(frozen=True)
class Pass:
    """Let time pass: the random part of a script, or how long a fault lasts."""

    seconds: float

    def __call__(self, world: World) -> None:
        """See Step."""
        world.pass_time(self.seconds)


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


@dataclass(frozen=True)
class Settled:
    """Wait until everything that was written so far has arrived, is confirmed, and recorded as that."""

    def __call__(self, world: World) -> None:
        """See Step."""
        wanted = len(world.wallet.expected)
        eventually(
            lambda: world.inbox.depth() >= wanted, within_seconds=60, message=f"fewer than {wanted} arrived"
        )
        eventually(lambda: not world.unconfirmed(), within_seconds=60, message="events stay unconfirmed")
