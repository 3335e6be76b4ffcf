"""Keys that wallets have and nobody expects: empty text, and what a ledger cannot keep as it is."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bridge.mapping.state.keys import LONGEST_KEY, key_text
from bridge.row import Value
from tests.support.trial import Make, Trial

WALLET = """
play:
  tx:
    rows: append-only
    indexes: {by_ticket: ticket, by_place: [shop, till]}
    round: round
    activities: {bet: {type: Bet, when: kind == "bet"}}
    reverses:
      - {when: kind == "refund", original: "tx[ref]"}
      - {when: kind == "by ticket", original: "tx.by_ticket[ref]"}
      - {when: kind == "by place", original: "tx.by_place[shop, till]"}
      - {when: kind == "round", round: round}
"""


def row(run: Trial, key: str, kind: str, **more: Any) -> None:
    run.insert("tx", key, **{"kind": kind, "amount": 5, "ticket": "", "shop": "", "till": "", "ref": ""} | more)


@pytest.fixture
def run(trial: Make) -> Trial:
    return trial(WALLET)


@pytest.mark.parametrize("kind", ["refund", "by ticket", "by place"])
def test_an_empty_reference_names_nothing(run: Trial, kind: str) -> None:
    row(run, "1", "bet")
    row(run, "2", kind)
    assert run.events() == ["Bet Approved 1 5"]
    assert run.parked() == [("2", "no_reference")]


def test_an_empty_part_of_a_reference_is_a_value(run: Trial) -> None:
    row(run, "1", "bet", shop="A")
    row(run, "2", "by place", shop="A")
    assert run.events() == ["Bet Approved 1 5", "Bet Rollback 1 5"]


def test_an_empty_key_is_none(run: Trial) -> None:
    row(run, "", "bet")
    row(run, "", "bet", amount=7)
    assert run.events() == []
    assert [code for _, code in run.parked()] == ["no_key", "no_key"]


def test_an_empty_round_is_none(run: Trial) -> None:
    run.snapshot("tx", "1", kind="bet", round="", amount=5, ticket="", shop="", till="", ref="")
    row(run, "2", "round", round="")
    assert run.events() == []
    assert run.parked() == [("2", "no_reference")]


ODD = ["a\0b", "x" * 5_000, "賭" * 5_000, "half \ud83d", "\0"]


@pytest.mark.parametrize("text", ODD)
def test_a_key_is_a_text_that_every_ledger_keeps(text: str) -> None:
    key = key_text(text)
    assert key is not None
    assert "\0" not in key
    assert len(key) <= LONGEST_KEY
    assert key.encode()
    assert key_text(text) == key != key_text(text + "!")


@pytest.mark.parametrize("text", ["", "a", "賭" * 100, "a\x1fb", "x" * 500])
def test_other_texts_are_keys_as_they_are(text: str) -> None:
    assert key_text(text) == text


@pytest.mark.parametrize(
    ("value", "key"),
    [(None, None), (7, "7"), (Decimal("7.0"), "7"), (True, "true"), (datetime(2026, 1, 1, tzinfo=UTC), "2026")],
)
def test_what_is_no_text_is_written_as_one(value: Value, key: str | None) -> None:
    assert (key_text(value) or "").startswith(key or "")


@pytest.mark.parametrize("text", [text for text in ODD if "\ud83d" not in text])
@pytest.mark.parametrize("kind", ["refund", "by ticket", "by place"])
def test_a_row_with_such_a_key_is_found(trial: Make, text: str, kind: str) -> None:
    run = trial(WALLET + "    event: {activity_id: nr}\n")
    row(run, text, "bet", nr=1, ticket=text, shop=text, till="1")
    row(run, text + "!", "bet", nr=2, ticket=text + "!", shop=text + "!", till="1")
    run.play.restart()
    row(run, "3", kind, nr=3, ref=text + "!", shop=text + "!", till="1")
    assert run.events() == ["Bet Approved 1 5", "Bet Approved 2 5", "Bet Rollback 2 5"]


DECIMAL_ROUNDS = """
play:
  tx:
    rows: append-only
    columns: {round: decimal}
    round: round
    activities: {bet: {type: Bet, when: kind == "bet"}}
    reverses: {when: kind == "round", round: round}
  rounds:
    rows: append-only
    columns: {round: decimal}
    round: round
    activities: {end: {type: Loss, stands: this_round.bets > 0}}
    event: {activity_id: {text: "{id}:end"}, wager_amount: this_round.bet_amount}
"""


@pytest.mark.parametrize(("one", "other"), [("100", "1E+2"), ("7.00", "7"), ("7", "7.0")])
def test_a_round_is_known_by_its_number_however_that_is_written(trial: Make, one: str, other: str) -> None:
    run = trial(DECIMAL_ROUNDS)
    run.insert("tx", "1", kind="bet", amount=5, round=one)
    run.insert("rounds", "1", round=other)
    run.insert("tx", "2", kind="round", amount=None, round=other)
    assert run.events() == [
        "Bet Approved 1 5",
        "Loss Approved 1:end 5",
        "Loss Rollback 1:end 5",
        "Bet Rollback 1 5",
    ]
