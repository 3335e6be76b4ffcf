"""Stops that are asked for, and a process that sleeps for too long."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from bridge.cli.run import SECOND_SIGNAL_EXIT
from stack.endpoints import Addresses
from tests.faults.steps import Arrive, Backlog, Freeze, Network, Pass, Play, Ready, Start, Terminate
from tests.faults.world import world
from tests.support.fault_proxy import Way

pytestmark = pytest.mark.faults


def test_stops_under_load_repeat_nothing(addresses: Addresses, tmp_path: Path, seed: int) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Backlog(3000), Play(rate=1000), Start()])
        for _ in range(4):
            w.play([Arrive(300), Terminate(), Start()])
        w.finish(most_duplicates=0)


def test_a_second_signal_ends_the_bridge_at_once_and_loses_nothing(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Backlog(3000), Start(), Ready(), Network("stall", Way.TO_CLIENT), Backlog(500), Pass(0.5)])
        w.bridge.signal(signal.SIGTERM)
        time.sleep(0.5)
        assert w.bridge.running(), "the first signal drains, and nothing can be confirmed"
        w.bridge.signal(signal.SIGTERM)
        assert w.bridge.wait(2) == SECOND_SIGNAL_EXIT
        w.incidents += 1
        w.play([Network("cut"), Network("heal"), Start()])
        w.finish()


def test_a_bridge_that_sleeps_past_its_poll_interval_goes_on_and_loses_nothing(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    kafka = "session_timeout: 6 s, max_poll_interval: 6 s"
    with world(addresses, tmp_path, seed=seed, kafka=kafka) as w:
        w.play([Backlog(1000), Play(rate=500), Start(), Arrive(200), Freeze(10), Arrive(500)])
        w.incidents += 1
        w.finish()
