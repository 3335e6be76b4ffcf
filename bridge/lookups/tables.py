"""Look-up tables that no topic carries: read at the start, and again from time to time in a thread."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bridge.config.wallet import Lookup, Wallet
from bridge.decoders import parse_column_type
from bridge.errors import BridgeError, SourceUnavailable
from bridge.lookups.files import read_rows
from bridge.row import ColumnDecoder, Row, Value

NOT_ASKED = "its database is not asked here"
UNSET = "unset:"
"""Stands for the address of a database whose variable is not set, where no server is needed."""

Loaded = tuple[str, Sequence[Row]]
"""The name of a look-up, and all its rows."""


class LookupTables:
    """The look-ups of one brand with `file:` or `sql:`."""

    def __init__(self, wallet: Wallet, folder: Path) -> None:
        """Prepare; nothing is read yet.  `folder` is the connector's."""
        self._lookups = {
            name: lookup
            for name, lookup in wallet.lookups.items()
            if lookup.file is not None or lookup.sql is not None
        }
        self._folder = folder
        self._news: queue.SimpleQueue[Loaded] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.problems: Mapping[str, str] = {}
        """Why a look-up could not be read again, by its name; the rows that it had stay.

        Replaced as a whole: any thread may look.
        """
        self._check: Callable[[str, Sequence[Row]], object] = lambda _, rows: rows

    def load(
        self, asked_to_stop: Callable[[], bool] = lambda: False, told: Callable[[str], None] = lambda _: None
    ) -> list[Loaded]:
        """Read all of them.  Raises ConfigError or SourceUnavailable for the first that cannot be read.

        Blocks for each query as long as `query_rows`, or until a stop is asked for; `told` is called before each.
        """
        found: list[Loaded] = []
        for name, lookup in self._lookups.items():
            if lookup.sql is not None:
                told(f"the query of the look-up {name} is asked")
            found.append((name, self._read(name, lookup, asked_to_stop)))
        return found

    def load_files(self) -> list[Loaded]:
        """Read those that are files; no database is asked.  Raises ConfigError when one cannot be read."""
        files = {name: lookup for name, lookup in self._lookups.items() if lookup.file is not None}
        for name in self._lookups.keys() - files:
            self._note(name, NOT_ASKED)
        return [(name, self._read(name, lookup)) for name, lookup in files.items()]

    def load_what_answers(self) -> list[Loaded]:
        """Read all that can be read; why a query has no answer is in `problems`.  Blocks as `load` does."""
        found: list[Loaded] = []
        for name, lookup in self._lookups.items():
            try:
                found.append((name, self._read(name, lookup)))
            except SourceUnavailable as error:
                self._note(name, str(error))
        return found

    def follow(self, check: Callable[[str, Sequence[Row]], object]) -> None:
        """Read each again as often as its `refresh` says, in a thread of its own.

        `check` is given the name and the rows that were read, and raises PoisonRecord when they cannot be used.
        """
        self._check = check
        if self._lookups and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="lookup-tables", daemon=True)
            self._thread.start()

    def news(self) -> list[Loaded]:
        """Return what has been read since this was asked last.  Never blocks."""
        found = []
        while True:
            try:
                found.append(self._news.get_nowait())
            except queue.Empty:
                return found

    def close(self) -> None:
        """Stop reading, and end a query that runs; waits at most a second for that."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(1.0)

    def _run(self) -> None:
        due = {name: time.monotonic() + self._seconds(name) for name in self._lookups}
        while not self._stop.wait(max(0.0, min(due.values()) - time.monotonic())):
            name = min(due, key=due.__getitem__)
            try:
                rows = self._read(name, self._lookups[name], self._stop.is_set)
                self._check(name, rows)
            except BridgeError as error:
                self._note(name, str(error))
            else:
                self._news.put((name, rows))
                self.problems = {other: why for other, why in self.problems.items() if other != name}
            due[name] = time.monotonic() + self._seconds(name)

    def _note(self, name: str, problem: str) -> None:
        self.problems = {**self.problems, name: problem}

    def _seconds(self, name: str) -> float:
        return max(self._lookups[name].refresh.total_seconds(), 0.1)

    def _read(self, name: str, lookup: Lookup, asked_to_stop: Callable[[], bool] = lambda: False) -> list[Row]:
        decoders = _decoders(lookup.columns)
        rows = self._rows(name, lookup, asked_to_stop)
        return [Row(dict(row), decoders) for row in rows]

    def _rows(self, name: str, lookup: Lookup, asked_to_stop: Callable[[], bool]) -> Sequence[Mapping[str, Value]]:
        if lookup.file is not None:
            return read_rows(self._folder / lookup.file)
        if lookup.url == UNSET:
            raise SourceUnavailable(
                f"the query of the look-up {name} cannot be asked: a variable of its url is not set"
            )
        from bridge.lookups.queries import query_rows  # noqa: PLC0415 - few brands need its libraries

        return query_rows(str(lookup.url), str(lookup.sql), name, asked_to_stop)


def _decoders(columns: Mapping[str, str]) -> dict[str, ColumnDecoder]:
    return {column: parse_column_type(text).over(lambda value: value) for column, text in columns.items()}
