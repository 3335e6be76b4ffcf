"""One server as a process: start, stop, and the faults that tests want of it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from stack.errors import StackError
from stack.processes import Process

POLL_SECONDS = 0.1
LOG_LINES = 30
# Kept through restarts, so that the log of a crash is there after the next start; but not for ever.
LARGEST_LOG_BYTES = 20_000_000


def _nothing() -> None:
    """Most servers have nothing to prepare or to settle."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How one server is started and how it is told apart from one that is not well.

    `prepare` runs before the start (files, an empty data folder), `settle` after the server is well for the
    first time (users).  Both must do nothing when their work is already done.
    """

    name: str
    command: list[str]
    folder: Path
    unwell: Callable[[], str | None]
    environment: dict[str, str] = field(default_factory=dict)
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    prepare: Callable[[], None] = _nothing
    settle: Callable[[], None] = _nothing
    start_seconds: float = 120.0
    stop_seconds: float = 30.0


class NativeServer:
    """A server of the stack that runs as our own process."""

    def __init__(self, launch: Launch, run_folder: Path, cancelled: threading.Event | None = None) -> None:
        self.launch = launch
        self.name = launch.name
        self._pid_file = run_folder / "pids" / f"{launch.name}.json"
        self.log = run_folder / "logs" / f"{launch.name}.log"
        self._cancelled = cancelled or threading.Event()

    @property
    def process(self) -> Process | None:
        return Process.load(self._pid_file)

    @property
    def is_running(self) -> bool:
        return self.process is not None

    def unwell(self) -> str | None:
        """None when the process is ours and answers in its protocol; else what is missing."""
        return "not running" if self.process is None else self.launch.unwell()

    def spawn(self) -> None:
        """Start the process and return at once.  Raises `StackError` when its port belongs to someone else."""
        self._pid_file.unlink(missing_ok=True)
        if self.launch.unwell() is None:
            raise StackError(
                f"{self.name}: another program answers on its port; move ours by its variable (see `env`)"
            )
        self.launch.prepare()
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.old"))
        with self.log.open("ab") as log:
            child = subprocess.Popen(  # the pid file outlives this program; nobody waits here
                self.launch.command,
                cwd=self.launch.folder,
                env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", **self.launch.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self.launch.user,
                group=self.launch.user,
                extra_groups=[] if self.launch.user else None,
                # A session of its own: Ctrl-C at the terminal is ours to handle, not the server's.
                start_new_session=True,
            )
        # Not reaped by Popen: `Process` does that, also for a later program.
        child.returncode = 0
        if (process := Process.of(child.pid)) is not None:
            process.save(self._pid_file)

    def start(self) -> None:
        """Start it if it does not run, and wait until it is well."""
        if self.process is None:
            self.spawn()
        self.wait_until_well()
        self.launch.settle()

    def wait_until_well(self) -> None:
        """Raises `StackError` with the end of the log when the process ends or the deadline passes."""
        end = time.monotonic() + self.launch.start_seconds
        while (missing := self.unwell()) is not None:
            if self._cancelled.wait(POLL_SECONDS):
                raise StackError(f"{self.name}: start was given up")
            if self.process is None:
                raise StackError(f"{self.name} ended while it started\n{self.tail()}")
            if time.monotonic() > end:
                raise StackError(
                    f"{self.name} is not well after {self.launch.start_seconds:.0f} s: {missing}\n{self.tail()}"
                )

    def stop(self, deadline_seconds: float | None = None) -> bool:
        """Ask it to end and wait for that; kill it after the deadline.  False when it had to be killed."""
        process = self.process
        patience = self.launch.stop_seconds if deadline_seconds is None else deadline_seconds
        asked = process is None or process.end(self.launch.stop_signal, patience)
        self._pid_file.unlink(missing_ok=True)
        return asked

    def kill(self) -> None:
        """End it without a chance to clean up, as a power cut would."""
        if (process := self.process) is not None:
            process.kill()
        self._pid_file.unlink(missing_ok=True)

    def restart(self) -> None:
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze it with all its children: connections stay open and nothing answers."""
        for each in self._family():
            each.send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on, and wait until it is well."""
        for each in self._family():
            each.send(signal.SIGCONT)
        self.wait_until_well()

    def _family(self) -> list[Process]:
        process = self.process
        if process is None:
            raise StackError(f"{self.name} is not running")
        return process.family()

    def tail(self) -> str:
        """The end of its log."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
        except OSError:
            lines = []
        return "\n".join([f"--- the end of {self.log}", *lines, "---"])
