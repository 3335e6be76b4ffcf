"""A running total that counts in another unit than the event: in cents, or before a tax is kept back."""

from __future__ import annotations

import pytest

from tests.support.trial import Make, Trial

WALLET = """
play:
  bets:
    rows: mutable
    deleted: nothing
    stands: state != "void"
    activities:
      bet: {type: Bet, event: {activity_id: {text: "{id}"}, wager_amount: 10}}
      cash:
        type: Win
        grows: {total: cashed, while: state == "open"}
        event: {activity_id: {text: "{id}:c{n}"}, wager_amount: "units(grown, 2)"}
      rest:
        type: Win
        stands: state == "settled"
        event: {activity_id: {text: "{id}:w"}, wager_amount: "units(payout, 2) - cash.total"}
  voids:
    rows: append-only
    reverses: {when: true, original: "bets[bet]"}
  unvoids:
    rows: append-only
    reverses: {when: true, undoes: "voids[void]"}
"""


@pytest.fixture
def run(trial: Make) -> Trial:
    return trial(WALLET)


def test_each_growth_is_sent_once(run: Trial) -> None:
    run.insert("bets", "1", cashed=400, payout=None, state="open")
    run.update("bets", "1", cashed=600, payout=None, state="open")
    run.update("bets", "1", cashed=600, payout=None, state="open", note="checked")
    run.update("bets", "1", cashed=600, payout=2000, state="settled")
    assert run.events() == [
        "Bet Approved 1 10",
        "Win Approved 1:c1 4",
        "Win Approved 1:c2 2",
        "Win Approved 1:w 14",
    ]


def test_all_of_it_comes_back_as_one_piece(run: Trial) -> None:
    run.insert("bets", "1", cashed=400, payout=None, state="open")
    run.update("bets", "1", cashed=600, payout=None, state="open")
    run.update("bets", "1", cashed=600, payout=None, state="void")
    run.new()
    run.update("bets", "1", cashed=700, payout=None, state="open")
    assert run.new() == ["Bet Approved 1 10", "Win Approved 1:c3 7"]


def test_what_an_undo_restores_counts_as_before(run: Trial) -> None:
    run.insert("bets", "1", cashed=400, payout=None, state="open")
    run.insert("voids", "5", bet="1")
    run.update("bets", "1", cashed=500, payout=None, state="open")
    run.insert("unvoids", "6", void="5")
    run.update("bets", "1", cashed=650, payout=None, state="open")
    wins = [event for event in run.events() if event.startswith("Win")]
    assert wins == [
        "Win Approved 1:c1 4",
        "Win Rollback 1:c1 4",
        "Win Approved 1:c2 4",
        "Win Approved 1:c3 1",
        "Win Approved 1:c4 1.5",
    ]


def test_what_was_cashed_before_the_bridge_is_known_in_the_unit_of_the_event(run: Trial) -> None:
    run.snapshot("bets", "1", cashed=400, payout=None, state="open")
    run.update("bets", "1", cashed=600, payout=None, state="open")
    run.update("bets", "1", cashed=600, payout=2000, state="settled")
    run.update("bets", "1", cashed=600, payout=2000, state="void")
    assert run.events() == [
        "Win Approved 1:c2 2",
        "Win Approved 1:w 14",
        "Win Rollback 1:w 14",
        "Win Rollback 1:c2 2",
        "Win Rollback 1:c1 4",
        "Bet Rollback 1 10",
    ]
