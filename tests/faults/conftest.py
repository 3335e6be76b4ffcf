"""Sizes and seeds of the fault suite."""

from __future__ import annotations

import random

import pytest


@pytest.fixture
def long(request: pytest.FixtureRequest) -> bool:
    """Return whether the long suite was asked for."""
    return bool(request.config.getoption("--faults") == "long")


@pytest.fixture
def seed() -> int:
    """Return a new seed; what fails prints it."""
    return random.SystemRandom().randrange(1_000_000)
