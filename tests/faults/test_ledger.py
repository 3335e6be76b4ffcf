"""A ledger that cannot be written: the bridge waits, says so, and goes on by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.errors import LedgerUnavailable
from stack.endpoints import Addresses
from tests.faults.broken import Broken
from tests.faults.steps.ledger import DiskFull, DiskReadOnly, FilesMayGrow, WhileLocked
from tests.faults.steps.play import Arrive, Backlog, Pass, Play, Settled, Still
from tests.faults.steps.process import Ready, Said, Start, Terminate
from tests.faults.steps.servers import VisitGroup
from tests.faults.world import world

pytestmark = pytest.mark.faults

LOCKED = Ready(degraded="another program has locked the file")


def test_a_locked_ledger_is_waited_for_over_a_rebalance_and_a_stop(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Backlog(300), Start(), Ready(), Settled()])
        # Events of rows that are read twice count once anyway; what is parked would be parked twice.
        rebalance = (Broken(), Backlog(300), LOCKED, Still(0.5), VisitGroup(), Said("partitions_assigned", 3))
        w.play([WhileLocked(rebalance), Ready(), Settled()])
        stop = (Backlog(300), LOCKED, Terminate(code=LedgerUnavailable.exit_code))
        w.play([WhileLocked(stop), Start()])
        w.finish(most_duplicates=0)


def test_a_disk_that_is_full_or_read_only_is_waited_for(
    addresses: Addresses, tmp_path: Path, small_disk: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed, ledger=small_disk) as w:
        # All is quiet when the disk fills up: so it is a batch of rows that finds no room.
        w.play([Backlog(1000), Start(), Ready(), Settled(), DiskFull(full=True), Backlog(2000)])
        w.play([Ready(degraded="make room on its disk"), Still(1), DiskFull(full=False), Ready(), Settled()])
        w.play([Play(rate=200), Arrive(300), Terminate(), DiskReadOnly(on=True)])
        w.play([Start(), Ready(degraded="cannot be opened: Read-only file system"), Still(1)])
        w.play([DiskReadOnly(on=False), Ready(), Arrive(300)])
        w.finish(most_duplicates=0)


@pytest.mark.long
def test_a_ledger_that_may_not_grow_is_waited_for(addresses: Addresses, tmp_path: Path, seed: int) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Backlog(300), Start(), Ready(), FilesMayGrow(may=False), Play(rate=500)])
        w.play([Ready(degraded="check the disk"), Pass(3), FilesMayGrow(may=True), Ready(), Arrive(1000)])
        w.finish(most_duplicates=0)
