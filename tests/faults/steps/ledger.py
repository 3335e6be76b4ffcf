"""What happens to the bridge's ledger."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.world import Step, World


@contextmanager
def ledger_locked(world: World) -> Iterator[None]:
    """Hold the write lock of the bridge's ledger: its next transaction waits inside its beginning."""
    connection = sqlite3.connect(world.ledger_path, timeout=20, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
    finally:
        connection.close()


@dataclass(frozen=True)
class WhileLocked:
    """Let steps happen while another program has locked the ledger."""

    steps: tuple[Step, ...]

    def __call__(self, world: World) -> None:
        """See Step."""
        with ledger_locked(world):
            world.play(self.steps)


@dataclass(frozen=True)
class DiskFull:
    """Fill the small disk that the ledger lies on, or make room again."""

    full: bool

    def __call__(self, world: World) -> None:
        """See Step."""
        filler = world.ledger_path.with_name("filler")
        if self.full:
            fill(filler)
        else:
            filler.unlink()


@dataclass(frozen=True)
class DiskReadOnly:
    """Let the small disk that the ledger lies on refuse to be written; only while nobody has a file open."""

    on: bool

    def __call__(self, world: World) -> None:
        """See Step."""
        how = "ro" if self.on else "rw"
        subprocess.run(["mount", "-o", f"remount,{how}", str(world.ledger_path.parent)], check=True)


@dataclass(frozen=True)
class FilesMayGrow:
    """Set or lift a limit of the kernel: no file of the bridge may grow beyond what the ledger's log has now."""

    may: bool

    def __call__(self, world: World) -> None:
        """See Step."""
        log = world.ledger_path.with_name(world.ledger_path.name + "-wal")
        soft = resource.RLIM_INFINITY if self.may else log.stat().st_size
        resource.prlimit(world.bridge.pid, resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))


def fill(path: Path) -> None:
    """Write until the disk is full."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
