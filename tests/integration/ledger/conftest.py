"""A Postgres ledger per test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.ledger_postgres import empty_schema


@pytest.fixture
def url() -> Iterator[str]:
    """Yield the address of a schema of the test's own."""
    with empty_schema() as address:
        yield address
