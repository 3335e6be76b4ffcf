"""Processes that we started, known by pid and start time, so that a pid given to another is never touched."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Process:
    """A process, and the moment it was started at (clock ticks since boot, and the boot it was)."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Process | None:
        """None when no such process runs; one that has ended and waits to be reaped does not run."""
        fields = _stat(pid)
        if fields is None or fields[0] in {"Z", "X"}:
            return None
        return cls(pid, f"{_boot()} {fields[19]}")

    @property
    def is_running(self) -> bool:
        # Ours to reap when this very program started it; else init does.
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)
        return Process.of(self.pid) == self

    def send(self, number: signal.Signals) -> None:
        """Send to this process alone; nothing happens when it has ended."""
        if self.is_running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def family(self) -> list[Process]:
        """This process and all that descend from it, parents first."""
        children: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and (fields := _stat(int(entry.name))) is not None:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
        found, waiting = [], [self.pid]
        while waiting:
            pid = waiting.pop(0)
            if (process := Process.of(pid)) is not None:
                found.append(process)
            waiting.extend(children.get(pid, ()))
        return found if self.is_running else []

    def end(self, number: signal.Signals, deadline_seconds: float) -> bool:
        """Ask with `number`, then kill after the deadline; True when asking was enough.

        Returns once the process and all its descendants are gone.
        """
        family = self.family()
        self.send(number)
        # A stopped process acts on the signal only when it goes on.
        for each in family:
            each.send(signal.SIGCONT)
        if all_gone(family, deadline_seconds):
            return True
        for each in family:
            each.send(signal.SIGKILL)
        all_gone(family, 10)
        return False

    def kill(self) -> None:
        """End it and its descendants at once, without a chance to clean up."""
        family = self.family()
        for each in family:
            each.send(signal.SIGKILL)
        all_gone(family, 10)

    def save(self, path: Path) -> None:
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps({"pid": self.pid, "started": self.started}), encoding="ascii")
        draft.rename(path)

    @classmethod
    def load(cls, path: Path) -> Process | None:
        """The process that the file names, if it still runs and is the same one."""
        try:
            saved = json.loads(path.read_text(encoding="ascii"))
            process = cls(int(saved["pid"]), str(saved["started"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return process if process.is_running else None


def all_gone(processes: list[Process], deadline_seconds: float) -> bool:
    """Wait until none of them runs; False when one still does at the deadline."""
    end = time.monotonic() + deadline_seconds
    while any(each.is_running for each in processes):
        if time.monotonic() > end:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the name in brackets: state, parent, …, start time as number 19."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
