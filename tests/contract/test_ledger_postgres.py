"""The contract over Postgres."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.ledger import PostgresLedger, open_postgres
from bridge.records import Partition
from tests.contract.ledger_contract import DurableLedgerContract, OpenOne
from tests.contract.ledger_postgres import empty_schema

PARTITIONS = [Partition("play", 0), Partition("play", 1), Partition("play", 3), Partition("games", 0)]


@pytest.fixture
def url() -> Iterator[str]:
    with empty_schema() as address:
        yield address


@pytest.mark.integration
class TestPostgres(DurableLedgerContract):
    """One instance that has claimed everything."""

    @pytest.fixture
    def open_one(self, url: str) -> Iterator[OpenOne]:
        opened: list[PostgresLedger] = []

        def open_again() -> PostgresLedger:
            for ledger in opened:
                ledger.close()
            ledger = open_postgres(url, "northern", create=True, read_only=False, wait_seconds=5)
            ledger.claim(PARTITIONS)
            opened.append(ledger)
            return ledger

        yield open_again
        for ledger in opened:
            ledger.close()
