"""Parts that are complete when the transaction that wrote their header has ended."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.errors import ConfigError
from bridge.records import SourceRecord
from tests.support.changes import Database
from tests.support.trial import ROW, Make, wallet

SOURCE = """
source: {kafka: "${KAFKA_BROKERS}", topics: "db.public.{table}", transactions: db.transaction}
"""
WALLET = """
wait: {parts: 10 minutes}
play:
  tx:
    parts:
      legs: {table: leg, one: leg, of: tx, until: transaction}
    activities: {bet: {type: Bet}}
    event: {wager_amount: sum(legs.amount)}
"""


def records(database: Database) -> list[SourceRecord]:
    """Return a header and its two legs, which one transaction wrote, and its end."""
    database.transaction = 77
    written = [
        database.insert("tx", {"id": "1"}, ROW),
        database.insert("leg", {"id": "10"}, {"tx": "1", "amount": 3}),
        database.insert("leg", {"id": "11"}, {"tx": "1", "amount": 4}),
        database.end(77, {"tx": 1, "leg": 2}),
    ]
    database.transaction = None
    return written


# The two legs lie in one partition, and so come in their order.
ORDERS = [order for order in itertools.permutations(range(4)) if order.index(1) < order.index(2)]


@pytest.mark.parametrize("order", ORDERS)
def test_in_whatever_order_they_come(trial: Make, order: tuple[int, ...]) -> None:
    run = trial(SOURCE + WALLET)
    found = records(run.database)
    for at in order:
        run.take(found[at])
    assert [event["amount"] for event in run.bodies()] == [7]
    assert (run.play.mapper.held, run.parked()) == (0, [])


def test_legs_that_have_come_are_not_enough_before_the_end(trial: Make) -> None:
    run = trial(SOURCE + WALLET)
    header, first, second, end = records(run.database)
    for record in (header, first, second):
        run.take(record)
    assert run.bodies() == []
    run.take(end)
    assert [event["amount"] for event in run.bodies()] == [7]


def test_the_end_is_not_enough_before_the_legs_and_a_leg_read_twice_counts_once(trial: Make) -> None:
    run = trial(SOURCE + WALLET)
    header, first, second, end = records(run.database)
    for record in (end, header, first, first):
        run.take(record)
    assert run.bodies() == []
    run.take(second)
    assert [event["amount"] for event in run.bodies()] == [7]


def test_legs_that_were_copied_in_share_their_place_in_the_log(trial: Make) -> None:
    """PostgreSQL writes the rows of a COPY in one piece."""
    run = trial(SOURCE + WALLET)
    header, first, second, end = records(run.database)
    for record in (header, first, first, end, placed_as(second, first), placed_as(second, first)):
        run.take(record)
    assert [event["amount"] for event in run.bodies()] == [7]
    assert run.parked() == []


def placed_as(record: SourceRecord, other: SourceRecord) -> SourceRecord:
    """Return a record that stands where another does in the log of the database."""
    value, place = json.loads(record.value or b""), json.loads(other.value or b"")["source"]
    value["source"] |= {name: place[name] for name in ("lsn", "sequence") if name in place}
    return replace(record, value=json.dumps(value).encode())


def test_a_leg_that_cannot_be_read_is_not_taken_for_one_that_came(trial: Make) -> None:
    run = trial(SOURCE + WALLET)
    database = run.database
    database.transaction = 77
    for record in (
        database.insert("tx", {"id": "1"}, ROW),
        database.insert("leg", {"id": "10"}, {"tx": "1", "amount": 3}),
        database.insert("leg", {"id": "11"}, {"tx": None, "amount": 4}),
        database.end(77, {"tx": 1, "leg": 2}),
    ):
        run.take(record)
    assert run.bodies() == []
    run.play.wait(11 * 60 * 1000)
    assert sorted(code for _, code in run.parked()) == ["header_parked", "no_key", "parts_missing"]


def test_a_transaction_of_other_tables_completes_nothing(trial: Make) -> None:
    run = trial(SOURCE + WALLET)
    header, first, second, end = records(run.database)
    run.take(run.database.end(76, {"leg": 0}))
    for record in (header, first, second):
        run.take(record)
    assert run.bodies() == []
    run.take(end)
    assert len(run.bodies()) == 1


def test_the_topic_of_transactions_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no topic tells when a transaction has ended") as refused:
        wallet(tmp_path, WALLET)
    assert refused.value.problems[0].key == "play.tx.parts.legs.until"


def test_the_topic_of_transactions_is_read_and_is_no_play(tmp_path: Path) -> None:
    topics = wallet(tmp_path, SOURCE + WALLET).topics()
    assert "db.transaction" in topics.names
    assert not topics.is_play("db.transaction")


def test_two_legs_with_one_key_are_not_taken_for_one(trial: Make) -> None:
    """The second was a repeat, and the event lacked it."""
    run = trial(SOURCE + WALLET.replace("until: transaction", "until: transaction, key: account"))
    database = run.database
    database.transaction = 77
    for record in (
        database.insert("tx", {"id": "1"}, ROW),
        database.insert("leg", {"id": "10"}, {"tx": "1", "account": "A", "amount": 3}),
        database.insert("leg", {"id": "11"}, {"tx": "1", "account": "A", "amount": 4}),
        database.end(77, {"tx": 1, "leg": 2}),
    ):
        run.take(record)
        run.take(record)
        run.play.restart()
    run.play.wait(11 * 60 * 1000)
    assert run.bodies() == []
    assert sorted({code for _, code in run.parked()}) == ["header_parked", "parts_missing", "same_key"]
