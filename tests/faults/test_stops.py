"""Stops that are asked for, a process that sleeps for too long, and a clock that is turned back."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack.endpoints import Addresses
from tests.faults.steps.network import Network
from tests.faults.steps.play import Arrive, Backlog, Pass, Play
from tests.faults.steps.process import Clock, Freeze, Kill, Ready, Said, Start, Terminate, TerminateTwice
from tests.faults.world import world
from tests.support.fault_proxy import Way

pytestmark = pytest.mark.faults

DAY = 86_400.0


def test_stops_under_load_repeat_nothing(addresses: Addresses, tmp_path: Path, seed: int, long: bool) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Backlog(3000), Play(rate=1000), Start()])
        w.play([Arrive(300), Terminate(), Start()] * (20 if long else 3))
        w.finish(most_duplicates=0)


def test_a_bridge_that_slept_past_its_session_or_ended_in_a_hurry_loses_nothing(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    kafka = "session_timeout: 6 s, max_poll_interval: 6 s"
    with world(addresses, tmp_path, seed=seed, kafka=kafka) as w:
        w.play([Backlog(1000), Play(rate=300), Start(), Arrive(200)])
        w.play([Freeze(8), Said("partitions_lost"), Said("partitions_assigned", 2), Ready(), Arrive(500)])
        w.incidents += 1
        w.play([Network("stall", Way.TO_CLIENT), Backlog(500), Pass(0.5), TerminateTwice()])
        w.play([Network("cut"), Network("heal"), Start()])
        w.finish()


@pytest.mark.long
def test_a_stop_while_rabbitmq_is_away_gives_up_draining_and_loses_nothing(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Backlog(1000), Play(rate=300), Start(), Arrive(200)])
        w.play([Network("refuse"), Network("cut"), Ready(degraded="not connected"), Terminate()])
        w.play([Network("heal"), Start()])
        w.finish()


@pytest.mark.long
def test_a_clock_that_is_turned_back_changes_nothing(addresses: Addresses, tmp_path: Path, seed: int) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Clock(0), Backlog(1000), Play(rate=500), Start(), Ready(), Arrive(200)])
        w.play([Clock(-3600), Arrive(500), Clock(-2 * DAY), Arrive(500), Terminate(), Start(), Arrive(200)])
        w.finish(most_duplicates=0)


@pytest.mark.long
def test_a_clock_that_is_turned_back_over_a_kill_changes_nothing(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Clock(DAY), Backlog(1000), Play(rate=500), Start(), Ready(), Arrive(200)])
        w.play([Kill(), Clock(-400 * DAY), Start(), Ready(), Arrive(500), Clock(0), Arrive(300)])
        w.finish()
