"""Undos that name the bet, and not the void of it that was wrong."""

from __future__ import annotations

import pytest

from tests.support.trial import Make, Trial

WALLET = """
play:
  bets:
    activities: {bet: {type: Bet}}
    again: {activity_id: {text: "{id}:{n}"}}
  actions:
    indexes: {by_bet: bet}
    reverses:
      - {when: kind == "void", original: "bets[bet]"}
      - {when: kind == "undo", undoes: "actions.by_bet[bet]"}
"""


def act(run: Trial, key: str, kind: str) -> None:
    run.insert("actions", key, kind=kind, bet="b")
    run.restart()


def test_each_finds_the_void_that_is_not_undone_yet(trial: Make) -> None:
    run = trial(WALLET)
    run.insert("bets", "b", amount=5)
    for number in range(3):
        act(run, f"v{number}", "void")
        act(run, f"u{number}", "undo")
        act(run, f"again{number}", "undo")
    assert run.parked() == []
    assert run.events() == [
        "Bet Approved b 5",
        *("Bet Rollback b 5", "Bet Approved b:2 5"),
        *("Bet Rollback b:2 5", "Bet Approved b:3 5"),
        *("Bet Rollback b:3 5", "Bet Approved b:4 5"),
    ]


def test_a_void_that_is_repeated_is_undone_once(trial: Make) -> None:
    run = trial(WALLET)
    run.insert("bets", "b", amount=5)
    for key, kind in (("v", "void"), ("w", "void"), ("u", "undo"), ("x", "void"), ("y", "undo")):
        act(run, key, kind)
    assert (run.events()[-1], run.parked()) == ("Bet Approved b:3 5", [])


def test_a_void_that_was_undone_in_history_gives_its_place_too(trial: Make) -> None:
    run = trial(WALLET)
    run.snapshot("bets", "b", amount=5)
    run.snapshot("actions", "v", kind="void", bet="b")
    run.snapshot("actions", "u", kind="undo", bet="b")
    act(run, "w", "void")
    act(run, "x", "undo")
    assert (run.events(), run.parked()) == (["Bet Rollback b:2 5", "Bet Approved b:3 5"], [])


def test_a_void_of_history_takes_the_place_of_one_that_was_undone_there(trial: Make) -> None:
    run = trial(WALLET)
    run.snapshot("bets", "b", amount=5)
    for key, kind in (("v", "void"), ("u", "undo"), ("w", "void")):
        run.snapshot("actions", key, kind=kind, bet="b")
    act(run, "x", "undo")
    act(run, "y", "undo")
    assert (run.events(), run.ended("skipped")) == (
        ["Bet Approved b:3 5"],
        ["repeated: there is nothing to restore"],
    )


PARTS = WALLET.replace("{type: Bet}", "{type: Bet, share: amount, event: {wager_amount: left}}").replace(
    "    reverses:\n", '    reverses:\n      - {when: kind == "refund", original: "bets[bet]", takes: amount}\n'
)
MUTABLE = WALLET.replace("  actions:\n", "  actions:\n    rows: mutable\n    deleted: nothing\n")


@pytest.mark.parametrize(
    ("kinds", "sums"),
    [
        (["refund", "refund", "undo", "undo", "undo"], [8, 6, 8, 10, 10]),
        (["refund", "void", "undo", "undo"], [8, 0, 2, 10]),
        (["refund", "undo", "refund", "refund", "undo", "undo", "void", "undo"], [8, 10, 8, 6, 8, 10, 0, 10]),
    ],
    ids=str,
)
def test_each_undoes_one_of_several_that_hold(trial: Make, kinds: list[str], sums: list[int]) -> None:
    run = trial(PARTS)
    run.insert("bets", "b", amount=10)
    found = []
    for number, kind in enumerate(kinds):
        run.insert("actions", number, kind=kind, bet="b", amount=2)
        run.restart()
        signed = [(1 if body["status"] == "Approved" else -1) * body["amount"] for body in run.bodies()]
        found.append(sum(signed))
    assert (found, run.parked()) == (sums, [])


def test_an_undo_that_is_written_again_means_what_it_undid(trial: Make) -> None:
    run = trial(MUTABLE)
    run.insert("bets", "b", amount=5)
    for key, kind in (("v", "void"), ("u", "undo"), ("w", "void")):
        act(run, key, kind)
    run.update("actions", "u", kind="undo", bet="b", note="seen")
    assert (run.events()[-1], run.parked()) == ("Bet Rollback b:2 5", [])
    act(run, "x", "undo")
    assert (run.events()[-1], run.parked()) == ("Bet Approved b:3 5", [])


def test_a_later_snapshot_shows_what_each_undid_in_the_first(trial: Make) -> None:
    run = trial(MUTABLE)
    for _ in range(2):
        run.snapshot("bets", "b", amount=5)
        for key, kind in (("v", "void"), ("u", "undo"), ("w", "void")):
            run.snapshot("actions", key, kind=kind, bet="b")
    act(run, "x", "undo")
    assert (run.events(), run.parked()) == (["Bet Approved b:3 5"], [])


def test_voids_without_end_leave_the_last_one_to_be_found(trial: Make) -> None:
    run = trial(WALLET)
    run.insert("bets", "b", amount=5)
    for number in range(50):
        act(run, f"v{number}", "void")
        act(run, f"u{number}", "undo")
    assert (run.events()[-1], run.parked()) == ("Bet Approved b:51 5", [])
