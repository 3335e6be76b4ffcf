"""The encoder is held against the model, its quick way against its careful way, and bytes against fields."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bridge.casino import CasinoEvent, ContractBreach, decode, encode, type_and_status
from bridge.casino import body as encoder
from tests.support.examples import examples
from tests.unit.casino.samples import Fields, any_events, good_events, sample


def meaning(value: Any) -> Any:
    """Make numbers comparable as numbers, and keep booleans apart from them."""
    if isinstance(value, dict):
        return {name: meaning(entry) for name, entry in value.items()}
    if isinstance(value, bool | str):
        return type(value).__name__, value
    return "number", Decimal(value)


@examples(3)
@given(any_events())
def test_encoder_and_model_agree_on_verdict_and_meaning(fields: Fields) -> None:
    try:
        sent = meaning(decode(encode(fields)))
    except ContractBreach:
        sent = None
    try:
        judged = meaning(CasinoEvent.model_validate(fields).model_dump(exclude_none=True))
    except ValidationError:
        judged = None
    assert sent == judged


@examples(2)
@given(any_events())
def test_the_quick_way_writes_what_the_careful_way_writes(fields: Fields) -> None:
    try:
        quick = encoder._quick(fields)
    except Exception:  # noqa: BLE001  # any refusal sends the event the careful way
        return
    assert quick == encoder._careful(fields)


@given(good_events)
def test_a_good_event_is_taken_and_its_body_reads_back_to_the_same_body(fields: Fields) -> None:
    body = encode(fields)
    assert encode(decode(body)) == body
    assert type_and_status(body) == (fields["type"], fields["status"])


@given(good_events)
def test_texts_and_numbers_arrive_exactly(fields: Fields) -> None:
    sent = json.loads(encode(fields), parse_int=Decimal, parse_float=Decimal)
    for name in ("activity_id", "round_id", "game_name", "origin"):
        assert sent[name] == str(fields[name])
    for name, value in fields.items():
        if isinstance(sent.get(name), Decimal):
            assert sent[name] == Decimal(value)
    entries = {name: entry for name, entry in (fields.get("meta") or {}).items() if entry is not None}
    assert meaning(sent.get("meta", {})) == meaning(entries)


@given(good_events)
def test_no_number_has_an_exponent_or_a_zero_too_many(fields: Fields) -> None:
    body = encode({name: value for name, value in fields.items() if name != "meta"}).decode()
    numbers = json.loads(body, parse_float=lambda text: f"n{text}", parse_int=lambda text: f"n{text}")
    for name in ("amount", "wager_amount", "exchange_rate", "balance_after"):
        if name in numbers:
            assert re.fullmatch(r"n-?(0|[1-9]\d*)(\.\d*[1-9])?", numbers[name])


@given(st.lists(st.integers(0, 10**60), min_size=3, max_size=3))
def test_the_amount_is_the_exact_sum_of_its_parts(units: list[int]) -> None:
    parts = [Decimal(f"{unit}E-18") for unit in units]
    body = encode(sample(wager_amount=parts[0], bonus_wager_amount=parts[1], locked_wager_amount=parts[2]))
    assert decode(body)["amount"] == Decimal(f"{sum(units)}E-18")
    assert encode(decode(body)) == body


class _Marked(Decimal):
    """As the decoder marks what came through a binary double."""


def test_a_binary_double_is_no_money() -> None:
    fields = sample(wager_amount=_Marked("1.10"), bonus_wager_amount=Decimal(0), locked_wager_amount=Decimal(0))
    fields.pop("amount", None)
    with pytest.raises(ContractBreach, match="binary double"):
        encode(fields)
    with pytest.raises(ValidationError):
        CasinoEvent.model_validate(fields)
