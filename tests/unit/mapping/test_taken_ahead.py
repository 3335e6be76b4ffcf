"""A bet or a win that another row takes back before it was sent: its own row alone does not let it count later."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.trial import Make, Trial

WALLET = """
play:
  bets:
    rows: mutable
    deleted: nothing
    round: round
    activities:
      bet: {type: Bet, stands: 'status in ("open", "settled")'}
      win:
        type: Win
        stands: status == "settled"
        event: {activity_id: {text: "{id}:w"}, wager_amount: won, exchange_rate: bet.exchange_rate}
        again: {activity_id: {text: "{id}:w{n}"}}
    again: {activity_id: {text: "{id}:{n}"}}
  voids:
    reverses:
      - {when: kind == "void", original: "bets[ref]"}
      - {when: kind == "unvoid", undoes: "voids[ref]"}
      - {when: kind == "round", round: round}
"""
PARTS = """
play:
  bets:
    rows: mutable
    deleted: nothing
    stands: status == "open"
    activities: {bet: {type: Bet, share: amount}}
    event: {wager_amount: left}
    again: {activity_id: {text: "{id}:{n}"}}
  refunds:
    reverses:
      - {when: kind == "part", original: "bets[ref]", takes: amount}
      - {when: kind == "all", original: "bets[ref]"}
      - {when: kind == "undo", undoes: "refunds[ref]"}
"""
TAKEN = "taken back by another row"
AHEAD = "taken back before it was sent"


def bet(run: Trial, status: str, won: int | None = None, **row: Any) -> None:
    run.update("bets", "1", status=status, amount=10, won=won, **row)


@pytest.fixture
def run(trial: Make) -> Trial:
    run = trial(WALLET)
    run.insert("bets", "1", status="pending", amount=10, won=None)
    return run


@pytest.mark.parametrize("ref", [{"kind": "void", "ref": "1"}, {"kind": "round"}])
def test_it_does_not_stand_when_its_row_counts_after_that(trial: Make, ref: dict[str, str]) -> None:
    run = trial(WALLET)
    run.insert("bets", "2", status="open", amount=7, won=None)
    run.insert("bets", "1", status="pending", amount=10, won=None)
    if ref["kind"] == "void":
        run.insert("voids", "w", kind="void", ref="2")
    run.insert("voids", "v", **ref)
    run.restart()
    bet(run, "pending", note="seen")
    bet(run, "open")
    run.restart()
    bet(run, "settled", 30)
    assert run.events() == ["Bet Approved 2 7", "Bet Rollback 2 7"]
    assert run.ended("skipped")[-2:] == [TAKEN, TAKEN]


def test_nor_when_the_reversal_was_there_first(trial: Make) -> None:
    run = trial(WALLET)
    run.insert("voids", "v", kind="void", ref="1")
    run.insert("bets", "1", status="pending", amount=10, won=None)
    bet(run, "open")
    assert run.events() == []
    assert run.ended("skipped") == ["nothing to do", AHEAD, TAKEN]


def test_an_undo_before_that_lets_it_count(run: Trial) -> None:
    run.insert("voids", "v", kind="void", ref="1")
    run.insert("voids", "u", kind="unvoid", ref="v")
    assert run.events() == []
    bet(run, "open")
    assert run.events() == ["Bet Approved 1 10"]


def test_an_undo_after_that_sends_what_its_row_says_by_then(run: Trial) -> None:
    run.insert("voids", "v", kind="void", ref="1")
    bet(run, "open")
    bet(run, "settled", 30)
    run.insert("voids", "u", kind="unvoid", ref="v")
    assert run.events() == ["Bet Approved 1 10", "Win Approved 1:w 30"]
    run.restart()
    bet(run, "settled", 30, note="seen")
    run.insert("voids", "v2", kind="void", ref="1")
    assert run.events()[2:] == ["Win Rollback 1:w 30", "Bet Rollback 1 10"]


def test_what_an_undo_sent_is_corrected_by_its_row_as_ever(trial: Make) -> None:
    run = trial(WALLET.replace("{type: Bet,", "{type: Bet, compare: amount,"))
    run.insert("bets", "1", status="pending", amount=9, won=None)
    run.insert("voids", "v", kind="void", ref="1")
    run.update("bets", "1", status="open", amount=9, won=None)
    run.insert("voids", "u", kind="unvoid", ref="v")
    bet(run, "open")
    assert run.events() == ["Bet Approved 1 9", "Bet Rollback 1 9", "Bet Approved 1:2 10"]


def test_an_undo_of_the_undo_keeps_it_back_again(run: Trial) -> None:
    run.insert("voids", "v", kind="void", ref="1")
    run.insert("voids", "u", kind="unvoid", ref="v")
    run.insert("voids", "u2", kind="unvoid", ref="u")
    bet(run, "open")
    assert run.events() == []
    run.insert("voids", "u3", kind="unvoid", ref="u2")
    assert run.events() == ["Bet Approved 1 10"]
    run.insert("voids", "u4", kind="unvoid", ref="u3")
    assert run.events() == ["Bet Approved 1 10", "Bet Rollback 1 10"]


def test_an_undo_that_let_it_count_is_undone_after_it_was_sent(run: Trial) -> None:
    run.insert("voids", "v", kind="void", ref="1")
    run.insert("voids", "u", kind="unvoid", ref="v")
    bet(run, "open")
    run.insert("voids", "u2", kind="unvoid", ref="u")
    assert run.events() == ["Bet Approved 1 10", "Bet Rollback 1 10"]


@pytest.mark.parametrize("ref", [{"kind": "void", "ref": "1"}, {"kind": "round"}])
def test_a_second_reversal_finds_nothing(run: Trial, ref: dict[str, str]) -> None:
    run.insert("voids", "v", **ref)
    run.insert("voids", "v2", **ref)
    assert run.ended("skipped")[1:] == [AHEAD, "repeated: what it takes back does not stand"]


def test_its_row_says_yes_then_no_and_then_yes(run: Trial) -> None:
    run.insert("voids", "v", kind="void", ref="1")
    for status in ("open", "failed"):
        bet(run, status)
    assert run.events() == []
    bet(run, "open")
    assert run.events() == ["Bet Approved 1 10"]


def test_a_win_that_comes_after_its_row_was_taken_back_is_not_sent(run: Trial) -> None:
    bet(run, "open")
    run.insert("voids", "v", kind="void", ref="1")
    bet(run, "settled", 30)
    assert run.events() == ["Bet Approved 1 10", "Bet Rollback 1 10"]
    run.insert("voids", "u", kind="unvoid", ref="v")
    assert run.events()[2:] == ["Bet Approved 1:2 10", "Win Approved 1:w 30"]


def test_and_both_come_back_when_their_row_says_no_and_then_yes(run: Trial) -> None:
    bet(run, "open")
    run.insert("voids", "v", kind="void", ref="1")
    bet(run, "failed")
    bet(run, "settled", 30)
    assert run.events()[2:] == ["Bet Approved 1:2 10", "Win Approved 1:w 30"]


def test_an_undo_restores_nothing_whose_own_row_does_not_count_any_more(run: Trial) -> None:
    bet(run, "settled", 30)
    run.insert("voids", "v", kind="void", ref="1")
    bet(run, "failed", 30)
    run.insert("voids", "u", kind="unvoid", ref="v")
    assert run.events()[2:] == ["Win Rollback 1:w 30", "Bet Rollback 1 10"]
    assert run.ended("skipped")[-1] == "its own row does not say that it counts"
    assert run.parked() == []
    bet(run, "settled", 30)
    assert run.events()[4:] == ["Bet Approved 1:2 10", "Win Approved 1:w2 30"]


def test_an_undo_restores_the_part_that_still_counts(run: Trial) -> None:
    bet(run, "settled", 30)
    run.insert("voids", "v", kind="void", ref="1")
    bet(run, "open")
    run.insert("voids", "u", kind="unvoid", ref="v")
    assert run.events()[4:] == ["Bet Approved 1:2 10"]


class TestAPart:
    @pytest.fixture
    def run(self, trial: Make) -> Trial:
        run = trial(PARTS)
        run.insert("bets", "1", status="pending", amount=10)
        run.insert("refunds", "a", kind="part", ref="1", amount=4)
        return run

    def test_leaves_the_rest_to_count(self, run: Trial) -> None:
        bet(run, "open")
        bet(run, "open", note="seen")
        run.insert("refunds", "b", kind="part", ref="1", amount=1)
        assert run.events() == ["Bet Approved 1 6", "Bet Rollback 1 6", "Bet Approved 1:2 5"]

    def test_comes_back_by_an_undo_after_it_was_sent(self, run: Trial) -> None:
        bet(run, "open")
        run.insert("refunds", "u", kind="undo", ref="a")
        assert run.events() == ["Bet Approved 1 6", "Bet Rollback 1 6", "Bet Approved 1:2 10"]

    def test_or_before(self, run: Trial) -> None:
        run.insert("refunds", "u", kind="undo", ref="a")
        bet(run, "open")
        assert run.events() == ["Bet Approved 1 10"]

    def test_not_by_an_undo_once_its_own_row_has_said_no(self, run: Trial) -> None:
        bet(run, "open")
        bet(run, "void")
        run.insert("refunds", "u", kind="undo", ref="a")
        assert run.events() == ["Bet Approved 1 6", "Bet Rollback 1 6"]
        assert run.ended("skipped")[-1] == "its own row does not say that it counts"
        bet(run, "open")
        assert run.parked() == [("1", "settled_after")]

    def test_and_others_may_be_all_of_it(self, run: Trial) -> None:
        run.insert("refunds", "b", kind="part", ref="1", amount=6)
        bet(run, "open")
        assert run.events() == []
        assert run.ended("skipped")[-1] == TAKEN
        run.insert("refunds", "u", kind="undo", ref="b")
        assert run.events() == ["Bet Approved 1 6"]

    def test_more_than_is_left_waits_for_a_person(self, run: Trial) -> None:
        run.insert("refunds", "b", kind="part", ref="1", amount=7)
        assert run.parked() == [("b", "more_than_left")]
        bet(run, "open")
        assert run.events() == ["Bet Approved 1 6"]

    def test_which_an_undo_of_an_undo_takes_too(self, run: Trial) -> None:
        run.insert("refunds", "u", kind="undo", ref="a")
        run.insert("refunds", "b", kind="part", ref="1", amount=7)
        run.insert("refunds", "u2", kind="undo", ref="u")
        assert run.parked() == [("u2", "more_than_left")]
        bet(run, "open")
        assert run.events() == ["Bet Approved 1 3"]

    def test_and_all_of_the_rest(self, run: Trial) -> None:
        run.insert("refunds", "b", kind="all", ref="1", amount=None)
        bet(run, "open")
        assert run.events() == []
        run.insert("refunds", "u", kind="undo", ref="b")
        assert run.events() == ["Bet Approved 1 6"]


def test_what_is_written_once_is_repeated_as_ever(trial: Make) -> None:
    run = trial("""
play:
  tx:
    activities: {bet: {type: Bet, stands: ok, when: kind == "bet"}}
    reverses: {when: kind == "void", original: "tx[ref]"}
""")
    run.insert("tx", "1", kind="bet", ok=False, amount=5)
    run.insert("tx", "v", kind="void", ref="1", amount=5)
    assert run.ended("skipped")[1:] == ["repeated: what it takes back does not stand"]


class TestHistory:
    VOID: tuple[str, str, dict[str, Any]] = ("voids", "v", {"kind": "void", "ref": "1"})
    BET: tuple[str, str, dict[str, Any]] = ("bets", "1", {"status": "pending", "amount": 10, "won": None})

    @pytest.fixture(params=["bet first", "void first", "round", "round first"])
    def run(self, trial: Make, request: pytest.FixtureRequest) -> Trial:
        run = trial(WALLET)
        rows = [self.BET, ("voids", "v", {"kind": "round"}) if "round" in request.param else self.VOID]
        for table, key, row in rows if request.param in {"bet first", "round"} else rows[::-1]:
            run.snapshot(table, key, **row)
        return run

    def test_keeps_back_what_was_pending_when_it_was_taken(self, run: Trial) -> None:
        bet(run, "open")
        assert run.events() == []
        assert run.ended("skipped")[-1] == TAKEN
        run.insert("voids", "u", kind="unvoid", ref="v")
        assert run.events() == ["Bet Approved 1 10"]

    def test_until_an_undo(self, run: Trial) -> None:
        run.insert("voids", "u", kind="unvoid", ref="v")
        bet(run, "open")
        assert run.events() == ["Bet Approved 1 10"]

    def test_an_undo_in_history_counts_too(self, run: Trial) -> None:
        run.snapshot("voids", "u", kind="unvoid", ref="v")
        bet(run, "open")
        assert run.events() == ["Bet Approved 1 10"]

    @pytest.mark.parametrize("void", [{"kind": "void", "ref": "1"}, {"kind": "round"}])
    def test_of_which_a_bet_is_taken_back_later(self, trial: Make, void: dict[str, str]) -> None:
        run = trial(WALLET)
        run.snapshot("bets", "1", status="pending", amount=10, won=None)
        run.insert("voids", "v", **void)
        bet(run, "open")
        assert run.events() == []


class TestAWinThatItsOwnRowHadTakenBack:
    """Settled, opened again, and then taken back with its bet by another row."""

    @pytest.fixture
    def voided(self, run: Trial) -> Trial:
        bet(run, "settled", 9)
        bet(run, "open", None)
        run.insert("voids", "v", kind="void", ref="1")
        assert run.events()[-1] == "Bet Rollback 1 10"
        return run

    def test_is_not_sent_again_when_it_is_settled_again(self, voided: Trial) -> None:
        sent = len(voided.events())
        bet(voided, "settled", 9)
        assert len(voided.events()) == sent
        assert voided.ended("skipped")[-1] == TAKEN

    def test_counts_again_when_its_row_has_said_no_and_yes(self, voided: Trial) -> None:
        bet(voided, "void")
        bet(voided, "settled", 9)
        assert voided.events()[-2:] == ["Bet Approved 1:2 10", "Win Approved 1:w2 9"]

    def test_goes_with_its_round(self, run: Trial) -> None:
        bet(run, "settled", 9, round="R")
        bet(run, "open", None, round="R")
        run.insert("voids", "v", kind="round", round="R")
        sent = len(run.events())
        bet(run, "settled", 9, round="R")
        assert len(run.events()) == sent

    def test_is_restored_by_an_undo_if_it_counts_by_then(self, voided: Trial) -> None:
        bet(voided, "settled", 8)
        voided.insert("voids", "u", kind="unvoid", ref="v")
        assert voided.events()[-2:] == ["Bet Approved 1:2 10", "Win Approved 1:w2 8"]
        voided.insert("voids", "w", kind="unvoid", ref="u")
        assert voided.events()[-2:] == ["Win Rollback 1:w2 8", "Bet Rollback 1:2 10"]

    def test_counts_after_an_undo_when_its_row_says_so(self, voided: Trial) -> None:
        voided.insert("voids", "u", kind="unvoid", ref="v")
        assert voided.events()[-1] == "Bet Approved 1:2 10"
        bet(voided, "settled", 8)
        assert voided.events()[-1] == "Win Approved 1:w2 8"

    def test_is_kept_back_once_more_when_the_undo_is_undone(self, voided: Trial) -> None:
        voided.insert("voids", "u", kind="unvoid", ref="v")
        voided.insert("voids", "w", kind="unvoid", ref="u")
        assert voided.events()[-1] == "Bet Rollback 1:2 10"
        sent = len(voided.events())
        bet(voided, "settled", 8)
        assert len(voided.events()) == sent


def test_what_was_sent_before_the_bridge_and_does_not_stand_goes_with_its_row(trial: Make) -> None:
    run = trial(WALLET.replace("    deleted: nothing\n", "    deleted: nothing\n    sent_before: true\n"))
    run.snapshot("bets", "1", status="open", amount=10, won=None)
    run.insert("voids", "v", kind="void", ref="1")
    bet(run, "settled", 9)
    assert run.events() == ["Bet Rollback 1 10"]
