"""A refund of 0 takes nothing back, unless there is nothing but 0 to take."""

from __future__ import annotations

import pytest

from tests.support.trial import Make

WALLET = """
play:
  tx:
    activities: {bet: {type: Bet, when: kind == "bet", share: amount}}
    event: {wager_amount: left}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses: {when: kind == "refund", original: "tx[ref]", takes: amount, partial: PARTIAL}
"""


@pytest.mark.parametrize("partial", ["replace", "amount", "park"])
def test_of_a_bet_that_stands(trial: Make, partial: str) -> None:
    run = trial(WALLET.replace("PARTIAL", partial))
    run.insert("tx", "1", kind="bet", amount=10)
    run.insert("tx", "2", kind="refund", amount=0, ref="1")
    run.insert("tx", "3", kind="refund", amount=10, ref="1")
    assert run.events() == ["Bet Approved 1 10", "Bet Rollback 1 10"]
    assert run.ended("skipped") == ["it takes nothing back"]
    assert run.parked() == []


@pytest.mark.parametrize("partial", ["replace", "amount", "park"])
def test_of_a_free_bet_of_0(trial: Make, partial: str) -> None:
    run = trial(WALLET.replace("PARTIAL", partial))
    run.insert("tx", "1", kind="bet", amount=0)
    run.insert("tx", "2", kind="refund", amount=0, ref="1")
    assert run.events() == ["Bet Approved 1 0", "Bet Rollback 1 0"]
