"""Shares with names: the bet's own row has an amount for each purse, and reversals take from each."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.errors import ConfigError
from tests.support.trial import Make, wallet
from tests.unit.mapping.wallets import PURSES


def purses(partial: str) -> str:
    return PURSES.replace("PARTIAL", partial)


def amounts(body: dict[str, object]) -> str:
    parts = f"{body['wager_amount']}+{body['bonus_wager_amount']}"
    return f"{body['status']} {body['activity_id']} {body['amount']}={parts}"


class TestOfTwoPurses:
    def test_a_refund_takes_from_each_what_it_says(self, trial: Make) -> None:
        run = trial(purses("amount"))
        run.insert("tx", "1", kind="bet", real=6, bonus=4)
        run.insert("tx", "2", kind="refund", ref="1", real=0, bonus=3)
        run.restart()
        run.insert("tx", "3", kind="refund", ref="1", real=6, bonus=1)
        assert [amounts(body) for body in run.bodies()] == [
            "Approved 1 10=6+4",
            "Rollback 1 3=0+3",
            "Rollback 1 7=6+1",
        ]
        assert run.parked() == []

    def test_what_is_left_is_sent_anew(self, trial: Make) -> None:
        run = trial(purses("replace"))
        run.insert("tx", "1", kind="bet", real=6, bonus=4)
        run.insert("tx", "2", kind="refund", ref="1", real=0, bonus=3)
        run.insert("tx", "3", kind="cancel", ref="1")
        assert [amounts(body) for body in run.bodies()] == [
            "Approved 1 10=6+4",
            "Rollback 1 10=6+4",
            "Approved 1:2 7=6+1",
            "Rollback 1:2 7=6+1",
        ]

    def test_more_than_one_purse_has_is_parked_although_the_other_has_it(self, trial: Make) -> None:
        run = trial(purses("amount"))
        run.insert("tx", "1", kind="bet", real=6, bonus=4)
        run.insert("tx", "2", kind="refund", ref="1", real=0, bonus=5)
        assert (run.events(), run.parked()) == (["Bet Approved 1 10"], [("2", "more_than_left")])

    @pytest.mark.parametrize("partial", ["amount", "replace"])
    def test_a_refund_that_is_read_before_its_bet_takes_its_part(self, trial: Make, partial: str) -> None:
        run = trial(purses(partial))
        run.insert("tx", "2", kind="refund", ref="1", real=0, bonus=3)
        run.insert("tx", "1", kind="bet", real=6, bonus=4)
        left = [amounts(body) for body in run.bodies()][-1]
        assert left == {"amount": "Rollback 1 3=0+3", "replace": "Approved 1:2 7=6+1"}[partial]
        assert (run.held, run.parked()) == (0, [])

    def test_an_undo_gives_back_what_was_taken_from_each(self, trial: Make) -> None:
        run = trial(purses("replace"))
        run.insert("tx", "1", kind="bet", real=6, bonus=4)
        run.insert("tx", "2", kind="refund", ref="1", real=2, bonus=3)
        run.insert("tx", "3", kind="undo", ref="2")
        assert amounts(run.bodies()[-1]) == "Approved 1:3 10=6+4"

    def test_of_history_what_is_left_is_known_too(self, trial: Make) -> None:
        run = trial(purses("amount"))
        run.snapshot("tx", "1", kind="bet", real=6, bonus=4)
        run.snapshot("tx", "2", kind="refund", ref="1", real=0, bonus=3)
        run.insert("tx", "3", kind="cancel", ref="1")
        assert [amounts(body) for body in run.bodies()] == ["Rollback 1 7=6+1"]

    def test_what_takes_one_number_of_several_is_named(self, trial: Make) -> None:
        rules = purses("amount").replace("takes: {real: real, bonus: bonus}", "takes: bonus")
        aside = 'with: {its_bet: "tx[ref]"}\n    activities'
        run = trial(rules.replace("original: tx[ref]\n", "original: its_bet\n").replace("activities", aside, 1))
        run.insert("tx", "1", kind="bet", real=6, bonus=4)
        run.insert("tx", "2", kind="refund", ref="1", bonus=3)
        assert (run.events(), run.parked()) == (["Bet Approved 1 10"], [("2", "no_share")])

    def test_an_amount_that_is_null_is_named(self, trial: Make) -> None:
        run = trial(purses("amount"))
        run.insert("tx", "1", kind="bet", real=6, bonus=None)
        assert run.parked() == [("1", "null_number")]
        assert [item.reason for item in run.play.ledger.parked()] == [
            "the share of bonus is null, where a number is needed"
        ]


@pytest.mark.parametrize(
    ("said", "instead", "place", "message"),
    [
        (
            "takes: {real: real, bonus: bonus}",
            "takes: real + bonus",
            "play.tx.reverses.0.takes",
            "the share of tx is several numbers, and this takes one",
        ),
        (
            "takes: {real: real, bonus: bonus}",
            "takes: {real: real, bonos: bonus}",
            "play.tx.reverses.0.takes",
            "no share of tx is called bonos",
        ),
        (
            "share: {real: real, bonus: bonus}",
            "share: real + bonus",
            "play.tx.reverses.0.takes",
            "the share of tx is one number, and this takes several",
        ),
        (
            "share: {real: real, bonus: bonus}",
            "share: {}",
            "play.tx.activities.bet.share",
            "an expression is expected",
        ),
        (
            "{real: real, bonus: bonus}}\n",
            "{real: real, 2nd: bonus}}\n",
            "play.tx.activities.bet.share.2nd",
            "cannot be asked for",
        ),
    ],
)
def test_shares_and_takes_that_do_not_fit_are_refused(
    tmp_path: Path, said: str, instead: str, place: str, message: str
) -> None:
    assert said in PURSES
    with pytest.raises(ConfigError) as refused:
        wallet(tmp_path, purses("amount").replace(said, instead, 1))
    assert [
        problem.message
        for problem in refused.value.problems
        if problem.key == place and message in problem.message
    ]
