"""The connection to a ledger file: durable transactions, translated errors."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bridge.errors import LedgerMismatch, LedgerUnavailable

IN_MEMORY: Final = ":memory:"

PAGE_BYTES: Final = 8192
"""Of a new file: half as many pages are changed by a batch as with 4 KiB, at less than twice the bytes."""

CHECKPOINT_PAGES: Final = 1000
"""Of PAGE_BYTES: how far the log grows before it is worked into the file, inside a commit."""

Row = tuple[Any, ...]

# The module looks for an adapter of each value but numbers and text, and only finding one is quick.
sqlite3.register_adapter(bytes, bytes)

_ADVICE: Final = {
    "SQLITE_FULL": "make room on its disk",
    "SQLITE_READONLY": "make the file and its folder writable for this user",
    "SQLITE_BUSY": "another program has locked the file: end it",
    "SQLITE_CANTOPEN": "check that file and folder are there and open to this user",
    "SQLITE_IOERR": "check the disk",
}


class SqliteLink:
    """One connection, for one thread; only `close` may come from another.

    `commit_soon` lets a thread of its own wait for the disk; until that is over, every other call waits.
    """

    def __init__(self, path: str, *, wait_seconds: float, query_only: bool) -> None:
        """Open the file with the settings that durability and bounded memory need."""
        self.place = path
        self._wait_seconds = wait_seconds
        # Held from the beginning of a transaction to its end, by whichever thread that comes in.
        self._calls = threading.Lock()
        self._committing = ThreadPoolExecutor(1, thread_name_prefix="ledger-commit")
        with translated(path):
            self._connection = sqlite3.connect(
                path, timeout=wait_seconds, isolation_level=None, check_same_thread=False
            )
        settings = {
            "page_size": str(PAGE_BYTES),
            "journal_mode": "WAL",
            # The log is synced at each commit, so a power cut takes nothing back.
            "synchronous": "FULL",
            "cache_size": "-16000",
            "wal_autocheckpoint": str(CHECKPOINT_PAGES),
            "journal_size_limit": str(64 * 1024 * 1024),
            "query_only": "ON" if query_only else "OFF",
        }
        with translated(path):
            try:
                for name, value in settings.items():
                    self._connection.execute(f"PRAGMA {name} = {value}")
            except BaseException:
                self._connection.close()
                raise

    def reader(self) -> SqliteLink:
        """Open a connection beside this one, which sees what is committed and waits for nobody."""
        return SqliteLink(self.place, wait_seconds=self._wait_seconds, query_only=True)

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Run one statement by itself and return what it found."""
        with translated(self.place), self._calls:
            return self._connection.execute(statement, parameters).fetchall()

    def one(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        """Return the first column of the first row, or None."""
        rows = self.rows(statement, parameters)
        return rows[0][0] if rows else None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Cursor]:
        """Run statements as one transaction, on the disk when the block ends, or without a trace."""
        with self.written() as cursor:
            yield cursor
        self._commit()

    @contextmanager
    def written(self) -> Iterator[sqlite3.Cursor]:
        """Run statements as one transaction that `commit_soon` must end, or without a trace when they fail."""
        self._calls.acquire()
        with translated(self.place), self._released_by_failure():
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection.cursor()

    def commit_soon(self, durable: Callable[[], None]) -> Future[None]:
        """Commit what has been `written`, in the thread for it, and call `durable` there when the disk has it."""
        with self._released_by_failure():
            return self._committing.submit(self._commit, durable)

    def _commit(self, durable: Callable[[], None] = lambda: None) -> None:
        with translated(self.place), self._released_by_failure():
            # One call of SQLite, in which other threads run: the wait for the disk is all in here.
            self._connection.execute("COMMIT")
        self._calls.release()
        durable()

    @contextmanager
    def _released_by_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            try:
                # A full disk may have ended the transaction by itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            finally:
                self._calls.release()
            raise

    def size_bytes(self) -> int:
        """Return the bytes of the file and of its log."""
        if self.place == IN_MEMORY:
            return int(self.one("PRAGMA page_count")) * int(self.one("PRAGMA page_size"))
        return sum(_size(self.place + ending) for ending in ("", "-wal"))

    def close(self) -> None:
        """Close after the call, or the commit, that is running, if one is."""
        with self._calls:
            self._connection.close()
        self._committing.shutdown()


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except FileNotFoundError:
        return 0


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Turn SQLite's errors into ours, with a sentence that names the file and the cause."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise LedgerUnavailable(f"the ledger {path} does not answer: {error}; {_advice(error)}") from error
    except sqlite3.ProgrammingError as error:
        if "closed" in str(error):
            raise LedgerUnavailable(f"the ledger {path} has been closed") from error
        raise
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorname", "") in {"SQLITE_CORRUPT", "SQLITE_NOTADB"}:
            raise LedgerMismatch(
                f"the file {path} is damaged or is no ledger ({error}): put back a copy of the ledger"
            ) from error
        raise


def _advice(error: sqlite3.OperationalError) -> str:
    name = getattr(error, "sqlite_errorname", "")
    return next(
        (advice for start, advice in _ADVICE.items() if name.startswith(start)), "check the disk and the file"
    )


def make_private(path: str) -> None:
    """Create the file if it is not there, and let only its owner read it; the log inherits that."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    Path(path).chmod(0o600)
