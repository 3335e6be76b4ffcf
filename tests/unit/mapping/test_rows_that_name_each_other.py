"""Rows of two play tables that ask each other: a bet its round, and the round its first bet."""

from __future__ import annotations

from tests.support.trial import Make

WALLET = """
play:
  bets:
    with: {r: "rounds[round]"}
    activities: {bet: {type: Bet}}
    event: {meta: {table: r.table_no}, game_name: r.game}
  rounds:
    rows: mutable
    deleted: nothing
    round: id
    player: id
    with: {first: this_round.first}
    activities: {closing: {type: Win, stands: state == "closed" and this_round.wins == 0}}
    event: {activity_id: {text: "{id}:end"}, user_id: first.user_id, round_id: id, wager_amount: 0}
"""


def test_a_bet_reads_the_round_that_waits_for_it(trial: Make) -> None:
    run = trial(WALLET)
    run.insert("rounds", "R1", state="closed", table_no=3, game="Dice")
    assert run.held == 1
    run.restart()
    run.insert("bets", "1", amount=5)
    assert (run.events(), run.held) == (["Bet Approved 1 5", "Win Approved R1:end 0"], 0)
    assert run.bodies()[0]["game_name"] == "Dice"


def test_as_it_is_when_it_has_changed_meanwhile(trial: Make) -> None:
    run = trial(WALLET)
    run.insert("rounds", "R1", state="closed", table_no=3, game="Dice")
    run.update("rounds", "R1", state="closed", table_no=3, game="Dice 2")
    run.insert("bets", "1", amount=5)
    assert run.events() == ["Bet Approved 1 5", "Win Approved R1:end 0"]
    assert run.bodies()[0]["game_name"] == "Dice 2"


def test_a_row_that_is_not_there_is_waited_for(trial: Make) -> None:
    run = trial(WALLET)
    run.insert("bets", "1", amount=5)
    run.insert("bets", "2", amount=6)
    assert (run.events(), run.held) == ([], 2)
    run.insert("rounds", "R1", state="open", table_no=3, game="Dice")
    assert run.events() == ["Bet Approved 1 5", "Bet Approved 2 6"]
