"""Wait for a condition with a deadline, and say what was missing when it passes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(
    condition: Callable[[], T], *, within_seconds: float = 10.0, message: str = "the condition never held"
) -> T:
    """Return the first truthy result of `condition`; raise AssertionError after the deadline."""
    deadline = time.monotonic() + within_seconds
    pause = 0.002
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() >= deadline:
            raise AssertionError(f"{message} (waited {within_seconds:g} s, last result: {result!r})")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
