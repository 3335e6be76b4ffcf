"""A row whose first change waits aside, and holds nothing: its later changes wait for it, also out of a queue."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.support.trial import Make, Trial

CASH_OUTS = """
lookups: {games: {key: id}}
wait: {lookup: 10 minutes, original: 1 day}
play:
  bets:
    activities: {bet: {type: Bet}}
  cashouts:
    rows: mutable
    deleted: nothing
    round: round
    with: {first: this_round.first, title: 'games[game].name'}
    activities: {cash: {type: Win, stands: status == "accepted"}}
    event: {game_name: title, user_id: first.user_id}
    again: {activity_id: {text: "{id}:{n}"}}
"""
ROLLBACKS = """
lookups: {games: {key: id}}
wait: {lookup: 10 minutes, original: 1 day}
play:
  tx:
    rows: mutable
    deleted: nothing
    with: {title: 'games[game].name'}
    activities: {bet: {type: Bet, when: kind == "bet"}}
    event: {game_name: title}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: kind == "rollback" and status == "done", original: "tx[ref]"}
      - {when: kind == "rollback" and status == "cancelled", undoes: "tx[id]"}
"""
WINS = """
lookups: {games: {key: id}}
play:
  bets: {activities: {bet: {type: Bet}}}
  wins:
    round: round
    with: {first: this_round.first, title: 'games[game].name'}
    activities: {win: {type: Win}}
    event: {game_name: title, user_id: first.user_id, activity_id: {text: "w{id}"}}
"""
BOTH = [False, True]


def cash(run: Trial, how: str, status: str, game: str = "g") -> None:
    getattr(run, how)("cashouts", "c1", status=status, amount=8, game=game)


@pytest.mark.parametrize("queued", BOTH)
@pytest.mark.parametrize("restart", BOTH)
def test_a_win_that_is_reversed_while_it_waits_for_its_round_is_taken_back(
    trial: Make, queued: bool, restart: bool
) -> None:
    run = trial(CASH_OUTS)
    run.insert("games", "g", name="Game")
    if queued:
        run.insert("bets", "b0", amount=1, round="R0")
        run.insert("cashouts", "c0", status="accepted", amount=1, game="late", round="R0")
    cash(run, "insert", "accepted")
    cash(run, "update", "reversed")
    if queued:
        run.insert("games", "late", name="Late")
    if restart:
        run.restart()
    run.new()
    run.insert("bets", "b1", amount=5)
    assert run.new() == ["Bet Approved b1 5", "Win Approved c1 8", "Win Rollback c1 8"]
    assert (run.held, run.parked()) == (0, [])


@pytest.mark.parametrize("queued", BOTH)
@pytest.mark.parametrize("restart", BOTH)
def test_a_rollback_that_is_cancelled_while_it_waits_for_its_bet_leaves_that_standing(
    trial: Make, queued: bool, restart: bool
) -> None:
    run = trial(ROLLBACKS)
    run.insert("games", "g", name="Game")
    if queued:
        run.insert("tx", "b0", kind="bet", amount=1, game="late")
    run.insert("tx", "r1", kind="rollback", ref="b1", status="done")
    run.update("tx", "r1", kind="rollback", ref="b1", status="cancelled")
    if queued:
        run.insert("games", "late", name="Late")
    if restart:
        run.restart()
    run.new()
    run.insert("tx", "b1", kind="bet", amount=5, game="g")
    assert run.new() == ["Bet Approved b1 5", "Bet Rollback b1 5", "Bet Approved b1:2 5"]
    assert (run.held, run.parked()) == (0, [])


def test_of_several_changes_each_waits_for_the_one_before(trial: Make) -> None:
    run = trial(CASH_OUTS)
    cash(run, "insert", "accepted")
    for status in ("reversed", "accepted", "reversed"):
        cash(run, "update", status)
    run.insert("games", "g", name="Game")
    run.restart()
    run.insert("bets", "b1", amount=5)
    wins = ["Win Approved c1 8", "Win Rollback c1 8", "Win Approved c1:2 8", "Win Rollback c1:2 8"]
    assert run.events() == ["Bet Approved b1 5", *wins]


def test_when_what_it_waits_for_never_comes_all_of_them_are_parked(trial: Make) -> None:
    run = trial(CASH_OUTS)
    cash(run, "insert", "accepted")
    cash(run, "update", "reversed")
    run.insert("games", "g", name="Game")
    run.wait(minutes=2 * 24 * 60)
    assert [code for _, code in run.parked()] == ["original_missing", "row_parked"]
    assert (run.held, run.events()) == (0, [])


@pytest.mark.parametrize("restart", BOTH)
@pytest.mark.parametrize("order", list(permutations(["1 g", "2 g", "3 late", "bet", "game"])), ids=" ".join)
def test_wins_that_wait_for_their_round_keep_their_order_where_one_waits_for_its_game_too(
    trial: Make, order: tuple[str, ...], restart: bool
) -> None:
    run = trial(WINS)
    run.insert("games", "g", name="Game")
    for step in order:
        if step == "bet":
            run.insert("bets", "b1", amount=5)
        elif step == "game":
            run.insert("games", "late", name="Late")
        else:
            key, game = step.split()
            run.insert("wins", key, amount=1, game=game)
        if restart:
            run.restart()
    wins = [f"Win Approved w{step[0]} 1" for step in order if step[0].isdigit()]
    assert run.events() == ["Bet Approved b1 5", *wins]
    assert (run.held, run.parked()) == (0, [])
