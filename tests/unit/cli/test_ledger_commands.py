"""`status` and `parked`: what a ledger holds, read beside the bridge."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.ledger import open_ledger
from bridge.records import Partition
from bridge.sources.recorded import read_recorded
from tests.support.cases import EXAMPLES, Play, example, in_commit_order, recorded
from tests.unit.cli.conftest import Command

NAME = "ledger-reference"
CONNECTOR = EXAMPLES / f"{NAME}.yaml"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return a folder with the ledger of a brand that has taken the case in, and sent nothing yet."""
    brand = example(NAME)
    ledger = open_ledger(str(tmp_path / f"{brand.connector.brand}.ledger"), brand.connector.brand, create=True)
    Play(brand, ledger).take(in_commit_order(brand, recorded(NAME)))
    transaction = ledger.begin(0)
    transaction.advance({Partition("topic", 1): 42})
    transaction.confirm(3)
    transaction.commit()
    ledger.close()
    return tmp_path


def test_status_says_what_the_ledger_holds(command: Command, state: Path) -> None:
    said = command("status", CONNECTOR, "--state", state, "--json")
    status = json.loads(said.out)
    assert (said.code, said.err) == (0, "")
    assert (status["brand"], status["confirmed"]) == ("vintervik", 3)
    assert status["unconfirmed"] == 37 - 3
    assert status["positions"] == [{"topic": "topic", "partition": 1, "next_offset": 42}]
    assert len(status["held"]) == 9
    assert len(status["parked"]) == 5
    assert {"outcome": "skipped", "table": "wallet_tx", "reason": "test player", "changes": 2} in status[
        "counters"
    ]


def test_status_can_be_read_by_a_person(command: Command, state: Path) -> None:
    said = command("status", CONNECTOR, "--state", state)
    assert said.code == 0
    assert "vintervik: 3 events confirmed, 34 not yet, 9 changes held, 5 parked" in said.out
    assert "rollback of another player's row" in said.out


def test_parked_lists_each_change_with_its_reason_and_place(command: Command, state: Path) -> None:
    said = command("parked", CONNECTOR, "--state", state, "--json")
    items = [json.loads(line) for line in said.out.splitlines()]
    assert [item["id"] for item in items] == [1, 2, 3, 4, 5]
    assert all(item["reason"] and item["place"].startswith("ledger-reference.public.wallet_tx/") for item in items)
    assert command("parked", CONNECTOR, "--state", state).out.splitlines()[-1] == "5 changes are parked"
    only = command("parked", CONNECTOR, "--state", state, "--code", "no_rule", "--json")
    assert [json.loads(line)["code"] for line in only.out.splitlines()] == ["no_rule"]


def test_parked_records_come_out_byte_for_byte(command: Command, state: Path) -> None:
    said = command("parked", CONNECTOR, "--state", state, "--records")
    file = state / "parked.jsonl"
    file.write_text(said.out)
    records = list(read_recorded(file))
    assert len(records) == 5
    assert all(record in recorded(NAME) for record in records)
    chosen = command("parked", CONNECTOR, "--state", state, "--id", "1", "--id", "2", "--records")
    assert chosen.out.splitlines() == said.out.splitlines()[:2]
