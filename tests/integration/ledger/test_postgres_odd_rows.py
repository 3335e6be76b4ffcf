"""Nothing that a row can hold ends a brand whose ledger is in PostgreSQL, which takes fewer texts than a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bridge.ledger import open_postgres
from tests.contract.ledger_postgres import empty_schema
from tests.support.examples import examples
from tests.support.odd_rows import OddBrand, Record, records, require_all_counted

pytestmark = pytest.mark.integration


@examples(1 / 2)
@given(rows=st.lists(records(), min_size=4, max_size=16))
def test_each_record_is_sent_skipped_parked_or_held(rows: list[Record]) -> None:
    with empty_schema() as url, capture_logs():
        brand = OddBrand(lambda: open_postgres(url, "odd", create=True, read_only=False, wait_seconds=10))
        for record in rows:
            brand.write(*record)
        require_all_counted(brand.run(), rows)
