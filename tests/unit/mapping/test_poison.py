"""Bad input: each is a poison with table, key, column and place, or right; the rest of the player goes on."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bridge.errors import ConfigError
from bridge.records import SourceRecord
from tests.support.trial import AT, Make, wallet

WALLET = """
play:
  tx:
    columns: {money: decimal, moved_at: micros UTC}
    activities: {bet: {type: Bet}}
    event: {FIELD: 'EXPRESSION'}
"""


def test_an_unknown_column_is_named(trial: Make) -> None:
    run = trial(WALLET.replace("FIELD", "wager_amount").replace("EXPRESSION", "stake"))
    run.insert("tx", "1", amount=1)
    (parked,) = run.play.ledger.parked()
    assert (parked.code, parked.key) == ("missing_column", "1")
    assert "stake" in parked.reason


def test_a_dropped_column_is_named_and_only_new_rows_suffer(trial: Make) -> None:
    run = trial(WALLET.replace("FIELD", "wager_amount").replace("EXPRESSION", "stake"))
    run.insert("tx", "1", amount=1, stake=1)
    run.insert("tx", "2", amount=1)
    assert (run.events(), run.parked()) == (["Bet Approved 1 1"], [("2", "missing_column")])


@pytest.mark.parametrize(
    ("field", "expression", "row", "named"),
    [
        ("wager_amount", "money", {"money": "xyz1"}, "money"),
        ("wager_amount", "money", {"money": {"a": 1}}, "money"),
        ("timestamp", "moved_at", {"moved_at": "yesterday"}, "moved_at"),
        ("wager_amount", "number(text)", {"text": "seven"}, "wager_amount"),
        ("wager_amount", "amount / other", {"other": 0}, "wager_amount"),
        ("wager_amount", "text + 1", {"text": "seven"}, "wager_amount"),
        ("wager_amount", "amount", {"amount": None}, "wager_amount"),
        ("game_name", "games[game].name", {"game": None}, "game_name"),
        ("wager_amount", "json(json).a", {"json": "{"}, "wager_amount"),
        ("round_id", "text.id", {}, "round_id"),
        ("game_type", "{from: text, a: A}", {"text": "b"}, "game_type"),
        ("timestamp", "at", {"at": "2026-13-01"}, "timestamp"),
    ],
)
def test_what_cannot_be_said_is_parked_and_named(
    trial: Make, field: str, expression: str, row: dict[str, Any], named: str
) -> None:
    never_right = expression.startswith("{") or expression in ("text.id", "text + 1")
    run = trial(
        WALLET.replace("'EXPRESSION'", expression if expression.startswith("{") else f"'{expression}'").replace(
            "FIELD", field
        )
        + ("lookups: {games: {key: id}}" if "games[" in expression else "")
    )
    run.insert("games", "g", name="Game")
    good = {"amount": 1, "money": "1.50", "text": "7", "moved_at": 0, "other": 2, "game": "g", "json": '{"a": 1}'}
    run.insert("tx", "bad", **{**good, **row})
    (parked,) = run.play.ledger.parked()
    assert (parked.table, parked.key, parked.player) == ("tx", "bad", "p1")
    assert named in parked.reason
    assert all(
        str(value) not in parked.reason for value in row.values() if isinstance(value, str) and len(value) > 2
    )
    if not never_right:
        run.insert("tx", "good", **good)
        assert [event.split()[2] for event in run.events()] == ["good"]


def test_a_regular_expression_that_explodes_is_refused_when_the_connector_is_loaded(tmp_path: Path) -> None:
    text = WALLET.replace("FIELD", "round_id").replace("EXPRESSION", 'extract(text, "^(a+)+$")')
    with pytest.raises(ConfigError):
        wallet(tmp_path, text)


def test_a_json_column_of_2_mb_is_read(trial: Make) -> None:
    run = trial(WALLET.replace("FIELD", "round_id").replace("EXPRESSION", "json(details).round"))
    details = msgspec.json.encode({"filler": "x" * 2_000_000, "round": "R7"}).decode()
    run.insert("tx", "1", amount=1, details=details)
    assert run.bodies()[0]["round_id"] == "R7"


def test_an_emoji_is_kept(trial: Make) -> None:
    run = trial(WALLET.replace("FIELD", "game_name").replace("EXPRESSION", "text"))
    run.insert("tx", "🎰", amount=1, text="Würfel 🎲 \u202e")
    (event,) = run.bodies()
    assert (event["game_name"], event["activity_id"]) == ("Würfel 🎲 \u202e", "🎰")


def test_an_id_of_400_characters_is_kept(trial: Make) -> None:
    run = trial(WALLET.replace("FIELD", "wager_amount").replace("EXPRESSION", "amount"))
    run.insert("tx", "x" * 400, amount=1, player="p" * 400)
    assert run.bodies()[0]["activity_id"] == "x" * 400


def test_a_nul_byte_is_parked_alone(trial: Make) -> None:
    run = trial(WALLET.replace("FIELD", "round_id").replace("EXPRESSION", "text"))
    run.insert("tx", "a\0b", amount=1, text="r")
    run.insert("tx", "1", amount=1, text="r\0s")
    run.insert("tx", "2", amount=1, text="r")
    assert [event["activity_id"] for event in run.bodies()] == ["2"]
    assert [code for _, code in run.parked()] == ["bad_text", "bad_text"]


def test_ids_beyond_63_bits_are_exact(trial: Make) -> None:
    run = trial("""
play:
  tx:
    activities: {bet: {type: Bet, when: 'kind == "bet"'}}
    reverses: {when: 'kind == "cancel"', original: "tx[ref]"}
""")
    number = 2**64 + 1
    run.insert("tx", number, kind="bet", amount=1, ref=None)
    run.insert("tx", 2, kind="cancel", amount=None, ref=number)
    run.insert("tx", 3, kind="cancel", amount=None, ref=number - 1)
    assert [event["activity_id"] for event in run.bodies()] == [str(number), str(number)]
    assert run.held == 1


def test_an_unknown_enum_label_is_parked(trial: Make) -> None:
    run = trial("play: {tx: {activities: {bet: {type: Bet, when: 'kind == \"bet\"'}}}}")
    run.insert("tx", "1", kind="jackpot", amount=1)
    assert run.parked() == [("1", "no_rule")]


def test_a_payload_that_contradicts_its_schema_is_parked_by_name(trial: Make) -> None:
    run = trial(WALLET.replace("FIELD", "wager_amount").replace("EXPRESSION", "amount"))
    record = run.database.insert("tx", {"id": "1"}, {"player": "p1", "round": "R", "at": AT, "amount": 1})
    envelope = msgspec.json.decode(record.value or b"")
    field = {"type": "int64", "optional": False, "field": "amount"}
    texts = [{"type": "string", "optional": True, "field": name} for name in ("id", "player", "round", "at")]
    after = {"type": "struct", "optional": True, "field": "after", "fields": [*texts, field]}
    schema = {"type": "struct", "name": "db.public.tx.Envelope", "fields": [after]}
    envelope["after"]["amount"] = "a lot"
    run.take(_with_value(record, {"schema": schema, "payload": envelope}))
    run.insert("tx", "2", amount=1)
    assert run.events() == ["Bet Approved 2 1"]
    (parked,) = run.play.ledger.parked()
    assert "amount" in parked.reason
    assert "a lot" not in parked.reason


def test_bytes_that_are_no_record_are_parked_and_the_rest_goes_on(trial: Make) -> None:
    run = trial(WALLET.replace("FIELD", "wager_amount").replace("EXPRESSION", "amount"))
    for raw in (b"\xff\xfe", b"{", b"[]", b'"x"', b"{}", b"0"):
        record = run.database.insert("tx", {"id": "1"}, {"amount": 1})
        run.take(_raw(record, raw))
    run.insert("tx", "2", amount=1)
    assert run.events() == ["Bet Approved 2 1"]
    assert all(outcome.reason for outcome in run.play.outcomes if outcome.kind in ("parked", "skipped"))


def test_a_row_without_a_player_or_a_key_is_parked(trial: Make) -> None:
    run = trial(WALLET.replace("FIELD", "wager_amount").replace("EXPRESSION", "amount"))
    run.insert("tx", "1", amount=1, player=None)
    run.insert("tx", None, amount=1)
    assert [code for _, code in run.parked()] == ["no_player", "no_key"]


def test_a_look_up_row_that_cannot_be_read_is_parked_and_named(trial: Make) -> None:
    run = trial("""
lookups: {rates: {key: day, columns: {day: days}}}
play: {tx: {activities: {bet: {type: Bet}}, event: {exchange_rate: "rates[at].rate"}}}
""")
    run.insert("rates", "1", day="monday", rate=1)
    (parked,) = run.play.ledger.parked()
    assert (parked.table, "day" in parked.reason) == ("public.rates", True)


def test_a_column_of_a_look_up_row_that_cannot_be_read_says_so_when_it_is_needed(trial: Make) -> None:
    run = trial("""
lookups: {rates: {key: id, columns: {rate: decimal}}}
play: {tx: {activities: {bet: {type: Bet}}, event: {exchange_rate: "rates[text(1)].rate"}}}
""")
    run.insert("rates", "1", rate="much")
    run.insert("tx", "1", amount=1)
    (parked,) = run.play.ledger.parked()
    assert "rate" in parked.reason


def _raw(record: SourceRecord, value: bytes) -> SourceRecord:
    return msgspec.structs.replace(record, value=value)


def _with_value(record: SourceRecord, value: object) -> SourceRecord:
    return _raw(record, msgspec.json.encode(value))


class TestNumbersThatAreNone:
    """Wherever the engine itself calculates, what is no number is parked and named."""

    SHARES = """
play:
  tx:
    activities: {bet: {type: Bet, when: 'kind == "bet"', share: amount}}
    event: {wager_amount: left}
    reverses: {when: 'kind == "refund"', original: "tx[ref]", takes: amount}
"""

    @pytest.mark.parametrize(
        ("amount", "code"), [("ten", "not_a_number"), (None, "null_number"), ([1], "not_a_number")]
    )
    def test_a_share(self, trial: Make, amount: object, code: str) -> None:
        run = trial(self.SHARES)
        run.insert("tx", "1", kind="bet", amount=amount, ref=None)
        assert run.parked() == [("1", code)]

    @pytest.mark.parametrize(("amount", "code"), [("ten", "not_a_number"), (None, "null_number")])
    def test_what_a_reversal_takes(self, trial: Make, amount: object, code: str) -> None:
        run = trial(self.SHARES)
        run.insert("tx", "1", kind="bet", amount=10, ref=None)
        run.insert("tx", "2", kind="refund", amount=amount, ref="1")
        run.insert("tx", "3", kind="refund", amount=10, ref="1")
        assert run.parked() == [("2", code)]
        assert run.events() == ["Bet Approved 1 10", "Bet Rollback 1 10"]

    def test_a_running_total(self, trial: Make) -> None:
        run = trial("""
play:
  bets:
    rows: mutable
    deleted: nothing
    activities: {cash: {type: Win, grows: {total: cashed}}}
    event: {activity_id: {text: "{id}:{n}"}, wager_amount: grown}
""")
        run.insert("bets", "1", cashed="much")
        assert run.parked() == [("1", "not_a_number")]

    @pytest.mark.parametrize("cashed", ["much", True])
    def test_a_running_total_of_history_that_is_taken_back(self, trial: Make, cashed: object) -> None:
        run = trial("""
play:
  bets:
    rows: mutable
    deleted: nothing
    activities: {bet: {type: Bet}, cash: {type: Win, grows: {total: cashed}, event: {activity_id: {text: "c{n}"}}}}
  voids: {reverses: {when: true, original: "bets[ref]"}}
""")
        run.snapshot("bets", "1", amount=5, cashed=cashed)
        run.insert("voids", "2", ref="1")
        run.insert("voids", "3", ref="1")
        assert run.events() == ["Bet Rollback 1 5"]

    def test_a_part_of_the_amount(self, trial: Make) -> None:
        run = trial("""
play:
  tx:
    activities: {bet: {type: Bet}}
    event: {bonus_wager_amount: bonus}
""")
        run.insert("tx", "1", amount=1, bonus="some")
        assert run.parked() == [("1", "not_a_number")]


def test_sums_of_many_digits_are_exact(trial: Make) -> None:
    run = trial("""
play:
  bets:
    rows: mutable
    deleted: nothing
    columns: {cashed: decimal}
    activities:
      cash:
        type: Win
        stands: state == "open"
        grows: {total: cashed}
        event: {activity_id: {text: "c{n}"}, wager_amount: grown}
""")
    run.insert("bets", "1", state="open", cashed="123456789012345678.000000000000000001")
    run.update("bets", "1", state="open", cashed="123456789012345679.000000000000000003")
    assert [event["amount"] for event in run.bodies()] == [
        Decimal("123456789012345678.000000000000000001"),
        Decimal("1.000000000000000002"),
    ]


@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"a": ', "}")])
@pytest.mark.parametrize("column", ["doc", "plain"])
@pytest.mark.parametrize("levels", [101, 600])
def test_a_structure_that_is_nested_too_deeply_is_parked_alone(
    trial: Make, begin: str, end: str, column: str, levels: int
) -> None:
    run = trial("""
play:
  tx:
    rows: mutable
    deleted: nothing
    columns: {doc: json}
    activities: {bet: {type: Bet, compare: [doc, plain]}}
""")
    for key, depth in (("1", levels), ("2", 90)):
        text = begin * depth + "1" + end * depth
        structures = {"doc": "{}", "plain": {}}
        run.insert("tx", key, amount=1, **structures | {column: text if column == "doc" else json.loads(text)})
    run.play.restart()
    assert run.events() == ["Bet Approved 2 1"]
    assert run.parked() == [("1", "bad_json")]
