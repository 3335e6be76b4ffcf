"""`status` and `parked`: what a ledger holds, read beside the bridge."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from pathlib import Path

import pytest

from bridge.ledger import open_ledger
from bridge.records import Partition
from bridge.sources.recorded import read_recorded
from tests.support.cases import EXAMPLES, Play, example, in_commit_order, recorded
from tests.unit.cli.conftest import Command, Said, changed

NAME = "ledger-reference"
CONNECTOR = EXAMPLES / f"{NAME}.yaml"


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the ledger of a brand that has taken the case in, and sent nothing yet."""
    folder = tmp_path_factory.mktemp("state")
    brand = example(NAME)
    ledger = open_ledger(str(folder / f"{brand.connector.brand}.ledger"), brand.connector.brand, create=True)
    Play(brand, ledger, now_ms=time.time_ns() // 1_000_000).take(in_commit_order(brand, recorded(NAME)))
    transaction = ledger.begin(0)
    transaction.advance({Partition("topic", 1): 42})
    transaction.confirm(3)
    transaction.commit()
    ledger.close()
    return folder


@pytest.fixture
def state(taken_in: Path, tmp_path: Path) -> Path:
    """Return a copy of that folder, for a test that may change it."""
    shutil.copytree(taken_in, tmp_path, dirs_exist_ok=True)
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


def test_status_of_a_folder_shows_the_brands_that_have_a_ledger(command: Command, state: Path) -> None:
    said = command("status", EXAMPLES, "--state", state, "--json")
    assert [json.loads(line)["brand"] for line in said.out.splitlines()] == ["vintervik"]
    assert said.code == 70
    assert [line.startswith("there is no ledger at ") for line in said.err.splitlines()] == [True] * 3


def test_status_says_what_each_held_change_waits_for(command: Command, state: Path) -> None:
    held = json.loads(command("status", CONNECTOR, "--state", state, "--json").out)["held"]
    behind = "behind a change of the same player that waits"
    assert Counter(each["reason"] for each in held) == {
        behind: 7,
        "waits for lookup games": 1,
        "waits for row wallet_tx": 1,
    }
    assert all((each["seconds_left"] is None) == (each["reason"] == behind) for each in held)
    shown = command("status", CONNECTOR, "--state", state).out
    assert "waits for row wallet_tx" in shown
    assert "None" not in shown


def test_status_can_be_read_by_a_person(command: Command, state: Path) -> None:
    said = command("status", CONNECTOR, "--state", state)
    assert said.code == 0
    assert "vintervik: 3 events confirmed, 34 not yet, 9 changes held, 5 parked" in said.out
    assert "rollback of another player's row" in said.out


def test_parked_lists_each_change_with_its_reason_and_place(command: Command, state: Path) -> None:
    said = command("parked", "list", CONNECTOR, "--state", state, "--json")
    items = [json.loads(line) for line in said.out.splitlines()]
    assert [item["id"] for item in items] == [1, 2, 3, 4, 5]
    assert all(item["reason"] and item["place"].startswith("ledger-reference.public.wallet_tx/") for item in items)
    assert command("parked", "list", CONNECTOR, "--state", state).out.splitlines()[-1] == "5 changes are parked"
    only = command("parked", "list", CONNECTOR, "--state", state, "--code", "no_rule", "--json")
    assert [json.loads(line)["code"] for line in only.out.splitlines()] == ["no_rule"]


def test_parked_records_come_out_byte_for_byte(command: Command, state: Path) -> None:
    said = command("parked", "show", CONNECTOR, "--all", "--state", state)
    file = state / "parked.jsonl"
    file.write_text(said.out)
    records = list(read_recorded(file))
    assert len(records) == 5
    assert all(record in recorded(NAME) for record in records)
    chosen = command("parked", "show", CONNECTOR, "1", "2", "--state", state)
    assert chosen.out.splitlines() == said.out.splitlines()[:2]


@pytest.fixture
def mended(connector: Path) -> Path:
    """Return the connector with a rule for the kind of row that it did not know."""
    return changed(connector, ("not play: kind in (", 'not play: kind in ("tip", '))


def replayed(said: Said) -> dict[int, str]:
    return {item["id"]: item["outcome"] for item in map(json.loads, said.out.splitlines())}


def test_a_replay_judges_anew_and_a_dry_run_only_says_how(command: Command, state: Path, mended: Path) -> None:
    dry = command("parked", "replay", mended, "--all", "--dry-run", "--json", "--state", state)
    assert len(command("parked", "list", mended, "--json", "--state", state).out.splitlines()) == 5
    said = command("parked", "replay", mended, "--all", "--json", "--state", state)
    assert replayed(said) == replayed(dry)
    assert Counter(replayed(said).values()) == {"parked": 3, "skipped": 2}
    assert (said.code, said.err) == (1, "")
    assert len(command("parked", "list", mended, "--json", "--state", state).out.splitlines()) == 3
    status = json.loads(command("status", mended, "--json", "--state", state).out)
    assert {"outcome": "replayed", "table": "wallet_tx", "reason": "no_rule", "changes": 1} in status["counters"]
    assert status["unconfirmed"] == 37 - 3


def test_a_replay_is_told_to_a_person_in_a_table_and_a_sentence(
    command: Command, state: Path, mended: Path
) -> None:
    said = command("parked", "replay", mended, "--code", "no_rule", "--state", state)
    assert said.code == 0
    assert said.out.splitlines()[-1] == "1 skipped; no events"
    assert "not play" in said.out


def test_a_replay_beside_the_bridge_is_refused_with_what_to_do(command: Command, state: Path) -> None:
    ledger = open_ledger(str(state / "vintervik.ledger"), "vintervik", create=False)
    try:
        said = command("parked", "replay", CONNECTOR, "--all", "--state", state)
        assert said.code == 70
        assert "is in use by process" in said.err
        assert "stop that process first" in said.err
        assert command("parked", "discard", CONNECTOR, "1", "--because", "x", "--state", state).code == 70
        assert command("parked", "replay", CONNECTOR, "--all", "--dry-run", "--state", state).code == 1
    finally:
        ledger.close()


def test_a_discarded_change_is_gone_and_the_reason_is_kept(command: Command, state: Path) -> None:
    dry = command("parked", "discard", CONNECTOR, "1", "2", "--because", "tests", "--dry-run", "--state", state)
    assert dry.out.splitlines()[-1] == "2 changes would be discarded"
    said = command("parked", "discard", CONNECTOR, "1", "2", "--because", "ticket 4711", "--state", state)
    assert said.out.splitlines()[-1] == "2 changes are discarded"
    assert command("parked", "list", CONNECTOR, "--state", state).out.splitlines()[-1] == "3 changes are parked"
    status = json.loads(command("status", CONNECTOR, "--json", "--state", state).out)
    assert {"outcome": "discarded", "table": "wallet_tx", "reason": "ticket 4711", "changes": 2} in status[
        "counters"
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("replay", CONNECTOR), "say which changes"),
        (("replay", CONNECTOR, "1", "--all"), "say which changes"),
        (("replay", CONNECTOR, "99"), "there is no parked change 99"),
        (("discard", CONNECTOR, "1", "--because", " "), "say why"),
        (("discard", CONNECTOR, "1"), "Missing option '--because'"),
    ],
)
def test_what_is_not_said_clearly_is_asked_for(
    command: Command, state: Path, arguments: tuple[str | Path, ...], sentence: str
) -> None:
    said = command("parked", *arguments, "--state", state)
    assert said.code == 2
    assert sentence in said.err
    assert command("parked", "list", CONNECTOR, "--state", state).out.splitlines()[-1] == "5 changes are parked"


@pytest.mark.parametrize("words", [("status",), ("parked", "list"), ("parked", "replay", "--all")])
def test_a_ledger_that_is_elsewhere_is_looked_for_with_state(
    command: Command, tmp_path: Path, words: tuple[str, ...]
) -> None:
    said = command(*words, EXAMPLES / "ledger-reference.yaml", "--state", tmp_path)
    assert said.code == 70
    assert said.err == (
        f"there is no ledger at {tmp_path / 'vintervik.ledger'} for brand vintervik: name the folder that `run` "
        "has with --state; before the first run there is none\n"
    )


@pytest.mark.parametrize("words", [("status",), ("parked", "list")])
@pytest.mark.parametrize("name", ["vintervik.ledger", "x" * 300])
def test_a_ledger_that_cannot_be_opened_is_told_in_a_sentence(
    command: Command, tmp_path: Path, words: tuple[str, ...], name: str
) -> None:
    (tmp_path / "vintervik.ledger").mkdir()
    connector = tmp_path / "brand.yaml"
    connector.write_text(f"{CONNECTOR.read_text()}ledger: {tmp_path / name}\n")
    said = command(*words, connector)
    assert (said.code, said.out) == (75, "")
    assert said.err.startswith(f"the ledger {tmp_path / name} ")
