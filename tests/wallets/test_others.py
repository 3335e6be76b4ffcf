"""Wallets of other kinds than the cases, each written with the documentation alone: what it says comes out.

Each has its tests beside it; some have records too, with and without schemas, and flattened.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.brand import load_brand
from bridge.cautions import cautions
from bridge.connector_tests import run_tests
from bridge.sources.recorded import read_recorded
from tests.support.cases import ENVIRONMENT, play

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


@pytest.mark.parametrize("name", RECORDED)
def test_its_records_lead_to_the_events_that_its_operator_expects(name: str) -> None:
    played = play(load_brand(OTHERS / f"{name}.yaml", ENVIRONMENT), read_recorded(OTHERS / f"{name}.jsonl"))
    lines = (OTHERS / f"{name}.events.jsonl").read_text(encoding="utf-8").splitlines()
    assert played.events() == [json.loads(line, parse_float=Decimal) for line in lines]
