"""What a reversal took of a row stays away together, and an undo lets count what the row says by then."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest

from tests.support.trial import Make, Trial
from tests.unit.mapping.wallets import CASHED_OUT

WALLET = (
    """
play:
  bets:
    rows: mutable
    deleted: nothing
    skip: {refused: state == "refused"}
"""
    + CASHED_OUT
    + """\
    again: {activity_id: {text: "{id}:{n}"}}
  voids:
    reverses:
      - {when: kind == "void", original: "bets[ref]"}
      - {when: kind == "unwin", original: "bets[ref]", activity: win}
      - {when: kind == "undo", undoes: "voids[ref]"}
"""
)
TAKEN = "taken back by another row"


def bet(run: Trial, state: str, *, cashed: int = 0, returned: int | None = None) -> None:
    write = run.update if run.play.outcomes else run.insert
    write("bets", "1", state=state, amount=10, cashed=cashed, returned=returned)


def void(run: Trial, key: str, kind: str = "void", ref: str = "1") -> None:
    run.insert("voids", key, kind=kind, ref=ref)


def turnover(run: Trial) -> dict[str, Decimal]:
    """Return what counts, by type."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for event in run.bodies():
        sums[event["type"]] += event["amount"] if event["status"] == "Approved" else -event["amount"]
    return {kind: amount for kind, amount in sums.items() if amount}


@pytest.fixture
def run(trial: Make) -> Trial:
    return trial(WALLET)


@pytest.fixture
def voided(run: Trial) -> Trial:
    bet(run, "settled", returned=30)
    void(run, "v")
    assert run.new() == ["Bet Approved 1 10", "Win Approved 1:w 30", "Win Rollback 1:w 30", "Bet Rollback 1 10"]
    return run


class TestAWin:
    @pytest.mark.parametrize("returned", [30, 25])
    def test_that_is_settled_anew_stays_away_while_its_bet_does(self, voided: Trial, returned: int) -> None:
        bet(voided, "open")
        bet(voided, "settled", returned=returned)
        assert voided.new() == []
        assert voided.ended("skipped") == [TAKEN, TAKEN]
        assert voided.parked() == []

    def test_is_restored_as_its_row_says_by_then(self, voided: Trial) -> None:
        bet(voided, "open")
        bet(voided, "settled", returned=25)
        void(voided, "u", "undo", "v")
        assert voided.new() == ["Bet Approved 1:2 10", "Win Approved 1:w2 25"]
        void(voided, "u2", "undo", "u")
        assert voided.new() == ["Win Rollback 1:w2 25", "Bet Rollback 1:2 10"]

    def test_is_not_restored_while_its_row_is_open(self, voided: Trial) -> None:
        bet(voided, "open")
        void(voided, "u", "undo", "v")
        assert voided.new() == ["Bet Approved 1:2 10"]
        bet(voided, "settled", returned=25)
        assert voided.new() == ["Win Approved 1:w2 25"]

    def test_that_was_settled_after_an_undo_goes_when_that_is_undone(self, voided: Trial) -> None:
        bet(voided, "open")
        void(voided, "u", "undo", "v")
        bet(voided, "settled", returned=25)
        voided.new()
        void(voided, "u2", "undo", "u")
        assert voided.new() == ["Win Rollback 1:w2 25", "Bet Rollback 1:2 10"]

    def test_that_was_opened_after_an_undo_is_kept_back_when_that_is_undone(self, voided: Trial) -> None:
        void(voided, "u", "undo", "v")
        bet(voided, "open")
        void(voided, "u2", "undo", "u")
        voided.new()
        bet(voided, "settled", returned=25)
        assert voided.new() == []

    def test_comes_back_with_its_bet_when_the_whole_row_says_no_and_yes(self, voided: Trial) -> None:
        bet(voided, "open")
        bet(voided, "void")
        bet(voided, "settled", returned=25)
        assert voided.new() == ["Bet Approved 1:2 10", "Win Approved 1:w2 25"]
        void(voided, "u", "undo", "v")
        assert voided.parked() == [("u", "moved_on")]

    def test_that_alone_was_taken_back_counts_when_it_is_settled_anew(self, run: Trial) -> None:
        bet(run, "settled", returned=30)
        void(run, "v", "unwin")
        run.new()
        bet(run, "open")
        bet(run, "settled", returned=25)
        assert run.new() == ["Win Approved 1:w2 25"]

    def test_that_alone_was_taken_back_does_not_hang_on_a_later_void(self, run: Trial) -> None:
        bet(run, "settled", returned=30)
        void(run, "v", "unwin")
        void(run, "w")
        bet(run, "open")
        void(run, "u", "undo", "w")
        run.new()
        bet(run, "settled", returned=25)
        assert run.new() == ["Win Approved 1:w2 25"]

    def test_is_restored_under_a_key_that_has_changed(self, voided: Trial) -> None:
        bet(voided, "open")
        row = {"amount": 10, "cashed": 0, "returned": 25}
        voided.rename("bets", "1", "2", state="open", **row)
        void(voided, "u", "undo", "v")
        voided.update("bets", "2", state="settled", **row, before=None)
        assert voided.new() == ["Bet Approved 2:2 10", "Win Approved 2:w2 25"]
        void(voided, "u2", "undo", "u")
        assert voided.new() == ["Win Rollback 2:w2 25", "Bet Rollback 2:2 10"]


class TestARunningTotal:
    def test_does_not_grow_while_its_bet_stays_away(self, run: Trial) -> None:
        bet(run, "open", cashed=4)
        void(run, "v")
        run.new()
        bet(run, "open", cashed=6)
        assert run.new() == []
        void(run, "u", "undo", "v")
        assert run.new() == ["Bet Approved 1:2 10", "Win Approved 1:c2 4", "Win Approved 1:c3 2"]
        void(run, "u2", "undo", "u")
        assert run.new() == ["Win Rollback 1:c3 2", "Win Rollback 1:c2 4", "Bet Rollback 1:2 10"]

    def test_goes_again_with_what_it_has_grown_by_since_an_undo(self, run: Trial) -> None:
        bet(run, "open", cashed=4)
        void(run, "v")
        void(run, "u", "undo", "v")
        bet(run, "open", cashed=6)
        run.new()
        void(run, "u2", "undo", "u")
        assert run.new() == ["Win Rollback 1:c3 2", "Win Rollback 1:c2 4", "Bet Rollback 1:2 10"]
        bet(run, "open", cashed=7)
        assert run.new() == []

    def test_comes_back_before_the_win_that_pays_the_rest(self, run: Trial) -> None:
        bet(run, "open", cashed=4)
        void(run, "v")
        run.new()
        bet(run, "settled", cashed=4, returned=20)
        void(run, "u", "undo", "v")
        assert run.new() == ["Bet Approved 1:2 10", "Win Approved 1:c2 4", "Win Approved 1:w 16"]

    @pytest.mark.parametrize("first", [4, 0])
    def test_that_has_grown_since_is_paid_before_the_win_too(self, trial: Make, first: int) -> None:
        run = trial(WALLET.replace(', while: state == "open"', ""))
        bet(run, "open", cashed=first)
        void(run, "v")
        bet(run, "open", cashed=5)
        assert run.new()[-1] == "Bet Rollback 1 10"
        bet(run, "settled", cashed=5, returned=20)
        void(run, "u", "undo", "v")
        cashed = ["Win Approved 1:c2 4", "Win Approved 1:c3 1"] if first else ["Win Approved 1:c1 5"]
        assert run.new() == ["Bet Approved 1:2 10", *cashed, "Win Approved 1:w 15"]

    def test_grows_before_or_after_its_bet_is_taken_back_to_the_same_end(self, trial: Make) -> None:
        """Nobody can say of two that are written at one time which was first."""
        ends = []
        for steps in (("void", "grow"), ("grow", "void")):
            run = trial(WALLET)
            bet(run, "open", cashed=4)
            for step in steps:
                bet(run, "open", cashed=6) if step == "grow" else void(run, "v")
            ends.append([turnover(run)])
            void(run, "u", "undo", "v")
            ends[-1].append(turnover(run))
        assert ends == [[{}, {"Bet": 10, "Win": 6}]] * 2

    def test_that_its_own_row_took_back_before_stays_away_with_its_bet(self, run: Trial) -> None:
        for state in ("open", "void"):
            bet(run, state, cashed=4)
        bet(run, "settled", cashed=4, returned=20)
        void(run, "v")
        run.new()
        bet(run, "open", cashed=4)
        assert run.new() == []

    def test_that_is_less_than_what_counts_is_parked_by_an_undo_as_by_its_row(self, trial: Make) -> None:
        run = trial("""
play:
  tables:
    rows: mutable
    deleted: nothing
    activities:
      seat: {type: Bet, event: {wager_amount: 1}}
      cash: {type: Win, grows: {total: won}, event: {activity_id: {text: "{id}:c{n}"}, wager_amount: grown}}
    again: {activity_id: {text: "{id}:{n}"}}
  voids:
    reverses:
      - {when: kind == "void", original: "tables[ref]"}
      - {when: kind == "undo", undoes: "voids[ref]"}
""")
        run.insert("tables", "1", won=5)
        void(run, "v")
        run.update("tables", "1", won=3)
        void(run, "u", "undo", "v")
        assert run.parked() == [("u", "total_shrunk")]


class TestARowThatAGuardLeavesOut:
    def test_has_said_no(self, voided: Trial) -> None:
        bet(voided, "refused")
        void(voided, "u", "undo", "v")
        assert voided.new() == []
        bet(voided, "settled", returned=30)
        assert voided.new() == ["Bet Approved 1:2 10", "Win Approved 1:w2 30"]

    def test_is_left_out_only_as_long_as_that_holds(self, run: Trial) -> None:
        for state in ("refused", "pending"):
            bet(run, state)
        void(run, "v")
        bet(run, "open")
        assert run.new() == []
        void(run, "u", "undo", "v")
        assert run.new() == ["Bet Approved 1 10"]


class TestAReversalFromBefore:
    """Its row has said no since, and another reversal has taken back what counted then."""

    def test_has_no_part_in_what_was_taken_ahead_later(self, run: Trial) -> None:
        bet(run, "pending")
        void(run, "v")
        for state in ("open", "void"):
            bet(run, state)
        void(run, "w")
        void(run, "u", "undo", "v")
        bet(run, "open")
        assert run.new() == []
        void(run, "x", "undo", "w")
        assert run.new() == ["Bet Approved 1 10"]

    def test_restores_no_share_that_another_holds(self, trial: Make) -> None:
        run = trial(WALLET.replace("{type: Bet,", "{type: Bet, share: amount,", 1))
        bet(run, "open")
        void(run, "v")
        for state in ("void", "open"):
            bet(run, state)
        void(run, "w")
        sent = run.events()
        void(run, "u", "undo", "v")
        assert run.parked() == [("u", "moved_on")]
        assert run.events() == sent


class TestHistory:
    def test_keeps_back_a_win_that_is_settled_after_its_bet_was_taken_back(self, run: Trial) -> None:
        run.snapshot("bets", "1", state="open", amount=10, cashed=0, returned=None)
        run.snapshot("voids", "v", kind="void", ref="1")
        run.update("bets", "1", state="settled", amount=10, cashed=0, returned=30)
        assert run.events() == []
        void(run, "u", "undo", "v")
        assert run.events() == ["Bet Approved 1:2 10", "Win Approved 1:w 30"]

    def test_gives_back_once_what_two_reversals_took(self, run: Trial) -> None:
        run.snapshot("bets", "1", state="pending", amount=10, cashed=0, returned=None)
        for key in ("v", "w"):
            run.snapshot("voids", key, kind="void", ref="1")
        run.update("bets", "1", state="open", amount=10, cashed=0, returned=None)
        void(run, "u", "undo", "v")
        assert run.events() == ["Bet Approved 1 10"]

    def test_gives_back_a_win_that_depends_on_what_was_cashed_out(self, run: Trial) -> None:
        run.snapshot("bets", "1", state="settled", amount=10, cashed=4, returned=30)
        void(run, "v")
        void(run, "u", "undo", "v")
        assert run.events() == [
            "Win Rollback 1:w 26",
            "Win Rollback 1:c1 4",
            "Bet Rollback 1 10",
            "Bet Approved 1:2 10",
            "Win Approved 1:c2 4",
            "Win Approved 1:w2 26",
        ]

    def test_is_no_part_of_what_a_later_reversal_took_ahead(self, run: Trial) -> None:
        run.snapshot("bets", "1", state="refused", amount=10, cashed=0, returned=None)
        run.snapshot("voids", "v", kind="void", ref="1")
        run.update("bets", "1", state="pending", amount=10, cashed=0, returned=None)
        void(run, "w")
        void(run, "u", "undo", "v")
        run.update("bets", "1", state="open", amount=10, cashed=0, returned=None)
        assert run.events() == []

    def test_restores_nothing_that_its_own_row_does_not_count(self, trial: Make) -> None:
        run = trial(WALLET.replace("    deleted: nothing\n", "    deleted: nothing\n    sent_before: true\n", 1))
        run.snapshot("bets", "1", state="open", amount=10, cashed=0, returned=30)
        run.snapshot("voids", "v", kind="void", ref="1")
        void(run, "u", "undo", "v")
        assert run.events() == ["Bet Approved 1:2 10"]

    def test_does_not_give_back_what_a_later_reversal_took(self, run: Trial) -> None:
        run.snapshot("bets", "1", state="open", amount=10, cashed=0, returned=None)
        run.snapshot("voids", "v", kind="void", ref="1")
        for state in ("void", "open"):
            run.update("bets", "1", state=state, amount=10, cashed=0, returned=None)
        void(run, "w")
        sent = run.events()
        assert sent[-1] == "Bet Rollback 1:2 10"
        void(run, "u", "undo", "v")
        assert run.events() == sent


ROUNDS = """
play:
  rounds:
    rows: mutable
    deleted: nothing
    round: id
    activities:
      bet: {type: Bet, stands: state != "cancelled"}
      end:
        type: Loss
        stands: state == "closed" and this_round.bets > 0
        event: {activity_id: {text: "{id}:end"}, wager_amount: 0}
        again: {activity_id: {text: "{id}:end{n}"}}
    event: {round_id: id}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: state == "cancelled", round: id}
      - {when: was.state == "cancelled" and state != "cancelled", undoes: "rounds[id]"}
  extras: {activities: {bet: {type: Bet}}, again: {activity_id: {text: "{id}:{n}"}}}
"""


@pytest.mark.parametrize(
    ("state", "sent"),
    [("closed", ["Bet Approved R1:2 5", "Bet Approved x:2 1", "Loss Approved R1:end2 0"]),
     ("open", ["Bet Approved R1:2 5", "Bet Approved x:2 1"])],
)  # fmt: skip
def test_a_row_that_undoes_itself_is_asked_as_it_is_then(trial: Make, state: str, sent: list[str]) -> None:
    run = trial(ROUNDS)
    run.insert("rounds", "R1", state="open", amount=5)
    run.insert("extras", "x", round="R1", amount=1)
    run.update("rounds", "R1", state="closed", amount=5)
    run.update("rounds", "R1", state="cancelled", amount=5)
    assert len(run.new()) == 6
    run.update("rounds", "R1", state=state, amount=5)
    assert run.new() == sent
    run.update("rounds", "R1", state=state, amount=5, note="seen")
    assert run.new() == []


SLIPS = """
play:
  slips:
    rows: mutable
    deleted: nothing
    activities:
      bet: {type: Bet, stands: state != "cancelled"}
      win:
        type: Win
        stands: state == "settled"
        compare: returned
        event: {activity_id: {text: "{id}:win"}, wager_amount: returned}
        again: {activity_id: {text: "{id}:win{n}"}}
    event: {round_id: id}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: was.state == "cancelled" and state != "cancelled", undoes: "slips[id]"}
      - {when: state == "cancelled", WHOLE}
"""
WHOLE = ("round: id", 'original: "slips[id]", followers: go')


@pytest.mark.parametrize("whole", WHOLE)
@pytest.mark.parametrize("first", ["insert", "snapshot"])
def test_a_row_that_undoes_itself_is_settled_as_it_says_then(trial: Make, whole: str, first: str) -> None:
    run = trial(SLIPS.replace("WHOLE", whole))
    getattr(run, first)("slips", "S1", state="settled", amount=5, returned=9)
    run.update("slips", "S1", state="cancelled", amount=5, returned=9)
    assert run.new()[-2:] == ["Win Rollback S1:win 9", "Bet Rollback S1 5"]
    run.update("slips", "S1", state="settled", amount=5, returned=7)
    assert run.new() == ["Bet Approved S1:2 5", "Win Approved S1:win2 7"]
    run.update("slips", "S1", state="settled", amount=5, returned=7, note="seen")
    assert run.new() == []
    run.update("slips", "S1", state="settled", amount=5, returned=8)
    assert run.new() == ["Win Rollback S1:win2 7", "Win Approved S1:win3 8"]


@pytest.mark.parametrize("whole", [*WHOLE, 'original: "slips[id]"'])
def test_a_row_that_undoes_itself_takes_itself_back_again(trial: Make, whole: str) -> None:
    run = trial(SLIPS.replace("WHOLE", whole))
    run.insert("slips", "S1", state="settled", amount=5, returned=9)
    for n, now, then in ((1, "", ""), (2, ":2", "2"), (3, ":3", "3")):
        assert run.new() == [f"Bet Approved S1{now} 5", f"Win Approved S1:win{then} 9"]
        run.update("slips", "S1", state="cancelled", amount=5, returned=9)
        assert run.new() == [f"Win Rollback S1:win{then} 9", f"Bet Rollback S1{now} 5"]
        run.update("slips", "S1", state="cancelled", amount=5, returned=9, note=f"seen {n}")
        assert run.new() == []
        run.update("slips", "S1", state="settled", amount=5, returned=9)


@pytest.mark.parametrize("whole", [WHOLE[1], 'original: "slips[id]"'])
def test_a_row_that_is_first_seen_taken_back_counts_when_it_says_so(trial: Make, whole: str) -> None:
    run = trial(SLIPS.replace("WHOLE", whole))
    run.insert("slips", "S1", state="cancelled", amount=5, returned=9)
    run.update("slips", "S1", state="cancelled", amount=5, returned=9, note="seen")
    assert run.new() == []
    run.update("slips", "S1", state="settled", amount=5, returned=9)
    assert run.new() == ["Bet Approved S1 5", "Win Approved S1:win 9"]
    run.update("slips", "S1", state="cancelled", amount=5, returned=9)
    assert run.new() == ["Win Rollback S1:win 9", "Bet Rollback S1 5"]


def test_a_row_that_has_undone_itself_is_taken_back_by_another(trial: Make) -> None:
    voids = "  voids: {reverses: {when: true, original: 'slips[slip]', followers: go}}\n"
    run = trial(SLIPS.replace("WHOLE", WHOLE[1]) + voids)
    run.insert("slips", "S1", state="settled", amount=5, returned=9)
    for state in ("cancelled", "settled"):
        run.update("slips", "S1", state=state, amount=5, returned=9)
    run.new()
    run.insert("voids", "v", slip="S1")
    assert run.new() == ["Win Rollback S1:win2 9", "Bet Rollback S1:2 5"]


def test_a_pending_row_that_takes_itself_back_takes_what_follows_it(trial: Make) -> None:
    wins = (
        "  wins: {after: 'slips[slip]', activities: {win: {type: Win}}, again: {activity_id: {text: 'w:{n}'}}}\n"
    )
    run = trial(SLIPS.replace("WHOLE", WHOLE[1]).replace('state != "cancelled"}', 'state == "settled"}') + wins)
    run.insert("slips", "S1", state="pending", amount=5, returned=0)
    run.insert("wins", "w", slip="S1", amount=7)
    assert run.new() == ["Win Approved w 7"]
    run.update("slips", "S1", state="cancelled", amount=5, returned=0)
    assert run.new() == ["Win Rollback w 7"]
    run.update("slips", "S1", state="settled", amount=5, returned=0)
    assert sorted(run.new()) == ["Bet Approved S1 5", "Win Approved S1:win 0", "Win Approved w:2 7"]


@pytest.mark.parametrize("whole", [*WHOLE, 'original: "slips[id]"'])
def test_a_row_that_undoes_itself_is_sent_with_what_it_says_first_then(trial: Make, whole: str) -> None:
    run = trial(SLIPS.replace("WHOLE", whole))
    run.insert("slips", "S1", state="open", amount=5, returned=0)
    run.update("slips", "S1", state="cancelled", amount=5, returned=0)
    run.new()
    run.update("slips", "S1", state="settled", amount=5, returned=8)
    assert run.new() == ["Bet Approved S1:2 5", "Win Approved S1:win 8"]
    run.update("slips", "S1", state="settled", amount=5, returned=8, note="seen")
    assert run.new() == []
    run.update("slips", "S1", state="cancelled", amount=5, returned=8)
    assert run.new() == ["Win Rollback S1:win 8", "Bet Rollback S1:2 5"]
    run.update("slips", "S1", state="settled", amount=5, returned=8)
    assert run.new() == ["Bet Approved S1:3 5", "Win Approved S1:win2 8"]
