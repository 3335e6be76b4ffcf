"""What SIGTERM and Ctrl-C do to `run`, from its first moment on.

The start imports this before anything that takes long, so it imports nothing that does.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

SECOND_SIGNAL_EXIT = 130


def end_on_signals() -> None:
    """Let a signal end the process at once, with 0: nothing has been read, and there is nothing to drain.

    Without a handler, process 1 of a container would not get SIGTERM at all, and be killed after the grace
    period.
    """
    _handle(_end)


def drain_on_signals(stop: Callable[[], None], *, at_once: int) -> None:
    """Let the first signal call `stop`, and the last of `at_once` end the process.

    Ending at once loses nothing either: the ledger holds what is unconfirmed, and sends it again.
    """
    seen = 0

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        nonlocal seen
        seen += 1
        if seen >= at_once:
            sys.stderr.flush()
            os._exit(SECOND_SIGNAL_EXIT)
        stop()

    _handle(on_signal)


def _end(_number: int, _frame: FrameType | None) -> None:
    # Not by an exception: what is being imported may catch it, and a start that goes on would be deaf again.
    os._exit(0)


def _handle(handler: Callable[[int, FrameType | None], None]) -> None:
    signal.signal(signal.SIGTERM, handler)
    signal.signal(signal.SIGINT, handler)
