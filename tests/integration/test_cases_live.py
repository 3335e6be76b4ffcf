"""Each case on the real servers: its rows into Postgres, its events out of RabbitMQ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.ledger import open_ledger
from stack.endpoints import Addresses
from tests.support.bridge_process import BridgeProcess
from tests.support.cases import CASES, NAMES, example, expected, per_player
from tests.support.eventually import eventually
from tests.support.live import Queue, live_wallet, queue

pytestmark = pytest.mark.integration


def _without_time_of_commit(
    case: str, players: dict[str, list[dict[str, Any]]]
) -> dict[str, list[dict[str, Any]]]:
    """Blank the timestamps that are a commit's own time: of a run of today they are of today."""
    if case != "bet-row-settled":
        return players
    today = datetime.now(UTC) - timedelta(days=1)
    recorded = {
        event["timestamp"] for event in expected(case) if len(event["timestamp"]) > len("2026-11-22T19:31:24Z")
    }
    for events in players.values():
        for event in events:
            moment = event["timestamp"]
            is_commit = event["status"] == "Rollback" and (moment > today or moment.isoformat() in recorded)
            event["timestamp"] = None if is_commit else moment
    return players


@pytest.mark.parametrize("case", NAMES)
def test_a_case_comes_out_exactly_on_the_real_servers(case: str, addresses: Addresses, tmp_path: Path) -> None:
    with live_wallet(addresses, case) as wallet, queue(addresses, case) as arrived:
        connector, environment = wallet.connector(tmp_path, arrived.exchange)
        bridge = BridgeProcess(connector, environment, tmp_path)
        try:
            wallet.run_sql(CASES / case / "story.sql")
            _all_arrived(arrived, len(expected(case)), bridge)
        finally:
            code = bridge.stop()
        assert code == 0, bridge.tail()
        got = _without_time_of_commit(case, per_player(one.event for one in arrived.take()))
        assert got == _without_time_of_commit(case, per_player(expected(case)))
        assert {one.type for one in arrived.arrived} == {"CASINO"}
        assert len({one.message_id for one in arrived.arrived}) == len(arrived.arrived)
    ledger = open_ledger(
        str(tmp_path / f"{example(case).connector.brand}.ledger"), example(case).connector.brand, create=False
    )
    try:
        assert not ledger.unconfirmed(ledger.confirmed(), 1), "everything that was sent is known to be confirmed"
    finally:
        ledger.close()


def _all_arrived(arrived: Queue, count: int, bridge: BridgeProcess) -> None:
    def enough() -> bool:
        assert bridge.running(), bridge.tail()
        return len(arrived.take()) >= count

    try:
        eventually(enough, within_seconds=60)
    except AssertionError as error:
        raise AssertionError(f"{len(arrived.arrived)} of {count} arrived\n{bridge.tail()}") from error
