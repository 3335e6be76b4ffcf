"""Collecting what tests leave behind, where it is not the one that runs who left it."""

from __future__ import annotations

import gc
import warnings
from typing import Final

import pytest

FORGOTTEN_SOCKETS: Final = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. .socket.socket:pytest.PytestUnraisableExceptionWarning"
)
"""A mark for tests of kafka-python, which forgets the sockets of connections that failed."""


def collect_garbage() -> None:
    """Collect all that is unreachable; sockets among it are nobody's fault here.

    kafka-python forgets the sockets of connections that failed, and other tests shall not be blamed for them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
