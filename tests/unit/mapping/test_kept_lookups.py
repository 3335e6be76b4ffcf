"""How many decoded look-up rows are kept at hand: the bound is one for all look-ups together."""

from __future__ import annotations

from bridge.ledger import open_ledger
from bridge.mapping.state.recall import LOOKUPS_KEPT, Recall
from bridge.mapping.state.remembered import Version

LOOKUPS = ("lookup:players", "lookup:games", "lookup:currencies")
EACH = LOOKUPS_KEPT // 2


def test_rows_of_several_lookups_share_one_bound() -> None:
    recall = Recall()
    recall.begin(open_ledger(":memory:", "b", create=True).begin(0))
    most = 0
    for space in LOOKUPS:
        recall.put_lookup(space, "k", [Version(None, {"id": 1})])
        for number in range(EACH):
            recall._keep(space, str(number), object())
        most = max(most, sum(map(len, recall._lookups.values())))
    assert EACH < most <= LOOKUPS_KEPT
    assert recall.lookup(LOOKUPS[0], "k") is not None
