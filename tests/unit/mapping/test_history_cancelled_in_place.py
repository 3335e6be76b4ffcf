"""Reversals from before the bridge that were cancelled by their own row, which the log shows change by change."""

from __future__ import annotations

import pytest

from tests.support.trial import Make, Trial

REFUND = """
play:
  tx:
    rows: mutable
    deleted: nothing
    starts: live
    activities: {bet: {type: Bet, when: kind == "bet", share: amount}}
    stands: status == "done"
    event: {wager_amount: left}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: kind == "refund" and status == "done", original: "tx[ref]", takes: amount}
      - {when: kind == "refund", undoes: "tx[id]"}
"""
WHOLE = REFUND.replace(", takes: amount", "").replace(", share: amount", "").replace("left", "amount")
ROUND = WHOLE.replace('original: "tx[ref]"', "round: ref").replace("starts:", "round: round\n    starts:")
CANCEL = ROUND.replace("round: ref", 'original: "tx[ref]", followers: go')
KINDS = pytest.mark.parametrize(
    ("text", "ref"),
    [(REFUND, "1"), (WHOLE, "1"), (ROUND, "R1"), (CANCEL, "1")],
    ids=["part", "whole", "round", "group"],
)


def refunded(trial: Make, text: str, ref: str, *states: str) -> Trial:
    run = trial(text)
    run.insert("tx", "1", kind="bet", amount=5, status="done", ref=None, live=False)
    run.insert("tx", "2", kind="refund", amount=5, status=states[0], ref=ref, live=False)
    for state in states[1:]:
        run.update("tx", "2", kind="refund", amount=5, status=state, ref=ref, live=False)
    run.play.restart()
    return run


@KINDS
@pytest.mark.parametrize("states", [("done", "void"), ("done", "void", "void"), ("done", "void", "done", "void")])
def test_the_bet_stands_and_can_be_taken_back(trial: Make, text: str, ref: str, states: tuple[str, ...]) -> None:
    run = refunded(trial, text, ref, *states)
    run.update("tx", "1", kind="bet", amount=5, status="void", ref=None, live=True)
    assert [event.split()[:2] + event.split()[3:] for event in run.events()] == [["Bet", "Rollback", "5"]]
    assert run.parked() == []


@KINDS
def test_it_may_be_done_once_more(trial: Make, text: str, ref: str) -> None:
    run = refunded(trial, text, ref, "done", "void")
    run.update("tx", "2", kind="refund", amount=5, status="done", ref=ref, live=True)
    assert [event.split()[:2] + event.split()[3:] for event in run.events()] == [["Bet", "Rollback", "5"]]
    run.update("tx", "1", kind="bet", amount=5, status="void", ref=None, live=True)
    assert len(run.events()) == 1
    assert run.parked() == []


@KINDS
def test_one_that_is_done_again_before_the_bridge_holds(trial: Make, text: str, ref: str) -> None:
    run = refunded(trial, text, ref, "done", "void", "done")
    run.update("tx", "1", kind="bet", amount=5, status="void", ref=None, live=True)
    assert run.events() == []
    assert run.parked() == []
