"""A bet of which a part was taken, and then all: by its round, by its own row, and undone in any order."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.support.trial import Make, Trial

WALLET = """
play:
  tx:
    rows: mutable
    deleted: nothing stands
    round: round
    stands: status != "void"
    activities:
      bet: {type: Bet, when: kind == "bet", share: amount}
      win: {type: Win, when: kind == "win", share: amount}
    event: {wager_amount: left}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: kind == "part", original: "tx[ref]", takes: amount, partial: amount}
      - {when: kind == "all", original: "tx[ref]"}
      - {when: kind == "round", round: round}
      - {when: kind == "undo", undoes: "tx[ref]"}
"""
REPLACED = WALLET.replace(", partial: amount", "")


def standing(run: Trial) -> int:
    """Return the sum of what the receiver has been told to count."""
    return sum(int(e["amount"]) * (1 if e["status"] == "Approved" else -1) for e in run.bodies())


def row(run: Trial, key: str, kind: str, ref: str | None = None, amount: int | None = None) -> None:
    run.insert("tx", key, kind=kind, ref=ref, amount=amount, status="ok")


@pytest.fixture(params=[WALLET, REPLACED], ids=["by amount", "replaced"])
def run(trial: Make, request: pytest.FixtureRequest) -> Trial:
    made = trial(request.param)
    row(made, "1", "bet", amount=10)
    row(made, "p", "part", "1", 4)
    assert standing(made) == 6
    return made


def test_with_its_round_goes_what_is_left(run: Trial) -> None:
    row(run, "w", "win", amount=7)
    row(run, "r", "round")
    assert standing(run) == 0
    assert run.events()[-2:] in (
        ["Win Rollback w 7", "Bet Rollback 1 6"],
        ["Win Rollback w 7", "Bet Rollback 1:2 6"],
    )
    row(run, "u", "undo", "r")
    assert (standing(run), run.parked()) == (13, [])
    row(run, "q", "part", "1", 6)
    assert (standing(run), run.parked()) == (7, [])


def test_a_round_that_ends_counts_what_is_left(trial: Make) -> None:
    run = trial(
        WALLET
        + """
  rounds:
    rows: mutable
    deleted: nothing
    round: id
    activities: {loss: {type: Loss, stands: this_round.wins == 0}}
    event: {activity_id: {text: "{id}:end"}, round_id: id, wager_amount: this_round.bet_amount}
"""
    )
    row(run, "1", "bet", amount=10)
    row(run, "p", "part", "1", 4)
    row(run, "q", "part", "1", 1)
    run.insert("rounds", "R1")
    assert run.events()[-1] == "Loss Approved R1:end 5"


@pytest.mark.parametrize("how", ["void", "deleted"])
def test_by_its_own_row_goes_what_is_left(run: Trial, how: str) -> None:
    if how == "void":
        run.update("tx", "1", kind="bet", ref=None, amount=10, status="void")
    else:
        run.delete("tx", "1")
    assert (standing(run), run.parked()) == (0, [])


@pytest.mark.parametrize("whole", ["all", "round"])
def test_undone_in_either_order_all_is_there_again(run: Trial, whole: str) -> None:
    row(run, "a", whole, "1")
    assert standing(run) == 0
    row(run, "u", "undo", "p")
    assert standing(run) == 4
    row(run, "v", "undo", "a")
    assert (standing(run), run.parked()) == (10, [])


@pytest.mark.parametrize("order", list(itertools.permutations(["p", "q", "a"])))
@pytest.mark.parametrize("whole", ["all", "round"])
def test_two_parts_and_all_undone_in_any_order(trial: Make, whole: str, order: tuple[str, ...]) -> None:
    run = trial(REPLACED)
    row(run, "1", "bet", amount=10)
    row(run, "p", "part", "1", 4)
    row(run, "q", "part", "1", 1)
    row(run, "a", whole, "1")
    assert standing(run) == 0
    for at, ref in enumerate(order):
        row(run, f"u{at}", "undo", ref)
        run.restart()
    assert (standing(run), run.parked()) == (10, [])
    assert len({event.message_id for event in run.play.ledger.unconfirmed(0, 100)}) == len(run.bodies())


def test_parts_that_go_by_a_rounded_amount_add_up_to_what_was_sent(trial: Make) -> None:
    rounded = "wager_amount: 'round(left, 2, mode=\"half up\", by=3)'"
    run = trial(WALLET.replace("wager_amount: left", rounded))
    row(run, "1", "bet", amount=100)
    row(run, "p", "part", "1", 50)
    row(run, "q", "part", "1", 50)
    assert run.events() == ["Bet Approved 1 33.33", "Bet Rollback 1 16.66", "Bet Rollback 1 16.67"]


def test_what_stands_after_a_part_went_by_its_amount_must_be_what_its_row_still_says(trial: Make) -> None:
    run = trial(WALLET.replace("wager_amount: left", "wager_amount: left * factor"))
    bet: dict[str, Any] = {"kind": "bet", "amount": 10, "status": "ok"}
    run.insert("tx", "1", **bet, factor=2)
    row(run, "p", "part", "1", 4)
    run.update("tx", "1", **bet, factor=3)
    row(run, "q", "part", "1", 6)
    assert run.events() == ["Bet Approved 1 20", "Bet Rollback 1 8"]
    assert run.parked() == [("q", "settled_after")]
