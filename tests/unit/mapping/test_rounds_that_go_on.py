"""Play of a round that came after its cancelling is none of what that takes back, also while it waits."""

from __future__ import annotations

import json

import pytest

from tests.support.trial import Make, Trial

WALLET = """
lookups: {games: {key: id}}
wait: {lookup: 10 minutes, original: 1 day}
play:
  tx:
    with: {title: 'games[game].name'}
    activities: {bet: {type: Bet, when: kind == "bet"}, win: {type: Win, when: kind == "win"}}
    event: {game_name: title}
    reverses:
      - {when: kind == "cancel", round: round}
"""
AGAIN = ["Bet Approved b1 5", "Bet Rollback b1 5", "Bet Approved b2 7"]


@pytest.fixture
def run(trial: Make) -> Trial:
    return trial(WALLET)


def bet(run: Trial, key: str, amount: int, **row: object) -> None:
    run.insert("tx", key, **{"kind": "bet", "amount": amount, "game": "g", **row})


def cancel(run: Trial, key: str = "c", **row: object) -> None:
    run.insert("tx", key, kind="cancel", **row)


def game(run: Trial, key: str = "g") -> None:
    run.insert("games", key, name="Game")


def test_a_bet_that_is_dealt_again_stands(run: Trial) -> None:
    game(run)
    bet(run, "b1", 5)
    cancel(run)
    bet(run, "b2", 7)
    assert run.events() == AGAIN


@pytest.mark.parametrize("restart", [False, True])
def test_so_it_does_when_all_of_it_waited_for_the_game(run: Trial, restart: bool) -> None:
    bet(run, "b1", 5)
    cancel(run)
    bet(run, "b2", 7)
    if restart:
        run.restart()
    game(run)
    assert run.events() == AGAIN
    assert (run.held, run.parked()) == (0, [])


def test_and_when_something_else_of_the_player_waited(run: Trial) -> None:
    game(run)
    bet(run, "other", 1, round="R0", game="late")
    bet(run, "b1", 5)
    cancel(run)
    bet(run, "b2", 7)
    game(run, "late")
    assert run.events() == ["Bet Approved other 1", *AGAIN]


def test_a_bet_of_another_player_too(run: Trial) -> None:
    game(run)
    bet(run, "other", 1, round="R0", game="late")
    bet(run, "b1", 5, player="p2")
    cancel(run)
    bet(run, "b2", 7, player="p2", game="late")
    game(run, "late")
    assert run.events() == ["Bet Approved b1 5", "Bet Approved other 1", "Bet Rollback b1 5", "Bet Approved b2 7"]


def test_what_came_before_goes_as_a_whole(run: Trial) -> None:
    game(run)
    bet(run, "b1", 5)
    bet(run, "b2", 7, player="p2", game="late")
    cancel(run)
    assert run.events() == ["Bet Approved b1 5"]
    game(run, "late")
    assert run.events()[1:] == ["Bet Approved b2 7", "Bet Rollback b2 7", "Bet Rollback b1 5"]


@pytest.mark.parametrize("restart", [False, True])
def test_what_came_before_goes_although_something_is_written_on_it_while_it_waits(
    trial: Make, restart: bool
) -> None:
    run = trial(WALLET.replace("tx:\n", "tx:\n    rows: mutable\n    deleted: nothing\n"))
    bet(run, "b1", 5, game="late")
    bet(run, "b2", 7, player="p2", game="later")
    cancel(run)
    run.update("tx", "b2", kind="bet", amount=7, player="p2", game="later", note="seen")
    if restart:
        run.restart()
    game(run, "late")
    game(run, "later")
    assert run.events()[2:] == ["Bet Rollback b2 7", "Bet Rollback b1 5"]
    assert (run.held, run.parked()) == (0, [])


MUTABLE = WALLET.replace("tx:\n", "tx:\n    rows: mutable\n    deleted: nothing\n")


@pytest.mark.parametrize("text", [WALLET, MUTABLE])
@pytest.mark.parametrize("restart", [False, True])
def test_a_bet_of_another_player_that_was_sent_while_the_cancelling_waited_stands(
    trial: Make, text: str, *, restart: bool
) -> None:
    run = trial(text)
    game(run)
    bet(run, "other", 1, round="R0", game="late")
    bet(run, "b1", 5, player="p2")
    cancel(run)
    bet(run, "b2", 7, player="p2")
    if restart:
        run.restart()
    game(run, "late")
    assert run.events() == ["Bet Approved b1 5", "Bet Approved b2 7", "Bet Approved other 1", "Bet Rollback b1 5"]
    assert (run.held, run.parked()) == (0, [])


@pytest.mark.parametrize("note", ["b1", "b2"])
def test_what_is_written_on_a_bet_later_makes_it_no_later_one(trial: Make, note: str) -> None:
    run = trial(MUTABLE)
    game(run)
    bet(run, "other", 1, round="R0", game="late")
    bet(run, "b1", 5, player="p2")
    cancel(run)
    bet(run, "b2", 7, player="p2")
    amount = 5 if note == "b1" else 7
    for _ in range(2):
        run.update("tx", note, kind="bet", amount=amount, player="p2", game="g", note="seen")
    game(run, "late")
    assert run.events()[2:] == ["Bet Approved other 1", "Bet Rollback b1 5"]


def test_a_cancelling_that_came_before_all_of_its_round_takes_that(run: Trial) -> None:
    game(run)
    cancel(run)
    bet(run, "b1", 5, player="p2")
    assert (run.events(), run.held) == (["Bet Approved b1 5", "Bet Rollback b1 5"], 0)


GO = """
lookups: {games: {key: id}}
wait: {lookup: 1 day, original: 1 day}
play:
  bets:
    rows: mutable
    deleted: nothing
    activities: {bet: {type: Bet}}
    event: {game_name: "games[game].name"}
  wins:
    after: bets[bet]
    activities: {win: {type: Win}}
  cancels:
    reverses:
      - {when: 'true', original: "bets[bet]", followers: go}
"""


@pytest.mark.parametrize("notes", [1, 2])
@pytest.mark.parametrize("restart", [False, True])
def test_a_win_is_none_of_its_bet_s_cancel_although_something_is_written_on_the_bet(
    trial: Make, notes: int, *, restart: bool
) -> None:
    run = trial(GO)
    run.insert("bets", "b", amount=5, game="late")
    run.insert("cancels", "c", bet="b", player="p2")
    for note in range(notes):
        run.update("bets", "b", amount=5, game="late", note=note)
    run.insert("wins", "w", amount=30, bet="b")
    if restart:
        run.restart()
    game(run, "late")
    assert run.events() == ["Bet Approved b 5", "Bet Rollback b 5", "Win Approved w 30"]
    assert (run.held, run.parked()) == (0, [])


LIST = """
lookups: {games: {key: id}}
play:
  tx:
    each: {a: json(actions)}
    key: a.id
    activities: {bet: {type: Bet, when: a.kind == "bet"}}
    event: {activity_id: a.id, wager_amount: a.amount, game_name: "games[a.game].name"}
    reverses:
      - {when: a.kind == "cancel", round: round}
"""


@pytest.mark.parametrize("dealt_in", ["g", "here"])
@pytest.mark.parametrize("restart", [False, True])
def test_a_bet_that_one_call_cancels_and_deals_again_stands_also_when_it_waited(
    trial: Make, restart: bool, dealt_in: str
) -> None:
    run = trial(LIST)
    game(run, "here")
    first, cancelling = {"id": "b1", "kind": "bet", "amount": 5, "game": "g"}, {"id": "c", "kind": "cancel"}
    second = {"id": "b2", "kind": "bet", "amount": 7, "game": dealt_in}
    run.insert("tx", 1, actions=json.dumps([first, cancelling, second]))
    if restart:
        run.restart()
    game(run)
    assert run.events() == AGAIN
    assert (run.held, run.parked()) == (0, [])


def test_a_cancelling_that_came_first_takes_the_bet_that_comes(run: Trial) -> None:
    cancel(run)
    bet(run, "b1", 5)
    bet(run, "b2", 7)
    game(run)
    assert run.events() == AGAIN


def test_tried_again_it_takes_nothing_more_than_there_was_then(run: Trial) -> None:
    bet(run, "b1", 5)
    cancel(run)
    cancel(run, "c2")
    bet(run, "b2", 7)
    game(run)
    assert run.events() == AGAIN
    assert run.ended("skipped") == ["repeated: what it takes back does not stand"]
