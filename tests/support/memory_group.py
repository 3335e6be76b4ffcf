"""The kernel's own end of a process: a control group in which there is no more memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from tests.support.eventually import eventually

_KINDS: Final = (
    (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.oom_control"),
    (Path("/sys/fs/cgroup"), "memory.max", "memory.events"),
)
"""Where groups are made, what limits one, and what counts its victims: cgroup v1 and v2 (kernel documentation)."""
_LIMIT_BYTES: Final = 512 * 1024
"""What the process may still get; what it has already stays charged to the group that it leaves."""


class MemoryGroup:
    """One control group, empty at first."""

    def __init__(self, folder: Path, victims: str) -> None:
        """Take it as it was made; `victims` names the file that counts them."""
        self._folder = folder
        self._victims = victims

    def starve(self, pid: int) -> None:
        """Let a process get hardly any more memory."""
        (self._folder / "cgroup.procs").write_text(str(pid))

    def killed(self) -> int:
        """Return how many processes the kernel has ended in it."""
        lines = (self._folder / self._victims).read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))

    def removed(self) -> bool:
        """Remove it, as soon as nobody is in it any more; return whether it is gone."""
        with suppress(OSError):
            self._folder.rmdir()
        return not self._folder.exists()


@contextmanager
def memory_group(name: str) -> Iterator[MemoryGroup]:
    """Yield a group; the test is skipped where this user may make none."""
    made = next(filter(None, (_made(parent / name, limit, victims) for parent, limit, victims in _KINDS)), None)
    if made is None:
        pytest.skip("only a root that may make control groups can have the kernel run out of memory for one")
    try:
        yield made
    finally:
        eventually(made.removed, message=f"{name} is still used")


def _made(folder: Path, limit: str, victims: str) -> MemoryGroup | None:
    try:
        folder.mkdir()
        with (folder / limit).open("r+") as file:  # It is there by itself where this is a group.
            file.write(str(_LIMIT_BYTES))
    except OSError:
        with suppress(OSError):
            folder.rmdir()
        return None
    return MemoryGroup(folder, victims)
