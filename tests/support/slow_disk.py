"""A ledger file's disk under a test's control: a real COMMIT waits, or really fails, when the test says so."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bridge.ledger import SqliteLedger


class SlowDisk:
    """Stands at the beginning of every COMMIT of a ledger, in the thread that has come to it.

    A COMMIT fails because the kernel lets no file of this process grow beyond the ledger's log meanwhile: what
    SQLite adds to that is refused, as on a disk that is full.  So nothing may shorten the log.
    """

    def __init__(self, ledger: SqliteLedger, seconds: float = 0.0) -> None:
        """Each COMMIT takes at least so many seconds."""
        self.fails: Callable[[], bool] = lambda: False
        """Asked at each COMMIT whether it fails."""
        self.reads_fail: Callable[[], bool] = lambda: False
        """Asked at each step of what is read beside a commit that is under way."""
        self.commits = 0
        """How many have begun."""
        self._seconds = seconds
        self._goes_on = threading.Event()
        self._goes_on.set()
        self._log = Path(ledger.place + "-wal")
        ledger._link.one("PRAGMA wal_autocheckpoint = 0")
        ledger._link._connection.set_trace_callback(self._statement)
        # Now, and in the thread that will read: SQLite lets a handler in only between two reads, and Python waits
        # for that with the interpreter's lock held, for which whoever reads may be waiting.
        ledger._reader = reader = ledger._link.reader()
        reader._connection.set_progress_handler(self._read, 1)

    def hold(self) -> None:
        """Let the next COMMIT wait for `go_on`."""
        self._goes_on.clear()

    def go_on(self) -> None:
        """Let what waits go on."""
        self._goes_on.set()

    @staticmethod
    def mend() -> None:
        """Let files grow again; the next statement does so too."""
        _limit(resource.RLIM_INFINITY)

    def _statement(self, text: str) -> None:
        self.mend()
        if text != "COMMIT":
            return
        self.commits += 1
        time.sleep(self._seconds)
        assert self._goes_on.wait(20), "the test never let the COMMIT go on"
        if self.fails():
            _limit(self._log.stat().st_size)

    def _read(self) -> bool:
        return self.reads_fail()


def _limit(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
