"""Legs that are complete with the end of their transaction: Debezium's own records of real transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka.admin import AdminClient

from bridge.ledger import open_ledger
from stack.endpoints import Addresses
from tests.support.bridge_process import BridgeProcess
from tests.support.cases import example
from tests.support.eventually import eventually
from tests.support.live import LiveWallet, Queue, live_wallet, queue

pytestmark = pytest.mark.integration

CASE = "header-and-legs"
HEADER = """
    INSERT INTO txn (id, op, round_id, player_id, game_id, currency, fx, leg_count, ts)
    VALUES (%s, 'STAKE', 'R', %s, 301, 'EUR', 1, 0, now())
"""
LEG = "INSERT INTO leg (id, txn_id, wallet, debit, credit) VALUES (%s, %s, %s, %s, %s)"


class Writer:
    """One connection to the wallet, which commits when it is told to."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def header(self, number: int, player: int) -> None:
        self._connection.execute(HEADER, [number, player])

    def leg(self, number: int, header: int, wallet: str, debit: int, credit: int) -> None:
        self._connection.execute(LEG.encode(), [number, header, wallet, debit, credit])

    def commit(self) -> None:
        self._connection.commit()


@contextmanager
def writer(wallet: LiveWallet) -> Iterator[Writer]:
    with psycopg.connect(wallet.dsn) as connection:
        yield Writer(connection)


def two_transactions_at_once(wallet: LiveWallet) -> None:
    """Write header and legs of two transactions by turns; the one that began first ends last."""
    with writer(wallet) as slow, writer(wallet) as quick:
        slow.header(9001, 52530)
        slow.leg(90011, 9001, "CASH", 700, 0)
        quick.header(9002, 52534)
        quick.leg(90021, 9002, "CASH", 150, 0)
        slow.leg(90012, 9001, "BONUS", 300, 0)
        quick.leg(90022, 9002, "HOUSE", 0, 150)
        quick.commit()
        slow.leg(90013, 9001, "HOUSE", 0, 990)
        slow.leg(90014, 9001, "FEE", 0, 10)
        slow.commit()


def legs_before_their_header(wallet: LiveWallet) -> None:
    """Write the header last."""
    with writer(wallet) as one:
        one.leg(90031, 9003, "HOUSE", 0, 40)
        one.leg(90032, 9003, "CASH", 40, 0)
        one.header(9003, 52536)
        one.commit()


def a_late_leg(wallet: LiveWallet) -> None:
    """Write a leg in a transaction of its own, after that of its header has ended."""
    with writer(wallet) as one:
        one.header(9004, 52538)
        one.leg(90041, 9004, "CASH", 90, 0)
        one.leg(90042, 9004, "HOUSE", 0, 90)
        one.commit()
        one.leg(90043, 9004, "CASH", 10, 0)
        one.commit()


def by_transaction(wallet: LiveWallet, folder: Path, arrived: Queue) -> BridgeProcess:
    """Start the bridge with the case's connector, but for what tells that the legs are all there."""
    connector, environment = wallet.connector(
        folder,
        arrived.exchange,
        **{
            "count: leg_count": "until: transaction",
            '{table}"}': f'{{table}}", transactions: "{wallet.prefix}.transaction"}}',
        },
    )
    return BridgeProcess(connector, environment, folder)


def test_the_end_of_real_transactions_completes_their_legs(addresses: Addresses, tmp_path: Path) -> None:
    with live_wallet(addresses, CASE) as wallet, queue(addresses, CASE) as arrived:
        # Debezium makes the topic of transactions with the first one.
        wallet.execute("UPDATE player SET display_name = 'first' WHERE id = 52599")
        eventually(lambda: f"{wallet.prefix}.transaction" in topics(addresses), within_seconds=30)
        bridge = by_transaction(wallet, tmp_path, arrived)
        try:
            two_transactions_at_once(wallet)
            legs_before_their_header(wallet)
            a_late_leg(wallet)
            eventually(
                lambda: len(arrived.take()) >= 4 and headers_of_late_legs(tmp_path) == ["9004"], within_seconds=60
            )
        except AssertionError as error:
            raise AssertionError(bridge.tail()) from error
        finally:
            code = bridge.stop()
        assert code == 0, bridge.tail()
        amounts = {one.event["activity_id"]: one.event for one in arrived.take()}
        assert len(amounts) == len(arrived.arrived) == 4
    assert {
        activity: (event["wager_amount"], event["bonus_wager_amount"]) for activity, event in amounts.items()
    } == {
        "9001": (7, 3),
        "9002": (Decimal("1.5"), 0),
        "9003": (Decimal("0.4"), 0),
        "9004": (Decimal("0.9"), 0),
    }


def topics(addresses: Addresses) -> set[str]:
    """Return the names of all topics."""
    client = AdminClient({"bootstrap.servers": addresses.kafka_bootstrap})
    return set(client.list_topics(timeout=10).topics)


def headers_of_late_legs(folder: Path) -> list[str]:
    """Return the headers of the legs that are parked, each as too late; nothing else may be."""
    brand = example(CASE).connector.brand
    with closing(open_ledger(str(folder / f"{brand}.ledger"), brand, create=False, read_only=True)) as ledger:
        parked = list(ledger.parked())
    assert {(item.table.rpartition(".")[2], item.code) for item in parked} <= {("leg", "late_part")}
    return [item.key for item in parked]
