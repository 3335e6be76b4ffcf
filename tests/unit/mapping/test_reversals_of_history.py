"""Reversals from before the bridge: what they took back in silence can be undone, and they take it once."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from tests.support.trial import Make

Rows = list[tuple[str, dict[str, Any]]]

WALLET = """
play:
  tx:
    activities:
      bet: {type: Bet, when: kind == "bet"}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: kind == "void", original: "tx[ref]"}
      - {when: kind == "unvoid", undoes: "tx[ref]"}
"""
PARTS = """
play:
  tx:
    rows: mutable
    deleted: nothing
    activities:
      bet: {type: Bet, when: kind == "bet", share: amount}
    event: {wager_amount: left}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: kind == "part", original: "tx[ref]", takes: amount}
      - {when: kind == "unvoid", undoes: "tx[ref]"}
"""
TWO = """
play:
  rounds:
    activities:
      bet: {type: Bet, when: kind == "round"}
      win: {type: Win, when: kind == "round", event: {activity_id: {text: "{id}:w"}, wager_amount: won}}
    reverses:
      - {when: kind == "void_win", original: "rounds[ref]", activity: win}
      - {when: kind == "void", original: "rounds[ref]"}
"""
BET = ("1", {"kind": "bet", "amount": 10})
VOID = ("v", {"kind": "void", "ref": "1"})
UNVOID = ("u", {"kind": "unvoid", "ref": "v"})


def test_a_void_of_history_is_undone(trial: Make) -> None:
    run = trial(WALLET)
    for key, row in (BET, VOID):
        run.snapshot("tx", key, **row)
    run.insert("tx", "u", **UNVOID[1])
    run.insert("tx", "u2", **UNVOID[1])
    assert run.events() == ["Bet Approved 1:2 10"]
    assert run.ended("skipped") == ["repeated: there is nothing to restore"]


@pytest.mark.parametrize("rows", list(permutations([BET, VOID, UNVOID])))
def test_a_bet_whose_void_was_undone_counts_whatever_is_read_first(trial: Make, rows: Rows) -> None:
    run = trial(WALLET)
    for key, row in rows:
        run.snapshot("tx", key, **row)
    run.insert("tx", "w", kind="void", ref="1")
    run.insert("tx", "x", kind="void", ref="1")
    assert run.events() == ["Bet Rollback 1:2 10"]


def test_of_two_voids_the_second_took_nothing_back(trial: Make) -> None:
    run = trial(WALLET)
    for key, row in (BET, VOID, ("w", VOID[1])):
        run.snapshot("tx", key, **row)
    run.insert("tx", "a", kind="unvoid", ref="w")
    assert run.events() == []
    run.insert("tx", "b", kind="unvoid", ref="v")
    assert run.events() == ["Bet Approved 1:2 10"]


def test_an_undo_of_an_undo_in_history(trial: Make) -> None:
    run = trial(WALLET)
    for key, row in (BET, VOID, UNVOID, ("a", {"kind": "unvoid", "ref": "u"})):
        run.snapshot("tx", key, **row)
    run.insert("tx", "w", kind="void", ref="1")
    assert run.events() == []


def part(amount: int) -> dict[str, Any]:
    return {"kind": "part", "ref": "1", "amount": amount}


def test_a_note_on_a_refund_of_history_takes_nothing_again(trial: Make) -> None:
    run = trial(PARTS)
    run.snapshot("tx", "1", **BET[1])
    run.snapshot("tx", "v", **part(4))
    run.update("tx", "v", **part(4), note="checked")
    assert run.events() == []
    run.update("tx", "v", **part(5), note="corrected")
    assert run.parked() == [("v", "reversal_changed")]


def test_a_part_of_history_is_undone(trial: Make) -> None:
    run = trial(PARTS)
    run.snapshot("tx", "1", **BET[1])
    run.snapshot("tx", "v", **part(4))
    run.snapshot("tx", "w", **part(1))
    run.insert("tx", "u", **UNVOID[1])
    assert run.events() == ["Bet Rollback 1:3 5", "Bet Approved 1:4 9"]


@pytest.mark.parametrize("rows", ["rows: mutable", "rows: append-only"])
@pytest.mark.parametrize("order", [("v", "w"), ("w", "v")])
def test_a_part_of_history_is_undone_after_the_rest_was_taken(
    trial: Make, rows: str, order: tuple[str, str]
) -> None:
    voids = PARTS + '      - {when: kind == "void", original: "tx[ref]"}\n'
    if rows == "rows: append-only":
        voids = voids.replace("    rows: mutable\n    deleted: nothing\n", "")
    run = trial(voids)
    run.snapshot("tx", "1", **BET[1])
    run.snapshot("tx", "v", **part(4))
    run.insert("tx", "w", kind="void", ref="1")
    assert run.new() == ["Bet Rollback 1:2 6"]
    for key in order:
        run.restart()
        run.insert("tx", f"u{key}", kind="unvoid", ref=key)
    assert (run.new()[-1], run.parked()) == ("Bet Approved 1:4 10", [])


def test_a_part_of_history_that_was_undone_there_is_left(trial: Make) -> None:
    run = trial(PARTS)
    for key, row in (BET, ("v", part(4)), UNVOID):
        run.snapshot("tx", key, **row)
    run.insert("tx", "w", **part(10))
    assert run.events() == ["Bet Rollback 1:3 10"]


def test_a_void_of_the_win_alone_leaves_the_bet(trial: Make) -> None:
    run = trial(TWO)
    run.snapshot("rounds", "1", kind="round", amount=10, won=30)
    run.snapshot("rounds", "v", kind="void_win", ref="1")
    run.insert("rounds", "w", kind="void", ref="1")
    assert run.events() == ["Bet Rollback 1 10"]


ROUNDS = """
play:
  tx:
    activities: {bet: {type: Bet, when: kind == "bet"}}
    reverses: {when: kind == "unvoid", undoes: "rounds[round]"}
  rounds:
    rows: mutable
    deleted: nothing
    reverses: {when: state == "void", round: id}
"""


def test_a_round_that_was_void_before_takes_nothing_once_it_is_noted(trial: Make) -> None:
    run = trial(ROUNDS)
    run.snapshot("rounds", "R1", state="void")
    run.insert("tx", "1", kind="bet", amount=5)
    run.update("rounds", "R1", state="void", note="seen")
    assert (run.events(), run.held) == (["Bet Approved 1 5"], 0)
    run.update("rounds", "R1", state="open")
    assert run.parked() == [("R1", "reversal_changed")]


def test_what_is_not_known_of_history_is_not_undone_in_silence(trial: Make) -> None:
    run = trial(WALLET)
    for key, row in (BET, VOID, UNVOID):
        run.snapshot("tx", key, **row)
    run.insert("tx", "a", kind="unvoid", ref="u")
    assert run.parked() == [("a", "done_in_history")]


WHOLE = """
play:
  tx:
    activities:
      bet: {type: Bet, when: kind == "bet", share: amount}
      win: {type: Win, when: kind == "win", event: {wager_amount: amount}}
    event: {wager_amount: left}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: kind == "round_void", round: round}
      - {when: kind == "part", original: "tx[ref]", takes: amount}
      - {when: kind == "unvoid", undoes: "tx[ref]"}
"""
WON = ("2", {"kind": "win", "amount": 30})
ROUND_VOID = ("v", {"kind": "round_void", "round": "R1"})


def test_a_round_that_spans_the_start_goes_as_a_whole(trial: Make) -> None:
    run = trial(WHOLE)
    run.snapshot("tx", "1", **BET[1])
    run.snapshot("tx", "p", **part(4))
    run.insert("tx", "2", **WON[1])
    run.insert("tx", "v", **ROUND_VOID[1])
    run.insert("tx", "u", **UNVOID[1])
    assert run.events() == [
        "Win Approved 2 30",
        "Win Rollback 2 30",
        "Bet Rollback 1:2 6",
        "Bet Approved 1:3 6",
        "Win Approved 2:2 30",
    ]
    run.insert("tx", "q", **part(6))
    assert run.events()[5:] == ["Bet Rollback 1:3 6"]


@pytest.mark.parametrize("rows", list(permutations([BET, WON, ROUND_VOID])))
def test_a_round_that_was_void_before_goes_once_and_comes_back(trial: Make, rows: Rows) -> None:
    run = trial(WHOLE)
    for key, row in rows:
        run.snapshot("tx", key, **row)
    run.insert("tx", "w", **ROUND_VOID[1])
    assert (run.events(), run.held) == ([], 0)
    run.insert("tx", "u", **UNVOID[1])
    assert sorted(run.events()) == ["Bet Approved 1:2 10", "Win Approved 2:2 30"]


@pytest.mark.parametrize("rows", list(permutations([BET, WON, ROUND_VOID, UNVOID])))
def test_a_round_whose_void_was_undone_counts(trial: Make, rows: Rows) -> None:
    run = trial(WHOLE)
    for key, row in rows:
        run.snapshot("tx", key, **row)
    run.insert("tx", "w", **ROUND_VOID[1])
    assert run.events() == ["Win Rollback 2:2 30", "Bet Rollback 1:2 10"]
