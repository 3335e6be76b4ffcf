"""The thread that sends: one I/O loop, woken at most once for any amount of work."""

from __future__ import annotations

import threading
from collections.abc import Callable

from bridge.delivery.rabbitmq import new_loop


class IoThread:
    """Runs `work` in its own thread whenever somebody wakes it, and timers in between."""

    def __init__(self, begin: Callable[[], None], work: Callable[[], None], ended: Callable[[bool], None]) -> None:
        """`begin` is called first, `ended` last, with False when an error that nobody foresaw ended it."""
        self.loop = new_loop()
        """For `Link`, which lives in this thread."""
        self.running = False
        self._begin, self._work, self._ended = begin, work, ended
        self._scheduled = False
        # The loop may be woken from other threads only while it is open.
        self._open = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self.running = True
        self._thread.start()

    def join(self) -> None:
        """Wait until the thread has ended."""
        self._thread.join()

    def wake(self) -> None:
        """Let `work` run soon; from any thread, never blocks."""
        # The flag saves a system call per batch.  Two threads that both see it down cost one idle round.
        if self._scheduled:
            return
        self._scheduled = True
        with self._open:
            if self.running:
                self.loop.add_callback_threadsafe(self._round)

    def wake_here(self) -> None:
        """Let `work` run in this round of the loop; from the thread itself."""
        if not self._scheduled:
            self._scheduled = True
            self.loop.call_later(0, self._round)

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call something after some seconds; from the thread itself."""
        self.loop.call_later(seconds, call)

    def stop(self) -> None:
        """End the thread after this round; from the thread itself."""
        self.loop.stop()

    def _round(self) -> None:
        self._scheduled = False
        self._work()

    def _run(self) -> None:
        as_told = False
        try:
            self._begin()
            self._round()
            self.loop.start()
            as_told = True
        finally:
            with self._open:
                self.running = False
                self.loop.close()
            self._ended(as_told)
