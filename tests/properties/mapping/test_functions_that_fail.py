"""Functions that raise, and events that rewards refuse: mended and replayed, it is as if they never had."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.brand import Brand
from bridge.records import SourceRecord
from tests.properties.mapping.test_kinds_of_cancels import BACK, PLAY, WALLET, Model, nothing_between, sums_of
from tests.properties.mapping.test_waits_that_run_out import MEANWHILE, end_as_told, meanwhile
from tests.support.examples import examples
from tests.support.parking import World
from tests.support.trial import wallet

CALLING = "functions: own.py\n" + (
    WALLET.replace("{lookup: 1 day, original: 10 days}", "{lookup: 10 minutes, original: 10 minutes}")
    .replace("{type: Bet}", "{type: Bet, when: 'is_right(odd)'}")
    .replace("{type: Win}", "{type: Win, when: 'is_right(odd)'}")
    .replace('[game].name"}', '[game].name", wager_amount: "right(amount, odd)"}')
    .replace('kind == "', "'is(kind, odd, \"")
    .replace('", original', "\")', original")
    .replace('", round', "\")', round")
    .replace('", undoes', "\")', undoes")
)
REWARDS = "profile: rewards\nprofile_breach: park\n" + CALLING.replace(
    'name", wager', 'name", user_id: {const: 7}, wager'
).replace("right(amount, odd)", "above_0(amount, odd)")
OWN = """
from decimal import Decimal

def is_right(odd: str) -> bool:
    assert odd != "when" or MENDED
    return True

def right(amount: Decimal, odd: str) -> Decimal:
    assert odd != "amount" or MENDED
    return amount

def above_0(amount: Decimal, odd: str) -> Decimal:
    return amount if odd != "amount" or MENDED else Decimal(0)

def is(kind: str, odd: str, one: str) -> bool:
    assert odd != "when" or MENDED
    return kind == one
""".replace("is(", "is_of(")
CODES = {
    "rewards",
    "lookup_missing",
    "function_failed",
    "row_parked",
    "original_parked",
    "followed_parked",
    "original_missing",
    "round_missing",
}
ODD = st.sampled_from(["", "", "", "when", "amount"])


@cache
def brand(text: str, *, is_mended: bool) -> Brand:
    """Return the wallet, whose functions fail for odd rows until they are mended."""
    folder = Path(mkdtemp())
    (folder / "own.py").write_text(OWN.replace("MENDED", str(is_mended)))
    return wallet(folder, text.replace("'is(", "'is_of("))


# Of append-only tables: elsewhere an undo brings back what another cancel names too, see the recipes.
@pytest.mark.parametrize("text", [CALLING, REWARDS], ids=["calling", "rewards"])
@examples(1)
@given(
    steps=st.lists(st.tuples(st.one_of(PLAY, BACK, BACK, MEANWHILE), ODD), min_size=2, max_size=12),
    late=st.booleans(),
)
def test_once_they_are_mended_and_all_is_replayed_what_no_cancel_names_stands(
    text: str, steps: list[tuple[tuple[str, int, str] | tuple[str], str]], *, late: bool
) -> None:
    world, model = World(brand(text, is_mended=False)), Model()
    run = world.trial
    run.insert("games", "here", name="Game")
    records: list[SourceRecord] = []
    for step, odd in steps:
        if len(step) == 1:
            meanwhile(run, *step)
            continue
        there = len(model.writes)
        model.step(*step)
        records += [run.insert(table, key, odd=odd, **row) for table, key, row in model.writes[there:]]
    if late:
        run.wait(minutes=20)
    run.insert("games", "late", name="Game")
    assert {code for _, code in run.parked()} <= CODES
    world.mend(brand(text, is_mended=True))
    end_as_told(run, records)
    assert nothing_between(sums_of(run), model.sums())
