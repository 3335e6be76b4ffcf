"""Small wallets for the tests of the mapping."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.trial import Trial, wallet


@pytest.fixture
def trial(tmp_path: Path) -> Callable[[str], Trial]:
    """Return what makes a trial of a wallet's YAML."""
    return lambda text: Trial(wallet(tmp_path, text))
