"""Parts that are complete when a condition over the header and what has come of them holds."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest

from tests.support.trial import Make

BALANCED = """
wait: {parts: 10 minutes}
play:
  tx:
    parts:
      legs: {table: leg, one: leg, of: tx, until: sum(legs.debit) == sum(legs.credit)}
    with:
      cash: sum(where(legs, wallet="CASH").debit)
    activities: {bet: {type: Bet, when: 'kind == "bet"'}}
    event: {wager_amount: cash}
"""
TOTAL = """
play:
  tx:
    parts:
      legs: {table: leg, one: leg, of: tx, until: sum(legs.amount) == total}
    activities: {bet: {type: Bet, share: leg.amount}}
    split: {parts: legs, by: wallet}
    event: {wager_amount: left.CASH, bonus_wager_amount: left.BONUS}
    reverses: {when: 'kind == "refund"', original: 'tx[ref]', takes: leg.amount}
"""
LEGS = (
    {"tx": "1", "wallet": "CASH", "debit": 6, "credit": 0},
    {"tx": "1", "wallet": "CASH", "debit": 1, "credit": 0},
    {"tx": "1", "wallet": "HOUSE", "debit": 0, "credit": 7},
)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_in_whatever_order_they_come(trial: Make, order: tuple[int, ...]) -> None:
    run = trial(BALANCED)
    for at in order:
        if at < 3:
            run.insert("leg", at, **LEGS[at])
        else:
            run.insert("tx", "1", kind="bet")
    assert [event["amount"] for event in run.bodies()] == [7]
    assert run.parked() == []


def test_what_was_worked_out_from_some_of_them_does_not_stay(trial: Make) -> None:
    run = trial(BALANCED.replace("when: 'kind == \"bet\"'", "when: cash > 0"))
    run.insert("tx", "1", kind="bet")
    run.insert("leg", 0, **LEGS[0])
    assert run.play.mapper.held == 2
    run.insert("leg", 1, **LEGS[1])
    run.insert("leg", 2, **LEGS[2])
    assert [event["amount"] for event in run.bodies()] == [7]


def test_a_header_without_any_part_waits_although_nothing_equals_nothing(trial: Make) -> None:
    run = trial(BALANCED)
    run.insert("tx", "1", kind="bet")
    assert run.play.mapper.held == 1
    run.play.wait(11 * 60 * 1000)
    assert [code for _, code in run.parked()] == ["parts_missing"]


def test_a_part_that_comes_after_its_header_was_sent_is_parked(trial: Make) -> None:
    run = trial(BALANCED)
    run.insert("tx", "1", kind="bet")
    for at, leg in enumerate(LEGS):
        run.insert("leg", at, **leg)
    run.insert("leg", 9, tx="1", wallet="CASH", debit=5, credit=0)
    assert [code for _, code in run.parked()] == ["late_part"]
    assert len(run.bodies()) == 1


def test_shares_are_divided_as_by_a_count(trial: Make) -> None:
    run = trial(TOTAL)
    run.insert("tx", "1", kind="bet", total=10)
    run.insert("leg", 1, tx="1", wallet="CASH", amount=Decimal("7.5"))
    run.insert("leg", 2, tx="1", wallet="BONUS", amount=Decimal("2.5"))
    run.insert("tx", "2", kind="refund", ref="1", total=4)
    run.insert("leg", 3, tx="2", wallet="CASH", amount=4)
    assert [(event["status"], event["wager_amount"], event["bonus_wager_amount"]) for event in run.bodies()] == [
        ("Approved", Decimal("7.5"), Decimal("2.5")),
        ("Rollback", Decimal("7.5"), Decimal("2.5")),
        ("Approved", Decimal("3.5"), Decimal("2.5")),
    ]
