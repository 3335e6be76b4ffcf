"""SIGKILL: at random moments, and at the points where it could do harm."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from stack.endpoints import Addresses
from tests.faults.steps.kills import POINTS, random_kills
from tests.faults.steps.play import Arrive, Backlog, Play, Settled
from tests.faults.steps.process import KernelOutOfMemory, OutOfMemory, Ready, Start
from tests.faults.world import world
from tests.support.ledger_check import duplicates

pytestmark = pytest.mark.faults


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("queue_type", ["classic", "quorum"])
def test_kills_at_random_moments_lose_nothing_and_repeat_no_more_than_the_window(
    queue_type: str, addresses: Addresses, tmp_path: Path, seed: int, long: bool
) -> None:
    kills = (200 if long else 20) // 2
    with world(addresses, tmp_path, seed=seed, queue_type=queue_type) as w:
        w.play(random_kills(kills, seed))
        w.finish()


@pytest.mark.timeout(900)
def test_kills_at_the_points_that_could_do_harm_lose_nothing(
    addresses: Addresses, tmp_path: Path, seed: int, long: bool
) -> None:
    points = list(POINTS) * (4 if long else 1)
    random.Random(seed).shuffle(points)
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Backlog(300), Start()])
        for point in points:
            w.play([Ready(), Settled(), point, Start()])
        w.finish()
        assert duplicates(w.inbox.taken) > 0, "a kill before the confirm repeats: without that, nothing is proved"


@pytest.mark.long
def test_a_bridge_that_gets_no_more_memory_loses_nothing(addresses: Addresses, tmp_path: Path, seed: int) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Backlog(1000), Play(rate=500), Start(), Arrive(500), OutOfMemory(), Start(), Arrive(500)])
        w.finish()


@pytest.mark.long
def test_a_bridge_that_the_kernel_ends_for_want_of_memory_loses_nothing(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Backlog(1000), Play(rate=500), Start(), Arrive(500)])
        for _time in range(3):
            w.play([KernelOutOfMemory(), Start(), Arrive(500)])
        w.finish()
