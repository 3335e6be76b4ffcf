"""One process at a time may use a ledger file."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from bridge.errors import LedgerMismatch, LedgerUnavailable


class ProcessLock:
    """Held from `__init__` to `release`.  The kernel lets go of it when the process dies, however it dies.

    It belongs to the open file, not to the process (flock): a second opening in the same process is
    refused too, and closing another descriptor of the file does not lose it.
    """

    def __init__(self, ledger: Path) -> None:
        """Take the lock of a ledger file, or raise LedgerMismatch that names the process that has it."""
        path = ledger.with_name(ledger.name + ".lock")
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LedgerUnavailable(f"the lock {path} of the ledger cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.read(self._descriptor, 20).decode("ascii", "replace").strip() or "unknown"
            os.close(self._descriptor)
            raise LedgerMismatch(
                f"the ledger {ledger} is in use by process {owner}: stop that process first, or give the "
                "brand a postgresql:// ledger, which several instances can share"
            ) from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let the next process in.  The file stays: removing it could remove the lock of the next one."""
        os.close(self._descriptor)
