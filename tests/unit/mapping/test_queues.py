"""Several changes of one player that wait, each for something of its own."""

from __future__ import annotations

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
