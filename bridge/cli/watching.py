"""What a person learns of a running brand: trouble in the log as it begins, and a line of status."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from bridge.cli.live_line import LiveLine
from bridge.running.reporting import Status
from bridge.telemetry.http import Health

LOG = structlog.get_logger(__name__)


class Watch:
    """Told once a second how a brand is.  Each trouble is logged when it begins, and once it is over."""

    def __init__(self, health: Callable[[], Health], line: LiveLine | None) -> None:
        """Ask `health` for what is wrong now; keep `line` up to date where there is one."""
        self._health = health
        self._line = line
        self._troubles: tuple[str, ...] = ()

    def __call__(self, status: Status) -> None:
        """Look, and say what is new."""
        troubles = tuple(self._health().reasons)
        for trouble in troubles:
            if trouble not in self._troubles:
                LOG.warning("trouble", reason=trouble)
        if self._troubles and not troubles:
            LOG.info("well_again")
        self._troubles = troubles
        if self._line is not None:
            self._line.show(status, troubles)
