"""Rows that were there before the bridge, in tables whose rules ask when a change was committed."""

from __future__ import annotations

import pytest

from tests.support.trial import Make, Trial

LEDGER = """
play:
  tx:
    starts: kind != "bet" or amount < 100
    activities: {bet: {type: Bet, when: kind == "bet", share: amount}}
    event: {timestamp: committed_at, wager_amount: left}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses: {when: kind == "void", original: "tx[ref]", takes: amount}
"""
IN_PLACE = """
play:
  tx:
    rows: mutable
    deleted: nothing
    activities: {bet: {type: Bet}}
    stands: kind == "bet"
    event: {timestamp: committed_at}
"""
RENAMED = """
play:
  tx:
    rows: mutable
    deleted: nothing
    activities: {bet: {type: Bet}}
    stands: kind == "bet"
    event: {wager_amount: 'old if committed_at < moment("2026-01-01T00:00:02Z") else amount'}
"""


def bodies(run: Trial) -> list[tuple[str, str]]:
    assert run.parked() == []
    return [(event["status"], event["timestamp"]) for event in run.bodies()]


@pytest.mark.parametrize(("amount", "write"), [(5, "snapshot"), (200, "insert")])
def test_a_bet_of_history_is_taken_back_with_the_time_of_its_commit(trial: Make, amount: int, write: str) -> None:
    run = trial(LEDGER)
    getattr(run, write)("tx", "1", kind="bet", amount=amount)
    run.play.restart()
    run.insert("tx", "2", kind="void", amount=2, ref="1")
    at = "2026-01-01T00:00:01Z"
    assert bodies(run) == [("Rollback", at), ("Approved", at)]


@pytest.mark.parametrize("touched", [False, True])
def test_a_bet_of_history_that_takes_itself_back_does_so_too(trial: Make, touched: bool) -> None:
    run = trial(IN_PLACE)
    run.snapshot("tx", "1", kind="bet", amount=5)
    if touched:
        run.update("tx", "1", kind="bet", amount=5, note="seen")
    run.update("tx", "1", kind="void", amount=5)
    assert bodies(run) == [("Rollback", "2026-01-01T00:00:01Z")]


def test_an_amount_that_depends_on_the_commit_is_what_it_was(trial: Make) -> None:
    """A column has another name since a moment."""
    run = trial(RENAMED)
    run.snapshot("tx", "1", kind="bet", old=5)
    run.update("tx", "1", kind="void", amount=7)
    assert run.events() == ["Bet Rollback 1 5"]
    assert run.parked() == []
