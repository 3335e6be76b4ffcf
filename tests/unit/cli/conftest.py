"""The command line, run inside the test's own process."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import typer.main

from bridge.cli import main
from tests.support.cases import ENVIRONMENT, EXAMPLES


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]
_get_command = cache(typer.main.get_command)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return a way to run `wallet-bridge` with arguments; its variables are those of the examples."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "200")
    # A process makes its commands once; the tests run one after the other in one process.
    monkeypatch.setattr(typer.main, "get_command", _get_command)

    def run(*arguments: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["wallet-bridge", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        code = ended.value.code
        assert code is None or isinstance(code, int)
        return Said(code or 0, said.out, said.err)

    return run


@pytest.fixture
def connector(tmp_path: Path) -> Path:
    """Return a copy of an example connector, with its tests, that may be changed."""
    for ending in (".yaml", ".test.yaml"):
        shutil.copy(EXAMPLES / f"ledger-reference{ending}", tmp_path / f"brand{ending}")
    return tmp_path / "brand.yaml"


def changed(path: Path, *replacements: tuple[str, str]) -> Path:
    """Change a file; each text that is replaced must be there."""
    text = path.read_text()
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text)
    return path
