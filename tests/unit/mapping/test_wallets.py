"""What else wallets do: transitions, JSON, units, patterns, functions, history, holding, contracts."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import ConfigError
from tests.support.cases import Play
from tests.support.trial import Make, Trial, wallet


class TestTransitions:
    """`changed`, `became`, `increased` and `was`, with and without a `before` in the record."""

    WALLET = """
play:
  tx:
    rows: mutable
    deleted: nothing
    skip: {SKIP}
    park: {PARK}
    activities: {bet: {type: Bet, stands: 'status == "ok"'}}
"""

    def run(self, trial: Make, *, skip: str = "none", park: str = "none") -> Trial:
        return trial(self.WALLET.replace("SKIP", f"a: '{skip}'").replace("PARK", f"a: '{park}'"))

    def test_became_is_true_once(self, trial: Make) -> None:
        run = self.run(trial, park='became(status, "ok")')
        run.insert("tx", "1", status="new", amount=1)
        run.update("tx", "1", status="ok", amount=1)
        run.update("tx", "2", status="ok", amount=1)
        assert run.parked() == [("1", "guard"), ("2", "guard")]

    def test_became_is_false_where_it_was_so_before(self, trial: Make) -> None:
        run = self.run(trial, park='changed(amount) and not became(status, "ok")')
        run.insert("tx", "1", status="ok", amount=1)
        run.update("tx", "1", status="ok", amount=1)
        run.update("tx", "1", status="ok", amount=2)
        assert run.parked() == [("1", "guard")]

    def test_increased(self, trial: Make) -> None:
        run = self.run(trial, park="increased(amount) and was.amount > 0")
        run.insert("tx", "1", status="ok", amount=1)
        run.update("tx", "1", status="ok", amount=0)
        run.update("tx", "1", status="ok", amount=3)
        run.update("tx", "1", status="ok", amount=4)
        assert [key for key, _ in run.parked()] == ["1"]

    @pytest.mark.parametrize(
        ("park", "code"),
        [
            ('became(code, "5")', "not_comparable"),
            ("increased(told)", "not_a_number"),
            ('increased(code) and code == "5"', "not_comparable"),
        ],
    )
    def test_a_value_of_another_kind_is_parked(self, trial: Make, park: str, code: str) -> None:
        run = self.run(trial, park=park)
        run.insert("tx", "1", status="ok", amount=1, code=5, told="9")
        assert run.parked() == [("1", code)]

    def test_without_memory_the_record_s_own_before_counts(self, trial: Make) -> None:
        run = self.run(trial, park="was.amount == 7")
        run.update("tx", "1", status="ok", amount=1, before={"id": "1", "status": "new", "amount": 7})
        assert run.parked() == [("1", "guard")]

    @pytest.mark.parametrize("before", [{"id": "1", "status": "ok", "amount": 1, "touched": 4}, None])
    def test_a_column_that_no_rule_asked_for_before_is_as_the_record_s_own_before_has_it(
        self, trial: Make, before: dict[str, Any] | None
    ) -> None:
        """A rule is added to a brand that is live; where the record shows no row before, a person is told why."""
        run = self.run(trial)
        run.insert("tx", "1", status="ok", amount=1, touched=4)
        later = self.run(trial, park="increased(touched) and was.touched > 5")
        later.play = Play(later.play.brand, run.play.ledger)
        later.database = run.database
        later.update("tx", "1", status="void", amount=1, touched=5, before=before)
        if before is not None:
            assert later.events() == ["Bet Approved 1 1", "Bet Rollback 1 1"]
            assert later.parked() == []
        else:
            (parked,) = later.play.ledger.parked()
            assert parked.code == "missing_column"
            assert "what is remembered of the row has no column touched" in parked.reason

    def test_on_append_only_rows_they_are_refused(self, trial: Make) -> None:
        with pytest.raises(ConfigError, match="append-only rows are looked at once"):
            trial("play: {tx: {skip: {a: changed(amount)}, activities: {bet: {type: Bet}}}}")


class TestJson:
    def test_columns_and_texts_are_exact(self, trial: Make) -> None:
        run = trial("""
play:
  tx:
    with: {details: json(payload)}
    activities: {bet: {type: Bet}}
    event:
      wager_amount: details.money.stake
      round_id: details.round["id"]
      meta: {device: details.client.device, first: "details.legs[0].name"}
""")
        run.insert(
            "tx",
            "1",
            payload='{"money": {"stake": 0.100000000000000005}, "round": {"id": 9007199254740993},'
            ' "legs": [{"name": "a"}]}',
        )
        (event,) = run.bodies()
        assert event["wager_amount"] == Decimal("0.100000000000000005")
        assert (event["round_id"], event["meta"]) == ("9007199254740993", {"first": "a"})

    def test_a_text_that_is_no_json_parks_the_row(self, trial: Make) -> None:
        run = trial("""
play:
  tx:
    activities: {bet: {type: Bet}}
    event: {wager_amount: json(payload).stake}
""")
        run.insert("tx", "1", payload="{")
        assert [key for key, _ in run.parked()] == ["1"]


@pytest.mark.parametrize(
    ("expression", "row", "amount"),
    [
        ("units(amount, 2)", {"amount": 1500}, "15"),
        ("units(amount, 5)", {"amount": 1}, "0.00001"),
        ("amount / 1000", {"amount": 1}, "0.001"),
        ("units(amount, currencies[currency].exponent)", {"amount": 1500, "currency": "JPY"}, "1500"),
        ("units(amount, currencies[currency].exponent)", {"amount": 1500, "currency": "BTC"}, "0.000015"),
        ("debit or credit", {"debit": None, "credit": 4}, "4"),
        ("abs(amount)", {"amount": -4}, "4"),
        ('{from: kind, a: 1, else: "x"}', {"kind": "b"}, None),
    ],
)
def test_units_and_amounts(trial: Make, expression: str, row: dict[str, object], amount: str | None) -> None:
    form = expression if expression.startswith("{") else f"'{expression}'"
    run = trial(f"""
lookups: {{currencies: {{key: id}}}}
play:
  tx:
    skip: {{never: "currencies[currency].exponent == 99"}}
    activities: {{bet: {{type: Bet}}}}
    event:
      wager_amount: {form}
""")
    for code, exponent in (("JPY", 0), ("BTC", 8), ("EUR", 2)):
        run.insert("currencies", code, exponent=exponent)
    run.insert("tx", "1", **{"currency": "EUR", **row})
    if amount is None:
        assert [key for key, _ in run.parked()] == ["1"]
    else:
        assert [event["amount"] for event in run.bodies()] == [Decimal(amount)]


class TestLocalTime:
    WALLET = """
play:
  tx:
    activities: {{bet: {{type: Bet}}}}
    event: {{timestamp: '{}'}}
"""

    def at(self, trial: Make, expression: str, local: str) -> str | None:
        run = trial(self.WALLET.format(expression))
        run.insert("tx", "1", amount=1, at=local)
        return run.bodies()[0]["timestamp"] if run.events() else run.parked()[0][1]

    def test_an_hour_that_comes_twice_is_refused_or_chosen(self, trial: Make) -> None:
        local = "2026-10-25T02:30:00"
        assert self.at(trial, 'moment(at, "Europe/Malta")', local) == "ambiguous_time"
        assert self.at(trial, 'moment(at, "Europe/Malta", twice="first")', local) == "2026-10-25T00:30:00Z"
        assert self.at(trial, 'moment(at, "Europe/Malta", twice="second")', local) == "2026-10-25T01:30:00Z"

    def test_an_hour_that_never_was_is_refused_or_chosen(self, trial: Make) -> None:
        local = "2026-03-29T02:30:00"
        assert self.at(trial, 'moment(at, "Europe/Malta")', local) == "missing_time"
        assert self.at(trial, 'moment(at, "Europe/Malta", never="later")', local) == "2026-03-29T01:30:00Z"

    def test_epochs(self, trial: Make) -> None:
        run = trial(self.WALLET.format("epoch_ms(ms)"))
        run.insert("tx", "1", amount=1, ms=1_767_225_600_123)
        assert run.bodies()[0]["timestamp"] == "2026-01-01T00:00:00.123000Z"


def test_a_table_of_many_tables_by_pattern(tmp_path: Path) -> None:
    brand = wallet(
        tmp_path,
        """
play:
  callbacks:
    tables: callbacks_\\d{6}
    columns: {money: decimal struct}
    activities: {bet: {type: Bet}}
    event: {wager_amount: "money or amount"}
""",
    )
    run = Trial(brand)
    run.insert("callbacks_202601", "1", amount=1, money={"scale": 1, "value": "Dw=="})
    run.insert("callbacks_202602", "2", amount=2, money=None)
    run.insert("callbacks_new", "3", amount=3, money=None)
    assert run.events() == ["Bet Approved 1 1.5", "Bet Approved 2 2"]
    assert run.ended("skipped") == ["table is not in the connector"]
    assert brand.topics().patterns == (r"^db\.public\.(callbacks_\d{6})$",)


def test_functions_beside_the_connector(tmp_path: Path) -> None:
    (tmp_path / "trial.py").write_text(
        "from decimal import Decimal\n\n\ndef third(amount: Decimal) -> Decimal:\n"
        "    return Decimal(amount) / 4\n\n\ndef broken(amount: Decimal) -> Decimal:\n    return amount / 0\n"
    )
    brand = wallet(
        tmp_path,
        """
functions: trial.py
play:
  tx:
    activities: {bet: {type: Bet}}
    event: {wager_amount: 'third(amount) if kind == "ok" else broken(amount)'}
""",
    )
    run = Trial(brand)
    run.insert("tx", "1", amount=1, kind="ok")
    run.insert("tx", "2", amount=1, kind="broken")
    assert run.events() == ["Bet Approved 1 0.25"]
    assert [key for key, _ in run.parked()] == ["2"]


class TestHistory:
    def test_can_be_sent(self, trial: Make) -> None:
        run = trial("play: {tx: {snapshot: send, activities: {bet: {type: Bet}}}}")
        run.snapshot("tx", "1", amount=1)
        assert run.events() == ["Bet Approved 1 1"]

    def test_can_be_ignored(self, trial: Make) -> None:
        run = trial("""
wait: {original: 1 hour}
play:
  tx:
    snapshot: ignore
    activities: {bet: {type: Bet, when: 'kind == "bet"'}}
    reverses: {when: 'kind == "cancel"', original: "tx[ref]"}
""")
        run.snapshot("tx", "1", kind="bet", amount=1)
        run.insert("tx", "2", kind="cancel", ref="1", amount=None)
        assert (run.held, run.ended("skipped")) == (1, ["row of a snapshot"])

    def test_ends_at_a_time_that_the_connector_gives(self, trial: Make) -> None:
        run = trial("""
play:
  tx:
    snapshot: send
    starts: moment(at) >= moment("2026-01-01T10:00:00Z")
    activities: {bet: {type: Bet, when: 'kind == "bet"'}}
    reverses: {when: 'kind == "cancel"', original: "tx[ref]"}
""")
        run.snapshot("tx", "1", kind="bet", amount=1, at="2026-01-01T09:59:59Z")
        run.insert("tx", "2", kind="bet", amount=2, at="2026-01-01T09:59:59Z")
        run.snapshot("tx", "3", kind="bet", amount=3, at="2026-01-01T10:00:00Z")
        run.insert("tx", "4", kind="cancel", ref="1", amount=None)
        assert run.events() == ["Bet Approved 3 3", "Bet Rollback 1 1"]
        assert run.ended("history") == ["history", "history"]

    def test_of_a_running_total_counts_as_one_piece(self, trial: Make) -> None:
        run = trial("""
play:
  bets:
    rows: mutable
    deleted: nothing stands
    activities:
      cash:
        type: Win
        stands: state == "open"
        grows: {total: cashed}
        event: {activity_id: {text: "{id}:{n}"}, wager_amount: grown}
""")
        run.snapshot("bets", "1", state="open", cashed=5)
        run.update("bets", "1", state="open", cashed=8)
        run.update("bets", "1", state="void", cashed=8)
        assert run.events() == ["Win Approved 1:2 3", "Win Rollback 1:2 3", "Win Rollback 1:1 5"]


class TestRememberedRows:
    """Under REPLICA IDENTITY DEFAULT a delete shows the key alone, and large columns may be missing."""

    WALLET = """
play:
  tx:
    rows: mutable
    deleted: 'kind == "manual"'
    remember: [kind]
    activities: {bet: {type: Bet, stands: 'status == "ok"'}}
    event: {meta: {note: note}}
    again: {activity_id: {text: "{id}:{n}"}}
"""

    def test_a_delete_is_judged_by_the_row_as_it_was(self, trial: Make) -> None:
        run = trial(self.WALLET)
        run.insert("tx", "1", status="ok", kind="manual", amount=1, note="n")
        run.insert("tx", "2", status="ok", kind="auto", amount=2, note="n")
        run.restart()
        run.delete("tx", "1", kind="", status="", amount=0)
        run.delete("tx", "2", kind="", status="", amount=0)
        assert run.events()[2:] == ["Bet Rollback 1 1"]

    def test_an_unavailable_column_is_as_it_was(self, trial: Make) -> None:
        run = trial(self.WALLET)
        run.insert("tx", "1", status="new", kind="a", amount=1, note="long text")
        run.update("tx", "1", status="ok", kind="a", amount=1, note="__debezium_unavailable_value")
        assert run.bodies()[0]["meta"] == {"note": "long text"}

    def test_an_unavailable_column_that_was_never_seen_parks_the_change(self, trial: Make) -> None:
        run = trial(self.WALLET)
        run.update("tx", "1", status="ok", kind="a", amount=1, note="__debezium_unavailable_value")
        assert run.parked() == [("1", "unavailable_column")]


class TestDeadlines:
    WALLET = """
wait: {lookup: 2 minutes, original: 5 minutes}
lookups: {games: {key: id}}
play:
  tx:
    activities: {bet: {type: Bet, when: 'kind == "bet"'}}
    event: {game_name: "games[game].name"}
    reverses: {when: 'kind == "cancel"', original: "tx[ref]"}
"""

    def test_each_thing_is_waited_for_as_long_as_the_connector_says(self, trial: Make) -> None:
        run = trial(self.WALLET)
        run.insert("tx", "1", kind="bet", amount=1, game="g")
        run.insert("tx", "2", kind="cancel", amount=None, ref="9", player="p2")
        assert run.play.mapper.next_deadline() == 120_000
        run.wait(minutes=1)
        run.restart()
        run.wait(minutes=1)
        assert run.parked() == [("1", "lookup_missing")]
        assert run.play.mapper.next_deadline() == 300_000
        run.wait(minutes=3)
        assert run.parked()[1] == ("2", "original_missing")
        assert run.play.mapper.next_deadline() is None

    def test_what_waited_behind_goes_on_when_the_first_is_parked(self, trial: Make) -> None:
        run = trial(self.WALLET)
        run.insert("games", "g1", name="One")
        run.insert("tx", "1", kind="bet", amount=1, game="g")
        run.wait(minutes=1)
        run.insert("tx", "2", kind="bet", amount=2, game="g1")
        run.wait(minutes=1)
        assert (run.events(), run.held) == (["Bet Approved 2 2"], 0)

    def test_what_waits_is_in_time_until_its_deadline(self, trial: Make) -> None:
        run = trial(self.WALLET)
        run.insert("tx", "1", kind="bet", amount=1, game="g")
        run.wait(minutes=1)
        run.insert("games", "g", name="One")
        run.wait(minutes=5)
        assert (run.events(), run.parked()) == (["Bet Approved 1 1"], [])


class TestTheContractOfRewards:
    WALLET = """
profile: rewards
profile_breach: {}
play: {{tx: {{activities: {{bet: {{type: Bet}}}}}}}}
"""

    def test_a_breach_can_park(self, trial: Make) -> None:
        run = trial(self.WALLET.format("park"))
        run.insert("tx", "1", amount=1, player="abc")
        run.insert("tx", "2", amount=1, player="77")
        assert (run.events(), run.parked()) == (["Bet Approved 2 1"], [("1", "rewards")])

    def test_a_rollback_is_told_of_and_sent_all_the_same(self, trial: Make) -> None:
        reverses = ", reverses: {when: ref, original: 'tx[ref]', event: {timestamp: at}}}}"
        run = trial(
            self.WALLET.format("park")
            .replace("}}}}", "}}" + reverses)
            .replace("type: Bet", "type: Bet, when: not ref")
        )
        run.snapshot("tx", "1", amount=1, player="abc", ref=None)
        run.insert("tx", "2", amount=1, player="abc", ref="1")
        assert (run.events(), run.parked()) == (["Bet Rollback 1 1"], [])
        assert [out.warnings for outcome in run.play.outcomes for out in outcome.events] == [
            ("user_id is not a whole number from 1 to 2147483646",)
        ]

    def test_a_breach_can_be_told_only(self, trial: Make) -> None:
        run = trial(self.WALLET.format("warn"))
        run.insert("tx", "1", amount=1, player="abc")
        assert run.events() == ["Bet Approved 1 1"]
        (outcome,) = run.play.outcomes
        assert outcome.events[0].warnings == ("user_id is not a whole number from 1 to 2147483646",)


def test_free_rounds_by_face_value_in_meta(trial: Make) -> None:
    run = trial("""
play:
  tx:
    activities: {bet: {type: Bet}}
    event:
      wager_amount: 0 if free else amount
      meta: {face_value: amount if free else none}
""")
    run.insert("tx", "1", amount=3, free=True)
    run.insert("tx", "2", amount=3, free=False)
    assert run.events() == ["Bet Approved 1 0", "Bet Approved 2 3"]
    assert [event.get("meta") for event in run.bodies()] == [{"face_value": 3}, None]


def test_the_total_can_be_checked_against_its_parts(trial: Make) -> None:
    run = trial("""
play:
  tx:
    activities: {bet: {type: Bet}}
    event: {wager_amount: cash, bonus_wager_amount: bonus, amount: total}
""")
    run.insert("tx", "1", cash=3, bonus=2, total=5)
    run.insert("tx", "2", cash=3, bonus=2, total=6)
    assert run.events() == ["Bet Approved 1 5"]
    assert [key for key, _ in run.parked()] == ["2"]


def test_nothing_ends_without_a_name(trial: Make) -> None:
    run = trial("""
wait: {original: 1 hour}
lookups: {users: {key: id}}
play:
  tx:
    rows: mutable
    deleted: nothing
    watch: status
    skip: {demo: demo}
    park: {odd: amount > 100}
    parts: {legs: {table: leg, one: leg, of: tx_id, count: 0}}
    activities: {bet: {type: Bet, stands: 'status == "ok"', when: 'kind == "bet"'}}
    event: {user_id: "users[player].crm"}
    reverses: {when: 'kind == "cancel"', original: "tx[ref]"}
""")
    row: dict[str, Any] = {"demo": False, "status": "ok", "kind": "bet", "amount": 1, "ref": None}
    run.insert("users", "p1", crm="77")
    run.insert("tx", "1", **row)
    run.update("tx", "1", **row)
    run.insert("tx", "2", **{**row, "demo": True})
    run.insert("tx", "3", **{**row, "amount": 1000})
    run.insert("tx", "4", **{**row, "kind": "new"})
    run.insert("tx", "5", **{**row, "kind": "cancel", "ref": "1"})
    run.insert("tx", "6", **{**row, "kind": "cancel", "ref": "99"})
    run.delete("tx", "1")
    run.snapshot("tx", "7", **row)
    run.insert("leg", "8", tx_id="nowhere")
    run.insert("other", "9")
    run.take(run.database.tombstone("tx", {"id": "1"}))
    run.take(run.database.truncate("tx"))
    run.wait(minutes=60)
    ends = [outcome for outcome in run.play.outcomes if outcome.kind != "held"]
    assert len(ends) == 14
    assert [end for end in ends if not end.reason and end.kind not in ("sent", "lookup")] == []
    counters = run.play.ledger.counters()
    assert sum(counters.values()) == 14
