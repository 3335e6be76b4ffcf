"""Running totals whose pieces were taken back, by their own row or by another, and that come back."""

from __future__ import annotations

import pytest

from tests.support.trial import Make, Trial

SESSIONS = """
play:
  sessions:
    rows: mutable
    deleted: nothing
    stands: state != "void"
    activities:
      buy:
        type: Bet
        grows: {total: bought, while: state != "closed"}
        event: {activity_id: {text: "{id}:{n}"}, wager_amount: grown}
  voids:
    reverses:
      - {when: kind == "void", original: "sessions[ref]"}
      - {when: kind == "unvoid", undoes: "voids[ref]"}
"""
BOUGHT = ["Bet Approved 1:1 50", "Bet Approved 1:2 30"]
VOIDED = [*BOUGHT, "Bet Rollback 1:2 30", "Bet Rollback 1:1 50"]


@pytest.fixture
def run(trial: Make) -> Trial:
    run = trial(SESSIONS)
    run.insert("sessions", "1", state="open", bought=50)
    run.update("sessions", "1", state="open", bought=80)
    assert run.events() == BOUGHT
    return run


def test_what_its_row_took_back_comes_back_with_it_in_one_piece(run: Trial) -> None:
    run.update("sessions", "1", state="void", bought=80)
    run.update("sessions", "1", state="open", bought=80)
    run.update("sessions", "1", state="open", bought=95)
    assert run.events() == [*VOIDED, "Bet Approved 1:3 80", "Bet Approved 1:4 15"]


def test_less_than_before_may_come_back(run: Trial) -> None:
    run.update("sessions", "1", state="void", bought=80)
    run.update("sessions", "1", state="open", bought=60)
    assert run.events() == [*VOIDED, "Bet Approved 1:3 60"]


def test_what_another_row_took_back_does_not_and_growth_is_counted_from_there(run: Trial) -> None:
    run.insert("voids", "v", kind="void", ref="1")
    run.update("sessions", "1", state="open", bought=80)
    assert run.events() == VOIDED
    assert run.ended("skipped") == ["taken back by another row"]
    run.update("sessions", "1", state="open", bought=95)
    assert run.events() == [*VOIDED, "Bet Approved 1:3 15"]


def test_an_undo_restores_each_piece(run: Trial) -> None:
    run.insert("voids", "v", kind="void", ref="1")
    run.insert("voids", "u", kind="unvoid", ref="v")
    assert run.events() == [*VOIDED, "Bet Approved 1:3 50", "Bet Approved 1:4 30"]
    run.update("sessions", "1", state="open", bought=95)
    run.insert("voids", "w", kind="void", ref="1")
    run.insert("voids", "x", kind="unvoid", ref="w")
    assert run.events()[6:] == [
        "Bet Approved 1:5 15",
        "Bet Rollback 1:5 15",
        "Bet Rollback 1:4 30",
        "Bet Rollback 1:3 50",
        "Bet Approved 1:6 50",
        "Bet Approved 1:7 30",
        "Bet Approved 1:8 15",
    ]
    assert len({event["activity_id"] + event["status"] for event in run.bodies()}) == len(run.events())


def test_what_has_grown_since_stays_when_the_rest_is_restored(run: Trial) -> None:
    run.insert("voids", "v", kind="void", ref="1")
    run.update("sessions", "1", state="open", bought=95)
    run.insert("voids", "u", kind="unvoid", ref="v")
    run.update("sessions", "1", state="open", bought=96)
    assert run.events() == [
        *VOIDED,
        "Bet Approved 1:3 15",
        "Bet Approved 1:4 50",
        "Bet Approved 1:5 30",
        "Bet Approved 1:6 1",
    ]


def test_its_row_says_no_and_yes_after_another_took_it_back(run: Trial) -> None:
    run.insert("voids", "v", kind="void", ref="1")
    run.update("sessions", "1", state="void", bought=80)
    run.update("sessions", "1", state="open", bought=80)
    assert run.events() == [*VOIDED, "Bet Approved 1:3 80"]
    run.insert("voids", "u", kind="unvoid", ref="v")
    assert run.parked() == [("u", "moved_on")]


def test_history_that_history_took_back_is_not_sent(trial: Make) -> None:
    run = trial(SESSIONS)
    run.snapshot("sessions", "1", state="open", bought=80)
    run.snapshot("voids", "v", kind="void", ref="1")
    run.update("sessions", "1", state="open", bought=80, note="checked")
    run.update("sessions", "1", state="open", bought=95)
    assert run.events() == ["Bet Approved 1:2 15"]
