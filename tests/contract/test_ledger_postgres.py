"""The contract over Postgres."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest

import stack
from bridge.ledger import PostgresLedger, open_postgres
from bridge.records import Partition
from tests.contract.ledger_contract import DurableLedgerContract, OpenOne

PARTITIONS = [Partition("play", 0), Partition("play", 1), Partition("play", 3), Partition("games", 0)]


@pytest.fixture(scope="session")
def server() -> str:
    return stack.addresses().postgres_dsn


@pytest.fixture
def url(server: str) -> Iterator[str]:
    """Yield the address of a database of the test's own."""
    name = f"ledger_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield server.rsplit("/", 1)[0] + "/" + name
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


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
