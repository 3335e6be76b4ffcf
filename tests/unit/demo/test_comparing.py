"""One event or one cent of difference is told."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal

import pytest

from bridge.demo.arrivals import Arrivals
from bridge.demo.comparing import Outcome, out_of_order
from bridge.demo.counted import Counted
from bridge.demo.truth import Play, Truth, Write

PLAYS = [
    Play("a1", "Bet", "Approved", Decimal("10.05"), "EUR"),
    Play("a1", "Bet", "Rollback", Decimal("10.05"), "EUR"),
    Play("a2", "Win", "Approved", Decimal("0.0001"), "SEK"),
]


def body(play: Play) -> bytes:
    fields = {"activity_id": play.activity_id, "type": play.type, "status": play.status, "user_id": "7"}
    text = json.dumps({**fields, "currency": play.currency})
    return f'{text[:-1]}, "amount": {play.amount}}}'.encode()


def outcome(arrived: list[Play], *, held: int = 0, parked: int = 0) -> Outcome:
    truth, arrivals = Truth(), Arrivals()
    for play in PLAYS:
        truth.add(Write("SELECT 1", (), "7", "sent", (play,)))
    for play in arrived:
        arrivals.take(f"{play.activity_id}/{play.status}", body(play))
    return Outcome("b", truth, arrivals, Counted(Counter(sent=3, parked=parked), held))


def test_what_is_the_same_is_no_difference() -> None:
    assert outcome(PLAYS).differences() == []


@pytest.mark.parametrize("missing", range(3))
def test_one_missing_event_is_told_with_its_sum(missing: int) -> None:
    told = outcome([play for at, play in enumerate(PLAYS) if at != missing]).differences()
    place = f"{PLAYS[missing].kind} in {PLAYS[missing].currency}"
    assert told == ["b: 1 event did not arrive", f"b: the sums of {place} differ"]


def test_one_ten_thousandth_too_much_is_told() -> None:
    told = outcome([*PLAYS[:2], PLAYS[2]._replace(amount=Decimal("0.0002"))]).differences()
    assert "b: the sums of Win Approved in SEK differ" in told


def test_an_invented_event_is_told() -> None:
    told = outcome([*PLAYS, Play("a9", "Win", "Approved", Decimal(1), "EUR")]).differences()
    assert "b: 1 event arrived that should not" in told


def test_another_order_is_told_although_every_sum_agrees() -> None:
    told = outcome([PLAYS[1], PLAYS[0], PLAYS[2]]).differences()
    assert told == ["b: the events of 1 player arrived in another order"]


def test_a_missing_event_does_not_make_the_rest_disordered() -> None:
    assert out_of_order({"7": PLAYS}, {"7": PLAYS[1:]}) == []


def test_duplicates_are_counted_and_their_bodies_compared() -> None:
    found = outcome([*PLAYS, *PLAYS])
    assert (found.arrivals.duplicates, found.arrivals.differing, found.differences()) == (3, 0, [])
    found.arrivals.take("a2/Approved", body(PLAYS[2]).replace(b"SEK", b"NOK"))
    assert found.differences() == ["b: 1 duplicate had another body than the first"]


def test_a_change_that_is_still_held_or_wrongly_parked_is_told() -> None:
    told = outcome(PLAYS, held=1, parked=2).differences()
    assert told == ["b: 0 changes should be parked, the bridge counts 2", "b: 1 changes are still held"]
