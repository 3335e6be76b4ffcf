"""`wallet-bridge` as a shell starts it: a process, its exit code and what it prints."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.cases import ENVIRONMENT, ROOT
from tests.support.eventually import eventually

COMMAND = [sys.executable, "-m", "bridge.cli"]
# What runs the tests may have been started with Ctrl-C ignored, as background jobs are.
HEARS_CTRL_C = ["env", "--default-signal=INT"]


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str


def environment(**changes: str) -> dict[str, str]:
    """Return the variables of a command: those of the examples, and these."""
    return {**os.environ, **ENVIRONMENT, "COLUMNS": "200", "NO_COLOR": "1", **changes}


def wallet_bridge(*arguments: str | Path, **changes: str) -> Said:
    """Run a command to its end."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment(**changes),
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Said(done.returncode, done.stdout, done.stderr)


class Running:
    """A command that goes on until it is told to stop."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log

    def text(self) -> str:
        """Return what it has printed so far."""
        return self.log.read_text(errors="replace")

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the lines of the log with this event name."""
        lines = [line for line in self.text().splitlines() if line.startswith("{") and line.endswith("}")]
        return [line for line in map(json.loads, lines) if line["event"] == name]

    def until(self, name: str, count: int = 1, within_seconds: float = 45) -> list[dict[str, Any]]:
        """Wait for events in the log."""

        def seen() -> list[dict[str, Any]]:
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.text()}"
            found = self.events(name)
            return found if len(found) >= count else []

        try:
            return eventually(seen, within_seconds=within_seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}: no {count} {name} in {self.text()}") from None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def wait(self, within_seconds: float = 45) -> int:
        """Return its exit code."""
        try:
            code = self.process.wait(within_seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end within {within_seconds} s: {self.text()}") from None
        assert "Traceback" not in self.text(), self.text()
        return code


@contextmanager
def started(folder: Path, *arguments: str | Path, **changes: str) -> Iterator[Running]:
    """Yield a command that runs; it is ended with the test."""
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*HEARS_CTRL_C, *COMMAND, *map(str, arguments)],
            stdout=out,
            stderr=out,
            env=environment(**changes),
            cwd=ROOT,
        )
    try:
        yield Running(process, log)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
