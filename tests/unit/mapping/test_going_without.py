"""A look-up that is waited for, and done without when the wait is over."""

from __future__ import annotations

from tests.support.trial import Make, Trial

MINUTE = 60_000
WALLET = """
lookups:
  games: {key: id, missing: wait then none}
  vendors: {key: id, missing: wait then none}
wait: {lookup: 10 minutes}
play:
  tx:
    activities: {bet: {type: Bet, when: 'kind == "bet"'}}
    event:
      game_name: games[game].name or "Unknown"
      vendor_name: vendors[vendor].name or "Other"
    reverses: {when: 'kind == "void"', original: 'tx[ref]', event: {meta: {game: 'games[game].name or "none"'}}}
"""


def names(run: Trial) -> list[tuple[str, str]]:
    """Return the names that were sent."""
    return [(event["game_name"], event["vendor_name"]) for event in run.bodies()]


def test_it_waits_first_and_holds_what_its_player_does_later(trial: Make) -> None:
    run = trial(WALLET)
    run.insert("vendors", "v", name="Acme")
    run.insert("games", "g", name="Dice")
    run.insert("tx", 1, kind="bet", amount=1, game="new", vendor="v")
    run.insert("tx", 2, kind="bet", amount=1, game="g", vendor="v")
    run.play.wait(9 * MINUTE)
    assert names(run) == []
    run.play.wait(2 * MINUTE)
    assert names(run) == [("Unknown", "Acme"), ("Dice", "Acme")]
    assert run.parked() == []
    assert run.play.mapper.held == 0


def test_a_row_that_comes_in_time_is_taken(trial: Make) -> None:
    run = trial(WALLET)
    run.insert("vendors", "v", name="Acme")
    run.insert("tx", 1, kind="bet", amount=1, game="new", vendor="v")
    run.play.wait(5 * MINUTE)
    run.insert("games", "new", name="New Game")
    assert names(run) == [("New Game", "Acme")]


def test_one_that_lacks_several_goes_without_each(trial: Make) -> None:
    run = trial(WALLET)
    run.insert("tx", 1, kind="bet", amount=1, game="new", vendor="none")
    run.play.wait(11 * MINUTE)
    assert names(run) == [("Unknown", "Other")]
    assert run.play.mapper.held == 0


def test_what_is_known_later_is_taken_by_what_comes_later(trial: Make) -> None:
    run = trial(WALLET)
    run.insert("vendors", "v", name="Acme")
    run.insert("tx", 1, kind="bet", amount=1, game="new", vendor="v")
    run.play.wait(11 * MINUTE)
    run.insert("games", "new", name="New Game")
    run.insert("tx", 2, kind="bet", amount=1, game="new", vendor="v")
    assert names(run) == [("Unknown", "Acme"), ("New Game", "Acme")]


def test_a_reversal_that_waits_goes_without_too(trial: Make) -> None:
    run = trial(WALLET)
    run.insert("vendors", "v", name="Acme")
    run.insert("games", "g", name="Dice")
    run.insert("tx", 1, kind="bet", amount=1, game="g", vendor="v")
    run.insert("tx", 2, kind="void", ref="1", amount=1, game="new")
    run.play.wait(11 * MINUTE)
    assert [event["status"] for event in run.bodies()] == ["Approved", "Rollback"]
    assert run.bodies()[1]["meta"] == {"game": "none"}
