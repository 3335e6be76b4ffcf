"""Several brands: one process for each, started again when it falls, stopped together."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from bridge.errors import ConfigError, FatalError

LOG = structlog.get_logger(__name__)

ENDED_AT_ONCE: Final = 130
"""The exit code after a second request to stop."""
STEADY_SECONDS: Final = 60.0
"""A process that has run for so long begins with short waits again."""
_LOOK_EVERY_SECONDS: Final = 0.1
_STAYS_DOWN: Final = frozenset({0, FatalError.exit_code, ConfigError.exit_code})
"""Exit codes after which a start would end the same way, or was not wanted."""


@dataclass(frozen=True, slots=True)
class BrandProcess:
    """What to start for one brand."""

    brand: str
    command: Sequence[str]
    environment: Mapping[str, str] | None = None
    """None: the supervisor's own."""


@dataclass(slots=True)
class _Child:
    spec: BrandProcess
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    falls: int = 0
    """How often it has fallen in a row."""
    start_at: float = 0.0
    code: int | None = field(default=None)
    """How it ended for good; None while it runs or will run again."""


class Supervisor:
    """Runs a process for each brand.  One brand's trouble never stops another."""

    def __init__(
        self,
        brands: Sequence[BrandProcess],
        *,
        first_wait_seconds: float = 1.0,
        longest_wait_seconds: float = 60.0,
    ) -> None:
        self._children = [_Child(spec) for spec in brands]
        self._first_wait = first_wait_seconds
        self._longest_wait = longest_wait_seconds
        self._woken = threading.Event()
        self._stops = 0

    def stop(self) -> None:
        """Let every process drain; called again, end them at once.  May be called from a signal handler."""
        self._stops += 1
        self._woken.set()

    def run(self) -> int:
        """Start all, and return once none runs any more and none will: 0, or the exit code that weighs most.

        A process that ends with 75, by a signal or by a mistake of ours is started again, after a wait that
        doubles each time.  One that ends with 70 or 78 stays down; the others go on.
        """
        forwarded = False
        try:
            while True:
                if self._stops > 1:
                    return ENDED_AT_ONCE
                if self._stops and not forwarded:
                    forwarded = True
                    self._forward()
                self._look()
                if all(child.code is not None for child in self._children):
                    return self._worst()
                self._woken.wait(_LOOK_EVERY_SECONDS)
                self._woken.clear()
        finally:
            self._kill()

    def _look(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.code is not None:
                continue
            if child.process is None:
                if self._stops:
                    child.code = 0
                elif now >= child.start_at:
                    self._start(child, now)
                continue
            code = child.process.poll()
            if code is not None:
                child.process = None
                self._ended(child, code, now)

    def _start(self, child: _Child, now: float) -> None:
        # Their own group: Ctrl-C on a terminal reaches the supervisor alone, which passes it on once.
        child.process = subprocess.Popen(
            list(child.spec.command), env=child.spec.environment, stdin=subprocess.DEVNULL, process_group=0
        )
        child.started = now
        LOG.info("brand_started", brand=child.spec.brand, pid=child.process.pid)

    def _ended(self, child: _Child, code: int, now: float) -> None:
        brand = child.spec.brand
        if self._stops or code in _STAYS_DOWN:
            # One that was still starting had nothing to drain.
            child.code = code = 0 if code == -signal.SIGTERM else code
            if code:
                LOG.error("brand_stopped", brand=brand, exit_code=code)
            else:
                LOG.info("brand_stopped", brand=brand, exit_code=code)
            return
        child.falls = 1 if now - child.started > STEADY_SECONDS else child.falls + 1
        wait = min(self._longest_wait, self._first_wait * 2.0 ** (min(child.falls, 20) - 1))
        child.start_at = now + wait
        cause = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        LOG.warning("brand_starts_again", brand=brand, cause=cause, after_seconds=wait)

    def _forward(self) -> None:
        for child in self._children:
            if child.process is not None and child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)

    def _worst(self) -> int:
        codes = {child.code for child in self._children if child.code}
        for heavy in (FatalError.exit_code, ConfigError.exit_code):
            if heavy in codes:
                return heavy
        return max((code if code > 0 else 128 - code for code in codes if code), default=0)

    def _kill(self) -> None:
        """Leave nothing behind.  Nothing is lost by it: each ledger holds what is unconfirmed."""
        for child in self._children:
            if child.process is not None and child.process.poll() is None:
                child.process.kill()
                child.process.wait()
