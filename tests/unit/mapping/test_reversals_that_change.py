"""Reversal rows that are written again, withdrawn, or undone, and undone in turn: each takes effect once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.trial import Make, Trial

WALLET = """
play:
  tx:
    rows: mutable
    deleted: nothing stands
    skip: {not done yet: status == "pending"}
    activities: {bet: {type: Bet, when: kind == "bet"}, win: {type: Win, when: kind == "win"}}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: kind == "void" and status == "cancelled", undoes: "tx[id]"}
      - {when: kind == "void" and status == "done", original: "tx[ref]"}
      - {when: kind == "unvoid", undoes: "tx[ref]"}
      - {when: kind == "round_void", round: round}
"""
PARTS = """
play:
  tx:
    rows: mutable
    deleted: nothing
    activities: {bet: {type: Bet, when: kind == "bet", share: amount}}
    event: {wager_amount: left}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: kind == "part", original: "tx[ref]", takes: amount}
      - {when: kind == "unvoid", undoes: "tx[ref]"}
"""
CHANGED = [("v", "reversal_changed")]
NOTHING = "repeated: there is nothing to restore"


@pytest.fixture
def run(trial: Make) -> Trial:
    return trial(WALLET)


def row(kind: str, ref: str | None = None, amount: int | None = None, status: str = "done") -> dict[str, Any]:
    return {"kind": kind, "ref": ref, "amount": amount, "status": status}


def void(run: Trial) -> None:
    run.insert("tx", "1", **row("bet", amount=10))
    run.insert("tx", "v", **row("void", "1"))


VOIDED = ["Bet Approved 1 10", "Bet Rollback 1 10"]
RESTORED = [*VOIDED, "Bet Approved 1:2 10"]


def test_a_note_on_a_void_that_was_undone_does_not_take_back_again(run: Trial) -> None:
    void(run)
    run.insert("tx", "u", **row("unvoid", "v"))
    run.update("tx", "v", **row("void", "1"), note="undone by u")
    run.update("tx", "u", **row("unvoid", "v"), note="checked")
    assert run.events() == RESTORED
    assert run.ended("skipped") == ["nothing to do", "nothing to do"]


def test_a_note_on_a_refund_of_a_part_does_not_take_the_part_again(trial: Make) -> None:
    run = trial(PARTS)
    run.insert("tx", "1", **row("bet", amount=10))
    run.insert("tx", "v", **row("part", "1", 4))
    run.restart()
    run.update("tx", "v", **row("part", "1", 4), note="checked")
    assert run.events() == ["Bet Approved 1 10", "Bet Rollback 1 10", "Bet Approved 1:2 6"]
    run.update("tx", "v", **row("part", "1", 5))
    assert run.parked() == CHANGED
    assert len(run.events()) == 3


@pytest.mark.parametrize(
    "now",
    [
        row("void", "1", status="pending"),
        row("void", "9"),
        row("void", "5"),
        row("bet", amount=1),
        row("odd"),
        None,
    ],
)
def test_a_void_that_is_none_any_more_waits_for_a_person(run: Trial, now: dict[str, Any] | None) -> None:
    run.insert("tx", "9", **row("bet", amount=7))
    void(run)
    if now is None:
        run.delete("tx", "v")
    else:
        run.update("tx", "v", **now)
    assert run.events()[1:] == VOIDED
    assert run.parked() == CHANGED


def test_a_void_can_be_undone_by_its_own_row_and_come_again(run: Trial) -> None:
    run.insert("tx", "1", **row("bet", amount=10))
    for status in ("pending", "done", "cancelled", "cancelled", "done", "done"):
        run.update("tx", "v", **row("void", "1", status=status))
    assert run.events() == [*RESTORED, "Bet Rollback 1:2 10"]
    assert run.ended("skipped") == ["not done yet", NOTHING, "nothing to do"]


def test_a_void_that_is_cancelled_before_it_did_anything_is_nothing(run: Trial) -> None:
    run.insert("tx", "1", **row("bet", amount=10))
    run.insert("tx", "v", **row("void", "1", status="cancelled"))
    run.insert("tx", "w", **row("void", "1", status="pending"))
    run.update("tx", "w", **row("void", "1", status="cancelled"))
    assert run.events() == VOIDED[:1]
    assert run.held == 0
    assert run.parked() == []


def test_a_void_that_waits_for_its_bet_and_is_cancelled_meanwhile(run: Trial) -> None:
    run.insert("tx", "v", **row("void", "1"))
    run.update("tx", "v", **row("void", "1", status="cancelled"))
    run.insert("tx", "1", **row("bet", amount=10))
    assert run.events() == RESTORED


def test_undos_of_undos_turn_it_round_each_time(run: Trial) -> None:
    void(run)
    for key, ref in (("a", "v"), ("b", "a"), ("c", "b"), ("d", "c")):
        run.insert("tx", key, **row("unvoid", ref))
        run.restart()
    assert run.events() == [*RESTORED, "Bet Rollback 1:2 10", "Bet Approved 1:3 10", "Bet Rollback 1:3 10"]


def test_an_undo_that_is_undone_twice_takes_back_once(run: Trial) -> None:
    void(run)
    for key, ref in (("a", "v"), ("b", "a"), ("c", "a")):
        run.insert("tx", key, **row("unvoid", ref))
    assert run.events() == [*RESTORED, "Bet Rollback 1:2 10"]
    assert run.ended("skipped") == [NOTHING]


def test_an_undo_of_what_has_been_taken_back_since_waits_for_a_person(run: Trial) -> None:
    void(run)
    run.insert("tx", "a", **row("unvoid", "v"))
    run.insert("tx", "w", **row("void", "1"))
    run.insert("tx", "b", **row("unvoid", "a"))
    assert run.events() == [*RESTORED, "Bet Rollback 1:2 10"]
    assert run.parked() == [("b", "moved_on")]


def test_an_undo_of_an_undo_takes_the_part_again(trial: Make) -> None:
    run = trial(PARTS)
    run.insert("tx", "1", **row("bet", amount=10))
    run.insert("tx", "v", **row("part", "1", 4))
    run.insert("tx", "a", **row("unvoid", "v"))
    run.insert("tx", "b", **row("unvoid", "a"))
    assert run.events()[2:] == [
        "Bet Approved 1:2 6",
        "Bet Rollback 1:2 6",
        "Bet Approved 1:3 10",
        "Bet Rollback 1:3 10",
        "Bet Approved 1:4 6",
    ]


def test_a_round_that_is_void_takes_what_comes_late_once_it_is_written_again(run: Trial) -> None:
    run.insert("tx", "1", **row("bet", amount=10))
    run.insert("tx", "v", **row("round_void"))
    run.insert("tx", "2", **row("bet", amount=7))
    run.update("tx", "v", **row("round_void"), note="closed")
    run.update("tx", "v", **row("round_void"), note="closed again")
    assert run.events() == [*VOIDED, "Bet Approved 2 7", "Bet Rollback 2 7"]
    run.insert("tx", "u", **row("unvoid", "v"))
    run.update("tx", "v", **row("round_void"), note="undone")
    assert run.events()[4:] == ["Bet Approved 2:2 7", "Bet Approved 1:2 10"]


def test_a_round_that_is_void_finds_a_bet_whose_key_has_changed(run: Trial) -> None:
    run.insert("tx", "1", **row("bet", amount=10))
    run.insert("tx", "2", **row("bet", amount=7))
    run.rename("tx", "1", "merged-1", **row("bet", amount=10))
    run.insert("tx", "v", **row("round_void"))
    assert run.events()[2:] == ["Bet Rollback 2 7", "Bet Rollback 1 10"]
    run.update("tx", "merged-1", **row("bet", amount=10), note="seen")
    assert len(run.events()) == 4


def test_a_bet_is_given_back_before_its_win_whatever_went_first(trial: Make) -> None:
    run = trial(WALLET.replace("round: round}", "round: round, order: oldest first}"))
    run.insert("tx", "1", **row("bet", amount=10))
    run.insert("tx", "2", **row("win", amount=30))
    run.insert("tx", "v", **row("round_void"))
    run.insert("tx", "u", **row("unvoid", "v"))
    assert run.events()[2:] == [
        "Bet Rollback 1 10",
        "Win Rollback 2 30",
        "Bet Approved 1:2 10",
        "Win Approved 2:2 30",
    ]


def test_what_was_left_of_a_bet_that_went_with_its_round_comes_back_with_it(trial: Make) -> None:
    run = trial(PARTS + '      - {when: kind == "round_void", round: round}\n')
    run.insert("tx", "1", **row("bet", amount=10))
    run.insert("tx", "p", **row("part", "1", 4))
    run.insert("tx", "v", **row("round_void"))
    run.insert("tx", "u", **row("unvoid", "v"))
    run.insert("tx", "q", **row("part", "1", 1))
    assert run.events()[3:] == [
        "Bet Rollback 1:2 6",
        "Bet Approved 1:3 6",
        "Bet Rollback 1:3 6",
        "Bet Approved 1:4 5",
    ]
    run.insert("tx", "r", **row("part", "1", 6))
    assert run.parked() == [("r", "more_than_left")]


def test_a_part_of_a_bet_that_went_with_its_round_waits_for_a_person(trial: Make) -> None:
    run = trial(PARTS + '      - {when: kind == "round_void", round: round}\n')
    run.insert("tx", "1", **row("bet", amount=10))
    run.insert("tx", "v", **row("round_void"))
    run.insert("tx", "p", **row("part", "1", 4))
    assert run.events() == VOIDED
    assert run.parked() == [("p", "more_than_left")]


def test_an_undo_brings_back_nothing_of_a_deleted_row(run: Trial) -> None:
    void(run)
    run.delete("tx", "1")
    run.restart()
    run.insert("tx", "u", **row("unvoid", "v"))
    assert run.events() == VOIDED
    run.insert("tx", "1", **row("bet", amount=10))
    assert run.events() == RESTORED
    assert run.parked() == []
