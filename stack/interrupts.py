"""Ctrl-C and a polite end: the first one is heard, what cleans up after it is left in peace."""

from __future__ import annotations

import signal
from types import FrameType

NUMBERS = (signal.SIGINT, signal.SIGTERM)


def hear_first() -> None:
    """Let the first Ctrl-C or SIGTERM raise KeyboardInterrupt; those after it are ignored."""
    for number in NUMBERS:
        # A background job of a shell is started with Ctrl-C ignored, and stays so.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def ignore() -> None:
    """Let nothing cut short what comes now, as where servers are being stopped."""
    for number in NUMBERS:
        signal.signal(number, signal.SIG_IGN)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    ignore()
    raise KeyboardInterrupt
