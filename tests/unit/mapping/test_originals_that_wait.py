"""Reversals of what is there already, and waits itself: for its game, say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.trial import Make

WALLET = """
lookups: {{games: {{key: id}}}}
play:
  tx:
    indexes: {{by_ticket: ticket}}
    activities: {{bet: {{type: Bet}}}}
    event: {{game_name: "games[game].name"}}
  voids:
    player: id
    reverses: {{when: kind == "void", {}, unknown: {}}}
"""
WAYS = {"key": 'original: "tx[ref]"', "index": 'original: "tx.by_ticket[ticket]"', "round": "round: round"}


@pytest.mark.parametrize("unknown", ["wait", "skip", "park", "wait then skip"])
@pytest.mark.parametrize("way", WAYS)
def test_an_original_that_waits_is_waited_for(trial: Make, way: str, unknown: str) -> None:
    run = trial(WALLET.format(WAYS[way], unknown))
    run.insert("tx", "1", amount=5, game="g", ticket="t")
    run.restart()
    run.insert("voids", "v", kind="void", ref="1", ticket="t")
    run.restart()
    assert (run.events(), run.held, run.parked()) == ([], 2, [])
    run.insert("games", "g", name="Dice")
    assert (run.events(), run.held) == (["Bet Approved 1 5", "Bet Rollback 1 5"], 0)


@pytest.mark.parametrize("way", WAYS)
def test_an_original_that_comes_in_time_is_taken_back_and_one_that_never_comes_is_nothing(
    trial: Make, way: str
) -> None:
    run = trial(WALLET.format(WAYS[way], "wait then skip"))
    run.insert("games", "g", name="Dice")
    run.insert("voids", "v", kind="void", ref="1", ticket="t")
    never = run.insert("voids", "w", kind="void", ref="never", ticket="never", round="never")
    run.wait(minutes=23 * 60)
    run.restart()
    run.insert("tx", "1", amount=5, game="g", ticket="t")
    assert (run.events(), run.held) == (["Bet Approved 1 5", "Bet Rollback 1 5"], 1)
    run.wait(minutes=2 * 60)
    assert (len(run.events()), run.held, run.parked()) == (2, 0, [])
    run.take(never)
    assert (len(run.events()), run.held, run.parked()) == (2, 0, [])


@pytest.mark.parametrize("way", ["key", "index"])
def test_an_original_that_is_there_and_never_ends_is_no_unknown_one(trial: Make, way: str) -> None:
    text = WALLET.format(WAYS[way], "wait then skip") + "wait: {lookup: 2 days}"
    run = trial(text)
    run.insert("tx", "1", amount=5, game="g", ticket="t")
    run.insert("voids", "v", kind="void", ref="1", ticket="t")
    run.wait(minutes=25 * 60)
    assert run.parked() == [("v", "original_missing")]


def test_a_round_is_taken_back_when_all_of_it_is_known(trial: Make) -> None:
    run = trial(WALLET.format(WAYS["round"], "wait"))
    run.insert("games", "g", name="Dice")
    run.insert("tx", "1", amount=5, game="g", ticket="t")
    run.insert("tx", "2", amount=7, game="late", ticket="u")
    run.insert("voids", "v", kind="void")
    assert run.events() == ["Bet Approved 1 5"]
    run.insert("games", "late", name="Roulette")
    assert run.events()[1:] == ["Bet Approved 2 7", "Bet Rollback 2 7", "Bet Rollback 1 5"]
    assert run.held == 0


def test_a_round_goes_on_when_what_waited_is_given_up(trial: Make) -> None:
    run = trial(WALLET.format(WAYS["round"], "wait"))
    run.insert("games", "g", name="Dice")
    run.insert("tx", "1", amount=5, game="g", ticket="t")
    run.insert("tx", "2", amount=7, game="never", ticket="u")
    run.insert("voids", "v", kind="void")
    run.wait(minutes=11)
    assert run.events() == ["Bet Approved 1 5", "Bet Rollback 1 5"]
    assert run.parked() == [("2", "lookup_missing")]


def test_an_original_that_is_looked_for_before_it_waits_is_found(trial: Make) -> None:
    run = trial(WALLET.format(WAYS["index"], "wait"))
    run.insert("voids", "v", kind="void", ref="1", ticket="t")
    run.insert("tx", "1", amount=5, game="g", ticket="t")
    run.insert("games", "g", name="Dice")
    assert (run.events(), run.held) == (["Bet Approved 1 5", "Bet Rollback 1 5"], 0)


MERGED = """
wait: {lookup: 1 hour, original: 1 day}
lookups: {games: {key: id}}
play:
  bets:
    rows: mutable
    deleted: nothing
    activities: {bet: {type: Bet, stands: state == "open"}}
    event: {game_name: "games[game].name"}
    again: {activity_id: {text: "{id}:{n}"}}
  voids:
    rows: mutable
    deleted: nothing
    reverses:
      - {when: kind == "void", original: "bets[ref]"}
      - {when: kind == "undo", undoes: "voids[ref]"}
"""
"""A wallet that gives its rows new keys, as when it merges two tables."""


@pytest.mark.parametrize("state", ["open", "pending"])
@pytest.mark.parametrize("noted", [False, True], ids=["", "noted"])
@pytest.mark.parametrize("queued", [False, True], ids=["at once", "behind another bet"])
def test_a_void_that_waits_may_get_another_key(trial: Make, state: str, *, noted: bool, queued: bool) -> None:
    run = trial(MERGED)
    if queued:
        run.insert("bets", "1", state="open", amount=1, game="late")
    run.insert("games", "g", name="Dice")
    void: dict[str, Any] = {"kind": "void", "ref": "b", "amount": None}
    run.insert("voids", "v", **void)
    run.rename("voids", "v", "v2", **void)
    run.restart()
    run.rename("voids", "v2", "v3", **void)
    if noted:
        run.update("voids", "v3", **void, note="merged")
    run.insert("games", "late", name="Dice")
    run.insert("bets", "b", state=state, amount=5, game="g")
    run.update("bets", "b", state="open", amount=5, game="g")
    run.insert("voids", "u", kind="undo", ref="v3", amount=None)
    assert (run.held, run.parked()) == (0, [])
    taken_back = ["Bet Approved b 5", "Bet Rollback b 5", "Bet Approved b:2 5"]
    assert run.events()[queued:] == (taken_back if state == "open" else ["Bet Approved b 5"])
