"""What the command line is to a shell: exit codes, and errors in one sentence each."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bridge.ledger import open_ledger
from bridge.records import HeldChange, SourceRecord
from bridge.sources.settings import Client
from tests.acceptance.shell import COMMAND, environment, started, wallet_bridge
from tests.support.cases import CASES, EXAMPLES, ROOT

BROKEN = (EXAMPLES / "ledger-reference.yaml").read_text().replace("user_id: player_id", "user_id: playr_id()")
COMMANDS = ("run", "check", "preview", "test", "status", "parked", "schema", "demo")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(name: str) -> None:
    said = wallet_bridge(name, "--help")
    assert (said.code, said.err) == (0, "")
    assert "Example" in said.out
    assert f"wallet-bridge {name}" in said.out


def test_the_version_is_printed() -> None:
    said = wallet_bridge("--version")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("wallet-bridge ")


@pytest.mark.parametrize("arguments", [("chek",), ("run",), ("preview", "x.yaml", "--limit", "none"), ("--idle",)])
def test_a_misspelt_command_ends_with_2(arguments: tuple[str, ...]) -> None:
    said = wallet_bridge(*arguments)
    assert (said.code, said.out) == (2, "")
    assert "Usage" in said.err


@pytest.mark.parametrize("command", ["run", "check", "preview"])
def test_a_broken_connector_ends_with_78_and_every_problem(tmp_path: Path, command: str) -> None:
    broken = tmp_path / "brand.yaml"
    broken.write_text(
        BROKEN.replace("is_round_end: round_closed\n      game_id", "is_round_and: 1\n      game_id")
    )
    state = ("--state", tmp_path / "state") if command == "run" else ()
    said = wallet_bridge(command, broken, *state)
    assert (said.code, said.out) == (78, "")
    of_bets, of_wins, unknown, no_field = said.err.splitlines()
    assert of_bets.startswith(f"{broken}:31:")
    assert "the events of bet lack is_round_end" in of_bets
    assert of_wins.startswith(f"{broken}:32:")
    assert unknown.startswith(f"{broken}:35:")
    assert "unknown function playr_id" in unknown
    assert no_field.startswith(f"{broken}:43:")
    assert "is_round_and is no field of an event" in no_field
    assert not (tmp_path / "state").exists(), "nothing was started"


def test_one_broken_connector_of_a_folder_stops_the_start_of_all(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "status-in-place.yaml", tmp_path / "well.yaml")
    (tmp_path / "broken.yaml").write_text(BROKEN)
    (tmp_path / "worse.yaml").write_text("version: 1\n")
    said = wallet_bridge("run", tmp_path, "--state", tmp_path / "state")
    assert (said.code, said.out) == (78, "")
    assert f"{tmp_path}/broken.yaml:35:" in said.err
    assert f"{tmp_path}/worse.yaml:" in said.err
    assert "well.yaml" not in said.err
    assert not (tmp_path / "state").exists(), "nothing was started"


def test_a_missing_variable_is_named_with_its_place() -> None:
    said = wallet_bridge("run", EXAMPLES / "ledger-reference.yaml", KAFKA_BROKERS="")
    assert said.code == 78
    assert "ledger-reference.yaml:3:18: source.kafka: the variable KAFKA_BROKERS is empty" in said.err


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        said = wallet_bridge("run", EXAMPLES / "ledger-reference.yaml", "--state", tmp_path, BRIDGE_HTTP=place)
    assert said.code == 78
    assert said.err.startswith(f"--http: {place} cannot be listened on: ")


def test_a_state_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = wallet_bridge("run", EXAMPLES / "ledger-reference.yaml", "--state", tmp_path / "file" / "state")
    assert said.code == 78
    assert said.err.startswith("--state: ")
    assert len(said.err.splitlines()) == 1


def test_failing_tests_end_with_1(tmp_path: Path) -> None:
    for ending in (".yaml", ".test.yaml"):
        shutil.copy(EXAMPLES / f"ledger-reference{ending}", tmp_path)
    path = tmp_path / "ledger-reference.yaml"
    path.write_text(path.read_text().replace("units(amount, 5)", "units(amount, 4)"))
    said = wallet_bridge("test", tmp_path)
    assert (said.code, said.err) == (1, "")
    assert "event 1: amount: expected 20, got 200" in said.out


def test_the_status_of_a_ledger_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    said = wallet_bridge("status", EXAMPLES / "ledger-reference.yaml", "--state", tmp_path)
    assert (said.code, said.out) == (70, "")
    assert len(said.err.splitlines()) == 1
    assert "vintervik.ledger" in said.err


def test_a_reader_that_goes_away_ends_the_command_quietly() -> None:
    recording = CASES / "ledger-reference" / "recorded.jsonl"
    arguments = ["preview", str(EXAMPLES / "ledger-reference.yaml"), "--file", str(recording), "--json", "--why"]
    out, inside = os.pipe()
    os.close(out)
    try:
        done = subprocess.run(
            [*COMMAND, *arguments], stdout=inside, stderr=subprocess.PIPE, text=True, env=environment(), cwd=ROOT,
            timeout=60, check=False,
        )  # fmt: skip
    finally:
        os.close(inside)
    assert done.returncode == 1
    assert done.stderr == ""


def _without_kafka(folder: Path, brokers: str = "127.0.0.1:9", *said: str) -> Path:
    path = folder / "brand.yaml"
    text = (EXAMPLES / "ledger-reference.yaml").read_text()
    settings = ", ".join([f'brokers: "{brokers}"', *(said or ["request_timeout: 3s"])])
    path.write_text(text.replace('"${KAFKA_BROKERS}"', f"{{{settings}}}"))
    return path


@pytest.mark.parametrize("client", list(Client))
@pytest.mark.parametrize("listens", [True, False], ids=["silent", "refused"])
def test_a_kafka_that_is_away_is_named_long_before_the_first_attempt_ends(
    tmp_path: Path, client: Client, *, listens: bool
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if listens:
            silent.listen()
        brokers = f"127.0.0.1:{silent.getsockname()[1]}"
        connector = _without_kafka(tmp_path, brokers, f"client: {client}", "request_timeout: 60s")
        with started(tmp_path, "run", connector, "--state", tmp_path, "--http", "127.0.0.1:0") as bridge:
            [serving] = bridge.until("serving")
            [waiting] = bridge.until("waiting_for_kafka", within_seconds=20)
            assert waiting["level"] == "warning"
            assert waiting["error"].startswith(f"Kafka at {brokers} does not answer (")
            assert waiting["error"].endswith("check that it runs, and that host, port and network are right")
            took = datetime.fromisoformat(waiting["at"]) - datetime.fromisoformat(serving["at"])
            assert took < timedelta(seconds=5), "three, and the time of a busy machine"
            url = f"http://{serving['host']}:{serving['port']}/ready"
            with pytest.raises(urllib.error.HTTPError) as refused, urllib.request.urlopen(url, timeout=5):
                pass
            assert json.load(refused.value)["reasons"] == [waiting["error"]]
            bridge.signal(signal.SIGTERM)
            assert bridge.wait(10) == 0, "one second, and the time of a busy machine"
            assert bridge.events("trying_again") == []


def test_a_kafka_that_is_away_is_named_and_waited_for_until_sigterm(tmp_path: Path) -> None:
    with started(
        tmp_path, "run", _without_kafka(tmp_path), "--state", tmp_path, "--http", "127.0.0.1:0"
    ) as bridge:
        first, *_ = bridge.until("trying_again", 2)
        assert len(bridge.events("waiting_for_kafka")) == 1, "each later attempt is told once, at its end"
        assert first["level"] == "warning"
        assert first["error"].startswith("Kafka at 127.0.0.1:9 does not answer")
        assert "check that it runs" in first["error"]
        bridge.signal(signal.SIGTERM)
        assert bridge.wait() == 0


def test_a_schema_registry_that_is_away_at_a_start_with_something_held_is_waited_for(tmp_path: Path) -> None:
    """Each attempt opens the ledger anew: one that failed early must not keep it locked."""
    connector = _without_kafka(tmp_path)
    avro = 'source: {format: avro, registry: {url: "http://127.0.0.1:9"}, kafka: '
    connector.write_text(connector.read_text().replace("source: {kafka: ", avro))
    ledger = open_ledger(str(tmp_path / "vintervik.ledger"), "vintervik", create=True)
    transaction = ledger.begin(0)
    record = SourceRecord("db.public.tx", 0, 0, None, b"\0\0\0\0\1", (), 0)
    transaction.hold(HeldChange(held_id=0, record=record, table="tx", player="p", waiting=b"", deadline_ms=0))
    transaction.commit()
    ledger.close()
    with started(tmp_path, "run", connector, "--state", tmp_path, "--http", "127.0.0.1:0") as bridge:
        waits = bridge.until("trying_again", 2)
        assert {each["error"] for each in waits} == {"the schema registry does not answer: URLError"}
        bridge.signal(signal.SIGTERM)
        assert bridge.wait() == 0


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    connector = _without_kafka(tmp_path, "127.0.0.1:9", "request_timeout: 60s")
    with started(tmp_path, "run", connector, "--state", tmp_path, "--http", "127.0.0.1:0") as bridge:
        bridge.until("serving")
        bridge.signal(signal.SIGTERM)
        bridge.signal(signal.SIGINT)
        assert bridge.wait(10) == 130


def test_an_interrupted_command_ends_with_130_and_no_traceback(tmp_path: Path) -> None:
    pipe = tmp_path / "records"
    os.mkfifo(pipe)
    with started(tmp_path, "preview", EXAMPLES / "ledger-reference.yaml", "--file", pipe) as command:
        with pipe.open("wb"):  # returns once the command reads
            command.signal(signal.SIGINT)
            assert command.wait(20) == 130
        assert command.text() == ""


def test_one_of_several_brands_says_whose_error_it_is(tmp_path: Path) -> None:
    """A ledger of another brand stops a brand for good; with it the supervisor ends, with its exit code."""
    folder = tmp_path / "connectors"
    folder.mkdir()
    shutil.copy(EXAMPLES / "ledger-reference.yaml", folder)
    open_ledger(str(tmp_path / "vintervik.ledger"), "another", create=True).close()
    said = wallet_bridge("run", folder, "--state", tmp_path, "--http", "off")
    assert said.code == 70
    assert any(line.startswith("[vintervik] ") and "another" in line for line in said.err.splitlines()), said.err
