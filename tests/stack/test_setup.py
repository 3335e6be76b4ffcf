"""The one-shot's Debezium connector, filled in from the environment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stack.errors import StackError
from stack.setup import debezium_connector, set_up

CASE = Path(__file__).resolve().parents[1] / "cases" / "ledger-reference" / "debezium.json"
GIVEN = {
    "DB_HOST": "postgres",
    "DB_PORT": "5432",
    "DB_NAME": "wallet",
    "DB_USER": "debezium",
    "DB_PASSWORD": "p$w",
}


def test_the_demos_connector_is_filled_in_and_nothing_is_left_open() -> None:
    name, config = debezium_connector(CASE, GIVEN)
    assert name == "ledger-reference"
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
        debezium_connector(CASE, given)


def test_an_address_that_is_not_set_is_named() -> None:
    with pytest.raises(StackError, match="SETUP_RABBITMQ_MANAGEMENT_URL"):
        set_up({})
