"""Load for as long as is asked for, a fault every twenty seconds, and nothing that grows."""

from __future__ import annotations

import random
import time
from pathlib import Path

import psutil
import pytest

from stack.endpoints import Addresses
from tests.faults.steps.network import Network
from tests.faults.steps.play import Arrive, Pass, Play
from tests.faults.steps.process import Freeze, Kill, Ready, Start, Terminate
from tests.faults.steps.servers import (
    Binding,
    CloseConnections,
    DiskAlarm,
    MemoryAlarm,
    QueueFull,
    Server,
)
from tests.faults.world import Step, World, world
from tests.support.fault_proxy import Way

RATE = 2000
EVERY_SECONDS = 20.0
WARM_SECONDS = 10.0
"""A life younger than this has not filled its memory yet."""
MOST_MEGABYTES = 250.0
GROWTH = 1.25
"""What the end may need more than the first half did, in which all that is bounded has filled up.

A new ledger's process grows by some 40 MB with the first million rows: recent values, the entries of the index
that wait, and the filter, of which each new life has more from its start.  A leak goes on after that.
"""

FAULTS: tuple[list[Step], ...] = (
    [Kill(), Start()],
    [Terminate(), Start()],
    [Freeze(3)],
    [CloseConnections()],
    [Network("cut")],
    [Network("stall", Way.TO_CLIENT), Pass(3), Network("heal")],
    [MemoryAlarm(on=True), Pass(3), MemoryAlarm(on=False)],
    [DiskAlarm(on=True), Pass(3), DiskAlarm(on=False)],
    [Binding(there=False), Pass(2), Binding(there=True)],
    [QueueFull(full=True), Pass(2), QueueFull(full=False)],
    [Server("rabbitmq", "kill")],
    [Server("kafka", "kill")],
)


@pytest.mark.usefixtures("alone")
@pytest.mark.timeout(0)
def test_nothing_is_lost_and_nothing_grows(
    request: pytest.FixtureRequest, addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    end = time.monotonic() + 60 * float(request.config.getoption("--soak-minutes"))
    rng = random.Random(seed)
    with world(addresses, tmp_path, seed=seed, queue_type="quorum") as w:
        w.play([Play(rate=RATE), Start(), Ready()])
        needs = [_needs(w)]
        while time.monotonic() < end:
            w.play([*rng.choice(FAULTS), Arrive(RATE)])
            # Keeps the queue short, as whoever consumes does.
            w.inbox.take()
            needs.append(_needs(w))
        w.finish(within_seconds=300)
    assert max(need["megabytes"] for need in needs) < MOST_MEGABYTES, needs
    for what in needs[0]:
        first_half = max(need[what] for need in needs[: len(needs) // 2 + 1])
        assert needs[-1][what] <= GROWTH * first_half, f"{what} grew: {needs}"


def _needs(w: World) -> dict[str, float]:
    """Let the load go on for a while, then return what the process needs."""
    process = psutil.Process(w.bridge.pid)
    young = WARM_SECONDS - (time.time() - process.create_time())
    w.pass_time(max(EVERY_SECONDS, young))
    need = {
        "megabytes": process.memory_info().rss / 1e6,
        "files": float(process.num_fds()),
        "threads": float(process.num_threads()),
    }
    w.note(str(need))
    return need
