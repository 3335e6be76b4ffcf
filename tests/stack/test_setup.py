"""The one-shot's Debezium connector, filled in from the environment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stack.errors import StackError
from stack.setup import debezium_connector, debezium_files, set_up

WALLETS = Path(__file__).resolve().parents[2] / "bridge" / "demo" / "wallets"
GIVEN = {
    "DB_HOST": "postgres",
    "DB_PORT": "5432",
    "DB_NAME": "wallet",
    "DB_USER": "debezium",
    "DB_PASSWORD": "p$w",
}


@pytest.mark.parametrize("brand", ["harbour", "northern-lights"])
def test_the_demos_connectors_are_filled_in_and_nothing_is_left_open(brand: str) -> None:
    name, config = debezium_connector(WALLETS / f"{brand}.debezium.json", GIVEN)
    assert name == config["topic.prefix"] == f"demo-{brand}"
    assert config["database.hostname"] == "postgres"
    assert config["database.password"] == "p$w"
    assert not [value for value in config.values() if "${" in value]


def test_what_is_no_variable_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "connector.json"
    path.write_text(json.dumps({"name": "x", "config": {"tasks.max": 1, "a": "b"}}), encoding="utf-8")
    assert debezium_connector(path, {}) == ("x", {"tasks.max": "1", "a": "b"})


def test_a_variable_that_is_not_set_is_named() -> None:
    given = {name: value for name, value in GIVEN.items() if name != "DB_PASSWORD"}
    with pytest.raises(StackError, match="DB_PASSWORD"):
        debezium_connector(WALLETS / "harbour.debezium.json", given)


def test_an_address_that_is_not_set_is_named() -> None:
    with pytest.raises(StackError, match="SETUP_RABBITMQ_MANAGEMENT_URL"):
        set_up({})


def test_every_wallet_of_the_demo_has_its_connector() -> None:
    assert [path.name for path in debezium_files(WALLETS)] == [
        path.with_suffix(".debezium.json").name for path in sorted(WALLETS.glob("*.yaml"))
    ]


def test_a_folder_without_connectors_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=tmp_path.name):
        debezium_files(tmp_path)
