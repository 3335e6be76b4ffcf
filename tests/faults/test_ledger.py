"""A ledger that cannot be written: the bridge waits, says so, and goes on by itself."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.errors import LedgerUnavailable
from stack.endpoints import Addresses
from tests.faults.broken import WAYS, write_broken
from tests.faults.steps import (
    Arrive,
    Backlog,
    Pass,
    Play,
    Ready,
    Settled,
    Start,
    Still,
    Terminate,
    ledger_locked,
)
from tests.faults.world import world
from tests.support.eventually import eventually

pytestmark = pytest.mark.faults


def test_a_ledger_that_another_program_locks_is_waited_for(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Backlog(1000), Play(rate=500), Start(), Ready()])
        with ledger_locked(w):
            w.play([Ready(degraded="another program has locked the file"), Still(2)])
        w.play([Ready(), Arrive(500)])
        w.finish(most_duplicates=0)


def test_a_rebalance_while_the_ledger_is_locked_takes_nothing_in_twice(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Backlog(300), Start(), Ready(), Settled()])
        with ledger_locked(w):
            for way in WAYS:
                write_broken(w, way)
            w.play([Backlog(300), Ready(degraded="another program has locked the file")])
            w.wallet.visit_group()
            eventually(
                lambda: w.bridge.log.read_text().count('"partitions_assigned"') > 2,
                within_seconds=30,
                message="the partitions did not come back",
            )
        w.play([Ready()])
        # Events of rows that are read twice count once anyway; what is parked would be parked twice.
        w.finish(most_duplicates=0)


def test_a_stop_while_the_ledger_is_locked_ends_soon_and_says_so(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Backlog(300), Start(), Ready(), Settled()])
        with ledger_locked(w):
            w.play([Backlog(300), Ready(degraded="another program has locked the file")])
            w.play([Terminate(code=LedgerUnavailable.exit_code)])
        w.play([Start()])
        w.finish(most_duplicates=0)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of few megabytes; a file in it can fill the rest."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode:
        pytest.skip("a small disk can only be mounted by a root that may mount")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_waited_for(addresses: Addresses, small_disk: Path, seed: int) -> None:
    filler = small_disk / "filler"
    with world(addresses, small_disk, seed=seed) as w:
        w.play([Backlog(1000), Play(rate=300), Start(), Ready()])
        fill(filler)
        w.play([Ready(degraded="make room on its disk"), Still(2)])
        filler.unlink()
        w.play([Ready(), Arrive(300), Pass(1)])
        w.finish(most_duplicates=0)


def fill(path: Path) -> None:
    """Write until the disk is full."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
