"""A reversal that takes back all of a row that stands for a bet and a win, of which one has a share."""

from __future__ import annotations

import pytest

from tests.support.trial import Make, Trial

WALLET = """
play:
  bets:
    rows: mutable
    deleted: nothing
    activities:
      bet:
        type: Bet
        share: stake
        event: {activity_id: {text: "{id}b"}, wager_amount: left}
        again: {activity_id: {text: "{id}b{n}"}}
      win:
        type: Win
        stands: state == "settled"
        event: {activity_id: {text: "{id}w"}, wager_amount: payout}
        again: {activity_id: {text: "{id}w{n}"}}
  refunds:
    reverses:
      - {when: kind == "part", original: "bets[ref]", activity: bet, takes: amount}
      - {when: kind == "all", original: "bets[ref]"}
      - {when: kind == "undo", undoes: "refunds[ref]"}
"""
BOTH = WALLET.replace('stands: state == "settled"', 'stands: state == "settled"\n        share: payout').replace(
    "wager_amount: payout", "wager_amount: left"
)


def settled(run: Trial) -> None:
    run.insert("bets", "1", stake=10, payout=None, state="open")
    run.update("bets", "1", stake=10, payout=25, state="settled")
    assert run.new() == ["Bet Approved 1b 10", "Win Approved 1w 25"]


@pytest.mark.parametrize("wallet", [WALLET, BOTH])
def test_bet_and_win_go_and_come_back_together(trial: Make, wallet: str) -> None:
    run = trial(wallet)
    settled(run)
    run.insert("refunds", "r1", kind="all", ref="1")
    run.restart()
    assert run.new() == ["Win Rollback 1w 25", "Bet Rollback 1b 10"]
    run.insert("refunds", "r2", kind="all", ref="1")
    assert run.ended("skipped") == ["repeated: what it takes back does not stand"]
    run.insert("refunds", "r3", kind="undo", ref="r1")
    assert sorted(run.new()) == ["Bet Approved 1b2 10", "Win Approved 1w2 25"]
    assert run.parked() == []


@pytest.mark.parametrize("wallet", [WALLET, BOTH])
def test_what_a_part_left_goes_with_the_win(trial: Make, wallet: str) -> None:
    run = trial(wallet)
    settled(run)
    run.insert("refunds", "r1", kind="part", ref="1", amount=4)
    assert run.new() == ["Bet Rollback 1b 10", "Bet Approved 1b2 6"]
    run.insert("refunds", "r2", kind="all", ref="1")
    assert run.new() == ["Win Rollback 1w 25", "Bet Rollback 1b2 6"]
    run.insert("refunds", "r3", kind="part", ref="1", amount=1)
    assert run.parked() == [("r3", "more_than_left")]
    run.insert("refunds", "r4", kind="undo", ref="r1")
    assert run.new() == ["Bet Approved 1b3 4"]
    run.insert("refunds", "r5", kind="undo", ref="r2")
    assert sorted(run.new()) == ["Bet Approved 1b4 10", "Bet Rollback 1b3 4", "Win Approved 1w2 25"]


@pytest.mark.parametrize("wallet", [WALLET, BOTH])
def test_a_win_that_is_settled_after_its_bet_went_is_not_sent(trial: Make, wallet: str) -> None:
    run = trial(wallet)
    run.insert("bets", "1", stake=10, payout=None, state="open")
    run.insert("refunds", "r1", kind="all", ref="1")
    run.update("bets", "1", stake=10, payout=25, state="settled")
    run.update("bets", "1", stake=10, payout=25, state="settled", note="seen")
    assert run.new() == ["Bet Approved 1b 10", "Bet Rollback 1b 10"]
    assert run.ended("skipped") == ["taken back by another row"] * 2
    run.insert("refunds", "r2", kind="undo", ref="r1")
    assert sorted(run.new()) == ["Bet Approved 1b2 10", "Win Approved 1w 25"]


@pytest.mark.parametrize("kept", ["bets", "both"])
def test_the_same_where_the_row_or_its_reversal_is_history(trial: Make, kept: str) -> None:
    run = trial(WALLET)
    run.snapshot("bets", "1", stake=10, payout=25, state="settled")
    if kept == "both":
        run.snapshot("refunds", "r1", kind="all", ref="1")
    else:
        run.insert("refunds", "r1", kind="all", ref="1")
        assert run.new() == ["Win Rollback 1w 25", "Bet Rollback 1b 10"]
    run.update("bets", "1", stake=10, payout=25, state="settled", note="seen")
    assert run.new() == []
    run.insert("refunds", "r2", kind="undo", ref="r1")
    assert sorted(run.new()) == ["Bet Approved 1b2 10", "Win Approved 1w2 25"]
    assert run.parked() == []


def test_where_parts_go_by_their_amount_so_does_the_rest(trial: Make) -> None:
    run = trial(WALLET.replace("takes: amount}", "takes: amount, partial: amount}"))
    settled(run)
    run.insert("refunds", "r1", kind="part", ref="1", amount=4)
    run.insert("refunds", "r2", kind="all", ref="1")
    assert run.new() == ["Bet Rollback 1b 4", "Win Rollback 1w 25", "Bet Rollback 1b 6"]
    assert len({event.message_id for event in run.play.ledger.unconfirmed(0, 100)}) == 5
