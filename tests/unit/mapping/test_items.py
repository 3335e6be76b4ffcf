"""Rows that hold a list of which each item is a row of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.trial import Make, Trial

WALLET = """
lookups: {games: {key: id}}
play:
  calls:
    with: {call: json(body)}
    each: {action: call.actions}
    key: action.id
    skip: {refused: "not ok"}
    activities:
      bet: {type: Bet, when: action.kind == "bet", share: action.amount}
      win: {type: Win, when: action.kind == "win"}
    reverses:
      - {when: action.kind == "rollback", original: "calls[action.of]"}
      - {when: action.kind == "part", original: "calls[action.of]", takes: action.amount}
    event:
      activity_id: action.id
      wager_amount: "left if action.kind == 'bet' else action.amount"
      game_name: games[call.game].name
    again: {activity_id: {text: "{action.id}:{n}"}}
"""


@pytest.fixture
def run(trial: Make) -> Trial:
    made = trial(WALLET)
    made.insert("games", "g", name="Dice")
    return made


def act(kind: str, key: str, amount: int | None = None, of: str | None = None) -> dict[str, Any]:
    return {"kind": kind, "id": key, "amount": amount, "of": of}


def call(run: Trial, number: int, *actions: dict[str, Any], game: str = "g", ok: bool = True) -> None:
    run.insert("calls", number, ok=ok, body=json.dumps({"game": game, "actions": actions}))


def test_each_item_is_taken_back_alone(run: Trial) -> None:
    call(run, 1, act("bet", "a", 5), act("bet", "b", 7), act("win", "c", 20))
    call(run, 2, act("rollback", "d", of="b"), act("bet", "e", 1))
    assert run.events() == [
        "Bet Approved a 5",
        "Bet Approved b 7",
        "Win Approved c 20",
        "Bet Rollback b 7",
        "Bet Approved e 1",
    ]
    assert run.play.ledger.counters()["sent", "calls", ""] == 5


def test_an_item_that_comes_again_in_another_call_is_a_repeat(run: Trial) -> None:
    call(run, 1, act("bet", "a", 5))
    call(run, 2, act("bet", "a", 5), act("win", "b", 9))
    assert run.events() == ["Bet Approved a 5", "Win Approved b 9"]
    assert run.ended("skipped") == ["another row has its key"]


def test_items_wait_and_go_on_one_by_one_after_a_restart(run: Trial) -> None:
    call(run, 1, act("rollback", "r", of="b"), act("part", "p", 2, "a"), game="late")
    run.restart()
    call(run, 2, act("bet", "a", 5), act("bet", "b", 7), game="late")
    run.restart()
    assert (run.events(), run.held) == ([], 4)
    run.insert("games", "late", name="Roulette")
    assert sorted(run.events()) == sorted(
        [
            "Bet Approved a 5",
            "Bet Rollback a 5",
            "Bet Approved a:2 3",
            "Bet Approved b 7",
            "Bet Rollback b 7",
        ]
    )
    assert run.held == 0


def test_a_list_without_items_has_a_name(run: Trial) -> None:
    call(run, 1)
    call(run, 2, ok=False)
    run.insert("calls", 3, ok=True, body="{}")
    run.insert("calls", 4, ok=True, body=json.dumps({"actions": {"id": 1}}))
    run.insert("calls", 5, ok=True, body="not JSON")
    assert run.ended("skipped") == ["nothing is in its list", "refused", "nothing is in its list"]
    assert [code for _, code in run.parked()] == ["not_a_list", "bad_json"]


def test_an_item_that_cannot_be_meant_is_parked_alone(run: Trial) -> None:
    call(run, 1, act("bet", "a", 5), act("odd", "b"), act("bet", "", 3), act("win", "c", 2))
    assert run.events() == ["Bet Approved a 5", "Win Approved c 2"]
    assert [code for _, code in run.parked()] == ["no_rule", "no_key"]


def test_updates_deletes_and_moved_rows_mean_nothing(run: Trial) -> None:
    call(run, 1, act("bet", "a", 5))
    body = json.dumps({"game": "g", "actions": [act("bet", "z", 9)]})
    run.update("calls", 1, ok=True, body=body)
    run.rename("calls", 1, 2, ok=True, body=body)
    run.delete("calls", 2, ok=True, body=body)
    assert run.events() == ["Bet Approved a 5"]
    skipped = [reason for reason in run.ended("skipped") if reason != "tombstone"]
    assert skipped == ["row changed", "first half of a changed key", "row changed", "row deleted"]


def test_items_of_history_can_be_taken_back(run: Trial) -> None:
    run.snapshot(
        "calls", 1, ok=True, body=json.dumps({"game": "g", "actions": [act("bet", "a", 5), act("win", "b", 9)]})
    )
    call(run, 2, act("rollback", "r", of="b"), act("part", "p", 2, "a"))
    assert run.events() == ["Win Rollback b 9", "Bet Rollback a 5", "Bet Approved a:2 3"]
