"""SIGKILL: at random moments, and at the points where it could do harm."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack.endpoints import Addresses
from tests.faults.steps import POINTS, Backlog, KillBeforeConfirm, Ready, Settled, Start, random_kills
from tests.faults.world import Step, world
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


@pytest.mark.parametrize("point", POINTS, ids=lambda point: type(point).__name__)
def test_a_kill_at_a_chosen_point_loses_nothing(
    point: Step, addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Backlog(300), Start(), Ready(), Settled(), point, Start()])
        w.finish()


def test_a_kill_between_arrival_and_confirm_repeats_and_the_check_sees_it(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Start(), Ready(), KillBeforeConfirm(), Start()])
        w.finish()
        assert duplicates(w.inbox.taken) > 0, "a fault that repeats nothing proves nothing"
