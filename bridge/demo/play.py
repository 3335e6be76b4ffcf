"""Plays rounds into wallets at a rate, and keeps the truth of what it wrote."""

from __future__ import annotations

import heapq
import itertools
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from bridge.demo.harbour import Harbour
from bridge.demo.northern_lights import NorthernLights, Steps
from bridge.demo.truth import Truth, Write

TICK_SECONDS = 0.01
LONGEST_SECONDS = 0.1
"""A database that is slower than the rate must not keep the rest from happening."""


class Wallet(Protocol):
    """A generator of one brand's rounds."""

    @property
    def brand(self) -> str:
        """Return the brand's name."""

    @property
    def situations(self) -> Mapping[str, tuple[int, Callable[[datetime], Steps]]]:
        """Return what can happen: by name, how often, and what makes the statements of it."""


def wallets(seed: int) -> tuple[Wallet, ...]:
    """Return the two wallets of the demo; the same seed plays the same rounds."""
    return (
        NorthernLights(random.Random(seed)),  # noqa: S311 - play, not a secret
        Harbour(random.Random(seed + 1)),  # noqa: S311
    )


@dataclass
class Dealer:
    """Chooses a wallet's rounds: every situation once, in a shuffled order, and then by their weights."""

    wallet: Wallet
    rng: random.Random
    _first: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._first = sorted(self.wallet.situations)
        self.rng.shuffle(self._first)
        # What is met in the first second: the demo opens with play, not with a parked row.
        self._first += ["bet_and_win"] * 3

    def deal(self, at: datetime) -> Steps:
        """Return the statements of a new round."""
        situations = self.wallet.situations
        if self._first:
            name = self._first.pop()
        else:
            weights = [weight for weight, _ in situations.values()]
            name = self.rng.choices(list(situations), weights)[0]
        return situations[name][1](at)


@dataclass
class Table:
    """Where the wallets are played: writes what is due, at a rate, and lets begun rounds end."""

    dealers: list[Dealer]
    write: Callable[[str, Write], None]
    """Commits one statement of a brand."""
    rate: float
    """Statements a second, over all brands."""
    seconds: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    truths: dict[str, Truth] = field(default_factory=dict)
    written: int = 0

    def __post_init__(self) -> None:
        self.truths = {dealer.wallet.brand: Truth() for dealer in self.dealers}
        self._due: list[tuple[float, int, str, Write]] = []
        self._order = itertools.count()
        self._started = self.clock()
        self._dealt = 0
        self._turns = itertools.cycle(self.dealers)

    @property
    def elapsed(self) -> float:
        """Return the seconds since the first round, at most what was asked for."""
        return min(self.clock() - self._started, self.seconds)

    def run(self, on_tick: Callable[[], None]) -> None:
        """Play.  `on_tick` is called a hundred times a second."""
        self._started = self.clock()
        while True:
            now = self.clock() - self._started
            if now < self.seconds:
                self._deal(now)
            self._write_due(now)
            on_tick()
            if now >= self.seconds and not self._due:
                return
            self.sleep(TICK_SECONDS)

    def _deal(self, now: float) -> None:
        while self._dealt < self.rate * now:
            dealer = next(self._turns)
            for after, write in dealer.deal(datetime.now(UTC)):
                heapq.heappush(self._due, (now + after, next(self._order), dealer.wallet.brand, write))
                self._dealt += 1

    def _write_due(self, now: float) -> None:
        until = now + LONGEST_SECONDS
        while self._due and self._due[0][0] <= now and self.clock() - self._started < until:
            _, _, brand, write = heapq.heappop(self._due)
            self.write(brand, write)
            self.truths[brand].add(write)
            self.written += 1
