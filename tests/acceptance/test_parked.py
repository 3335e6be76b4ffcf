"""Replaying parked changes into a ledger that several instances share, and what the next run sends then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.acceptance.conftest import CASE, RecordedTopics
from tests.acceptance.shell import started, wallet_bridge
from tests.contract.ledger_postgres import empty_schema
from tests.support.cases import expected
from tests.support.eventually import eventually
from tests.support.live import queue

pytestmark = pytest.mark.integration

TIP = ('when: kind == "bet"', 'when: kind == "bet" or kind == "tip"')


@pytest.mark.parametrize("shared", [False, True], ids=["file", "postgres"])
def test_what_was_parked_is_sent_once_when_the_connector_is_mended(
    topics: RecordedTopics, tmp_path: Path, *, shared: bool
) -> None:
    topics.add()
    with queue(topics.addresses, "accept") as arrived, empty_schema() as url:
        place = ("target:", f'ledger: "{url if shared else tmp_path / "one.ledger"}"\ntarget:')
        waits = ("wait: {lookup: 10 minutes, original: 1 day}", "wait: {lookup: 5s, original: 6s}")
        path = topics.connector(tmp_path, place, waits, exchange=arrived.exchange)
        run = ("run", path, "--state", tmp_path, "--http", "off")
        with started(tmp_path, *run, **topics.environment) as bridge:
            wanted = len(expected(CASE))
            eventually(lambda: len(arrived.take()) >= wanted, within_seconds=60, message="not all arrive")
            eventually(lambda: len(_parked(path, topics)) == 8, within_seconds=30, message="not all are parked")
            number = str(json.loads(_parked(path, topics)[0])["id"])
            for decision in (("replay", path, number), ("discard", path, number, "--because", "a test")):
                said = wallet_bridge("parked", *decision, **topics.environment)
                assert said.code == 70
                assert "is in use by" in said.err
                assert "Traceback" not in said.err
                dry = wallet_bridge("parked", *decision, "--dry-run", **topics.environment)
                assert dry.code in (0, 1), dry.err
            assert len(_parked(path, topics)) == 8
            bridge.process.terminate()
            assert bridge.wait() == 0

        topics.connector(tmp_path, place, waits, TIP, exchange=arrived.exchange)
        said = wallet_bridge("parked", "replay", path, "--code", "no_rule", "--json", **topics.environment)
        [done] = [json.loads(line) for line in said.out.splitlines()]
        assert (said.code, done["outcome"]) == (0, "sent")
        said = wallet_bridge("parked", "replay", path, "--code", "original_parked", "--json", **topics.environment)
        assert sorted(json.loads(line)["outcome"] for line in said.out.splitlines()) == ["parked", "sent"]
        with started(tmp_path, *run, **topics.environment) as bridge:
            eventually(lambda: len(arrived.take()) >= wanted + 2, within_seconds=60, message=bridge.text())
            bridge.process.terminate()
            assert bridge.wait() == 0
        news = [one.event for one in arrived.take()[wanted:]]
        assert [(event["type"], event["status"]) for event in news] == [("Bet", "Approved"), ("Bet", "Rollback")]
        ids = [one.message_id for one in arrived.take()]
        assert len(ids) == len(set(ids))
        assert len(_parked(path, topics)) == 6


def _parked(path: Path, topics: RecordedTopics) -> list[str]:
    return wallet_bridge("parked", "list", path, "--json", **topics.environment).out.splitlines()
