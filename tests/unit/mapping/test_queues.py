"""Several changes of one player that wait, each for something of its own."""

from __future__ import annotations

import pytest

from tests.support.trial import Make, Trial

WALLET = """
wait: {lookup: 10 minutes, original: 1 hour}
lookups: {rates: {key: id}}
play:
  tx:
    activities: {bet: {type: Bet, when: kind == "bet"}}
    event: {exchange_rate: "rates[currency].rate"}
    reverses:
      when: kind == "rollback"
      original: tx[ref]
      park: {a rate that is none: "rates[currency].rate == 0"}
      event: {timestamp: at}
"""


def a_rollback_before_a_bet(trial: Make) -> Trial:
    """Let a rollback wait for its rate, in front of a bet of the same player that waits for another one."""
    run = trial(WALLET)
    run.insert("rates", "known", rate=1)
    run.insert("tx", 3, kind="rollback", ref=1, currency="late")
    run.insert("tx", 2, kind="bet", amount=2, currency="later")
    run.insert("tx", 1, kind="bet", amount=1, currency="known", player="p2")
    assert (run.new(), run.held) == (["Bet Approved 1 1"], 2)
    return run


def test_of_two_that_wait_in_one_queue_each_is_given_up_as_itself(trial: Make) -> None:
    run = a_rollback_before_a_bet(trial)
    run.wait(minutes=10)
    assert sorted(run.parked()) == [("2", "lookup_missing"), ("3", "lookup_missing")]
    assert (run.held, list(run.play.ledger.held())) == (0, [])


def test_the_second_of_a_queue_that_has_what_it_waited_for_goes_on_after_the_first(trial: Make) -> None:
    run = a_rollback_before_a_bet(trial)
    run.insert("rates", "later", rate=3)
    assert run.new() == []
    run.restart()
    run.wait(minutes=9)
    run.insert("rates", "late", rate=3)
    assert run.new() == ["Bet Rollback 1 1", "Bet Approved 2 2"]
    assert (run.held, run.parked()) == (0, [])


def test_the_second_of_a_queue_is_not_given_up_once_it_has_what_it_waited_for(trial: Make) -> None:
    run = a_rollback_before_a_bet(trial)
    run.insert("rates", "later", rate=3)
    run.restart()
    run.wait(minutes=10)
    assert run.new() == ["Bet Approved 2 2"]
    assert run.parked() == [("3", "lookup_missing")]


FOLLOWING = """
wait: {lookup: 10 minutes, original: 1 day}
lookups: {games: {key: id}}
play:
  bets:
    activities: {bet: {type: Bet}}
    event: {game_name: "games[game].name"}
  wins:
    after: bets.by_ticket[bet]
    activities: {win: {type: Win}}
"""


def a_win_in_front_of_its_bet(trial: Make, after: str) -> Trial:
    """Let a win wait behind a bet of the same player, and in front of its own bet."""
    bets = "  bets:\n    indexes: {by_ticket: id}"
    run = trial(FOLLOWING.replace("  bets:", bets).replace("bets.by_ticket[bet]", after))
    run.insert("bets", "b1", amount=1, game="late")
    run.insert("wins", "w2", bet="b2", amount=20)
    run.insert("bets", "b2", amount=2, game="late")
    run.insert("wins", "w1", bet="b1", amount=10)
    return run


FOUND_IN_ORDER = ["Bet Approved b1 1", "Bet Approved b2 2", "Win Approved w2 20", "Win Approved w1 10"]


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("after", ["bets[bet]", "bets.by_ticket[bet]"])
def test_what_waits_behind_a_change_that_waits_for_it_passes_that(
    trial: Make, after: str, *, restarted: bool
) -> None:
    run = a_win_in_front_of_its_bet(trial, after)
    if restarted:
        run.restart()
    run.insert("games", "late", name="Late")
    assert run.events() == FOUND_IN_ORDER
    assert (run.held, run.parked(), list(run.play.ledger.held())) == (0, [], [])


@pytest.mark.parametrize("restarted", [False, True])
def test_what_has_passed_may_wait_itself(trial: Make, *, restarted: bool) -> None:
    run = trial(FOLLOWING.replace("bets.by_ticket[bet]", "bets[bet]"))
    run.insert("bets", "b1", amount=1, game="late")
    run.insert("wins", "w2", bet="b2", amount=20)
    run.insert("bets", "b2", amount=2, game="later")
    run.insert("games", "late", name="Late")
    assert run.new() == ["Bet Approved b1 1"]
    if restarted:
        run.restart()
    run.insert("bets", "b3", amount=3, game="late")
    run.insert("games", "later", name="Later")
    assert run.new() == ["Bet Approved b2 2", "Win Approved w2 20", "Bet Approved b3 3"]
    assert (run.held, run.parked(), list(run.play.ledger.held())) == (0, [], [])


def test_what_has_passed_is_given_up_and_what_followed_it_with_it(trial: Make) -> None:
    run = trial(FOLLOWING.replace("bets.by_ticket[bet]", "bets[bet]"))
    run.insert("bets", "b1", amount=1, game="late")
    run.insert("wins", "w2", bet="b2", amount=20)
    run.insert("bets", "b2", amount=2, game="never")
    run.insert("games", "late", name="Late")
    run.wait(minutes=11)
    assert run.parked() == [("b2", "lookup_missing"), ("w2", "followed_parked")]
    assert run.held == 0


def test_what_comes_and_waits_for_one_that_is_queued_already_lets_that_pass(trial: Make) -> None:
    run = trial("play: {tx: {after: 'tx[previous]', activities: {bet: {type: Bet}}}}")
    run.insert("tx", 1, previous=2, amount=1)
    run.insert("tx", 3, previous=None, amount=3)
    run.insert("tx", 2, previous=3, amount=2)
    assert run.events() == ["Bet Approved 3 3", "Bet Approved 2 2", "Bet Approved 1 1"]
    assert (run.held, run.parked()) == (0, [])


VOIDED = """
lookups: {games: {key: id}}
play:
  bets:
    rows: mutable
    deleted: nothing
    skip: {refused: state == "refused"}
    activities: {bet: {type: Bet, stands: state == "open"}}
    event: {game_name: "games[game].name"}
    again: {activity_id: {text: "{id}:{n}"}}
  voids: {reverses: {when: 'true', original: "bets[ref]"}}
"""


@pytest.mark.parametrize("late", [False, True], ids=["", "late"])
@pytest.mark.parametrize("shown", [False, True], ids=["", "in a snapshot"])
def test_a_pending_bet_is_refused_after_its_void_that_is_queued(trial: Make, *, late: bool, shown: bool) -> None:
    run = trial(VOIDED)
    run.insert("games", "g", name="Dice")
    if not late:
        run.insert("games", "late", name="Lucky")
    (run.snapshot if shown else run.insert)("bets", 1, state="pending", amount=5, game="g")
    run.insert("bets", 2, state="open", amount=7, game="late")
    run.insert("voids", 3, ref=1)
    run.update("bets", 1, state="refused", amount=5, game="g")
    run.insert("games", "late", name="Lucky")
    run.update("bets", 1, state="open", amount=5, game="g")
    assert (run.events(), run.held, run.parked()) == (["Bet Approved 2 7"], 0, [])
