"""`check`: every problem at once, with its place; warnings stop nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bridge.brand import load_brand
from bridge.sources.subscription import Subscription
from tests.support.cases import ENVIRONMENT, EXAMPLES
from tests.unit.cli.conftest import Command, changed


def test_the_examples_are_well_and_have_no_warnings(command: Command) -> None:
    said = command("check", EXAMPLES)
    assert (said.code, said.err) == (0, "")
    assert said.out.count(" is well; ") == len(list(EXAMPLES.glob("*.yaml"))) - len(
        list(EXAMPLES.glob("*.test.yaml"))
    )


def test_every_problem_is_printed_at_once_sorted_with_place_and_hint(command: Command, connector: Path) -> None:
    changed(
        connector,
        ("user_id: player_id", "user_id: playr_id()"),
        ("round_id: round\n", "round_id: roun +\n"),
        ("wager_amount: 0 if is_free else money", "wager_amont: 0 if is_free else money"),
        ('when: kind == "rollback"', 'when: lower(kind, "x") == "rollback"'),
    )
    said = command("check", connector)
    lines = said.err.splitlines()
    assert said.code == 78
    assert said.out == ""
    assert [line.rsplit(":", 4)[0] for line in lines if not line.startswith(f"{connector}:")] == []
    places = [tuple(map(int, line.removeprefix(f"{connector}:").split(":")[:2])) for line in lines]
    assert len(places) >= 4
    assert places == sorted(places)
    for words in ("unknown function playr_id", "wager_amont is no field of an event", "did you mean wager_amount"):
        assert words in said.err


def test_a_missing_variable_does_not_hide_what_else_is_wrong(
    command: Command, connector: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAFKA_BROKERS")
    changed(connector, ("user_id: player_id", "user_id: playr_id()"))
    said = command("check", connector)
    assert "the variable KAFKA_BROKERS is not set" in said.err
    assert "unknown function playr_id" in said.err
    assert said.code == 78


def test_problems_of_all_files_of_a_folder_are_printed(command: Command, connector: Path) -> None:
    other = connector.with_name("other.yaml")
    shutil.copy(EXAMPLES / "status-in-place.yaml", other)
    changed(other, ("version: 1", "version: 2"))
    changed(connector, ("version: 1\n", ""))
    changed(connector.with_name("brand.test.yaml"), ("expect:", "expekt:"))
    said = command("check", connector.parent)
    for file in ("brand.yaml:", "other.yaml:", "brand.test.yaml:"):
        assert f"{connector.parent}/{file}" in said.err
    assert said.code == 78


def test_two_connectors_of_one_brand_are_a_problem(command: Command, connector: Path) -> None:
    shutil.copy(connector, connector.with_name("copy.yaml"))
    said = command("check", connector.parent)
    assert said.code == 78
    assert f"copy.yaml:2:8: brand: vintervik is the brand of {connector} too" in said.err or (
        "brand: vintervik is the brand of" in said.err
    )


@pytest.mark.parametrize(
    ("old", "new", "warning"),
    [
        (
            "      money:    units(amount, 5)",
            "      money:    units(amount, 5)\n      idle: kind",
            "idle is never used",
        ),
        (
            "routing_key: casino}",
            "routing_key: casino, tls: {insecure_skip_verify: true}}",
            "RabbitMQ's certificate is not verified",
        ),
        (
            'kafka: "${KAFKA_BROKERS}"',
            'kafka: {brokers: "${KAFKA_BROKERS}", tls: {insecure_skip_verify: true}}',
            "Kafka's certificates are not verified",
        ),
        (
            'kafka: "${KAFKA_BROKERS}"',
            'kafka: {brokers: "${KAFKA_BROKERS}", client: kafka-python, member: one}',
            "kafka-python does not notice partitions that are added after a restart",
        ),
        (
            "    activities: ",
            "    park:\n      no currency: currency == none\n    activities: ",
            "this guard comes with the contract: an event with such a currency is parked anyway",
        ),
    ],
)
def test_a_warning_is_marked_as_one_and_stops_nothing(
    command: Command, connector: Path, old: str, new: str, warning: str
) -> None:
    changed(connector, (old, new))
    said = command("check", connector)
    assert said.code == 0
    assert len(said.err.splitlines()) == 1
    assert said.err.startswith(f"warning: {connector}:")
    assert warning in said.err


def test_json_has_one_object_a_line_for_each_problem_and_warning(command: Command, connector: Path) -> None:
    changed(connector, ("      money:    units(amount, 5)", "      money:    units(amount, 5)\n      idle: kind"))
    broken = connector.with_name("broken.yaml")
    shutil.copy(EXAMPLES / "status-in-place.yaml", broken)
    changed(broken, ("version: 1", "version: 2"))
    said = command("check", "--json", connector.parent)
    objects = [json.loads(line) for line in said.out.splitlines()]
    assert [(item["severity"], Path(item["file"]).name) for item in objects] == [
        ("problem", "broken.yaml"),
        ("warning", "brand.yaml"),
    ]
    assert objects[0].keys() == {"severity", "file", "line", "column", "key", "message", "hint"}
    assert said.code == 78


@pytest.mark.parametrize(
    ("name", "words"), [("nowhere.yaml", "no such file or folder"), ("empty", "there is no connector")]
)
def test_a_path_without_a_connector_is_a_problem(command: Command, tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "empty").mkdir()
    said = command("check", tmp_path / name)
    assert said.code == 78
    assert words in said.err


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("wallet_(?:tx|old)", "groups that begin with (? are not understood by every client"),
        (r"wallet_\\S+", "is not understood by every client"),
        ("wallet_[", "unterminated character set"),
    ],
)
def test_a_pattern_that_no_client_would_take_is_named_with_its_line(
    command: Command, connector: Path, pattern: str, words: str
) -> None:
    changed(connector, ("  wallet_tx:\n", f"  wallet_tx:\n    tables: '{pattern}'\n"))
    said = command("check", connector)
    assert said.code == 78
    [line] = [line for line in said.err.splitlines() if "play.wallet_tx.tables: this pattern cannot" in line]
    assert line.startswith(f"{connector}:16:")
    assert words in line


def test_a_pattern_of_a_connector_is_one_that_sources_take(connector: Path) -> None:
    changed(connector, ("  wallet_tx:\n", "  wallet_tx:\n    tables: 'wallet_(tx|old)'\n"))
    brand = load_brand(connector, ENVIRONMENT)
    subscription = Subscription(brand.topics().names, brand.topics().patterns)
    assert subscription.matches("ledger-reference.public.wallet_old")
    assert not subscription.matches("ledger-reference.public.wallet_older")


def test_what_cannot_be_looked_at_is_named_and_hides_no_problem_of_the_others(
    command: Command, connector: Path, tmp_path: Path
) -> None:
    changed(connector, ("version: 1", "version: 2"))
    long, empty = tmp_path / ("x" * 300 + ".yaml"), tmp_path / "empty"
    empty.mkdir()
    said = command("check", tmp_path / "missing.yaml", long, empty, connector)
    assert said.code == 78
    assert said.out == ""
    assert f"{connector}:1:10: version: 1 is expected" in said.err
    assert f"{tmp_path / 'missing.yaml'}: there is no such file or folder" in said.err
    assert f"{empty}: there is no connector (NAME.yaml) in this folder" in said.err
    assert f"{long}: cannot be looked at: File name too long" in said.err
