"""Each case on the real servers: its rows into Postgres, its events out of RabbitMQ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.contracts import Ledger
from bridge.errors import LedgerMismatch
from bridge.ledger import open_ledger
from stack.endpoints import Addresses
from tests.support.bridge_process import BridgeProcess
from tests.support.cases import CASES, NAMES, example, expected, per_player
from tests.support.eventually import eventually
from tests.support.live import Queue, live_wallet, queue
from tests.wallets.outcomes import NO_CHANGES, Ended, assert_accounted_for, ended_in

pytestmark = pytest.mark.integration


def _at_its_commit(
    wanted: dict[str, list[dict[str, Any]]], got: dict[str, list[dict[str, Any]]], since: datetime
) -> dict[str, list[dict[str, Any]]]:
    """Return what is wanted with the times of commits as they are now: where a case has one, `got` has one too.

    Only a commit's own time has a fraction of a second among the timestamps that the cases expect.
    """
    now = datetime.now(UTC)
    for player, events in wanted.items():
        for event, found in zip(events, got.get(player, []), strict=False):
            if event["timestamp"].microsecond and since <= found["timestamp"] <= now:
                event["timestamp"] = found["timestamp"]
    return wanted


@pytest.mark.parametrize("case", NAMES)
def test_a_case_comes_out_exactly_on_the_real_servers(case: str, addresses: Addresses, tmp_path: Path) -> None:
    with live_wallet(addresses, case) as wallet, queue(addresses, case) as arrived:
        connector, environment = wallet.connector(tmp_path, arrived.exchange)
        bridge = BridgeProcess(connector, environment, tmp_path)
        since = datetime.now(UTC)
        try:
            wallet.run_sql(CASES / case / "story.sql")
            _all_ended(case, tmp_path, bridge)
            _all_arrived(arrived, len(expected(case)), bridge)
        finally:
            code = bridge.stop()
        assert code == 0, bridge.tail()
        got = per_player(one.event for one in arrived.take())
        assert got == _at_its_commit(per_player(expected(case)), got, since)
        assert {one.type for one in arrived.arrived} == {"CASINO"}
        assert len({one.message_id for one in arrived.arrived}) == len(arrived.arrived)
    with closing(_ledger(case, tmp_path)) as ledger:
        assert not ledger.unconfirmed(ledger.confirmed(), 1), "everything that was sent is known to be confirmed"
        assert list(ledger.held()) == []
        assert_accounted_for(case, ended_in(ledger))


def _ledger(case: str, folder: Path, *, read_only: bool = False) -> Ledger:
    brand = example(case).connector.brand
    return open_ledger(str(folder / f"{brand}.ledger"), brand, create=False, read_only=read_only)


def _all_ended(case: str, folder: Path, bridge: BridgeProcess) -> None:
    """Wait until the bridge has seen as many changes as the case counts, and nothing waits any more."""
    changes = json.loads((CASES / case / "outcomes.json").read_text())["changes"]
    wanted = sum(table["total"] for table in changes.values())

    def done() -> bool:
        assert bridge.running(), bridge.tail()
        try:
            ledger = _ledger(case, folder, read_only=True)
        except LedgerMismatch:
            return False  # The bridge has not made it yet.
        with closing(ledger):
            ended = ended_in(ledger)
            return not list(ledger.held()) and sum(ended.values()) - _no_changes(changes, ended) >= wanted

    try:
        eventually(done, within_seconds=60)
    except AssertionError as error:
        raise AssertionError(f"not all changes came to an end\n{bridge.tail()}") from error


def _no_changes(changes: Mapping[str, object], ended: Ended) -> int:
    """Return how many of the records that ended a case does not count."""
    return sum(
        count for (_, table, reason), count in ended.items() if table not in changes or reason in NO_CHANGES
    )


def _all_arrived(arrived: Queue, count: int, bridge: BridgeProcess) -> None:
    def enough() -> bool:
        assert bridge.running(), bridge.tail()
        return len(arrived.take()) >= count

    try:
        eventually(enough, within_seconds=60)
    except AssertionError as error:
        raise AssertionError(f"{len(arrived.arrived)} of {count} arrived\n{bridge.tail()}") from error
