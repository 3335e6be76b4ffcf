"""One line a step, with the seconds since the command began."""

from __future__ import annotations

import sys
import threading
import time


class Progress:
    """Prints steps to standard error, so that standard output stays free for what other programs read."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._began = time.monotonic()
        self._quiet = quiet
        # Servers start side by side, and each tells of itself.
        self._lock = threading.Lock()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def say(self, text: str) -> None:
        if self._quiet:
            return
        with self._lock:
            sys.stderr.write(f"{self.seconds:6.1f} s  {text}\n")
            sys.stderr.flush()
