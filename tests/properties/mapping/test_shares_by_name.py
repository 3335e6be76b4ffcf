"""Refunds take from two purses of one row, in any order: what our events leave in each is what a model leaves."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from bridge.records import SourceRecord
from tests.support.examples import examples
from tests.support.trial import Make
from tests.unit.mapping.wallets import PURSES

BET, AMOUNT = st.integers(0, 4), st.integers(0, 9)
STEP = st.one_of(
    st.tuples(st.just("bet"), BET, AMOUNT, AMOUNT),
    st.tuples(st.just("refund"), BET, AMOUNT, AMOUNT),
    st.tuples(st.just("cancel"), BET),
    st.tuples(st.just("repeat"), st.integers(0, 40)),
    st.tuples(st.just("restart")),
)

Purses = tuple[int, int]


class Model:
    """What is left of each bet in each purse."""

    def __init__(self) -> None:
        self.left: dict[int, Purses] = {}
        self._early: dict[int, list[Purses | None]] = defaultdict(list)

    def bet(self, key: int, staked: Purses) -> None:
        self.left[key] = staked
        for taken in self._early.pop(key, []):
            self.take(key, taken)

    def take(self, key: int, taken: Purses | None) -> None:
        if key not in self.left:
            self._early[key].append(taken)
            return
        real, bonus = self.left[key]
        if taken is None:
            self.left[key] = (0, 0)
        elif taken[0] <= real and taken[1] <= bonus:
            self.left[key] = (real - taken[0], bonus - taken[1])

    def in_purses(self) -> Purses:
        return sum(real for real, _ in self.left.values()), sum(bonus for _, bonus in self.left.values())


def in_purses(events: list[dict[str, Any]]) -> tuple[Decimal | int, Decimal | int]:
    signs = [1 if event["status"] == "Approved" else -1 for event in events]
    real, bonus = (
        sum((sign * event[name] for sign, event in zip(signs, events, strict=True)))
        for name in ("wager_amount", "bonus_wager_amount")
    )
    return real, bonus


@pytest.mark.parametrize("partial", ["replace", "amount"])
@examples(1, unchecked=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=3, max_size=50))
def test_what_is_left_in_each_purse_is_the_model_s(
    trial: Make, partial: str, steps: list[tuple[Any, ...]]
) -> None:
    run, model = trial(PURSES.replace("PARTIAL", partial)), Model()
    taken: list[SourceRecord] = []
    for number, step in enumerate(steps):
        match step:
            case ("bet", key, real, bonus) if key not in model.left:
                taken.append(run.insert("tx", str(key), kind="bet", real=real, bonus=bonus, ref=None))
                model.bet(key, (real, bonus))
            case ("refund", key, real, bonus):
                row = {"kind": "refund", "real": real, "bonus": bonus, "ref": str(key)}
                taken.append(run.insert("tx", f"r{number}", **row))
                model.take(key, (real, bonus))
            case ("cancel", key):
                taken.append(run.insert("tx", f"c{number}", kind="cancel", real=None, bonus=None, ref=str(key)))
                model.take(key, None)
            case ("repeat", at) if taken:
                run.take(taken[at % len(taken)])
            case ("restart",):
                run.restart()
    assert in_purses(run.bodies()) == model.in_purses()
    assert {code for _, code in run.parked()} <= {"more_than_left"}
    ids = [delivery.message_id for delivery in run.play.ledger.unconfirmed(0, 100_000)]
    assert len(ids) == len(set(ids))
