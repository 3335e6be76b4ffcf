"""A bet or a win that another row took back, whose own row still says that it counts."""

from __future__ import annotations

import pytest

from tests.support.trial import Make, Trial

WALLET = """
play:
  bets:
    rows: mutable
    deleted: nothing
    activities:
      bet: {type: Bet, stands: status != "failed"}
      win:
        type: Win
        stands: status == "settled"
        compare: won
        event: {activity_id: {text: "{id}:w"}, wager_amount: won}
        again: {activity_id: {text: "{id}:w{n}"}}
    again: {activity_id: {text: "{id}:{n}"}}
  voids:
    reverses:
      - {when: kind == "void", original: "bets[ref]"}
      - {when: kind == "unvoid", undoes: "voids[ref]"}
"""
TAKEN = "taken back by another row"


@pytest.fixture
def run(trial: Make) -> Trial:
    return trial(WALLET)


def settle(run: Trial) -> None:
    run.insert("bets", "1", status="open", amount=10, won=None)
    run.update("bets", "1", status="settled", amount=10, won=30)


SETTLED = ["Bet Approved 1 10", "Win Approved 1:w 30"]
VOIDED = [*SETTLED, "Win Rollback 1:w 30", "Bet Rollback 1 10"]


def test_a_note_in_its_row_does_not_send_it_again(run: Trial) -> None:
    settle(run)
    run.insert("voids", "v", kind="void", ref="1")
    run.update("bets", "1", status="settled", amount=10, won=30, note="checked")
    run.update("bets", "1", status="settled", amount=10, won=30, note="checked twice")
    assert run.events() == VOIDED
    assert run.ended("skipped") == [TAKEN, TAKEN]


def test_a_status_in_which_it_still_counts_does_not_either(run: Trial) -> None:
    run.insert("bets", "1", status="open", amount=10, won=None)
    run.insert("voids", "v", kind="void", ref="1")
    run.update("bets", "1", status="closed", amount=10, won=None)
    assert run.events() == ["Bet Approved 1 10", "Bet Rollback 1 10"]


def test_an_undo_still_restores_it(run: Trial) -> None:
    settle(run)
    run.insert("voids", "v", kind="void", ref="1")
    run.update("bets", "1", status="settled", amount=10, won=30, note="checked")
    run.insert("voids", "u", kind="unvoid", ref="v")
    run.update("bets", "1", status="settled", amount=10, won=30, note="checked twice")
    assert run.events() == [*VOIDED, "Bet Approved 1:2 10", "Win Approved 1:w2 30"]
    run.update("bets", "1", status="failed", amount=10, won=30)
    assert run.events()[-2:] == ["Win Rollback 1:w2 30", "Bet Rollback 1:2 10"]


def test_settled_to_another_amount_after_that_is_for_a_person(run: Trial) -> None:
    settle(run)
    run.insert("voids", "v", kind="void", ref="1")
    run.update("bets", "1", status="settled", amount=10, won=25)
    assert run.events() == VOIDED
    assert run.parked() == [("1", "settled_after")]


def test_it_counts_again_when_its_row_has_said_no_and_then_yes(run: Trial) -> None:
    settle(run)
    run.insert("voids", "v", kind="void", ref="1")
    run.update("bets", "1", status="failed", amount=10, won=30)
    assert run.ended("skipped") == ["nothing to do"]
    run.update("bets", "1", status="settled", amount=10, won=30)
    assert run.events() == [*VOIDED, "Bet Approved 1:2 10", "Win Approved 1:w2 30"]


def test_what_the_row_took_back_itself_comes_back_as_ever(run: Trial) -> None:
    settle(run)
    run.update("bets", "1", status="failed", amount=10, won=30)
    run.update("bets", "1", status="settled", amount=10, won=30)
    assert run.events() == [*VOIDED, "Bet Approved 1:2 10", "Win Approved 1:w2 30"]


def test_a_bet_of_history_that_history_took_back_is_not_sent(run: Trial) -> None:
    run.snapshot("bets", "1", status="settled", amount=10, won=30)
    run.snapshot("voids", "v", kind="void", ref="1")
    run.update("bets", "1", status="settled", amount=10, won=30, note="checked")
    assert run.events() == []


def test_nor_when_its_void_was_read_first(run: Trial) -> None:
    run.snapshot("voids", "v", kind="void", ref="1")
    run.snapshot("bets", "1", status="settled", amount=10, won=30)
    run.update("bets", "1", status="settled", amount=10, won=30, note="checked")
    assert run.events() == []


def test_a_bet_that_parts_took_back_to_nothing_is_not_sent(trial: Make) -> None:
    run = trial("""
play:
  bets:
    rows: mutable
    deleted: nothing
    activities: {bet: {type: Bet, share: amount}}
    event: {wager_amount: left}
    again: {activity_id: {text: "{id}:{n}"}}
  refunds:
    reverses: {when: true, original: "bets[ref]", takes: amount}
""")
    run.insert("bets", "1", amount=10)
    run.insert("refunds", "a", ref="1", amount=4)
    run.update("bets", "1", amount=10, note="checked")
    run.insert("refunds", "b", ref="1", amount=6)
    run.update("bets", "1", amount=10, note="checked twice")
    assert run.events() == ["Bet Approved 1 10", "Bet Rollback 1 10", "Bet Approved 1:2 6", "Bet Rollback 1:2 6"]


def test_a_round_that_was_taken_back_is_not_sent_again(trial: Make) -> None:
    run = trial("""
play:
  bets:
    rows: mutable
    deleted: nothing
    round: round
    activities: {bet: {type: Bet}}
    reverses: {when: 'kind == "cancel"', round: round}
""")
    run.insert("bets", "1", kind="bet", amount=10)
    run.insert("bets", "2", kind="cancel", amount=None)
    run.update("bets", "1", kind="bet", amount=10, note="checked")
    assert run.events() == ["Bet Approved 1 10", "Bet Rollback 1 10"]


class TestAPart:
    WALLET = """
play:
  bets:
    rows: mutable
    deleted: nothing
    stands: status != "void"
    activities: {bet: {type: Bet, share: amount, compare: amount}}
    event: {wager_amount: left}
    again: {activity_id: {text: "{id}:{n}"}}
  refunds:
    reverses: {when: true, original: "bets[ref]", takes: amount}
"""
    REFUNDED = ("Bet Approved 1 10", "Bet Rollback 1 10", "Bet Approved 1:2 6")

    @pytest.fixture
    def run(self, trial: Make) -> Trial:
        run = trial(self.WALLET)
        run.insert("bets", "1", amount=10, status="ok")
        run.insert("refunds", "a", ref="1", amount=4)
        assert run.events() == [*self.REFUNDED]
        return run

    def test_is_not_forgotten_when_the_row_says_no_and_then_yes(self, run: Trial) -> None:
        run.update("bets", "1", amount=10, status="void")
        run.update("bets", "1", amount=10, status="ok")
        assert run.events() == [*self.REFUNDED, "Bet Rollback 1:2 6"]
        assert run.parked() == [("1", "settled_after")]

    def test_is_not_forgotten_when_the_amount_changes(self, run: Trial) -> None:
        run.update("bets", "1", amount=12, status="ok")
        assert run.events() == [*self.REFUNDED]
        assert run.parked() == [("1", "settled_after")]

    def test_leaves_the_rest_to_later_refunds(self, run: Trial) -> None:
        run.update("bets", "1", amount=10, status="ok", note="checked")
        run.insert("refunds", "b", ref="1", amount=6)
        run.update("bets", "1", amount=10, status="ok", note="checked twice")
        assert run.events() == [*self.REFUNDED, "Bet Rollback 1:2 6"]

    def test_of_history_is_not_forgotten(self, trial: Make) -> None:
        run = trial(self.WALLET)
        run.snapshot("bets", "1", amount=10, status="ok")
        run.snapshot("refunds", "a", ref="1", amount=4)
        run.update("bets", "1", amount=12, status="ok")
        assert run.events() == []
        assert run.parked() == [("1", "settled_after")]

    def test_without_one_an_amount_that_changes_is_sent_anew(self, trial: Make) -> None:
        run = trial(self.WALLET)
        run.insert("bets", "1", amount=10, status="ok")
        run.update("bets", "1", amount=12, status="ok")
        assert run.events() == ["Bet Approved 1 10", "Bet Rollback 1 10", "Bet Approved 1:2 12"]
