"""From the ledger back to the mapper."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.errors import FatalError
from bridge.intake.taking import take_up
from bridge.ledger import open_sqlite
from bridge.mapping.mapper import Mapper
from bridge.records import HeldChange, SourceRecord
from tests.support.trial import wallet

WALLET = "play: {tx: {activities: {bet: {type: Bet}}}}"


@pytest.mark.parametrize("value", [b"{", b'{"ts_ms": 1}', None])
def test_what_waits_and_is_no_change_any_more_stops_the_brand_with_a_sentence(
    tmp_path: Path, value: bytes | None
) -> None:
    brand, ledger = wallet(tmp_path, WALLET), open_sqlite(":memory:", "trial", create=True)
    record = SourceRecord("db.public.tx", 0, 0, b"{}", value, (), 0)
    transaction = ledger.begin(0)
    transaction.hold(HeldChange(held_id=0, record=record, table="tx", player="p", waiting=b"", deadline_ms=0))
    transaction.commit()
    mapper = Mapper(brand.plan, lambda _: None)
    with pytest.raises(FatalError, match="a held record of tx cannot be decoded any more"):
        take_up(mapper, ledger, brand.decoder())
    assert mapper.held == 0
