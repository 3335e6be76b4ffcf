"""Sizes and seeds of the fault suite."""

from __future__ import annotations

import random
from pathlib import Path

import pytest


@pytest.fixture
def long(request: pytest.FixtureRequest) -> bool:
    """Return whether the long suite was asked for."""
    return bool(request.config.getoption("--faults") == "long")


@pytest.fixture
def seed() -> int:
    """Return a new seed; what fails prints it."""
    return random.SystemRandom().randrange(1_000_000)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Collect the soak test only where its length is given: a test that never runs is no test."""
    if collection_path.name == "test_soak.py" and not config.getoption("--soak-minutes"):
        return True
    return None
