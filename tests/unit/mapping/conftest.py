"""Small wallets for the tests of the mapping."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.trial import Make, Trial, wallet


@pytest.fixture
def trial(tmp_path: Path) -> Make:
    """Return what makes a trial of a wallet's YAML."""
    return lambda text: Trial(wallet(tmp_path, text))
