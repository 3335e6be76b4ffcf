"""The bridge as its users run it: a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


class BridgeProcess:
    """`wallet-bridge run`, started, watched and ended by a test."""

    def __init__(self, connector: Path, environment: Mapping[str, str], state: Path) -> None:
        """Start it.  Its log goes to `bridge.log` in the state folder."""
        self.log = state / "bridge.log"
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "bridge.cli",
                    "run",
                    str(connector),
                    "--state",
                    str(state),
                    "--http",
                    "127.0.0.1:0",
                ],
                env={**os.environ, **environment},
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._process.pid

    def running(self) -> bool:
        """Return whether it still runs."""
        return self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it with SIGKILL, and wait until it is gone."""
        self._process.kill()
        self._process.wait(timeout=10)

    def stop(self, within_seconds: float = 45.0) -> int:
        """Ask it to drain, and return its exit code."""
        if self.running():
            self.signal(signal.SIGTERM)
        return self.wait(within_seconds)

    def wait(self, within_seconds: float) -> int:
        """Return its exit code; a process that does not end is killed, and the test fails."""
        try:
            return self._process.wait(timeout=within_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the bridge did not end within {within_seconds} s:\n{self.tail()}") from None

    def tail(self, lines: int = 30) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
