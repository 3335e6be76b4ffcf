"""Wallets of other kinds than the cases, each written with the documentation alone: what it says comes out.

Each has its tests beside it; some have records too, with and without schemas, and flattened.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.brand import load_brand
from bridge.checks.cautions import cautions
from bridge.ledger import open_ledger
from bridge.rehearsing.connector_tests import run_tests
from bridge.sources.recorded import read_recorded
from tests.support.cases import DAY_MS, ENVIRONMENT, Play, play
from tests.wallets.readings import Reading, cases_of, touched

OTHERS = Path(__file__).parent / "others"
NAMES = [path.name.removesuffix(".test.yaml") for path in sorted(OTHERS.glob("*.test.yaml"))]
RECORDED = [path.name.removesuffix(".events.jsonl") for path in sorted(OTHERS.glob("*.events.jsonl"))]


@pytest.mark.parametrize("name", NAMES)
def test_the_connector_is_short_and_nothing_is_to_be_said_against_it(name: str) -> None:
    path = OTHERS / f"{name}.yaml"
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 70
    assert [str(caution) for caution in cautions(load_brand(path, ENVIRONMENT))] == []


@pytest.mark.parametrize("name", NAMES)
def test_what_its_tests_tell_comes_out(name: str) -> None:
    results = run_tests(OTHERS / f"{name}.test.yaml")
    assert results
    assert [(result.name, result.differences, result.notes) for result in results if not result.passed] == []


@pytest.mark.parametrize(("times", "restart_every"), [(2, 0), (1, 1), (3, 2), (2, 3)])
@pytest.mark.parametrize("name", NAMES)
def test_records_that_are_read_again_and_restarts_change_nothing(
    name: str, times: int, restart_every: int
) -> None:
    for case, brand, steps in cases_of(OTHERS / f"{name}.test.yaml"):
        once = Reading(brand, steps).events()
        assert Reading(brand, steps, times, restart_every).events() == once, case


@pytest.mark.parametrize("restart_every", [0, 1])
@pytest.mark.parametrize("name", NAMES)
def test_a_note_on_each_row_changes_nothing(name: str, restart_every: int) -> None:
    for case, brand, steps in cases_of(OTHERS / f"{name}.test.yaml"):
        plain, noted = Reading(brand, steps), Reading(brand, touched(steps), restart_every=restart_every)
        assert sorted(noted.events(), key=str) == sorted(plain.events(), key=str), case


@pytest.mark.parametrize("name", RECORDED)
def test_its_records_lead_to_the_events_that_its_operator_expects(name: str) -> None:
    played = play(load_brand(OTHERS / f"{name}.yaml", ENVIRONMENT), read_recorded(OTHERS / f"{name}.jsonl"))
    lines = (OTHERS / f"{name}.events.jsonl").read_text(encoding="utf-8").splitlines()
    assert played.events() == [json.loads(line, parse_float=Decimal) for line in lines]


@pytest.mark.parametrize("every", [1, 2, 5])
@pytest.mark.parametrize("name", RECORDED)
def test_its_records_read_twice_with_restarts_in_between_lead_to_the_same(name: str, every: int) -> None:
    brand, records = (
        load_brand(OTHERS / f"{name}.yaml", ENVIRONMENT),
        list(read_recorded(OTHERS / f"{name}.jsonl")),
    )
    run = Play(brand, open_ledger(":memory:", brand.connector.brand, create=True))
    for start in range(0, len(records), every):
        run.take([record for record in records[start : start + every] for _ in range(2)])
        run.restart()
    run.wait(2 * DAY_MS)
    assert run.events() == play(brand, records).events()
