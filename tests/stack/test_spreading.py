"""Tests that start servers of their own for all are given to one worker."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.spreading import OWN_SERVERS, SECURED_BROKER, group

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("modules", [OWN_SERVERS, SECURED_BROKER])
def test_tests_that_share_servers_share_a_worker(modules: tuple[str, ...]) -> None:
    assert {group(f"{module}::test_a[x@y::z]") for module in modules} == {modules[0]}


def test_any_other_test_stands_alone() -> None:
    name = "tests/acceptance/test_online.py::TestIt::test_a[x]"
    assert group(name) == name


@pytest.mark.parametrize(("fixture", "modules"), [("own_stack", OWN_SERVERS), ("secured_broker(", SECURED_BROKER)])
def test_every_module_that_starts_them_is_listed(fixture: str, modules: tuple[str, ...]) -> None:
    using = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests").rglob("test_*.py")
        if fixture in path.read_text() and path != Path(__file__)
    }
    assert using == set(modules)
