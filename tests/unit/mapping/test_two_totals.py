"""Two running totals in one row, such as all that a round has staked and all that it has won."""

from __future__ import annotations

import pytest

from tests.support.trial import Make, Trial

WALLET = """
play:
  rounds:
    rows: mutable
    deleted: nothing
    stands: state != "void"
    activities:
      bet: {type: Bet, grows: {total: staked}, event: {activity_id: {text: "b{n}"}, wager_amount: grown}}
      win: {type: Win, grows: {total: won}, event: {activity_id: {text: "w{n}"}, wager_amount: grown}}
      end:
        type: Win
        stands: state == "closed" and won == 0
        event: {activity_id: {text: "end{id}"}, wager_amount: 0}
"""


@pytest.fixture
def run(trial: Make) -> Trial:
    return trial(WALLET)


def test_each_grows_by_itself(run: Trial) -> None:
    run.insert("rounds", "1", staked=5, won=0, state="open")
    run.update("rounds", "1", staked=8, won=3, state="open")
    run.update("rounds", "1", staked=8, won=7, state="closed")
    assert run.events() == [
        "Bet Approved b1 5",
        "Bet Approved b2 3",
        "Win Approved w1 3",
        "Win Approved w2 4",
    ]


def test_all_pieces_of_both_are_taken_back_and_come_again(run: Trial) -> None:
    run.insert("rounds", "1", staked=5, won=0, state="open")
    run.update("rounds", "1", staked=8, won=3, state="open")
    run.update("rounds", "1", staked=8, won=3, state="void")
    assert run.new()[3:] == ["Win Rollback w1 3", "Bet Rollback b2 3", "Bet Rollback b1 5"]
    run.update("rounds", "1", staked=8, won=3, state="open")
    assert run.new() == ["Bet Approved b3 8", "Win Approved w2 3"]


def test_a_name_for_the_growth_is_worked_out_for_each(trial: Make) -> None:
    said = WALLET.replace("    stands:", "    with: {by: 'units(grown, 2)'}\n    stands:", 1)
    run = trial(said.replace("wager_amount: grown", "wager_amount: by"))
    run.insert("rounds", "1", staked=500, won=300, state="open")
    assert run.events() == ["Bet Approved b1 5", "Win Approved w1 3"]


def test_what_was_there_before_the_bridge_is_the_first_piece_of_each(run: Trial) -> None:
    run.snapshot("rounds", "1", staked=5, won=2, state="open")
    run.update("rounds", "1", staked=8, won=6, state="open")
    run.update("rounds", "1", staked=8, won=6, state="void")
    assert run.events() == [
        "Bet Approved b2 3",
        "Win Approved w2 4",
        "Win Rollback w2 4",
        "Win Rollback w1 2",
        "Bet Rollback b2 3",
        "Bet Rollback b1 5",
    ]


def test_a_round_that_has_won_nothing_ends_and_wins_all_the_same(run: Trial) -> None:
    run.insert("rounds", "1", staked=5, won=0, state="closed")
    run.update("rounds", "1", staked=5, won=2, state="closed")
    assert run.events() == ["Bet Approved b1 5", "Win Approved end1 0", "Win Rollback end1 0", "Win Approved w1 2"]
