"""Loaded by Python itself where this folder is on its path: turns the wall clock by what a file says.

Only `time.time` and `time.time_ns` are turned, which is where the bridge looks; the monotonic clock goes on.
"""

import os
import time
from pathlib import Path

_FILE = Path(os.environ["TURNED_CLOCK"])
_time_ns = time.time_ns


def _turned_ns() -> int:
    return _time_ns() + int(float(_FILE.read_text()) * 1e9)


time.time_ns = _turned_ns
time.time = lambda: _turned_ns() / 1e9
