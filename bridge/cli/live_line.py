"""One line at the bottom of a terminal that says how a brand is, below the log."""

from __future__ import annotations

import io
import shutil
import threading
import time
from collections.abc import Sequence
from typing import TextIO

from bridge.running.reporting import Status

_ERASE = "\r\x1b[2K"


class LiveLine(io.TextIOBase):
    """A stream for the log that keeps a line of status below it.  Any thread may write."""

    def __init__(self, terminal: TextIO) -> None:
        """Write to `terminal`, which understands ANSI's erasing of a line."""
        self._terminal = terminal
        self._line = ""
        self._lock = threading.RLock()
        self._last: tuple[float, int] | None = None

    def write(self, text: str) -> int:
        """Write a part of the log above the line."""
        with self._lock:
            self._terminal.write(f"{_ERASE if self._line else ''}{text}")
            if text.endswith("\n"):
                self._terminal.write(self._line)
        return len(text)

    def flush(self) -> None:
        """Let the terminal show what was written."""
        self._terminal.flush()

    def isatty(self) -> bool:
        """Return that this is a terminal."""
        return True

    def show(self, status: Status, troubles: Sequence[str] = ()) -> None:
        """Replace the line; `troubles` are what is wrong now."""
        now = time.monotonic()
        since, before = self._last or (now, status.sent)
        rate = (status.sent - before) / (now - since) if now > since else 0.0
        self._last = (now, status.sent)
        self._replace(words_of(status, rate, troubles))

    def end(self) -> None:
        """Take the line away."""
        self._replace("")

    def _replace(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        with self._lock:
            self._line = text if len(text) <= width else text[: width - 1] + "…"
            self._terminal.write(f"{_ERASE}{self._line}")
            self._terminal.flush()


def words_of(status: Status, rate: float, troubles: Sequence[str] = ()) -> str:
    """Return a status in one line, the trouble last: it may be long."""
    parts = [
        f"{rate:,.0f} events/s",
        f"lag {status.lag:,}",
        f"held {status.held:,}",
        f"parked {status.parked:,}",
        f"unconfirmed {status.pending:,}",
    ]
    if troubles:
        parts.append("; ".join(troubles))
    elif status.last_error:
        parts.append(f"last error: {status.last_error}")
    return "  ".join(parts)


class BrandStream(io.TextIOBase):
    """A stream for the log of one of several brands: each line says whose it is, of every thread and library."""

    def __init__(self, stream: TextIO, brand: str) -> None:
        """Write to `stream` what is written here, a line at a time, with the brand."""
        self._stream = stream
        self._brand = brand

    def write(self, text: str) -> int:
        """Write a whole line of the log."""
        if text.startswith("{") and '"brand":' not in text:
            marked = f'{{"brand": "{self._brand}", {text[1:]}'
        else:
            marked = text if text.startswith("{") or not text.strip() else f"[{self._brand}] {text}"
        self._stream.write(marked)
        return len(text)

    def flush(self) -> None:
        """Hand on what was written."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Return whether the stream below is a terminal."""
        return self._stream.isatty()
