"""Servers for the contract suites."""

from __future__ import annotations

import pytest

import stack


@pytest.fixture(scope="session")
def addresses() -> stack.Addresses:
    return stack.ensure_up().addresses
