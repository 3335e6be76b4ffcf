"""Bad records: each stops itself alone, and a flood of them stops the brand before it eats the topic."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.errors import TooManyParked
from stack.endpoints import Addresses
from tests.faults.broken import Broken
from tests.faults.steps.play import Backlog, Settled
from tests.faults.steps.process import Start
from tests.faults.world import world

pytestmark = pytest.mark.faults


@pytest.mark.timeout(1800)
def test_one_record_of_a_hundred_broken_in_twenty_ways_keeps_none_of_the_others(
    addresses: Addresses, tmp_path: Path, seed: int, long: bool
) -> None:
    rows = 200_000 if long else 20_000
    with world(addresses, tmp_path, seed=seed, more="limits: {parked_per_minute: 5000}") as w:
        w.play([Broken(rows // 100, good=99), Start()])
        # The check holds what is parked against what was written, byte for byte.
        w.finish(within_seconds=300, most_duplicates=0)


def test_nothing_but_broken_records_stops_the_brand_at_the_limit(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    limit = 50
    with world(addresses, tmp_path, seed=seed, more=f"limits: {{parked_in_a_row: {limit}}}", partitions=1) as w:
        w.play([Backlog(200)])
        good = w.wallet.ends()
        w.play([Broken(1000)])
        w.wallet.write_originals()
        w.play([Start()])
        assert w.bridge.wait(60) == TooManyParked.exit_code, w.bridge.tail()
        assert f"more than {limit} in a row were parked" in w.bridge.tail()
        ledger = w.ledger()
        try:
            parked = [change.record.value for change in ledger.parked()]
            positions = ledger.positions()
        finally:
            ledger.close()
        assert len(parked) <= limit
        assert parked == w.wallet.broken[: len(parked)]
        for at, position in w.wallet.committed().items():
            assert position <= positions.get(at, 0), "a position was committed past what the ledger holds"
            assert positions.get(at, 0) <= good[at] + limit, "records past the limit were taken in"


def test_records_that_debezium_repeats_count_once(addresses: Addresses, tmp_path: Path, seed: int) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Start()])
        for _ in range(5):
            w.wallet.play(400)
            w.wallet.repeat(300)
            w.play([Settled()])
        w.finish(most_duplicates=0)
