"""The contract over SQLite, in a file and in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.ledger import SqliteLedger, open_sqlite
from tests.contract.ledger_contract import DurableLedgerContract, LedgerContract, OpenOne


class TestSqliteFile(DurableLedgerContract):
    """A file per test."""

    @pytest.fixture
    def open_one(self, tmp_path: Path) -> Iterator[OpenOne]:
        opened: list[SqliteLedger] = []

        def open_again() -> SqliteLedger:
            for ledger in opened:
                ledger.close()
            # Two values: what the tests read comes from the file and from memory in turn.
            ledger = open_sqlite(str(tmp_path / "ledger.db"), "northern", create=True, recent_values=2)
            opened.append(ledger)
            return ledger

        yield open_again
        for ledger in opened:
            ledger.close()


class TestSqliteInMemory(LedgerContract):
    """Lives as long as it is open."""

    @pytest.fixture
    def open_one(self) -> Iterator[OpenOne]:
        ledger = open_sqlite(":memory:", "northern", create=True)
        yield lambda: ledger
        ledger.close()
