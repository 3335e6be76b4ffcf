"""Headers of a mutable table: they are judged again with each update, by the parts that came once."""

from __future__ import annotations

import pytest

from tests.support.trial import Make, Trial

WALLET = """
play:
  tx:
    rows: mutable
    deleted: nothing stands
    parts: {legs: {table: leg, one: leg, of: tx, count: legs_of_it}}
    split: {parts: legs, by: wallet}
    stands: status == "done"
    activities: {bet: {type: Bet, when: kind == "bet", share: leg.amount}}
    event: {wager_amount: left.CASH, bonus_wager_amount: left.BONUS}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: kind == "part", original: "tx[ref]", takes: leg.amount}
      - {when: kind == "unvoid", undoes: "tx[ref]"}
"""


@pytest.fixture
def run(trial: Make) -> Trial:
    made = trial(WALLET)
    made.insert("tx", "1", kind="bet", status="done", legs_of_it=2, ref=None)
    made.insert("leg", "a", tx="1", wallet="CASH", amount=8)
    made.insert("leg", "b", tx="1", wallet="BONUS", amount=2)
    assert made.events() == ["Bet Approved 1 10"]
    return made


def test_a_bet_that_is_void_and_counts_again_has_its_parts(run: Trial) -> None:
    for status in ("void", "done"):
        run.restart()
        run.update("tx", "1", kind="bet", status=status, legs_of_it=2, ref=None)
    assert run.events()[1:] == ["Bet Rollback 1 10", "Bet Approved 1:2 10"]
    assert run.bodies()[-1]["bonus_wager_amount"] == 2


def test_a_refund_by_parts_is_known_when_it_is_noted(run: Trial) -> None:
    run.insert("tx", "2", kind="part", status="done", legs_of_it=1, ref="1")
    run.insert("leg", "c", tx="2", wallet="CASH", amount=3)
    run.restart()
    run.update("tx", "2", kind="part", status="done", legs_of_it=1, ref="1", note="seen")
    assert run.events()[1:] == ["Bet Rollback 1 10", "Bet Approved 1:2 7"]
    run.insert("tx", "3", kind="unvoid", status="done", legs_of_it=0, ref="2")
    run.update("tx", "2", kind="part", status="done", legs_of_it=1, ref="1", note="undone")
    assert run.events()[3:] == ["Bet Rollback 1:2 7", "Bet Approved 1:3 10"]
    assert run.parked() == []


def test_what_is_left_of_a_bet_is_not_made_from_parts_that_are_not_kept(trial: Make) -> None:
    said = WALLET.replace("rows: mutable\n    deleted: nothing stands\n", "rows: append-only\n").replace(
        "bonus_wager_amount: left.BONUS", "bonus_wager_amount: 'sum(where(legs, wallet=\"BONUS\").amount)'"
    )
    run = trial(said)
    run.insert("tx", "1", kind="bet", status="done", legs_of_it=1, ref=None)
    run.insert("leg", "a", tx="1", wallet="CASH", amount=8)
    run.insert("tx", "2", kind="part", status="done", legs_of_it=1, ref="1")
    run.insert("leg", "c", tx="2", wallet="CASH", amount=3)
    assert run.events() == ["Bet Approved 1 8"]
    assert run.parked()[0] == ("2", "parts_forgotten")
