"""Undos that name the bet, and not the void of it that was wrong."""

from __future__ import annotations

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
