"""Nothing that a row can hold ends a brand, or makes a record disappear."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bridge.ledger import open_sqlite
from tests.support.examples import examples
from tests.support.odd_rows import OddBrand, Record, records, require_all_counted


@examples(1)
@given(first=st.lists(records(), min_size=1, max_size=12), then=st.lists(records(), max_size=6))
def test_each_record_is_sent_skipped_parked_or_held(first: list[Record], then: list[Record]) -> None:
    with TemporaryDirectory() as folder, capture_logs():
        path = str(Path(folder) / "ledger")
        brand = OddBrand(lambda: open_sqlite(path, "odd", create=True))
        for record in first:
            brand.write(*record)
        require_all_counted(brand.run(), first)
        for record in then:
            brand.write(*record)
        require_all_counted(brand.run(), [*first, *then])
