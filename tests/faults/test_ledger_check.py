"""The check itself: it must see each way in which a run can go wrong."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tests.support.ledger_check import Expected, Message, check, duplicates


def _expected(number: int, player: str = "p1", amount: str = "10.05", status: str = "Approved") -> Expected:
    return Expected(f"t{number}/{status}", f"t{number}", "Bet", status, Decimal(amount), "EUR", player)


def _message(one: Expected, **other: object) -> Message:
    event = {
        "activity_id": one.activity_id,
        "type": one.type,
        "status": one.status,
        "amount": "@",
        "currency": one.currency,
        "user_id": one.player,
    } | other
    return Message(one.message_id, json.dumps(event).replace('"@"', str(one.amount)).encode())


TRUTH = [_expected(1), _expected(2, "p2"), _expected(3), _expected(4, "p2"), _expected(1, status="Rollback")]
RIGHT = [_message(one) for one in TRUTH]


def test_a_right_run_passes() -> None:
    check(TRUTH, RIGHT, most_duplicates=0)


def test_players_may_overtake_each_other() -> None:
    check(TRUTH, [RIGHT[1], RIGHT[3], RIGHT[0], RIGHT[2], RIGHT[4]], most_duplicates=0)


def test_duplicates_within_the_window_pass_also_behind_later_events() -> None:
    again = [*RIGHT[:3], RIGHT[0], *RIGHT[2:]]
    assert duplicates(again) == 2
    check(TRUTH, again, most_duplicates=2)


def test_one_duplicate_too_many_is_seen() -> None:
    with pytest.raises(AssertionError, match="2 duplicates, more than the 1"):
        check(TRUTH, [*RIGHT, RIGHT[0], RIGHT[1]], most_duplicates=1)


@pytest.mark.parametrize("lost", range(len(TRUTH)))
def test_a_lost_event_is_seen(lost: int) -> None:
    with pytest.raises(AssertionError, match=r"lost: 1 .*\nsums differ"):
        check(TRUTH, RIGHT[:lost] + RIGHT[lost + 1 :], most_duplicates=0)


def test_an_invented_event_is_seen() -> None:
    with pytest.raises(AssertionError, match="invented: 1"):
        check(TRUTH, [*RIGHT, _message(_expected(99))], most_duplicates=0)


def test_a_swapped_pair_of_one_player_is_seen() -> None:
    with pytest.raises(AssertionError, match=r"out of order, players: 1 \(p1\)"):
        check(TRUTH, [RIGHT[2], RIGHT[1], RIGHT[0], RIGHT[3], RIGHT[4]], most_duplicates=0)


def test_a_swapped_pair_is_not_excused_by_its_duplicates() -> None:
    with pytest.raises(AssertionError, match="out of order"):
        check(TRUTH, [RIGHT[2], RIGHT[0], RIGHT[2], *RIGHT[1:2], *RIGHT[3:]], most_duplicates=9)


def test_a_duplicate_with_another_body_is_seen() -> None:
    changed = _message(TRUTH[0], game_name="Another")
    with pytest.raises(AssertionError, match="sent again with another body: 1"):
        check(TRUTH, [*RIGHT, changed], most_duplicates=9)


@pytest.mark.parametrize(
    "other", [{"user_id": "p9"}, {"status": "Rollback"}, {"currency": "SEK"}, {"type": "Win"}]
)
def test_an_event_that_differs_from_its_row_is_seen(other: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match="not as the row says: 1"):
        check(TRUTH, [_message(TRUTH[0], **other), *RIGHT[1:]], most_duplicates=0)


def test_money_that_differs_in_its_last_digit_is_seen() -> None:
    with pytest.raises(AssertionError, match="sums differ"):
        check(TRUTH, [_message(_expected(1, amount="10.06")), *RIGHT[1:]], most_duplicates=0)
