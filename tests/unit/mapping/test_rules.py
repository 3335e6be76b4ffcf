"""The rules of judging, one by one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.trial import Make, Trial
from tests.unit.mapping.wallets import CASHED_OUT

STATUS = """
wait: {lookup: 10 minutes, original: 1 hour}
lookups: {users: {key: id}, games: {key: id}}
play:
  tx:
    rows: mutable
    deleted: nothing stands
    watch: [status, amount]
    with: {user: "users[player]", title: "games[game]"}
    skip:
      test player: user.is_test
      not play: kind == "deposit"
    park: {too much: amount > 1000}
    moves: {status: {new: [pending, done, void], pending: [done, void], done: [void], void: [done]}}
    activities:
      bet:
        type: Bet
        when: kind == "bet"
        stands: status == "done"
        compare: amount
    event: {game_name: title.name}
    again: {activity_id: {text: "{id}:{n}"}}
"""


@pytest.fixture
def status(trial: Make) -> Trial:
    """Return a wallet whose rows change their status, with a player and a game."""
    run = trial(STATUS)
    run.insert("users", "p1", is_test=False)
    run.insert("users", "t1", is_test=True)
    run.insert("games", "g1", name="Game")
    return run


def bet(run: Trial, key: str, **row: Any) -> None:
    run.insert("tx", key, **{"kind": "bet", "status": "done", "amount": 10, "game": "g1", **row})


def change(run: Trial, key: str, **row: Any) -> None:
    run.update("tx", key, **{"kind": "bet", "status": "done", "amount": 10, "game": "g1", **row})


class TestTheOrderOfJudging:
    """Rule 1."""

    def test_skip_comes_before_an_unknown_kind(self, status: Trial) -> None:
        bet(status, "1", player="t1", kind="unheard of")
        assert (status.parked(), status.ended("skipped")) == ([], ["test player"])

    def test_watch_comes_before_a_forbidden_move_and_before_a_parked_row(self, status: Trial) -> None:
        bet(status, "1", status="odd")
        change(status, "1", status="odd", note="x")
        assert status.parked() == [("1", "move")]
        assert status.ended("skipped") == ["watched columns kept"]

    def test_a_row_without_a_rule_is_parked_before_its_move_is_asked(self, status: Trial) -> None:
        bet(status, "1", kind="unheard of", status="odd")
        assert status.parked() == [("1", "no_rule")]

    def test_a_parked_row_comes_before_its_move(self, status: Trial) -> None:
        bet(status, "1", status="odd")
        change(status, "1", status="done")
        assert status.parked() == [("1", "move"), ("1", "row_parked")]

    def test_a_forbidden_move_comes_before_a_guard(self, status: Trial) -> None:
        bet(status, "1", status="odd", amount=2000)
        assert status.parked() == [("1", "move")]

    def test_a_guard_comes_before_the_events(self, status: Trial) -> None:
        bet(status, "1", amount=2000)
        assert (status.parked(), status.events()) == ([("1", "guard")], [])


class TestGuardsHaveThreeValues:
    """Rule 2."""

    def test_a_true_guard_wins_over_one_that_waits(self, status: Trial) -> None:
        bet(status, "1", player="nobody", kind="deposit")
        assert (status.held, status.ended("skipped")) == (0, ["not play"])

    def test_a_change_waits_while_a_guard_waits_and_none_is_true(self, status: Trial) -> None:
        bet(status, "1", player="p9")
        assert status.held == 1
        status.insert("users", "p9", is_test=True)
        assert (status.held, status.events(), status.ended("skipped")) == (0, [], ["test player"])

    def test_a_park_guard_waits_for_a_skip_guard(self, status: Trial) -> None:
        bet(status, "1", player="p9", amount=5000)
        assert (status.held, status.parked()) == (1, [])
        status.insert("users", "p9", is_test=True)
        assert status.parked() == []


def test_the_difference_is_worked_out_before_anything_waits(status: Trial) -> None:
    """Rule 3."""
    bet(status, "1", player="p9", status="pending")
    assert (status.held, status.ended("skipped")) == (0, ["nothing to do"])


def test_a_change_is_decided_as_a_whole(trial: Make) -> None:
    """Rule 4: the second event cannot be made, so the first is not sent either."""
    run = trial("""
play:
  bets:
    activities:
      bet: {type: Bet}
      win: {type: Win, event: {activity_id: {text: "{id}:w"}, wager_amount: returned}}
""")
    run.insert("bets", "1", amount=5, returned=-1)
    assert (run.events(), run.parked()) == ([], [("1", "below_zero")])
    run.insert("bets", "2", amount=5, returned=1)
    assert run.events() == ["Bet Approved 2 5", "Win Approved 2:w 1"]


def test_the_contract_is_a_guard(trial: Make) -> None:
    """Rule 5."""
    run = trial("play: {tx: {activities: {bet: {type: Bet}}}}")
    run.insert("tx", "1", amount=-1)
    run.insert("tx", "2", amount=1, round="")
    run.insert("tx", "3", amount=None)
    run.insert("tx", "4", amount=1, player="")
    assert run.events() == []
    assert [key for key, _ in run.parked()] == ["1", "2", "3", "4"]


class TestAParkedChangeParksItsRow:
    """Rule 6."""

    def test_later_changes_and_deletes_are_parked_too(self, status: Trial) -> None:
        bet(status, "1", amount=2000)
        change(status, "1", amount=20)
        status.delete("tx", "1")
        assert status.parked() == [("1", "guard"), ("1", "row_parked"), ("1", "row_parked")]
        assert status.events() == []

    def test_other_rows_of_the_player_go_on(self, status: Trial) -> None:
        bet(status, "1", amount=2000)
        bet(status, "2")
        assert status.events() == ["Bet Approved 2 10"]

    def test_a_delete_that_means_nothing_is_not_parked(self, trial: Make) -> None:
        run = trial(STATUS.replace("deleted: nothing stands", "deleted: nothing"))
        run.insert("users", "p1", is_test=False)
        run.insert("games", "g1", name="Game")
        bet(run, "1", amount=2000)
        run.delete("tx", "1")
        assert (run.parked(), run.ended("skipped")) == ([("1", "guard")], ["row deleted"])


class TestSeveralActivitiesOfOneRow:
    """Rule 7."""

    WALLET = """
play:
  bets:
    rows: mutable
    deleted: nothing stands
    activities:
      bet: {type: Bet, stands: 'state in ("open", "settled")'}
      bonus:
        type: Win
        stands: state in ("open", "settled")
        event: {activity_id: {text: "{id}:b"}, wager_amount: 1}
      win:
        type: Win
        stands: state == "settled"
        event: {activity_id: {text: "{id}:w"}, wager_amount: returned, exchange_rate: bet.exchange_rate}
    event: {exchange_rate: fx}
"""

    def test_rollbacks_go_newest_first_and_the_bet_last(self, trial: Make) -> None:
        run = trial(self.WALLET)
        run.insert("bets", "1", amount=10, returned=0, state="open", fx=2)
        run.update("bets", "1", amount=10, returned=30, state="settled", fx=3)
        run.new()
        run.update("bets", "1", amount=10, returned=30, state="void", fx=3)
        assert run.new() == ["Win Rollback 1:w 30", "Win Rollback 1:b 1", "Bet Rollback 1 10"]

    def test_a_later_activity_sees_the_earlier_ones_of_the_same_change(self, trial: Make) -> None:
        run = trial(self.WALLET)
        run.insert("bets", "1", amount=10, returned=30, state="settled", fx=2)
        assert [event["exchange_rate"] for event in run.bodies()] == [2, 2, 2]
        assert run.events() == ["Bet Approved 1 10", "Win Approved 1:b 1", "Win Approved 1:w 30"]


class TestARunningTotal:
    """Rule 8."""

    WALLET = (
        """
play:
  bets:
    rows: mutable
    deleted: nothing stands
"""
        + CASHED_OUT
    )

    def test_each_growth_is_an_activity_of_its_own(self, trial: Make) -> None:
        run = trial(self.WALLET)
        run.insert("bets", "1", amount=10, cashed=0, returned=None, state="open")
        run.update("bets", "1", amount=10, cashed=3, returned=None, state="open")
        run.update("bets", "1", amount=10, cashed=3, returned=None, state="open")
        run.update("bets", "1", amount=10, cashed=7, returned=None, state="open")
        assert run.events() == ["Bet Approved 1 10", "Win Approved 1:c1 3", "Win Approved 1:c2 4"]

    def test_a_closing_win_is_the_return_less_the_pieces_that_stand(self, trial: Make) -> None:
        run = trial(self.WALLET)
        run.insert("bets", "1", amount=10, cashed=3, returned=None, state="open")
        run.update("bets", "1", amount=10, cashed=5, returned=25, state="settled")
        assert run.events() == ["Bet Approved 1 10", "Win Approved 1:c1 3", "Win Approved 1:w 22"]

    def test_what_is_compared_is_what_was_sent(self, trial: Make) -> None:
        run = trial(self.WALLET)
        run.insert("bets", "1", amount=10, cashed=0, returned=25, state="settled")
        run.update("bets", "1", amount=10, cashed=0, returned=25, state="settled")
        run.update("bets", "1", amount=10, cashed=0, returned=20, state="settled")
        assert run.events()[2:] == ["Win Rollback 1:w 25", "Win Approved 1:w2 20"]

    def test_a_total_that_shrinks_is_parked(self, trial: Make) -> None:
        run = trial(self.WALLET)
        run.insert("bets", "1", amount=10, cashed=3, returned=None, state="open")
        run.update("bets", "1", amount=10, cashed=2, returned=None, state="open")
        assert run.parked() == [("1", "total_shrunk")]


LEDGER = """
wait: {lookup: 10 minutes, original: 1 hour}
lookups: {users: {key: id}}
play:
  tx:
    skip:
      test player: users[player].is_test
      not play: kind == "deposit"
    activities:
      bet: {type: Bet, when: 'kind == "bet"'}
      win: {type: Win, when: 'kind == "win"'}
    reverses:
      when: kind == "rollback"
      original: tx[ref]
      park: {another player's row: original.player != player}
      event: {timestamp: at}
"""


@pytest.fixture
def ledger(trial: Make) -> Trial:
    """Return a wallet whose rows are written once, with rollbacks that name their original."""
    run = trial(LEDGER)
    run.insert("users", "p1", is_test=False)
    run.insert("users", "p2", is_test=False)
    run.insert("users", "t1", is_test=True)
    return run


def tx(run: Trial, key: str, kind: str = "bet", **row: object) -> None:
    run.insert("tx", key, **{"kind": kind, "amount": 10, "ref": None, **row})


class TestAReversalByPointer:
    """Rule 9."""

    def test_it_repeats_its_original(self, ledger: Trial) -> None:
        tx(ledger, "1")
        tx(ledger, "2", "rollback", ref="1", amount=None, at="2026-01-01T11:00:00Z")
        approved, rollback = ledger.bodies()
        assert rollback == {**approved, "status": "Rollback", "timestamp": "2026-01-01T11:00:00Z"}

    def test_it_steps_aside_while_its_original_is_unknown_and_goes_right_after_it(self, ledger: Trial) -> None:
        tx(ledger, "2", "rollback", ref="1", amount=None)
        tx(ledger, "3")
        assert (ledger.events(), ledger.held) == (["Bet Approved 3 10"], 1)
        tx(ledger, "1")
        assert ledger.events()[1:] == ["Bet Approved 1 10", "Bet Rollback 1 10"]

    def test_of_a_reversal_it_is_parked(self, ledger: Trial) -> None:
        tx(ledger, "1")
        tx(ledger, "2", "rollback", ref="1")
        tx(ledger, "3", "rollback", ref="2")
        assert ledger.parked() == [("3", "reversal_of_reversal")]

    def test_of_a_skipped_row_it_is_skipped(self, ledger: Trial) -> None:
        tx(ledger, "1", "deposit")
        tx(ledger, "2", "rollback", ref="1")
        assert ledger.ended("skipped") == ["not play", "its original: not play"]

    def test_of_a_parked_row_it_is_parked(self, ledger: Trial) -> None:
        tx(ledger, "1", amount=None)
        tx(ledger, "2", "rollback", ref="1")
        assert ledger.parked()[1] == ("2", "original_parked")

    def test_its_own_guard_comes_before_how_the_original_ended(self, ledger: Trial) -> None:
        tx(ledger, "1", "deposit")
        tx(ledger, "2", "rollback", ref="1", player="p2")
        assert ledger.parked() == [("2", "guard")]

    def test_a_repeat_finds_nothing_standing(self, ledger: Trial) -> None:
        tx(ledger, "1")
        tx(ledger, "2", "rollback", ref="1")
        tx(ledger, "3", "rollback", ref="1")
        assert ledger.ended("skipped") == ["repeated: what it takes back does not stand"]

    def test_of_several_that_wait_the_first_in_the_ledger_counts(self, ledger: Trial) -> None:
        tx(ledger, "2", "rollback", ref="1", at="2026-01-01T12:00:00Z")
        tx(ledger, "3", "rollback", ref="1", at="2026-01-01T11:00:00Z")
        tx(ledger, "1")
        assert [event["timestamp"] for event in ledger.bodies()] == [
            "2026-01-01T10:00:00Z",
            "2026-01-01T12:00:00Z",
        ]
        assert ledger.held == 0

    def test_an_original_that_never_comes_parks_it(self, ledger: Trial) -> None:
        tx(ledger, "2", "rollback", ref="1")
        ledger.wait(minutes=59)
        assert (ledger.held, ledger.parked()) == (1, [])
        ledger.wait(minutes=1)
        assert (ledger.held, ledger.parked()) == (0, [("2", "original_missing")])


def test_a_player_with_a_held_change_queues_everything_and_no_one_else_waits(ledger: Trial) -> None:
    """Rule 10."""
    tx(ledger, "1", player="p9")
    tx(ledger, "2", "win", player="p9")
    tx(ledger, "3", "rollback", ref="1", player="p9")
    tx(ledger, "4")
    assert (ledger.events(), ledger.held) == (["Bet Approved 4 10"], 3)
    ledger.insert("users", "p9", is_test=False)
    assert ledger.events()[1:] == ["Bet Approved 1 10", "Win Approved 2 10", "Bet Rollback 1 10"]


class TestHistory:
    """Rule 11."""

    def test_it_is_remembered_and_not_sent(self, ledger: Trial) -> None:
        ledger.snapshot("tx", "1", kind="bet", amount=10, ref=None)
        assert (ledger.events(), ledger.ended("history")) == ([], ["history"])

    def test_it_can_be_taken_back_with_what_would_have_been_sent(self, ledger: Trial) -> None:
        ledger.snapshot("tx", "1", kind="bet", amount=10, ref=None, round="R7")
        tx(ledger, "2", "rollback", ref="1", at="2026-01-01T11:00:00Z")
        (event,) = ledger.bodies()
        assert ledger.events() == ["Bet Rollback 1 10"]
        assert (event["round_id"], event["timestamp"]) == ("R7", "2026-01-01T11:00:00Z")

    @pytest.mark.parametrize("order", [("1", "2"), ("2", "1")])
    def test_a_reversal_in_history_takes_back_in_silence(self, ledger: Trial, order: tuple[str, ...]) -> None:
        for key in order:
            kind, ref = ("bet", None) if key == "1" else ("rollback", "1")
            ledger.snapshot("tx", key, kind=kind, amount=10, ref=ref)
        tx(ledger, "3", "rollback", ref="1")
        assert ledger.events() == []
        assert ledger.ended("skipped")[-1:] == ["repeated: what it takes back does not stand"]

    def test_moves_and_guards_are_not_asked_of_it(self, status: Trial) -> None:
        status.snapshot("tx", "1", kind="bet", status="odd", amount=5000, game="g1")
        status.snapshot("tx", "2", kind="bet", status="done", amount=5000, game="g1")
        assert (status.parked(), status.ended("history")) == ([], ["history", "history"])

    def test_a_guard_that_skips_is_asked_of_it(self, ledger: Trial) -> None:
        ledger.snapshot("tx", "1", kind="bet", amount=10, ref=None, player="t1")
        assert ledger.ended("history") == ["history: test player"]

    def test_a_snapshot_of_a_known_row_is_a_repeat(self, ledger: Trial) -> None:
        tx(ledger, "1")
        ledger.snapshot("tx", "1", kind="bet", amount=10, ref=None)
        tx(ledger, "2", "rollback", ref="1")
        assert ledger.events() == ["Bet Approved 1 10", "Bet Rollback 1 10"]
        assert ledger.ended("skipped") == ["repeated"]

    def test_what_stood_counts_as_the_first_generation(self, status: Trial) -> None:
        status.snapshot("tx", "1", kind="bet", status="done", amount=10, game="g1")
        change(status, "1", status="void")
        change(status, "1", status="done")
        assert status.events() == ["Bet Rollback 1 10", "Bet Approved 1:2 10"]

    def test_sent_before_counts_as_the_first_generation(self, trial: Make) -> None:
        run = trial(STATUS.replace("    event:", '    sent_before: status in ("done", "void")\n    event:'))
        run.insert("users", "p1", is_test=False)
        run.insert("games", "g1", name="Game")
        run.snapshot("tx", "1", kind="bet", status="void", amount=10, game="g1")
        change(run, "1", status="done")
        assert run.events() == ["Bet Approved 1:2 10"]

    @pytest.mark.parametrize("player_is_test", [True, False])
    def test_a_guard_that_had_to_wait_is_asked_of_it_later(self, trial: Make, player_is_test: bool) -> None:
        run = trial(STATUS)
        run.snapshot("tx", "1", kind="bet", status="done", amount=10, game="g1")
        run.insert("games", "g1", name="Game")
        run.insert("users", "p1", is_test=player_is_test)
        change(run, "1", status="void")
        assert run.events() == ([] if player_is_test else ["Bet Rollback 1 10"])

    def test_what_a_guard_said_of_it_later_stays_so(self, trial: Make) -> None:
        run = trial(STATUS)
        run.snapshot("tx", "1", kind="bet", status="done", amount=10, game="g1")
        run.insert("games", "g1", name="Game")
        run.insert("users", "p1", is_test=True)
        change(run, "1", status="done", amount=11)
        run.update("users", "p1", is_test=False)
        change(run, "1", status="void")
        assert run.events() == []


class TestAPartialReversal:
    """Rule 12."""

    WALLET = """
play:
  tx:
    activities:
      bet: {type: Bet, when: 'kind == "bet"', share: amount}
    event: {wager_amount: left}
    again: {activity_id: {text: "{id}:r{n - 1}"}}
    reverses:
      when: kind == "refund"
      original: tx[ref]
      takes: amount
      event: {timestamp: at, meta: {reversal: id}}
"""

    def test_a_part_is_a_rollback_in_full_and_the_remainder(self, trial: Make) -> None:
        run = trial(self.WALLET)
        tx(run, "1")
        tx(run, "2", "refund", ref="1", amount=4)
        tx(run, "3", "refund", ref="1", amount=1)
        tx(run, "4", "refund", ref="1", amount=5)
        assert run.events() == [
            "Bet Approved 1 10",
            "Bet Rollback 1 10",
            "Bet Approved 1:r1 6",
            "Bet Rollback 1:r1 6",
            "Bet Approved 1:r2 5",
            "Bet Rollback 1:r2 5",
        ]
        assert [event.get("meta") for event in run.bodies()][1:3] == [{"reversal": "2"}, {"reversal": "2"}]

    @pytest.mark.parametrize("amount", [11, -1])
    def test_more_than_is_left_or_less_than_nothing_is_parked(self, trial: Make, amount: int) -> None:
        run = trial(self.WALLET)
        tx(run, "1")
        tx(run, "2", "refund", ref="1", amount=amount)
        tx(run, "3", "refund", ref="1", amount=10)
        assert run.parked() == [("2", "more_than_left")]
        assert run.new() == ["Bet Approved 1 10", "Bet Rollback 1 10"]

    def test_a_repeat_takes_more_than_is_left(self, trial: Make) -> None:
        run = trial(self.WALLET)
        tx(run, "1")
        tx(run, "2", "refund", ref="1")
        tx(run, "3", "refund", ref="1")
        assert run.parked() == [("3", "more_than_left")]

    def test_only_the_parts_of_the_amount_are_made_anew(self, trial: Make) -> None:
        run = trial(self.WALLET)
        tx(run, "1", round="R1")
        tx(run, "2", "refund", ref="1", amount=4, round="R2", at="2026-01-01T11:00:00Z")
        remainder = run.bodies()[2]
        assert (remainder["round_id"], remainder["timestamp"]) == ("R1", "2026-01-01T11:00:00Z")


class TestARowWhoseKeyChanges:
    """Rule 13."""

    def test_it_is_an_update_that_takes_its_memory_along(self, status: Trial) -> None:
        bet(status, "1")
        status.rename("tx", "1", "9", kind="bet", status="done", amount=10, game="g1")
        change(status, "9", status="void")
        change(status, "9", status="done")
        assert status.events() == ["Bet Approved 1 10", "Bet Rollback 1 10", "Bet Approved 9:2 10"]

    def test_its_first_half_is_no_delete(self, status: Trial) -> None:
        bet(status, "1")
        status.rename("tx", "1", "9", kind="bet", status="done", amount=10, game="g1")
        assert status.events() == ["Bet Approved 1 10"]

    def test_the_old_key_can_be_used_again(self, status: Trial) -> None:
        bet(status, "1")
        status.rename("tx", "1", "9", kind="bet", status="done", amount=10, game="g1")
        bet(status, "1", amount=3)
        assert status.events() == ["Bet Approved 1 10", "Bet Approved 1 3"]

    def test_a_reversal_of_the_old_key_finds_the_row(self, ledger: Trial) -> None:
        tx(ledger, "1")
        ledger.rename("tx", "1", "9", kind="bet", amount=10, ref=None)
        tx(ledger, "2", "rollback", ref="1")
        assert (ledger.events(), ledger.held) == (["Bet Approved 1 10", "Bet Rollback 1 10"], 0)

    def test_what_was_written_under_the_old_key_is_still_known(self, status: Trial) -> None:
        row: dict[str, Any] = {"player": "p1", "round": "R", "at": "2026-01-01T10:00:00Z", "game": "g1"}
        row |= {"kind": "bet", "status": "done", "amount": 10}
        first = status.take(status.database.insert("tx", {"id": "1"}, row))
        status.rename("tx", "1", "9", **row)
        status.take(first)
        assert (status.events(), status.ended("skipped")[-1]) == (["Bet Approved 1 10"], "repeated")


class TestTheMemoryOfRepeats:
    """Rule 14."""

    def test_a_repeat_of_a_change_is_nothing(self, status: Trial) -> None:
        bet(status, "1")
        first = status.database.update(
            "tx", {"id": "1"}, {"player": "p1", "kind": "bet", "status": "void", "amount": 10, "game": "g1"}
        )
        status.take(first)
        change(status, "1", status="done")
        status.take(first)
        assert status.events() == ["Bet Approved 1 10", "Bet Rollback 1 10", "Bet Approved 1:2 10"]

    def test_it_acts_before_queues(self, ledger: Trial) -> None:
        record = ledger.database.insert(
            "tx", {"id": "1"}, {"player": "p9", "kind": "bet", "amount": 1, "ref": None, "round": "R", "at": "x"}
        )
        ledger.take(record)
        ledger.take(record)
        assert (ledger.held, ledger.ended("skipped")) == (1, ["repeated"])

    def test_a_repeated_look_up_row_in_an_older_state_is_nothing(self, ledger: Trial) -> None:
        old = ledger.database.update("users", {"id": "p1"}, {"is_test": True})
        new = ledger.database.update("users", {"id": "p1"}, {"is_test": False})
        ledger.take(old)
        ledger.take(new)
        ledger.take(old)
        tx(ledger, "1")
        assert ledger.events() == ["Bet Approved 1 10"]


class TestWhatWasSentIsTakenBack:
    """Rule 15."""

    def test_a_guard_that_skips_is_not_asked_while_something_stands(self, status: Trial) -> None:
        bet(status, "1")
        status.update("users", "p1", is_test=True)
        change(status, "1", status="void")
        assert status.new() == ["Bet Approved 1 10", "Bet Rollback 1 10"]
        change(status, "1", status="done")
        assert (status.new(), status.ended("skipped")) == ([], ["test player"])

    def test_a_deleted_row_is_the_remembered_one(self, status: Trial) -> None:
        bet(status, "1", amount=12)
        status.delete("tx", "1", player="", kind="", amount=0, game="", status="")
        assert status.events() == ["Bet Approved 1 12", "Bet Rollback 1 12"]


def test_two_activities_of_a_row_with_one_id_are_not_sent(trial: Make) -> None:
    run = trial(
        "play: {tx: {activities: {bet: {type: Bet, when: amount > 0}, "
        "win: {type: Win, when: won != null, event: {wager_amount: won}}}}}"
    )
    run.insert("tx", "1", amount=5, won=None)
    run.insert("tx", "2", amount=5, won=9)
    assert run.events() == ["Bet Approved 1 5"]
    assert run.parked() == [("2", "same_id")]


COMPARED = """
play:
  tx:
    rows: mutable
    deleted: nothing
    activities: {{bet: {{type: Bet, compare: {}}}}}
    again: {{activity_id: {{text: "{{id}}:{{n}}"}}}}
"""


@pytest.mark.parametrize("compare", ['"(amount, currency)"', "[amount, currency]", "details", '"(details, at)"'])
def test_what_is_compared_is_the_same_when_it_has_been_remembered(trial: Make, compare: str) -> None:
    run = trial(COMPARED.format(compare))
    row: dict[str, Any] = {"currency": "EUR", "details": [1, {"a": [2, "x"]}]}
    run.insert("tx", "1", amount=10, **row)
    run.restart()
    run.update("tx", "1", amount=10, note="checked", **row)
    assert run.events() == ["Bet Approved 1 10"]
    run.update("tx", "1", amount=11, **{**row, "details": []})
    assert run.events()[1:] == ["Bet Rollback 1 10", "Bet Approved 1:2 11"]


@pytest.mark.parametrize("compare", ['"tx[id]"', '[amount, "tx[id]"]'])
def test_what_cannot_be_remembered_is_not_compared(trial: Make, compare: str) -> None:
    run = trial(COMPARED.format(compare))
    run.insert("tx", "1", amount=10)
    run.update("tx", "1", amount=10)
    assert [code for _, code in run.parked()][:1] == ["not_comparable"]


def test_states_that_are_numbers_move_as_texts_do(trial: Make) -> None:
    run = trial(
        "play: {tx: {rows: mutable, deleted: nothing, moves: {state: {new: [0, 1], 0: [1], 1: [2]}}, "
        "activities: {bet: {type: Bet}}, stands: state == 1}}"
    )
    for state in (0, 1, 2, 1):
        run.update("tx", "1", amount=5, state=state)
    assert run.events() == ["Bet Approved 1 5", "Bet Rollback 1 5"]
    assert run.parked() == [("1", "move")]


class TestMovesOfAColumnThatIsNullAtFirst:
    """A result, or the state of a refund, is not there before something happens."""

    WALLET = """
play:
  bets:
    rows: mutable
    deleted: nothing
    moves: {result: {new: [null], null: [1, void], 1: [void]}}
    activities: {bet: {type: Bet}}
    stands: text(result) != "void"
"""

    def test_null_is_a_state_as_any_other(self, trial: Make) -> None:
        run = trial(self.WALLET)
        run.insert("bets", "1", amount=10, result=None)
        run.update("bets", "1", amount=10, result=None, note="seen")
        run.update("bets", "1", amount=10, result=1)
        run.update("bets", "1", amount=10, result="void")
        assert (run.events(), run.parked()) == (["Bet Approved 1 10", "Bet Rollback 1 10"], [])

    @pytest.mark.parametrize(("first", "then"), [(1, 1), (None, "odd"), (None, "null")])
    def test_what_is_not_named_is_parked(self, trial: Make, first: Any, then: Any) -> None:
        run = trial(self.WALLET)
        run.insert("bets", "1", amount=10, result=first)
        run.update("bets", "1", amount=10, result=then)
        assert run.parked()[0] == ("1", "move")

    def test_it_may_not_become_null_again(self, trial: Make) -> None:
        run = trial(self.WALLET)
        run.insert("bets", "1", amount=10, result=None)
        run.update("bets", "1", amount=10, result=1)
        run.update("bets", "1", amount=10, result=None)
        assert run.parked() == [("1", "move")]
