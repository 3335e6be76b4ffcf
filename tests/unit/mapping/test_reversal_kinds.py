"""Every way in which a wallet takes something back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.trial import Make, Trial


def test_by_a_composite_key(trial: Make) -> None:
    run = trial("""
play:
  tx:
    key: [provider, tx_id]
    activities: {bet: {type: Bet, when: 'kind == "bet"'}}
    event: {activity_id: {text: "{provider}-{tx_id}"}}
    reverses:
      when: kind == "cancel"
      original: tx[provider, ref]
""")
    run.insert("tx", 1, provider="a", tx_id="1", kind="bet", amount=1)
    run.insert("tx", 2, provider="b", tx_id="1", kind="bet", amount=2)
    run.insert("tx", 3, provider="b", tx_id="2", kind="cancel", ref="1", amount=None)
    assert run.events() == ["Bet Approved a-1 1", "Bet Approved b-1 2", "Bet Rollback b-1 2"]


def test_by_an_index_that_the_table_declares(trial: Make) -> None:
    run = trial("""
play:
  tx:
    indexes: {by_request: [player, request]}
    activities: {bet: {type: Bet, when: 'kind == "bet"'}}
    reverses:
      when: kind == "cancel"
      original: tx.by_request[player, request_ref]
""")
    run.insert("tx", "r", kind="cancel", request_ref="q1", request=None, amount=None)
    assert run.held == 1
    run.insert("tx", "0", kind="bet", request="q1", amount=5, player="p2")
    assert run.held == 1
    run.insert("tx", "1", kind="bet", request="q1", amount=5)
    assert run.events() == ["Bet Approved 0 5", "Bet Approved 1 5", "Bet Rollback 1 5"]
    assert run.held == 0


def test_by_the_activity_of_a_row_that_has_several(trial: Make) -> None:
    run = trial("""
play:
  rounds:
    activities:
      bet: {type: Bet}
      win: {type: Win, event: {activity_id: {text: "{id}:w"}, wager_amount: won}}
  cancels:
    reverses:
      when: true
      original: rounds[ref]
      activity: win
""")
    run.insert("rounds", "1", amount=5, won=9)
    run.insert("cancels", "c", ref="1")
    assert run.events()[2:] == ["Win Rollback 1:w 9"]


class TestByStatus:
    WALLET = """
play:
  tx:
    rows: mutable
    deleted: nothing
    activities: {bet: {type: Bet}}
    stands: status == "ok"
    rollback: {timestamp: changed_at}
"""

    def test_what_was_never_sent_is_not_taken_back(self, trial: Make) -> None:
        run = trial(self.WALLET)
        run.insert("tx", "1", status="open", amount=5, changed_at=None)
        run.update("tx", "1", status="cancelled", amount=5, changed_at="2026-01-01T11:00:00Z")
        assert (run.events(), run.ended("skipped")) == ([], ["nothing to do", "nothing to do"])

    def test_the_rollback_repeats_what_was_sent_and_not_what_the_row_says_now(self, trial: Make) -> None:
        run = trial(self.WALLET)
        run.insert("tx", "1", status="ok", amount=5, changed_at=None)
        run.update("tx", "1", status="cancelled", amount=99, round="R9", changed_at="2026-01-01T11:00:00Z")
        approved, rollback = run.bodies()
        assert rollback == {**approved, "status": "Rollback", "timestamp": "2026-01-01T11:00:00Z"}


def test_by_a_column_that_gets_a_value(trial: Make) -> None:
    run = trial("""
play:
  tx:
    rows: mutable
    deleted: nothing
    activities: {bet: {type: Bet, stands: refunded_at == none}}
    rollback: {timestamp: refunded_at}
""")
    run.insert("tx", "1", amount=5, refunded_at=None)
    run.update("tx", "1", amount=5, refunded_at="2026-01-01T11:00:00Z")
    run.update("tx", "1", amount=5, refunded_at="2026-01-01T11:00:01Z")
    assert run.events() == ["Bet Approved 1 5", "Bet Rollback 1 5"]
    assert run.bodies()[1]["timestamp"] == "2026-01-01T11:00:00Z"


class TestByDelete:
    def test_with_a_marker_on_the_row_as_it_was(self, trial: Make) -> None:
        run = trial("""
play:
  tx:
    rows: mutable
    deleted: voided
    activities: {bet: {type: Bet}}
    rollback: {timestamp: committed_at}
""")
        run.insert("tx", "1", amount=5, voided=False)
        run.insert("tx", "2", amount=6, voided=False)
        run.update("tx", "2", amount=6, voided=True)
        run.new()
        run.delete("tx", "1", voided=True, amount=0)
        run.delete("tx", "2", voided=False, amount=0)
        assert run.new() == ["Bet Rollback 2 6"]
        assert run.ended("skipped") == ["nothing to do", "row deleted"]
        assert run.bodies()[-1]["timestamp"].startswith("2026-01-01T00:00:05")

    def test_with_a_guard_on_its_age(self, trial: Make) -> None:
        run = trial("""
play:
  tx:
    rows: mutable
    deleted: committed_at < later(moment(at), "1 day")
    activities: {bet: {type: Bet}}
""")
        run.insert("tx", "1", amount=5, at="2025-12-30T00:00:00Z")
        run.insert("tx", "2", amount=5, at="2025-12-31T23:00:00Z")
        run.delete("tx", "1")
        run.delete("tx", "2")
        assert run.events()[2:] == ["Bet Rollback 2 5"]

    def test_a_row_that_was_never_seen_is_nothing(self, trial: Make) -> None:
        run = trial("play: {tx: {rows: mutable, deleted: nothing stands, activities: {bet: {type: Bet}}}}")
        run.delete("tx", "1", amount=5)
        assert run.ended("skipped") == ["deleted row was never seen"]


class TestAWholeRound:
    WALLET = """
wait: {original: 1 hour}
play:
  tx:
    activities:
      bet: {type: Bet, when: 'kind == "bet"'}
      win: {type: Win, when: 'kind == "win"'}
    reverses:
      when: kind == "cancel_round"
      round: round
      ORDER
      park: {another player's round: this_round.first.user_id != player}
      event: {timestamp: at, is_round_end: last}
    round: round
"""

    def run_round(self, trial: Make, order: str) -> Trial:
        run = trial(self.WALLET.replace("ORDER", f"order: {order}"))
        for key, kind in (("1", "bet"), ("2", "win"), ("3", "bet"), ("4", "win")):
            run.insert("tx", key, kind=kind, amount=int(key))
        run.insert("tx", "5", kind="bet", amount=5, round="R2")
        run.new()
        run.insert("tx", "c", kind="cancel_round", amount=None)
        return run

    @pytest.mark.parametrize(
        ("order", "keys"), [("newest first", "4231"), ("oldest first", "1234"), ("wins first", "2413")]
    )
    def test_in_the_order_that_the_connector_gives(self, trial: Make, order: str, keys: str) -> None:
        run = self.run_round(trial, order)
        assert [event.split()[2] for event in run.new()] == list(keys)
        assert [event["is_round_end"] for event in run.bodies()[-4:]] == [False, False, False, True]

    def test_a_second_one_finds_nothing_standing(self, trial: Make) -> None:
        run = self.run_round(trial, "newest first")
        run.new()
        run.insert("tx", "d", kind="cancel_round", amount=None)
        assert (run.new(), len(run.ended("skipped"))) == ([], 1)

    def test_an_unknown_round_is_waited_for(self, trial: Make) -> None:
        run = trial(self.WALLET.replace("ORDER", "order: newest first"))
        run.insert("tx", "c", kind="cancel_round", amount=None)
        assert run.held == 1
        run.insert("tx", "1", kind="bet", amount=1)
        assert (run.events(), run.held) == (["Bet Approved 1 1", "Bet Rollback 1 1"], 0)

    def test_a_guard_can_ask_whose_round_it_is(self, trial: Make) -> None:
        run = trial(self.WALLET.replace("ORDER", "order: newest first"))
        run.insert("tx", "1", kind="bet", amount=1)
        run.insert("tx", "c", kind="cancel_round", amount=None, player="p2")
        assert run.parked() == [("c", "guard")]


class TestUndoingAReversal:
    WALLET = """
wait: {original: 1 hour}
play:
  tx:
    round: round
    activities:
      bet: {type: Bet, when: 'kind == "bet"', share: amount}
      win: {type: Win, when: 'kind == "win"'}
    event: {wager_amount: left if kind == "bet" else amount}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: 'kind == "void"', original: "tx[ref]"}
      - {when: 'kind == "part"', original: "tx[ref]", takes: amount}
      - {when: 'kind == "void_round"', round: round}
      - {when: 'kind == "undo"', undoes: "tx[ref]", event: {timestamp: at}}
"""

    def play(self, trial: Make, *rows: tuple[str, str, int | None, str | None]) -> Trial:
        run = trial(self.WALLET)
        for key, kind, amount, ref in rows:
            run.insert("tx", key, kind=kind, amount=amount, ref=ref)
        return run

    def test_restores_exactly_what_that_reversal_took_back(self, trial: Make) -> None:
        run = self.play(
            trial,
            ("1", "bet", 10, None),
            ("2", "win", 30, None),
            ("3", "win", 7, None),
            ("v1", "void", None, "3"),
            ("v2", "void_round", None, None),
            ("u", "undo", None, "v2"),
        )
        assert run.events()[4:] == [
            "Win Rollback 2 30",
            "Bet Rollback 1 10",
            "Bet Approved 1:2 10",
            "Win Approved 2:2 30",
        ]

    def test_can_be_taken_back_and_undone_again(self, trial: Make) -> None:
        run = self.play(
            trial,
            ("1", "bet", 10, None),
            ("v1", "void", None, "1"),
            ("u1", "undo", None, "v1"),
            ("v2", "void", None, "1"),
            ("u2", "undo", None, "v2"),
        )
        assert run.events() == [
            "Bet Approved 1 10",
            "Bet Rollback 1 10",
            "Bet Approved 1:2 10",
            "Bet Rollback 1:2 10",
            "Bet Approved 1:3 10",
        ]

    def test_of_a_part_restores_the_whole(self, trial: Make) -> None:
        run = self.play(trial, ("1", "bet", 10, None), ("v", "part", 4, "1"), ("u", "undo", None, "v"))
        assert run.events() == [
            "Bet Approved 1 10",
            "Bet Rollback 1 10",
            "Bet Approved 1:2 6",
            "Bet Rollback 1:2 6",
            "Bet Approved 1:3 10",
        ]

    def test_of_a_part_after_a_further_part_restores_that_part_alone(self, trial: Make) -> None:
        run = self.play(
            trial,
            ("1", "bet", 10, None),
            ("v", "part", 4, "1"),
            ("w", "part", 3, "1"),
            ("u", "undo", None, "v"),
            ("x", "void", None, "1"),
            ("y", "undo", None, "w"),
        )
        assert run.events()[5:] == [
            "Bet Rollback 1:3 3",
            "Bet Approved 1:4 7",
            "Bet Rollback 1:4 7",
            "Bet Approved 1:5 3",
        ]

    def test_of_a_reversal_whose_original_was_restored_by_another_is_parked(self, trial: Make) -> None:
        run = self.play(
            trial,
            ("1", "win", 10, None),
            ("v", "void_round", None, None),
            ("u", "undo", None, "v"),
            ("w", "void", None, "1"),
            ("z", "undo", None, "w"),
            ("x", "undo", None, "v"),
        )
        assert run.events()[-1] == "Win Approved 1:3 10"
        assert run.ended("skipped") == ["repeated: there is nothing to restore"]

    def test_restores_history_too(self, trial: Make) -> None:
        run = trial(self.WALLET)
        run.snapshot("tx", "1", kind="bet", amount=10, ref=None)
        run.insert("tx", "v", kind="void", amount=None, ref="1")
        run.insert("tx", "u", kind="undo", amount=None, ref="v")
        assert run.events() == ["Bet Rollback 1 10", "Bet Approved 1:2 10"]

    def test_twice_is_nothing(self, trial: Make) -> None:
        run = self.play(
            trial,
            ("1", "bet", 10, None),
            ("v", "void", None, "1"),
            ("u", "undo", None, "v"),
            ("w", "undo", None, "v"),
        )
        assert run.ended("skipped") == ["repeated: there is nothing to restore"]

    def test_of_what_is_no_reversal_is_parked(self, trial: Make) -> None:
        run = self.play(trial, ("1", "bet", 10, None), ("u", "undo", None, "1"))
        assert run.parked() == [("u", "not_a_reversal")]

    def test_waits_for_the_reversal(self, trial: Make) -> None:
        run = self.play(trial, ("1", "bet", 10, None), ("u", "undo", None, "v"), ("v", "void", None, "1"))
        assert run.events()[1:] == ["Bet Rollback 1 10", "Bet Approved 1:2 10"]

    def test_of_a_reversal_that_found_nothing_restores_nothing(self, trial: Make) -> None:
        run = self.play(
            trial,
            ("1", "bet", 10, None),
            ("v", "void", None, "1"),
            ("w", "void", None, "1"),
            ("u", "undo", None, "w"),
        )
        assert run.events() == ["Bet Approved 1 10", "Bet Rollback 1 10"]
        assert run.ended("skipped")[-1] == "repeated: there is nothing to restore"

    def test_that_finds_nothing_to_restore_can_be_parked(self, trial: Make) -> None:
        run = trial("""
play:
  tx:
    activities: {bet: {type: Bet, when: 'kind == "bet"'}}
    reverses:
      - {when: 'kind == "void"', original: "tx[ref]"}
      - {when: 'kind == "undo"', undoes: "tx[ref]", repeated: park}
""")
        rows = (("1", "bet", None), ("v", "void", "1"), ("w", "void", "1"), ("u", "undo", "w"))
        for key, kind, ref in rows:
            run.insert("tx", key, kind=kind, amount=10, ref=ref)
        assert run.parked() == [("u", "repeated")]


class TestPolicies:
    WALLET = """
wait: {original: 1 hour}
play:
  tx:
    activities:
      bet: {type: Bet, when: 'kind == "bet"', share: amount}
    event: {wager_amount: left}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
        when: kind == "refund"
        original: tx[ref]
        takes: amount
        POLICY
"""

    def make(self, trial: Make, policy: str) -> Trial:
        return trial(self.WALLET.replace("POLICY", policy))

    def tx(self, run: Trial, key: str, kind: str, amount: int, ref: str | None = None) -> None:
        run.insert("tx", key, kind=kind, amount=amount, ref=ref)

    def test_a_part_as_an_amount_is_a_rollback_of_the_part(self, trial: Make) -> None:
        run = self.make(trial, "partial: amount")
        self.tx(run, "1", "bet", 10)
        self.tx(run, "2", "refund", 4, "1")
        self.tx(run, "3", "refund", 6, "1")
        assert run.events() == ["Bet Approved 1 10", "Bet Rollback 1 4", "Bet Rollback 1 6"]
        ids = [delivery.message_id for delivery in run.play.ledger.unconfirmed(0, 10)]
        assert len(set(ids)) == 3

    def test_what_is_left_after_amounts_is_taken_back_as_an_amount(self, trial: Make) -> None:
        run = trial(
            self.WALLET.replace("reverses:", "reverses:\n      -").replace("POLICY", "partial: amount")
            + '      - {when: \'kind == "void"\', original: "tx[ref]"}\n'
        )
        self.tx(run, "1", "bet", 10)
        self.tx(run, "2", "refund", 4, "1")
        self.tx(run, "3", "void", 10, "1")
        self.tx(run, "4", "void", 10, "1")
        assert run.events() == ["Bet Approved 1 10", "Bet Rollback 1 4", "Bet Rollback 1 6"]

    def test_a_part_sent_as_an_amount_cannot_be_undone(self, trial: Make) -> None:
        run = trial(
            self.WALLET.replace("reverses:", "reverses:\n      -").replace("POLICY", "partial: amount")
            + '      - {when: \'kind == "undo"\', undoes: "tx[ref]"}\n'
        )
        self.tx(run, "1", "bet", 10)
        self.tx(run, "2", "refund", 4, "1")
        self.tx(run, "3", "undo", 4, "2")
        assert run.parked() == [("3", "moved_on")]

    def test_a_part_can_be_parked(self, trial: Make) -> None:
        run = self.make(trial, "partial: park")
        self.tx(run, "1", "bet", 10)
        self.tx(run, "2", "refund", 4, "1")
        self.tx(run, "3", "refund", 10, "1")
        assert run.parked() == [("2", "partial")]
        assert run.events() == ["Bet Approved 1 10", "Bet Rollback 1 10"]

    def test_an_unknown_original_can_be_parked_or_skipped_at_once(self, trial: Make) -> None:
        run = self.make(trial, "unknown: park")
        self.tx(run, "2", "refund", 4, "1")
        assert run.parked() == [("2", "unknown_original")]
        run = self.make(trial, "unknown: skip")
        self.tx(run, "2", "refund", 4, "1")
        assert run.ended("skipped") == ["the original is not there"]

    def test_a_repeat_can_be_parked(self, trial: Make) -> None:
        run = trial("""
play:
  tx:
    activities: {bet: {type: Bet, when: 'kind == "bet"'}}
    reverses: {when: 'kind == "refund"', original: "tx[ref]", repeated: park}
""")
        self.tx(run, "1", "bet", 10)
        self.tx(run, "2", "refund", 10, "1")
        self.tx(run, "3", "refund", 10, "1")
        assert run.parked() == [("3", "repeated")]

    def test_a_rollback_can_have_an_id_of_its_own(self, trial: Make) -> None:
        run = trial("""
play:
  tx:
    activities: {bet: {type: Bet, when: 'kind == "bet"'}}
    reverses:
      when: kind == "refund"
      original: tx[ref]
      event: {activity_id: id, meta: {original: ref}, balance_after: balance}
""")
        run.insert("tx", "1", kind="bet", amount=10, ref=None, balance=90)
        run.insert("tx", "2", kind="refund", amount=10, ref="1", balance=100)
        assert run.events()[1:] == ["Bet Rollback 2 10"]
        assert (run.bodies()[1]["meta"], run.bodies()[1]["balance_after"]) == ({"original": "1"}, 100)

    def test_a_reversal_without_a_reference_is_parked(self, trial: Make) -> None:
        run = self.make(trial, "unknown: wait")
        self.tx(run, "2", "refund", 4, None)
        assert run.parked() == [("2", "no_reference")]


def test_several_kinds_of_reversal_in_one_table(trial: Make) -> None:
    run = trial("""
play:
  tx:
    round: round
    activities:
      bet: {type: Bet, when: 'kind == "bet"'}
      win: {type: Win, when: 'kind == "win"'}
    reverses:
      - {when: 'kind == "cancel_bet"', original: "tx[ref]", activity: bet}
      - {when: 'kind == "cancel_win"', original: "tx[ref]", activity: win, event: {meta: {why: why}}}
      - {when: 'kind == "cancel_round"', round: round}
""")
    rows: list[dict[str, Any]] = [
        {"id": "1", "kind": "bet", "amount": 1, "ref": None},
        {"id": "2", "kind": "win", "amount": 2, "ref": None},
        {"id": "3", "kind": "cancel_win", "amount": None, "ref": "2", "why": "odds"},
        {"id": "4", "kind": "cancel_bet", "amount": None, "ref": "2"},
        {"id": "5", "kind": "cancel_round", "amount": None, "ref": None},
    ]
    for row in rows:
        run.insert("tx", row.pop("id"), **row)
    assert run.events()[2:] == ["Win Rollback 2 2", "Bet Rollback 1 1"]
    assert run.bodies()[2]["meta"] == {"why": "odds"}
    assert len(run.ended("skipped")) == 1


class TestARollbackWithAnIdOfItsOwn:
    WALLET = """
play:
  tx:
    round: round
    activities:
      bet: {{type: Bet, when: kind == "bet"}}
      win: {{type: Win, when: kind == "win"}}
    reverses:
      when: kind == "void"
      round: round
      event: {{activity_id: {{text: "{own}"}}, meta: {{original: taken_back.activity_id}}}}
"""

    @staticmethod
    def void_a_round(run: Trial) -> None:
        run.insert("tx", "1", kind="bet", amount=5)
        run.insert("tx", "2", kind="win", amount=8)
        run.insert("tx", "3", kind="void")

    def test_each_event_knows_what_it_takes_back(self, trial: Make) -> None:
        run = trial(self.WALLET.format(own="{id}-{taken_back.activity_id}"))
        self.void_a_round(run)
        assert run.events()[2:] == ["Win Rollback 3-2 8", "Bet Rollback 3-1 5"]
        assert [event["meta"] for event in run.bodies()[2:]] == [{"original": "2"}, {"original": "1"}]

    def test_what_is_taken_back_may_have_a_name_of_its_own(self, trial: Make) -> None:
        named = "  tx:\n    with: {{mine: {{text: '{{id}}-{{origin.activity_id}}'}}, origin: taken_back}}\n"
        run = trial(self.WALLET.replace("  tx:\n", named).format(own="{mine}"))
        self.void_a_round(run)
        assert run.events()[2:] == ["Win Rollback 3-2 8", "Bet Rollback 3-1 5"]

    def test_one_id_for_several_is_parked(self, trial: Make) -> None:
        run = trial(self.WALLET.format(own="rb-{id}"))
        self.void_a_round(run)
        assert (len(run.events()), run.parked()) == (2, [("3", "same_id")])

    def test_one_id_for_one_is_right(self, trial: Make) -> None:
        run = trial(self.WALLET.format(own="rb-{id}"))
        run.insert("tx", "1", kind="bet", amount=5)
        run.insert("tx", "3", kind="void")
        assert run.events()[1:] == ["Bet Rollback rb-3 5"]
