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


PENDING = PARTS.replace("activities:", 'stands: state == "ok"\n    activities:')
PAY: dict[str, Any] = {"kind": "bet", "amount": 10}


@pytest.mark.parametrize("rows", list(permutations([("1", {**PAY, "state": "pending"}), ("v", part(4))])))
def test_of_a_pending_bet_history_takes_the_part_that_it_says(trial: Make, rows: Rows) -> None:
    run = trial(PENDING)
    for key, row in rows:
        run.snapshot("tx", key, **{"state": "ok", **row})
    run.update("tx", "1", **PAY, state="ok")
    assert run.events() == ["Bet Approved 1 6"]
    run.insert("tx", "u", **UNVOID[1], state="ok")
    assert run.events()[1:] == ["Bet Rollback 1 6", "Bet Approved 1:2 10"]


def test_each_of_two_parts_of_a_pending_bet_is_undone_on_its_own(trial: Make) -> None:
    run = trial(PENDING)
    for key, row in (("1", {**PAY, "state": "pending"}), ("v", part(4)), ("w", part(1))):
        run.snapshot("tx", key, **{"state": "ok", **row})
    run.insert("tx", "u", kind="unvoid", ref="w", state="ok")
    run.update("tx", "1", **PAY, state="ok")
    assert run.events() == ["Bet Approved 1 6"]


def test_a_bet_of_which_history_took_a_part_can_be_void_by_its_own_row(trial: Make) -> None:
    run = trial(PENDING)
    run.snapshot("tx", "1", **PAY, state="ok")
    run.snapshot("tx", "v", **part(4), state="ok")
    run.update("tx", "1", **PAY, state="void")
    assert (run.events(), run.parked()) == (["Bet Rollback 1:2 6"], [])


FIXED = """
play:
  tx:
    each: {does: '("takes", "pays") if kind == "fix" else ("pays",)'}
    key: [id, does]
    activities:
      bet: {type: Bet, when: kind == "bet"}
      win: {type: Win, when: kind != "bet" and does == "pays"}
    reverses: {when: does == "takes", round: round, activity: win}
"""


@pytest.mark.parametrize("history", [2, 3, 4])
def test_what_a_row_of_history_pays_stands_although_it_takes_back_what_was_paid(trial: Make, history: int) -> None:
    run = trial(FIXED)
    rows = [("bet", 5), ("win", 12), ("fix", 2), ("fix", 3), ("fix", 4)]
    for number, (kind, amount) in enumerate(rows, 1):
        write = run.snapshot if number <= history else run.insert
        write("tx", str(number), kind=kind, amount=amount)
    told = ["Win Rollback 2 12", "Win Approved 3 2", "Win Rollback 3 2", "Win Approved 4 3"]
    assert run.events() == [*told, "Win Rollback 4 3", "Win Approved 5 4"][2 * (history - 2) :]


def test_a_part_of_history_that_cannot_be_told_leaves_a_pending_bet_to_a_person(trial: Make) -> None:
    run = trial(PENDING.replace("takes: amount", "takes: number(said)"))
    run.snapshot("tx", "1", **PAY, state="pending")
    run.snapshot("tx", "v", **part(4), state="ok", said="4 or so")
    run.update("tx", "1", **PAY, state="ok")
    assert (run.events(), run.parked()) == ([], [("1", "settled_after")])


ALONE_TOO = WHOLE + '      - {when: kind == "cancel", original: "tx[ref]"}\n'


@pytest.mark.parametrize("rows", list(permutations([WON, ROUND_VOID])))
def test_a_cancel_of_what_went_with_its_round_in_history_still_holds_when_that_is_undone(
    trial: Make, rows: Rows
) -> None:
    run = trial(ALONE_TOO)
    for key, row in rows:
        run.snapshot("tx", key, **row)
    run.insert("tx", "c", kind="cancel", ref="2")
    run.insert("tx", "u", **UNVOID[1])
    assert run.events() == []
    run.insert("tx", "x", kind="unvoid", ref="c")
    assert run.events() == ["Win Approved 2:2 30"]


def test_a_second_void_of_one_row_holds_nothing_beside_that_of_history(trial: Make) -> None:
    run = trial(WALLET)
    run.snapshot("tx", "1", **BET[1])
    run.snapshot("tx", "v", **VOID[1])
    run.insert("tx", "w", **VOID[1])
    run.insert("tx", "u", **UNVOID[1])
    assert run.events() == ["Bet Approved 1:2 10"]


@pytest.mark.parametrize(("by", "sent"), [(part(4), ["Bet Approved 1 6"]), (VOID[1], [])])
def test_a_reversal_of_history_is_read_after_the_log_has_told_of_its_pending_bet(
    trial: Make, by: dict[str, Any], sent: list[str]
) -> None:
    run = trial(PENDING + '      - {when: kind == "void", original: "tx[ref]"}\n')
    run.snapshot("tx", "1", **PAY, state="pending")
    run.update("tx", "1", **PAY, state="pending", note="seen")
    run.snapshot("tx", "v", **by, state="ok")
    run.update("tx", "1", **PAY, state="ok")
    assert run.events() == sent


def test_a_part_of_history_is_undone_although_the_rest_was_taken_since(trial: Make) -> None:
    run = trial(PARTS)
    run.snapshot("tx", "1", **BET[1])
    run.snapshot("tx", "v", **part(4))
    run.insert("tx", "w", **part(6))
    run.insert("tx", "u", **UNVOID[1])
    assert run.events() == ["Bet Rollback 1:2 6", "Bet Approved 1:3 4"]


@pytest.mark.parametrize("by", [VOID[1], part(4)])
def test_what_history_has_undone_is_not_undone_again(trial: Make, by: dict[str, Any]) -> None:
    run = trial(PARTS + '      - {when: kind == "void", original: "tx[ref]"}\n')
    for key, row in (BET, ("v", by), UNVOID):
        run.snapshot("tx", key, **row)
    run.insert("tx", "a", **UNVOID[1])
    assert (run.events(), run.ended("skipped")) == ([], ["repeated: there is nothing to restore"])


def test_a_share_of_history_whose_own_row_says_no_since_does_not_come_back(trial: Make) -> None:
    run = trial(PENDING + '      - {when: kind == "void", original: "tx[ref]"}\n')
    run.snapshot("tx", "1", **PAY, state="ok")
    run.snapshot("tx", "v", **VOID[1], state="ok")
    run.update("tx", "1", **PAY, state="void")
    run.insert("tx", "u", **UNVOID[1], state="ok")
    assert run.events() == []


@pytest.mark.parametrize("shown", ["snapshot", "insert"])
def test_a_part_of_a_pending_bet_is_undone_when_the_bet_is_void_by_its_own_row(trial: Make, shown: str) -> None:
    run = trial(PENDING)
    write = getattr(run, shown)
    write("tx", "1", **PAY, state="pending")
    write("tx", "v", **part(4), state="ok")
    run.update("tx", "1", **PAY, state="ok")
    run.update("tx", "1", **PAY, state="void")
    run.insert("tx", "u", **UNVOID[1], state="ok")
    assert run.events() == ["Bet Approved 1 6", "Bet Rollback 1 6"]


@pytest.mark.parametrize("void", ["snapshot", "insert"])
def test_what_was_taken_alone_stays_away_when_its_round_is_cancelled_and_that_is_undone(
    trial: Make, void: str
) -> None:
    run = trial(ALONE_TOO)
    run.snapshot("tx", "2", **WON[1])
    getattr(run, void)("tx", "c", kind="cancel", ref="2")
    run.insert("tx", "3", kind="win", amount=1)
    run.insert("tx", "v", **ROUND_VOID[1])
    gone = run.events()
    run.insert("tx", "u", kind="unvoid", ref="c")
    assert run.events() == gone
    run.insert("tx", "x", kind="unvoid", ref="v")
    assert sorted(run.events()[len(gone) :]) == ["Win Approved 2:2 30", "Win Approved 3:2 1"]


CANCEL = ("c", {"kind": "cancel", "ref": "2"})


@pytest.mark.parametrize("rows", list(permutations([WON, ROUND_VOID, CANCEL])))
@pytest.mark.parametrize("undone", [("v", "c"), ("c", "v")])
def test_what_went_alone_and_with_its_round_in_history_comes_back_when_both_are_undone(
    trial: Make, rows: Rows, undone: tuple[str, str]
) -> None:
    run = trial(ALONE_TOO)
    for key, row in rows:
        run.snapshot("tx", key, **row)
    run.insert("tx", "x", kind="unvoid", ref=undone[0])
    assert run.events() == []
    run.insert("tx", "y", kind="unvoid", ref=undone[1])
    assert run.events() == ["Win Approved 2:2 30"]


@pytest.mark.parametrize(
    "rows", list(permutations([WON, ROUND_VOID, CANCEL, ("u", {"kind": "unvoid", "ref": "c"})]))
)
def test_what_history_has_undone_of_two_keeps_nothing_away(trial: Make, rows: Rows) -> None:
    run = trial(ALONE_TOO)
    for key, row in rows:
        run.snapshot("tx", key, **row)
    assert run.events() == []
    run.insert("tx", "x", kind="unvoid", ref="v")
    assert run.events() in (["Win Approved 2:2 30"], ["Win Approved 2:3 30"])  # A snapshot tells no order.
