"""Rows of which it cannot be told what they are: they go with their round, whatever they turn out to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.parking import World
from tests.support.trial import Make, wallet

WALLET = """
play:
  bets:
    rows: ROWS
    activities:
      bet: {type: Bet, when: 'WHEN'}
      win: {type: Win, when: kind == "win"}
    again: {activity_id: {text: "{id}:{n}"}}
  cancels:
    player: account
    reverses:
      - {when: kind == "round", round: ref}
      - {when: kind == "undo", undoes: "cancels[ref]"}
"""
ROWS = ["append-only", "mutable\n    deleted: nothing"]


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("beside", [False, True])
def test_a_parked_one_goes_with_its_round_and_comes_back_with_it(
    tmp_path: Path, rows: str, *, beside: bool
) -> None:
    text = WALLET.replace("ROWS", rows)
    world = World(wallet(tmp_path, text.replace("WHEN", "number(sort) == 1")))
    run = world.trial
    if beside:
        run.insert("bets", "a", kind="", sort="1", amount=3)
    run.insert("bets", "b", kind="", sort="one", amount=5)
    assert [key for key, _ in run.parked()] == ["b"]
    run.insert("cancels", "c", kind="round", ref="R1", account="p1")
    world.mend(wallet(tmp_path, text.replace("WHEN", 'sort == "1" or sort == "one"')))
    world.replay()
    gone = ["Bet Approved a 3", "Bet Rollback a 3"] if beside else []
    assert (run.new(), run.parked(), run.held) == (gone, [], 0)
    run.insert("cancels", "u", kind="undo", ref="c", account="p1")
    assert sorted(run.new()) == (["Bet Approved a:2 3"] if beside else []) + ["Bet Approved b 5"]


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("is_bet", [False, True])
def test_one_that_waits_for_its_game_is_waited_for(trial: Make, rows: str, *, is_bet: bool) -> None:
    text = "lookups: {games: {key: id}}" + WALLET
    run = trial(text.replace("ROWS", rows).replace("WHEN", 'games[game].type == "slot" and kind == "bet"'))
    run.insert("games", "here", type="slot")
    run.insert("bets", "a", kind="bet", game="here", amount=3)
    run.insert("bets", "b", kind="bet" if is_bet else "win", game="late", amount=5)
    run.insert("cancels", "c", kind="round", ref="R1", account="another")
    run.insert("games", "late", type="slot")
    counts = sum(event["amount"] if event["status"] == "Approved" else -event["amount"] for event in run.bodies())
    assert (counts, run.held, run.parked()) == (0, 0, [])
