"""Parts that go by their amount, of a bet whose amounts are rounded or come from one purse first: all add up."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.trial import Make, Trial

WALLET = """
play:
  tx:
    ROWS
    activities:
      bet: {type: Bet, when: kind == "bet", share: amount, stands: status == "ok"}
    event: {wager_amount: 'left - BONUS', bonus_wager_amount: 'BONUS'}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: kind == "refund", original: "tx[ref]", takes: amount, partial: amount}
      - {when: kind == "cancel", original: "tx[ref]", partial: amount}
      - {when: kind == "round", round: round}
"""
BONUS = {
    "bonus money last": "(left - real if left > real else 0)",
    "bonus money first": "(bonus if left > bonus else left)",
    "a third, rounded": 'round(left, 2, mode="half up", by=3)',
    "units of 18 places": "units(left * 7, 18)",
}
ENDS = ("refund", "cancel", "round", "void", "nothing")
PLACES = st.decimals(min_value="0.01", max_value=9, places=2) | st.decimals(min_value=0, max_value=9, places=18)


def purses_of(form: str, left: Decimal, real: Decimal, bonus: Decimal) -> list[Fraction]:
    """Return how much of what is left of a stake is real and how much is bonus money."""
    whole = Fraction(left)
    match form:
        case "bonus money last":
            found = max(whole - Fraction(real), Fraction(0))
        case "bonus money first":
            found = min(whole, Fraction(bonus))
        case "a third, rounded":
            found = Fraction((left / 3).quantize(Decimal("0.01"), ROUND_HALF_UP))
        case _:
            found = whole * 7 / 10**18
    return [whole - found, found]


def in_cents(amount: Decimal) -> Decimal:
    """Return an amount without parts of a cent."""
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def purses(run: Trial) -> list[Fraction]:
    """Return what counts of real and of bonus money."""
    found = [Fraction(0), Fraction(0)]
    for event in run.bodies():
        sign = 1 if event["status"] == "Approved" else -1
        found[0] += sign * Fraction(event["wager_amount"])
        found[1] += sign * Fraction(event["bonus_wager_amount"])
    return found


@pytest.mark.parametrize("form", BONUS)
@examples(0.7, unchecked=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(PLACES, max_size=4),
    rest=PLACES,
    how=st.sampled_from(["streamed", "history"]),
    end=st.sampled_from(ENDS),
)
def test_what_was_taken_and_what_is_left_is_what_was_sent(
    trial: Make, *, form: str, parts: list[Decimal], rest: Decimal, how: str, end: str
) -> None:
    rows = "rows: mutable\n    deleted: nothing" if end == "void" else "rows: append-only"
    run = trial(WALLET.replace("ROWS", rows).replace("BONUS", BONUS[form]))
    if form == "a third, rounded":  # Of half a cent less, more may be real money than before: that is parked.
        parts, rest = [in_cents(part) for part in parts], in_cents(rest)
    bonus = rest + sum(parts[::2])
    staked = bonus + sum(parts[1::2])
    bet: dict[str, Any] = {"kind": "bet", "amount": staked, "real": staked - bonus, "bonus": bonus, "status": "ok"}
    (run.insert if how == "streamed" else run.snapshot)("tx", "b", **bet)
    for number, part in enumerate(parts):
        run.insert("tx", f"p{number}", kind="refund", ref="b", amount=part, status="ok")
        run.restart()
    if end == "void":
        run.update("tx", "b", **{**bet, "status": "void"})
    elif end != "nothing":
        run.insert("tx", "e", kind=end, ref="b", amount=rest, status="ok")
    left = rest if end == "nothing" else Decimal(0)
    known = purses_of(form, staked if how == "history" else Decimal(0), staked - bonus, bonus)
    counts = purses_of(form, left, staked - bonus, bonus)
    assert run.parked() == []
    assert [one + other for one, other in zip(purses(run), known, strict=True)] == counts
