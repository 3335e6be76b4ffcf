"""`test`: the tests beside connectors, and a diff that says what differs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.rehearsing.connector_tests import compared, key_columns, run_tests
from tests.support.cases import EXAMPLES, NAMES, example
from tests.unit.cli.conftest import Command, changed


@pytest.mark.parametrize("name", NAMES)
def test_the_tests_beside_the_examples_pass(name: str) -> None:
    results = run_tests(EXAMPLES / f"{name}.test.yaml")
    assert {result.name: result.differences for result in results if not result.passed} == {}
    assert 3 <= len(results) <= 8


def test_no_variable_need_be_set_for_tests(
    command: Command, connector: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAFKA_BROKERS")
    monkeypatch.delenv("RABBITMQ_URL")
    said = command("test", connector)
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[-1] == "8 passed, 0 failed"


def test_tests_without_a_case_are_no_tests(command: Command, connector: Path) -> None:
    tests = connector.with_name("brand.test.yaml")
    tests.write_text("table: wallet_tx\ncases: {}\n")
    said = command("test", tests)
    assert (said.code, said.out) == (78, "")
    assert "brand.test.yaml:2" in said.err
    assert "cases: at least 1 of them is expected" in said.err


def test_a_field_that_differs_is_shown_with_what_was_expected(command: Command, connector: Path) -> None:
    changed(connector, ("money:    units(amount, 5)", "money:    units(amount, 4)"))
    said = command("test", connector, "--only", "free round")
    assert said.code == 1
    assert "FAIL" in said.out
    assert "event 1: amount: expected 1.5, got 15" in said.out
    assert "event 1: wager_amount" not in said.out
    assert said.out.splitlines()[-1] == "0 passed, 1 failed"


def test_missing_and_unexpected_changes_are_shown(command: Command, connector: Path) -> None:
    changed(
        connector,
        ('when: kind == "bet"', 'when: kind == "bet" or kind == "jackpot"'),
        ('type: Win, when: kind == "win"', 'type: Win, when: kind == "wyn"'),
    )
    said = command("test", connector)
    assert said.code == 1
    assert "event 1 was not expected: type Bet, status Approved, activity_id j1" in said.out
    assert "event 2 is missing: type Win, status Approved, activity_id w1, amount 30.50" in said.out
    assert "parked: no rule of the connector names such a row (no_rule): expected 0, got 1" in said.out
    assert "parked: wallet_tx w1: no rule of the connector names such a row" in said.out


def test_counts_that_differ_are_shown(command: Command, connector: Path) -> None:
    tests = connector.with_name("brand.test.yaml")
    changed(
        tests, ("{not play: 1, test player: 1,", "{not play: 2, idle: 1,"), ("parked: {no_rule: 1}", "held: 1")
    )
    said = command("test", tests)
    for words in (
        "skipped: not play: expected 2, got 1",
        "skipped: idle: expected 1, got 0",
        "skipped: test player: expected 0, got 1",
        "held: changes: expected 1, got 0",
        "parked: no rule of the connector names such a row (no_rule): expected 0, got 1",
    ):
        assert words in said.out


def test_json_has_one_object_a_case(command: Command, connector: Path) -> None:
    changed(connector, ("money:    units(amount, 5)", "money:    units(amount, 4)"))
    said = command("test", connector.parent, "--json")
    cases = {item["case"]: item for item in map(json.loads, said.out.splitlines())}
    assert len(cases) == 8
    free = cases["a free round is bonus money"]
    assert free["passed"] is False
    assert free["differences"][0] == {"where": "event 1", "field": "amount", "expected": 1.5, "got": 15}
    assert cases["a kind that nobody told us about is parked"]["passed"] is True


def test_a_table_that_the_connector_lacks_is_a_problem_with_its_place(command: Command, connector: Path) -> None:
    changed(connector.with_name("brand.test.yaml"), ("{table: games, insert:", "{table: gams, insert:"))
    said = command("test", connector)
    assert said.code == 78
    assert "given.2.table: the connector has no table gams (did you mean games?)" in said.err


def test_the_name_of_many_tables_is_none_of_them(command: Command, connector: Path) -> None:
    changed(connector, ("    rows: append-only", "    tables: wallet_tx_\\d+\n    rows: append-only"))
    said = command("test", connector)
    assert said.code == 78
    assert "the connector has no table wallet_tx (name one of its tables, which fit wallet_tx_\\d+)" in said.err


def test_a_connector_without_tests_is_a_problem(command: Command, connector: Path) -> None:
    connector.with_name("brand.test.yaml").unlink()
    said = command("test", connector)
    assert said.code == 78
    assert "brand.test.yaml: there is no such file or folder" in said.err


def test_the_key_of_a_table_is_its_columns_alone() -> None:
    brand = example("bet-row-settled")
    assert (key_columns(brand, "fx"), key_columns(brand, "bets")) == (["currency", "day"], ["id"])
    assert key_columns(example("header-and-legs"), "leg") == ["id"]


def test_events_are_matched_so_that_the_fewest_fields_differ() -> None:
    bet, win = {"type": "Bet", "id": "1", "amount": 5, "x": 1}, {"type": "Win", "id": "2", "amount": 6, "x": 2}
    assert compared([bet, win], [bet, win], exact=True) == []
    [only] = compared([bet, win], [win], exact=False)
    assert (only.where, only.field, only.expected) == ("event 1", "missing", bet)
    [more] = compared([win], [bet, win], exact=False)
    assert (more.where, more.field, more.got) == ("event 1", "unexpected", bet)
    [differs] = compared([bet, {**win, "amount": 7}], [bet, win], exact=False)
    assert (differs.where, differs.field, differs.expected, differs.got) == ("event 2", "amount", 7, 6)
    [extra] = compared([{"type": "Bet", "id": "1", "amount": 5}], [bet], exact=True)
    assert (extra.field, extra.got) == ("x", 1)


def test_words_that_no_case_has_are_not_a_pass(command: Command, connector: Path) -> None:
    said = command("test", connector, "--only", "no such words")
    assert said.code == 2
    assert "no case has the words no such words" in said.err
