"""Real wallets whose rows have any values: each change ends once, in a way that has a name."""

from __future__ import annotations

import json
from collections import Counter
from random import Random
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.ledger import open_ledger
from bridge.records import SourceRecord
from tests.support.cases import DAY_MS, NAMES, Play, example, recorded
from tests.support.examples import examples

VALUES: Final[tuple[Any, ...]] = (
    None, "", 0, -1, 1, 2**63, -(2**63), 10**25, 1.5, True, False, [], [1], {}, {"a": 1},
    "x", "NaN", "1e5", "-1", "0.5", "999999999999999999999999999.999", "null", "[]", '[{"amount": "x"}]', '{"a":',
    "2020-01-01", "2020-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z",
    253_402_300_799_999_999, -62_135_596_800_000_000, "\x1f", "a" * 300, "AQ==", {"scale": -5, "value": "fw=="},
    "bet", "win", "rollback", "void", "settled",
)  # fmt: skip
SHARES: Final = (0.02, 0.1, 0.5, 1.0)
"""How many of the records are damaged; of each some columns."""


def damaged(record: SourceRecord, chance: Random) -> SourceRecord:
    """Return a record of which some columns have other values, or are not there."""
    content = json.loads(record.value or b"null")
    if not isinstance(content, dict):
        return record
    envelope = content.get("payload", content)
    for part in ("before", "after"):
        row = envelope.get(part)
        for column in list(row) if isinstance(row, dict) else ():
            luck = chance.random()
            if luck < 0.12:
                row[column] = chance.choice(VALUES)
            elif luck < 0.13:
                del row[column]
    if chance.random() < 0.03 and "op" in envelope:
        envelope["op"] = chance.choice("cudrtm")
    return msgspec.structs.replace(record, value=json.dumps(content).encode())


@pytest.mark.parametrize("name", NAMES)
@examples(0.7)
@given(
    seed=st.integers(0, 2**32),
    share=st.sampled_from(SHARES),
    batch=st.sampled_from((1, 20, 500)),
    mixed=st.booleans(),
)
def test_whatever_a_row_holds_its_change_ends_once(
    name: str, seed: int, share: float, batch: int, mixed: bool
) -> None:
    chance = Random(seed)
    brand = example(name)
    records = [damaged(one, chance) if chance.random() < share else one for one in recorded(name)]
    if mixed:
        chance.shuffle(records)
    play = Play(brand, open_ledger(":memory:", brand.connector.brand, create=True), batch=batch)
    try:
        play.take(records)
        play.wait(2 * DAY_MS)
        ends = Counter(_place(outcome.record) for outcome in play.outcomes if outcome.kind != "held")
        assert ends == Counter(map(_place, records))
        assert (play.mapper.held, list(play.ledger.held())) == (0, [])
    finally:
        play.ledger.close()


def _place(record: SourceRecord) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset
