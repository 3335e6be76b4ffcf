"""Headers of a mutable table: they are judged again with each update, by the parts that came once."""

from __future__ import annotations

import itertools

import pytest

from tests.support.trial import ROW, Make, Trial

WALLET = """
play:
  tx:
    rows: mutable
    deleted: nothing stands
    parts: {legs: {table: leg, one: leg, of: tx, count: legs_of_it}}
    split: {parts: legs, by: wallet}
    stands: status == "done"
    activities: {bet: {type: Bet, when: kind == "bet", share: leg.amount}}
    event: {wager_amount: left.CASH, bonus_wager_amount: left.BONUS}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: kind == "part", original: "tx[ref]", takes: leg.amount}
      - {when: kind == "unvoid", undoes: "tx[ref]"}
"""


@pytest.fixture
def run(trial: Make) -> Trial:
    made = trial(WALLET)
    made.insert("tx", "1", kind="bet", status="done", legs_of_it=2, ref=None)
    made.insert("leg", "a", tx="1", wallet="CASH", amount=8)
    made.insert("leg", "b", tx="1", wallet="BONUS", amount=2)
    assert made.events() == ["Bet Approved 1 10"]
    return made


def test_a_bet_that_is_void_and_counts_again_has_its_parts(run: Trial) -> None:
    for status in ("void", "done"):
        run.restart()
        run.update("tx", "1", kind="bet", status=status, legs_of_it=2, ref=None)
    assert run.events()[1:] == ["Bet Rollback 1 10", "Bet Approved 1:2 10"]
    assert run.bodies()[-1]["bonus_wager_amount"] == 2


def test_a_refund_by_parts_is_known_when_it_is_noted(run: Trial) -> None:
    run.insert("tx", "2", kind="part", status="done", legs_of_it=1, ref="1")
    run.insert("leg", "c", tx="2", wallet="CASH", amount=3)
    run.restart()
    run.update("tx", "2", kind="part", status="done", legs_of_it=1, ref="1", note="seen")
    assert run.events()[1:] == ["Bet Rollback 1 10", "Bet Approved 1:2 7"]
    run.insert("tx", "3", kind="unvoid", status="done", legs_of_it=0, ref="2")
    run.update("tx", "2", kind="part", status="done", legs_of_it=1, ref="1", note="undone")
    assert run.events()[3:] == ["Bet Rollback 1:2 7", "Bet Approved 1:3 10"]
    assert run.parked() == []


def test_what_is_left_of_a_bet_is_not_made_from_parts_that_are_not_kept(trial: Make) -> None:
    said = WALLET.replace("rows: mutable\n    deleted: nothing stands\n", "rows: append-only\n").replace(
        "bonus_wager_amount: left.BONUS", "bonus_wager_amount: 'sum(where(legs, wallet=\"BONUS\").amount)'"
    )
    run = trial(said)
    run.insert("tx", "1", kind="bet", status="done", legs_of_it=1, ref=None)
    run.insert("leg", "a", tx="1", wallet="CASH", amount=8)
    run.insert("tx", "2", kind="part", status="done", legs_of_it=1, ref="1")
    run.insert("leg", "c", tx="2", wallet="CASH", amount=3)
    assert run.events() == ["Bet Approved 1 8"]
    assert run.parked()[0] == ("2", "parts_forgotten")


PENDING = """
play:
  tx:
    rows: mutable
    deleted: nothing
    parts: {legs: {table: leg, one: leg, of: tx, count: legs_of_it}}
    stands: status == "done"
    activities: {bet: {type: Bet}}
    event: {wager_amount: sum(legs.amount)}
    again: {activity_id: {text: "{id}:{n}"}}
"""


@pytest.mark.parametrize(
    "order", [order for order in itertools.permutations("hulm") if order.index("h") < order.index("u")]
)
@pytest.mark.parametrize("restarts", [False, True])
def test_parts_of_a_bet_that_does_not_count_yet_are_kept_until_it_does(
    trial: Make, order: tuple[str, ...], restarts: bool
) -> None:
    run = trial(PENDING)
    for what in order:
        if what == "h":
            run.insert("tx", "1", status="pending", legs_of_it=2)
        elif what == "u":
            run.update("tx", "1", status="done", legs_of_it=2)
        else:
            run.insert("leg", what, tx="1", amount=3)
        if restarts:
            run.restart()
    assert run.new() == ["Bet Approved 1 6"]
    run.update("tx", "1", status="void", legs_of_it=2)
    run.update("tx", "1", status="done", legs_of_it=2)
    assert run.new() == ["Bet Rollback 1 6", "Bet Approved 1:2 6"]
    assert (run.parked(), run.held) == ([], 0)
    assert run.ended("sent").count("with its header") == 2


def test_a_part_that_comes_after_its_bet_was_sent_with_the_others_is_parked(trial: Make) -> None:
    run = trial(PENDING.replace("count: legs_of_it", "until: sum(legs.amount) == legs_of_it"))
    run.insert("leg", "a", tx="1", amount=3)
    run.insert("tx", "1", status="done", legs_of_it=3)
    run.update("tx", "1", status="done", legs_of_it=3, note="seen")
    run.insert("leg", "b", tx="1", amount=3)
    assert (run.events(), run.parked()) == (["Bet Approved 1 3"], [("1", "late_part")])


def test_a_bet_that_counts_later_waits_for_all_that_the_transaction_of_its_first_row_wrote(trial: Make) -> None:
    source = 'source: {kafka: "${KAFKA_BROKERS}", topics: "db.public.{table}", transactions: db.transaction}'
    run = trial(source + PENDING.replace("count: legs_of_it", "until: transaction"))
    database = run.database
    database.transaction = 77
    header = database.insert("tx", {"id": "1"}, {**ROW, "status": "pending"})
    first = database.insert("leg", {"id": "a"}, {"tx": "1", "amount": 3})
    second = database.insert("leg", {"id": "b"}, {"tx": "1", "amount": 4})
    end = database.end(77, {"tx": 1, "leg": 2})
    database.transaction = 78
    update = database.update("tx", {"id": "1"}, {**ROW, "status": "done"})
    for record in (first, header, end, update, database.end(78, {"tx": 1})):
        run.take(record)
        run.restart()
    assert run.events() == []
    run.take(second)
    assert (run.events(), run.parked(), run.held) == (["Bet Approved 1 7"], [], 0)


def test_of_two_kinds_of_parts_only_those_are_late_that_were_read(trial: Make) -> None:
    run = trial("""
play:
  tx:
    parts:
      legs: {table: leg, one: leg, of: tx, count: legs_of_it}
      fees: {table: fee, one: fee, of: tx, count: fees_of_it}
    activities: {bet: {type: Bet, when: kind == "bet", share: sum(legs.amount) - sum(fees.amount)}}
    event: {wager_amount: left}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses: {when: kind == "part", original: "tx[ref]", takes: sum(legs.amount)}
""")
    run.insert("tx", "1", kind="bet", legs_of_it=1, fees_of_it=1)
    run.insert("fee", "a", tx="1", amount=1)
    run.insert("leg", "a", tx="1", amount=6)
    run.insert("tx", "2", kind="part", ref="1", legs_of_it=1, fees_of_it=1)
    run.insert("leg", "b", tx="2", amount=2)
    run.insert("fee", "b", tx="2", amount=1)
    assert run.events() == ["Bet Approved 1 5", "Bet Rollback 1 5", "Bet Approved 1:2 3"]
    assert (run.parked(), run.held) == ([], 0)
    run.insert("leg", "c", tx="2", amount=2)
    assert run.parked() == [("2", "late_part")]
