"""The bridge as it is run in earnest: a process of its own, that can be killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from bridge.demo.interrupts import uninterrupted
from bridge.errors import FatalError

STOP_SECONDS = 45.0


class BridgeProcess:
    """`wallet-bridge run` for one brand."""

    def __init__(self, connector: Path, environment: Mapping[str, str], state: Path) -> None:
        """Say what to run; `state` takes its ledger and its log."""
        self._connector = connector
        self._environment = {**os.environ, **environment}
        self._state = state
        self._log = state / f"{connector.stem}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> int:
        """Start it, and return its process id."""
        # Supervised, it ends with the demo even where that is killed itself.
        command = [sys.executable, "-m", "bridge.cli", "run", str(self._connector), "--supervised"]
        command += ["--state", str(self._state), "--http", "127.0.0.1:0", "--log-format", "json"]
        with self._log.open("ab") as log, uninterrupted():
            # Ctrl-C is for the demo, which stops its bridges itself.
            self._process = subprocess.Popen(
                command, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
            return self._process.pid

    def raise_if_ended(self) -> None:
        """Raise FatalError with the end of its log when it has ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            raise FatalError(f"the bridge of {self._connector.stem} has ended by itself:\n{self._tail()}")

    def kill(self) -> None:
        """SIGKILL: no clean-up, no last words."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """SIGTERM: it drains.  Raises FatalError when it does not end well."""
        if self._process is None:
            return
        self.raise_if_ended()
        self._process.terminate()
        try:
            code = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise FatalError(f"the bridge of {self._connector.stem} did not drain:\n{self._tail()}") from None
        self._process = None
        if code:
            raise FatalError(f"the bridge of {self._connector.stem} ended with {code}:\n{self._tail()}")

    def _tail(self) -> str:
        return "\n".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
