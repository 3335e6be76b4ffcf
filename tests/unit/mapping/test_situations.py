"""Situations in which several rules meet."""

from __future__ import annotations

import pytest

from tests.support.trial import Make, Trial
from tests.unit.mapping.wallets import CASHED_OUT

LEDGER = """
wait: {lookup: 10 minutes, original: 1 hour, parts: 10 minutes}
lookups: {users: {key: id}}
play:
  tx:
    with: {user: "users[player]"}
    skip:
      not play: kind == "deposit"
      test player: user.is_test
    activities:
      bet: {type: Bet, when: 'kind == "bet"'}
      win: {type: Win, when: 'kind == "win"'}
    reverses:
      when: kind == "rollback"
      original: tx[ref]
      park: {another player's row: original.player != player}
      event: {timestamp: at}
"""

STATUS = """
lookups: {users: {key: id}}
play:
  tx:
    rows: mutable
    deleted: nothing stands
    skip: {test player: "users[player].is_test"}
    moves: {status: {new: [pending, done], pending: [done, void], done: [void], void: [done]}}
    activities: {bet: {type: Bet}}
    stands: status == "done"
    again: {activity_id: {text: "{id}:{n}"}}
"""

BETS = (
    """
lookups: {users: {key: id}}
play:
  bets:
    rows: mutable
    deleted: nothing stands
    skip: {test player: "users[player].is_test"}
"""
    + CASHED_OUT
)


@pytest.fixture
def ledger(trial: Make) -> Trial:
    run = trial(LEDGER)
    run.insert("users", "p1", is_test=False)
    run.insert("users", "p2", is_test=False)
    return run


@pytest.fixture
def bets(trial: Make) -> Trial:
    run = trial(BETS)
    run.insert("users", "p1", is_test=False)
    return run


@pytest.fixture
def status(trial: Make) -> Trial:
    run = trial(STATUS)
    run.insert("users", "p1", is_test=False)
    return run


def tx(run: Trial, key: str, kind: str = "bet", **row: object) -> None:
    run.insert("tx", key, **{"kind": kind, "amount": 10, "ref": None, **row})


def bet(run: Trial, state: str, *, cashed: object = 0, returned: object = None, first: bool = False) -> None:
    change = run.insert if first else run.update
    change("bets", "1", amount=10, cashed=cashed, returned=returned, state=state)


def test_an_early_rollback_of_a_held_bet_goes_right_after_it(ledger: Trial) -> None:
    tx(ledger, "r", "rollback", ref="1", player="p9")
    tx(ledger, "1", player="p9")
    tx(ledger, "2", player="p9")
    assert (ledger.events(), ledger.held) == ([], 3)
    ledger.insert("users", "p9", is_test=False)
    assert ledger.events() == ["Bet Approved 1 10", "Bet Rollback 1 10", "Bet Approved 2 10"]


def test_a_rollback_after_a_held_bet_keeps_the_order_of_the_ledger(ledger: Trial) -> None:
    tx(ledger, "1", player="p9")
    tx(ledger, "2", player="p9")
    tx(ledger, "r", "rollback", ref="1", player="p9")
    ledger.insert("users", "p9", is_test=False)
    assert ledger.events() == ["Bet Approved 1 10", "Bet Approved 2 10", "Bet Rollback 1 10"]


def test_an_early_rollback_by_another_player_is_parked_and_the_right_one_counts(ledger: Trial) -> None:
    tx(ledger, "r1", "rollback", ref="1", player="p2")
    tx(ledger, "r2", "rollback", ref="1")
    tx(ledger, "1")
    assert ledger.parked() == [("r1", "guard")]
    assert ledger.events() == ["Bet Approved 1 10", "Bet Rollback 1 10"]


def test_a_deposit_of_an_unknown_player_does_not_wait(ledger: Trial) -> None:
    tx(ledger, "1", "deposit", player="p9")
    assert (ledger.held, ledger.ended("skipped")) == (0, ["not play"])


def test_a_deposit_behind_a_held_bet_does_not_wait_either(ledger: Trial) -> None:
    tx(ledger, "1", player="p9")
    tx(ledger, "2", "deposit", player="p9")
    assert (ledger.held, ledger.ended("skipped")) == (1, ["not play"])


def test_a_rollback_of_a_waiting_rollback_is_parked(ledger: Trial) -> None:
    tx(ledger, "r1", "rollback", ref="1")
    tx(ledger, "r2", "rollback", ref="r1")
    tx(ledger, "1")
    assert ledger.parked() == [("r2", "reversal_of_reversal")]
    assert ledger.events() == ["Bet Approved 1 10", "Bet Rollback 1 10"]


def test_a_rollback_of_a_rollback_whose_original_never_comes_is_parked(ledger: Trial) -> None:
    tx(ledger, "r1", "rollback", ref="1")
    tx(ledger, "r2", "rollback", ref="r1")
    ledger.wait(minutes=60)
    assert sorted(ledger.parked()) == [("r1", "original_missing"), ("r2", "reversal_of_reversal")]


def test_again_and_again_with_rollbacks_between(status: Trial) -> None:
    for at, state in enumerate(["done", "void", "done", "void", "done", "void"]):
        (status.insert if at == 0 else status.update)("tx", "1", status=state, amount=10)
    assert status.events() == [
        "Bet Approved 1 10",
        "Bet Rollback 1 10",
        "Bet Approved 1:2 10",
        "Bet Rollback 1:2 10",
        "Bet Approved 1:3 10",
        "Bet Rollback 1:3 10",
    ]


def test_message_ids_differ_where_an_activity_comes_back_under_its_old_id(trial: Make) -> None:
    run = trial(STATUS.replace('    again: {activity_id: {text: "{id}:{n}"}}\n', ""))
    run.insert("users", "p1", is_test=False)
    for at, state in enumerate(["done", "void", "done", "void", "done"]):
        (run.insert if at == 0 else run.update)("tx", "1", status=state, amount=10)
    ids = [delivery.message_id for delivery in run.play.ledger.unconfirmed(0, 10)]
    assert ids == ["1/Approved", "1/Rollback", "1/Approved/2", "1/Rollback/2", "1/Approved/3"]


def test_an_id_corrected_while_held(status: Trial) -> None:
    status.insert("tx", "1", status="done", amount=10, player="p9")
    status.rename("tx", "1", "7", status="done", amount=10, player="p9")
    status.update("tx", "7", status="void", amount=10, player="p9")
    status.restart()
    status.insert("users", "p9", is_test=False)
    status.update("tx", "7", status="done", amount=10, player="p9")
    assert status.events() == ["Bet Approved 1 10", "Bet Rollback 1 10", "Bet Approved 7:2 10"]
    assert (status.held, status.parked()) == (0, [])


def test_born_settled_with_a_cash_out_is_a_settlement_only(bets: Trial) -> None:
    bet(bets, "settled", cashed=4, returned=25, first=True)
    assert bets.events() == ["Bet Approved 1 10", "Win Approved 1:w 25"]


def test_a_growth_booked_with_a_settlement_belongs_to_the_next_cash_out(bets: Trial) -> None:
    bet(bets, "open", cashed=1, first=True)
    bet(bets, "settled", cashed=4, returned=25)
    bet(bets, "open", cashed=5)
    assert bets.events() == [
        "Bet Approved 1 10",
        "Win Approved 1:c1 1",
        "Win Approved 1:w 24",
        "Win Rollback 1:w 24",
        "Win Approved 1:c2 4",
    ]


def test_a_first_change_with_a_closing_win_below_0_sends_nothing_not_even_the_bet(bets: Trial) -> None:
    bet(bets, "settled", returned=-1, first=True)
    assert (bets.events(), bets.parked()) == ([], [("1", "below_zero")])


def test_deleted_while_held_twice(bets: Trial) -> None:
    bets.insert("bets", "1", amount=10, cashed=0, returned=None, state="open", player="p9")
    first = bets.database.delete("bets", {"id": "1"}, {"player": "", "state": "", "amount": 0})
    second = bets.database.delete("bets", {"id": "1"}, {"player": "", "state": "", "amount": 0})
    for record in (first, first, second):
        bets.take(record)
    bets.insert("users", "p9", is_test=False)
    assert bets.events() == ["Bet Approved 1 10", "Bet Rollback 1 10"]
    assert (bets.held, bets.ended("skipped")) == (0, ["repeated", "nothing to do"])


def test_a_change_that_moves_a_held_row_to_another_player_stays_behind_it(bets: Trial) -> None:
    bets.insert("bets", "1", amount=10, cashed=0, returned=None, state="open", player="p9")
    bets.update("bets", "1", amount=10, cashed=2, returned=None, state="open", player="p9")
    bets.update("bets", "1", amount=10, cashed=3, returned=None, state="open", player="p1")
    bets.insert("users", "p9", is_test=False)
    assert bets.events() == ["Bet Approved 1 10", "Win Approved 1:c1 2", "Win Approved 1:c2 1"]


PARTIAL = """
wait: {original: 1 hour, parts: 10 minutes}
play:
  tx:
    parts:
      legs: {table: leg, one: leg, of: tx_id, count: legs_of}
    activities:
      bet: {type: Bet, when: 'kind == "bet"', share: leg.sum}
    split: {parts: legs, by: wallet, only: '("CASH", "BONUS")'}
    event: {wager_amount: left.CASH, bonus_wager_amount: left.BONUS}
    again: {activity_id: {text: "{id}:r{n - 1}"}}
    reverses:
      when: kind == "refund"
      original: tx[ref]
      takes: leg.sum
      skip: {no leg on a player's wallet: not takes}
      event: {timestamp: at}
"""


def header(
    run: Trial, key: str, kind: str, legs: dict[str, int], ref: str | None = None, *, old: bool = False
) -> None:
    change = run.snapshot if old else run.insert
    change("tx", key, kind=kind, legs_of=len(legs), ref=ref)
    for at, (account, number) in enumerate(legs.items()):
        change("leg", f"{key}.{at}", tx_id=key, wallet=account, sum=number)


def test_a_win_of_0_without_parts_is_taken_back_once(trial: Make) -> None:
    run = trial(PARTIAL)
    header(run, "1", "bet", {})
    header(run, "2", "refund", {"CASH": 0}, "1")
    header(run, "3", "refund", {"CASH": 0}, "1")
    assert run.events() == ["Bet Approved 1 0", "Bet Rollback 1 0"]
    assert run.ended("skipped")[0] == "repeated: what it takes back does not stand"


def test_partial_reversals_of_history(trial: Make) -> None:
    run = trial(PARTIAL)
    header(run, "2", "refund", {"CASH": 1}, "1", old=True)
    header(run, "1", "bet", {"CASH": 6, "BONUS": 4}, old=True)
    header(run, "3", "refund", {"CASH": 2}, "1")
    header(run, "4", "refund", {"CASH": 4}, "1")
    header(run, "5", "refund", {"CASH": 3, "BONUS": 4}, "1")
    assert run.events() == ["Bet Rollback 1:r1 9", "Bet Approved 1:r2 7", "Bet Rollback 1:r2 7"]
    assert run.parked()[0] == ("4", "more_than_left")


def test_a_reversal_of_a_row_whose_leg_never_comes_is_parked(trial: Make) -> None:
    run = trial(PARTIAL)
    run.insert("tx", "1", kind="bet", legs_of=2, ref=None)
    run.insert("leg", "1.0", tx_id="1", wallet="CASH", sum=5)
    header(run, "2", "refund", {"CASH": 5}, "1")
    assert run.events() == []
    run.wait(minutes=10)
    assert (run.events(), run.held) == ([], 0)
    assert dict(run.parked()) == {"1": "header_parked", "2": "header_parked"}
    codes = [item.code for item in run.play.ledger.parked() if item.table == "tx"]
    assert codes == ["parts_missing", "original_parked"]


def test_legs_can_come_before_their_header(trial: Make) -> None:
    run = trial(PARTIAL)
    run.insert("leg", "1.0", tx_id="1", wallet="CASH", sum=5)
    run.insert("leg", "1.1", tx_id="1", wallet="BONUS", sum=2)
    run.insert("tx", "1", kind="bet", legs_of=2, ref=None)
    assert run.events() == ["Bet Approved 1 7"]
    assert (run.held, run.ended("sent")) == (0, ["", "with its header", "with its header"])


def test_a_leg_whose_header_never_comes_is_parked(trial: Make) -> None:
    run = trial(PARTIAL)
    run.insert("leg", "1.0", tx_id="1", wallet="CASH", sum=5)
    run.wait(minutes=10)
    assert run.parked() == [("1", "header_missing")]


def test_a_leg_waits_as_long_as_its_header_does(trial: Make) -> None:
    run = trial(PARTIAL)
    run.insert("leg", "1.0", tx_id="1", wallet="CASH", sum=5)
    run.wait(minutes=6)
    run.insert("tx", "1", kind="bet", legs_of=2, ref=None)
    run.wait(minutes=6)
    assert (run.parked(), run.held) == ([], 2)
    run.insert("leg", "1.1", tx_id="1", wallet="CASH", sum=2)
    assert (run.events(), run.held) == (["Bet Approved 1 7"], 0)


def test_a_leg_too_many_parks_the_header(trial: Make) -> None:
    run = trial(PARTIAL)
    run.insert("leg", "1.0", tx_id="1", wallet="CASH", sum=5)
    run.insert("leg", "1.1", tx_id="1", wallet="CASH", sum=5)
    run.insert("tx", "1", kind="bet", legs_of=1, ref=None)
    assert (run.events(), run.held) == ([], 0)
    assert [code for _, code in run.parked()] == ["too_many_parts", "header_parked", "header_parked"]


def test_a_leg_that_comes_after_its_event_was_sent_is_parked(trial: Make) -> None:
    run = trial(PARTIAL)
    header(run, "1", "bet", {"CASH": 5})
    run.insert("leg", "1.9", tx_id="1", wallet="CASH", sum=5)
    assert run.parked() == [("1", "late_part")]


def test_legs_of_a_row_that_takes_all_back_come_before_it_or_after_it(trial: Make) -> None:
    said = "      takes: leg.sum\n      skip: {no leg on a player's wallet: not takes}\n"
    run = trial(PARTIAL.replace(said, ""))
    header(run, "1", "bet", {"CASH": 5})
    run.insert("leg", "2.0", tx_id="2", wallet="CASH", sum=3)
    run.insert("tx", "2", kind="refund", legs_of=2, ref="1")
    run.insert("leg", "2.1", tx_id="2", wallet="CASH", sum=2)
    assert run.events() == ["Bet Approved 1 5", "Bet Rollback 1 5"]
    assert (run.parked(), run.held) == ([], 0)
    assert run.ended("sent")[-2:] == ["with its header", "with its header"]


def test_a_leg_of_history_that_is_written_later_completes_it(trial: Make) -> None:
    run = trial(PARTIAL)
    run.snapshot("tx", "1", kind="bet", legs_of=2, ref=None)
    run.snapshot("leg", "1.0", tx_id="1", wallet="CASH", sum=5)
    header(run, "2", "refund", {"CASH": 5, "BONUS": 1}, "1")
    assert run.events() == []
    run.insert("leg", "1.1", tx_id="1", wallet="BONUS", sum=1)
    assert (run.events(), run.parked()) == (["Bet Rollback 1 6"], [])
    assert run.held == 0


def test_a_chain_of_a_thousand_rows_that_wait_for_one_another_is_released(trial: Make) -> None:
    run = trial("""
play:
  tx:
    after: tx[previous]
    activities: {bet: {type: Bet}}
""")
    run.play.take(
        [
            run.database.insert(
                "tx",
                {"id": str(at)},
                {
                    "player": f"p{at}",
                    "round": "R",
                    "at": "2026-01-01T10:00:00Z",
                    "amount": 1,
                    "previous": str(at - 1),
                },
            )
            for at in range(1000, 1, -1)
        ]
    )
    assert (run.held, run.events()) == (999, [])
    run.insert("tx", "1", amount=1, previous=None)
    assert run.held == 0
    assert run.events()[:2] == ["Bet Approved 1 1", "Bet Approved 2 1"]
    assert len(run.events()) == 1000
