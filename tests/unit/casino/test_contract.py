"""The rules of the CASINO contract, one by one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.casino import FIELDS, MAX_BODY_BYTES, ContractBreach, decode, encode, json_schema, rewards_breaches
from bridge.errors import PoisonRecord
from tests.unit.casino.samples import Fields, sample

ROOT = Path(__file__).resolve().parents[3]


def breach(**changes: Any) -> tuple[str, str]:
    """Return the code and the reason with which an event is refused."""
    with pytest.raises(ContractBreach) as caught:
        encode(sample(**changes))
    return caught.value.code, caught.value.reason


def sent(**changes: Any) -> Fields:
    return decode(encode(sample(**changes)))


def test_a_plain_bet_is_written_in_the_order_of_the_fields() -> None:
    assert encode(sample(game_type="Slots", meta={"free": True}, balance_after=Decimal("174.03"))).decode() == (
        '{"activity_id":"tx-1","type":"Bet","status":"Approved","user_id":"52530","round_id":"r-1","game_id":"doa",'
        '"game_name":"Dead or Alive","vendor_id":"1","vendor_name":"Netent","origin":"sub.example.com",'
        '"currency":"EUR","timestamp":"2019-02-01T03:30:27.721607Z","is_round_end":false,"game_type":"Slots",'
        '"amount":20,"wager_amount":20,"bonus_wager_amount":0,"locked_wager_amount":0,"exchange_rate":1,'
        '"balance_after":174.03,"meta":{"free":true}}'
    )


@pytest.mark.parametrize(
    "case", sorted((ROOT / "tests/cases").glob("*/expected.jsonl")), ids=lambda p: p.parent.name
)
def test_every_expected_event_of_a_case_is_taken_as_it_is(case: Path) -> None:
    for line in case.read_text().splitlines():
        fields = json.loads(line, parse_float=Decimal)
        assert decode(encode(fields)) == fields
        del fields["amount"]
        assert decode(encode(fields))["amount"] == json.loads(line, parse_float=Decimal)["amount"]


@pytest.mark.parametrize("name", [name for name, doc in FIELDS.items() if doc.required and name != "amount"])
def test_a_required_field_that_is_missing_or_null_is_named(name: str) -> None:
    assert breach(**{name: ...}) == ("missing_field", f"{name} is missing")
    assert breach(**{name: None}) == ("missing_field", f"{name} is missing")


def test_an_event_without_amount_and_parts_has_no_amount() -> None:
    none_of_them: dict[str, Any] = dict.fromkeys(
        ("wager_amount", "bonus_wager_amount", "locked_wager_amount"), ...
    )
    assert breach(**none_of_them) == ("missing_field", "amount is missing")
    assert sent(**none_of_them, amount=7)["amount"] == 7


def test_a_part_that_is_null_leaves_no_amount() -> None:
    assert breach(bonus_wager_amount=None) == ("missing_field", "amount is missing: bonus_wager_amount is null")


def test_a_part_that_is_null_beside_a_given_amount_is_absent() -> None:
    assert "bonus_wager_amount" not in sent(bonus_wager_amount=None, amount=20)


def test_a_part_that_is_not_given_is_absent_and_the_amount_is_the_sum_of_the_others() -> None:
    fields = sent(bonus_wager_amount=..., locked_wager_amount=5)
    assert fields["amount"] == 25
    assert "bonus_wager_amount" not in fields


def test_an_amount_that_is_not_the_sum_of_its_parts_is_refused() -> None:
    assert breach(amount=Decimal("20.01")) == ("bad_sum", "amount is not the sum of its parts")
    assert sent(amount=Decimal("20.000"))["amount"] == 20


def test_an_amount_below_zero_is_refused_and_named() -> None:
    assert breach(wager_amount=-5) == ("below_zero", "amount below 0")
    assert breach(wager_amount=-5, bonus_wager_amount=10) == ("below_zero", "wager_amount below 0")
    assert sent(wager_amount=Decimal("-0.00"))["wager_amount"] == 0


def test_a_balance_may_be_below_zero_and_a_rate_may_not() -> None:
    assert sent(balance_before=Decimal("-3.10"))["balance_before"] == Decimal("-3.1")
    assert breach(exchange_rate=0) == ("rate_not_above_zero", "exchange_rate is not above 0")
    assert breach(exchange_rate=-1) == ("rate_not_above_zero", "exchange_rate is not above 0")


@pytest.mark.parametrize("value", [20.0, True, "20", b"20", [20], {"n": 20}])
def test_what_is_no_exact_number_is_no_amount(value: Any) -> None:
    hint = ", but text: say `decimal` of its column, or number(x)" if value == "20" else ""
    assert breach(wager_amount=value) == ("wrong_type", f"wager_amount is not an exact number{hint}")
    assert breach(exchange_rate=value)[0] == "wrong_type"
    assert breach(balance_after=value)[0] == "wrong_type"


def test_a_float_or_a_boolean_is_refused_even_after_an_equal_number_was_sent() -> None:
    assert sent(balance_after=1, exchange_rate=Decimal("1.0"))["balance_after"] == 1
    assert breach(balance_after=1.0)[0] == "wrong_type"
    assert breach(balance_after=True)[0] == "wrong_type"
    assert breach(exchange_rate=1.0)[0] == "wrong_type"


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_number_that_is_not_finite_is_refused(value: str) -> None:
    assert breach(wager_amount=Decimal(value)) == ("not_finite", "wager_amount is not a finite number")


@pytest.mark.parametrize(
    "value", [Decimal("1E+999999999"), Decimal("1E-999999999"), 10**100, -(10**5000)], ids=range(4)
)
def test_a_number_that_would_exhaust_memory_is_refused(value: Any) -> None:
    assert breach(balance_after=value)[0] == "too_large"


def test_a_hundred_digits_on_either_side_of_the_point_are_the_most() -> None:
    for most in (10**100 - 1, Decimal("1E+99"), Decimal("1E-100"), Decimal("-9.9E+99")):
        assert sent(balance_after=most)["balance_after"] == most
    for more in (10**100, -(10**100), Decimal("1E+100"), Decimal("-1E+100"), Decimal("1E-101")):
        assert breach(balance_after=more)[0] == "too_large"


@pytest.mark.parametrize(
    ("value", "digits"),
    [("20.00", "20"), ("0.10", "0.1"), ("1E+3", "1000"), ("1E-18", "0.000000000000000001"), ("0E-8", "0"),
     ("100", "100"), ("123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789")],
)  # fmt: skip
def test_numbers_are_plain_digits_without_trailing_zeros(value: str, digits: str) -> None:
    assert f'"balance_after":{digits}}}' in encode(sample(balance_after=Decimal(value))).decode()


@pytest.mark.parametrize(
    ("value", "text"),
    [(2**70, str(2**70)), (-9223372036854775808, "-9223372036854775808"), (Decimal("12.00"), "12"),
     (Decimal("1E+3"), "1000"), ("007", "007"), ("i" * 400, "i" * 400), ("🚀\t\"'\\", "🚀\t\"'\\")],
)  # fmt: skip
def test_an_id_is_its_text_or_its_digits(value: Any, text: str) -> None:
    assert sent(round_id=value)["round_id"] == text


@pytest.mark.parametrize("value", [True, 1.0, Decimal("1.5"), b"id", {"id": 1}, datetime(2026, 1, 1, tzinfo=UTC)])
def test_what_is_neither_text_nor_whole_number_is_no_id(value: Any) -> None:
    code, reason = breach(activity_id=value)
    assert code == "wrong_type"
    assert reason.startswith("activity_id ")


@pytest.mark.parametrize("field", [name for name, doc in FIELDS.items() if doc.kind == "text"])
@pytest.mark.parametrize(("value", "code"), [("", "empty_text"), ("a\0b", "bad_text"), (True, "wrong_type")])
def test_no_text_of_an_event_is_empty_or_cut_off(field: str, value: Any, code: str) -> None:
    assert breach(**{field: value})[0] == code


@pytest.mark.parametrize(
    ("value", "code"), [("", "empty_text"), ("a\0b", "bad_text"), ("\ud83d", "bad_text"), ("\udc00x", "bad_text")]
)
def test_texts_that_readers_cannot_carry_are_refused(value: str, code: str) -> None:
    assert breach(game_name=value)[0] == code
    assert breach(game_type=value)[0] == code


def test_a_backslash_followed_by_u0000_is_text_like_any_other() -> None:
    assert sent(game_name="\\u0000")["game_name"] == "\\u0000"


def test_non_ascii_text_is_written_as_it_is() -> None:
    assert "Näckens 🚀".encode() in encode(sample(game_name="Näckens 🚀"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2026, 3, 2, 8, 27, 58, tzinfo=UTC), "2026-03-02T08:27:58Z"),
        (datetime(2026, 3, 2, 8, 27, 58, 100, tzinfo=UTC), "2026-03-02T08:27:58.000100Z"),
        (datetime(2026, 3, 2, 0, 30, tzinfo=timezone(timedelta(hours=1))), "2026-03-01T23:30:00Z"),
        (datetime(999, 3, 2, tzinfo=UTC), "0999-03-02T00:00:00Z"),
        ("2026-03-02T08:27:58.5+02:00", "2026-03-02T08:27:58.5+02:00"),
    ],
)
def test_a_moment_is_rfc_3339(value: Any, text: str) -> None:
    assert sent(timestamp=value)["timestamp"] == text


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (datetime(2026, 3, 2), "local_timestamp"),  # noqa: DTZ001
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))), "bad_timestamp"),
        ("2015-03-02T8:27:58Z", "bad_timestamp"),
        ("2015-02-29T08:27:58Z", "bad_timestamp"),
        ("201\uff15-02-28T08:27:58Z", "bad_timestamp"),
        ("2015-03-02 08:27:58Z", "bad_timestamp"),
        ("2015-03-02T08:27:58", "bad_timestamp"),
        (1425284878, "wrong_type"),
    ],
)
def test_what_is_no_moment_is_refused(value: Any, code: str) -> None:
    assert breach(timestamp=value)[0] == code


@pytest.mark.parametrize("value", [0, 1, "true", "false"])
def test_the_end_of_a_round_is_a_boolean_and_nothing_like_it(value: Any) -> None:
    assert breach(is_round_end=value) == ("wrong_type", "is_round_end is not true or false")


def test_type_and_status_are_words_of_the_contract() -> None:
    assert breach(type="Refund") == ("bad_type", "type is not Bet, Win or Loss")
    assert breach(type="bet")[0] == "bad_type"
    assert breach(status="approved") == ("bad_status", "status is not Approved or Rollback")


def test_a_currency_is_a_code_and_loses_its_padding() -> None:
    assert sent(currency="EUR  ")["currency"] == "EUR"
    assert sent(currency="mBTC")["currency"] == "mBTC"
    for value in ("eur", "E", "€", "EU R", "", "A" * 13, "EUR\n"):
        assert breach(currency=value)[0] == "bad_currency"


def test_extras_are_flat_and_entries_without_value_are_left_out() -> None:
    meta = {"device": "iPhone 15", "spins": 10, "rate": Decimal("0.50"), "vip": False, "note": "", "gone": None}
    expected = {"device": "iPhone 15", "spins": 10, "rate": Decimal("0.5"), "vip": False, "note": ""}
    assert sent(meta=meta)["meta"] == expected
    assert "meta" not in sent(meta={})
    assert "meta" not in sent(meta={"gone": None})


@pytest.mark.parametrize(
    "meta", [{"a": 1.5}, {"a": {}}, {"a": [1]}, {1: "a"}, {"": 1}, {"a\0": 1}, {"a": "\0"}, []]
)
def test_extras_of_other_kinds_are_refused(meta: Any) -> None:
    assert breach(meta=meta)[1].startswith("meta ")


def test_a_field_that_is_not_in_the_contract_is_refused() -> None:
    assert breach(amont=1) == ("unknown_field", "a field that is not in the contract was given: amont")


def test_a_body_beyond_the_limit_is_refused() -> None:
    assert breach(game_name="x" * MAX_BODY_BYTES)[0] == "too_large"
    assert len(encode(sample(game_name="x" * (MAX_BODY_BYTES - 1000)))) < MAX_BODY_BYTES


def test_a_breach_parks_the_record_and_never_shows_a_value() -> None:
    secret = "SECRET-77"
    for name, doc in FIELDS.items():
        if doc.kind != "text":
            with pytest.raises(PoisonRecord) as caught:
                encode(sample(**{name: secret}))
            assert secret not in str(caught.value)


def test_rewards_want_a_small_whole_number_as_player_and_money() -> None:
    assert rewards_breaches(sent()) == []
    assert rewards_breaches(sent(user_id=2**31 - 2)) == []
    for user_id in (2**31 - 1, 0, -5, "a", "\uff11", "007"):
        assert rewards_breaches(sent(user_id=user_id)) == ["user_id is not a whole number from 1 to 2147483646"]
    assert rewards_breaches(sent(wager_amount=0)) == ["amount is not above 0"]


def test_the_profile_rewards_refuses_what_rewards_pass_over() -> None:
    assert encode(sample(), "rewards") == encode(sample())
    with pytest.raises(ContractBreach, match="amount is not above 0"):
        encode(sample(wager_amount=0), "rewards")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_bytes_that_are_no_object_do_not_decode(body: bytes) -> None:
    with pytest.raises(ContractBreach) as caught:
        decode(body)
    assert caught.value.code == "not_json"


def test_the_schema_in_the_documentation_is_the_models() -> None:
    written = (ROOT / "docs/reference/casino.schema.json").read_text()
    assert written == json.dumps(json_schema(), indent=2) + "\n", (
        "run: python -m bridge.casino > docs/reference/casino.schema.json"
    )
    assert list(json_schema()["properties"]) == list(FIELDS)
