"""The connection to a Postgres ledger: translated errors, reconnecting, commits whose answer is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import conninfo, errors
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

from bridge.errors import LedgerMismatch, LedgerUnavailable
from bridge.ledger.transaction import Pending

_SETTINGS: Final = {
    "synchronous_commit": "on",
    "lock_timeout": "10s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
}
ANSWER_SECONDS = 65.0
"""How long one answer may take: a little longer than a statement, so that the server's own word comes first.

It is for a server or a network that says nothing any more; the server's own limits do not help then.
"""
_NAME: Final = "SELECT set_config('application_name', %s || coalesce(' ' || to_regclass('meta')::oid, ''), false)"
_AWAY: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    errors.ReadOnlySqlTransaction,
    errors.InsufficientPrivilege,
)


class _Connection(psycopg.Connection[Any]):
    """psycopg's own, but waits for no answer without end, and is closed when none came."""

    def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, ANSWER_SECONDS if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.info.transaction_status != TransactionStatus.ACTIVE:
                raise
            # What comes later would be taken for the answer to something else.
            self.close()
            raise psycopg.OperationalError(f"no answer for {ANSWER_SECONDS:g} s") from None


class Link:
    """One connection.  After a failure the next call connects again."""

    def __init__(self, url: Callable[[], str], *, connect_seconds: int, read_only: bool) -> None:
        """`url` is asked before each new connection."""
        self._url = url
        told = conninfo.conninfo_to_dict(_plain(url()))
        self.place = f"{told.get('host', 'localhost')}:{told.get('port', 5432)}/{told.get('dbname', '')}"
        self._connect_seconds = connect_seconds
        self._read_only = read_only
        self._name = "wallet-bridge reader" if read_only else "wallet-bridge"
        self._is_named = False
        self._connection: psycopg.Connection[Any] | None = None
        self._doubt: tuple[Pending | None, int] | None = None
        self._closed = False

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except _AWAY as error:
            cause = " ".join(str(error).split())
            raise LedgerUnavailable(f"the ledger {self.place} does not answer: {cause}") from error
        except errors.UndefinedTable as error:
            raise LedgerMismatch(
                f"the ledger {self.place} has lost a table: {error.diag.message_primary}"
            ) from error

    def _ready(self) -> psycopg.Connection[Any]:
        if self._closed:
            raise LedgerUnavailable(f"the ledger {self.place} has been closed")
        connection = self._connection
        if connection is None or connection.closed:
            connection = self._connection = self._connect()
        return connection

    def _connect(self) -> psycopg.Connection[Any]:
        connection = _Connection.connect(
            _plain(self._url()), autocommit=True, connect_timeout=self._connect_seconds
        )
        settings = dict(_SETTINGS)
        if self._read_only:
            settings["default_transaction_read_only"] = "on"
        for name, value in settings.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        if self._is_named:
            connection.execute(_NAME, (self._name,))
        return connection

    def name_after_ledger(self) -> None:
        """Let the server show from now on which ledger this connection is for.

        Its tables must be there: that they are missing would be remembered by the server's session.
        """
        self._is_named = True
        self.rows(_NAME, (self._name,))

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Run one statement by itself and return what it found."""
        with self._translated():
            cursor = self._ready().execute(query.encode(), parameters, binary=True)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def transaction(self, pending: Pending | None = None) -> Iterator[psycopg.Cursor[Any]]:
        """Run statements as one transaction, committed when the block ends.

        A commit whose answer is lost is looked up: it returns normally when the server kept it, and
        raises LedgerUnavailable when it did not, or when that cannot be known yet.
        """
        with self._translated():
            connection = self._ready()
            with connection.cursor(binary=True) as cursor:
                try:
                    cursor.execute("BEGIN")
                    yield cursor
                    cursor.execute("SELECT pg_current_xact_id()::text::bigint")
                    number: int = cursor.fetchall()[0][0]
                except BaseException:
                    self._roll_back(connection)
                    raise
                try:
                    cursor.execute("COMMIT")
                except psycopg.OperationalError:
                    self._doubt = (pending, number)
                    connection.close()
                    if not self.settle_doubt()[0]:
                        raise

    @staticmethod
    def _roll_back(connection: psycopg.Connection[Any]) -> None:
        try:
            if connection.info.transaction_status != TransactionStatus.IDLE:
                connection.execute("ROLLBACK")
        except psycopg.Error:
            # The connection is gone, and the transaction with it.
            connection.close()

    def settle_doubt(self) -> tuple[bool, Pending | None]:
        """Ask what became of a commit whose answer was lost: whether it was kept, and which batch it was.

        Connects again where needed; (False, None) where there is no doubt.
        """
        if self._doubt is None:
            with self._translated():
                self._ready()
            return False, None
        batch, number = self._doubt
        status = self.rows("SELECT pg_xact_status(%s::text::xid8)", (str(number),))[0][0]
        if status == "in progress":
            raise LedgerUnavailable(f"the ledger {self.place} has not ended a commit whose answer was lost")
        self._doubt = None
        return status == "committed", batch

    def close(self) -> None:
        """Close for good."""
        self._closed = True
        if self._connection is not None:
            self._connection.close()


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
