"""Message ids: no two events of a brand share one, and a broker takes each."""

from __future__ import annotations

import pytest

from tests.support.trial import Make, Trial

LONGEST = 255
"""Bytes of an AMQP short string."""

BETS = """
play:
  bets:
    rows: mutable
    deleted: nothing
    stands: status != "void"
    activities: {bet: {type: Bet, share: amount}}
    event: {wager_amount: left}
  refunds:
    rows: append-only
    key: [bet_id, nr]
    reverses:
      - {when: kind == "part", original: "bets[bet_id]", takes: amount, partial: amount}
      - {when: kind == "undo", undoes: "refunds[bet_id, ref]"}
    event: {}
  fees:
    rows: append-only
    key: nr
    reverses: {when: true, original: "bets[bet_id]", takes: amount, partial: amount}
    event: {}
"""


@pytest.fixture
def run(trial: Make) -> Trial:
    return trial(BETS)


def ids(run: Trial) -> list[str]:
    return [delivery.message_id for delivery in run.play.ledger.unconfirmed(0, 100)]


def part(run: Trial, table: str, nr: int, amount: int, bet_id: str = "1") -> None:
    run.insert(table, str(nr), nr=nr, kind="part", bet_id=bet_id, ref=None, amount=amount)


def test_parts_that_rows_of_two_tables_take_are_told_apart(run: Trial) -> None:
    run.insert("bets", "1", amount=10, status="ok")
    part(run, "refunds", 2, 4)
    run.insert("fees", "2", nr=2, bet_id="1", amount=1)
    assert ids(run) == ["1/Approved", "1/Rollback/refunds:1,2", "1/Rollback/fees:2"]


def test_a_part_is_told_apart_from_a_later_generation(trial: Make) -> None:
    run = trial(BETS.replace("key: [bet_id, nr]", "key: nr").replace("[bet_id, ref]", "[ref]"))
    run.insert("bets", "1", amount=10, status="ok")
    part(run, "refunds", 2, 10)
    run.insert("refunds", "3", nr=3, kind="undo", bet_id="1", ref=2, amount=None)
    run.update("bets", "1", amount=10, status="void")
    assert run.events() == ["Bet Approved 1 10", "Bet Rollback 1 10", "Bet Approved 1 10", "Bet Rollback 1 10"]
    assert ids(run) == ["1/Approved", "1/Rollback/refunds:2", "1/Approved/2", "1/Rollback/2"]


@pytest.mark.parametrize("letter", ["x", "é", "賭"])
def test_a_long_id_is_cut_and_stays_one_of_its_own(run: Trial, letter: str) -> None:
    long = letter * 300
    for last in "ab":
        run.insert("bets", long + last, amount=10, status="ok")
        part(run, "refunds", 2, 4, long + last)
        run.update("bets", long + last, amount=10, status="void")
    assert [event["activity_id"] for event in run.bodies()] == [*[long + "a"] * 3, *[long + "b"] * 3]
    assert len(set(ids(run))) == 6
    assert max(len(each.encode()) for each in ids(run)) <= LONGEST


@pytest.mark.parametrize("length", [LONGEST - len("/Approved"), LONGEST - len("/Approved") + 1])
def test_an_id_is_cut_only_where_it_must_be(run: Trial, length: int) -> None:
    run.insert("bets", "x" * length, amount=10, status="ok")
    assert (ids(run) == ["x" * length + "/Approved"]) is (length + len("/Approved") <= LONGEST)
