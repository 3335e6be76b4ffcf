"""Commands, options and targets that pages name are there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from bridge.cli.commands import app
from tests.docs.pages import ROOT, pages

_COMMAND = re.compile(
    r"(?:^|[`\s/])wallet-bridge (?!-)([a-z]+)((?: --?[a-z-]+| [^`\n#|\\]+?)*)(?=[`\n#|\\])", re.MULTILINE
)
_OPTION = re.compile(r"(?<=\s)--[a-z-]+")
_TARGET = re.compile(r"(?:^|`)make ([a-z]+)", re.MULTILINE)


def _command(group: Any, name: str) -> Any:
    assert name in group.commands, f"there is no command {name}"
    return group.commands[name]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_options_are_there(page: Path) -> None:
    for name, rest in _COMMAND.findall(page.read_text(encoding="utf-8")):
        command = _command(get_command(app), name)
        if hasattr(command, "commands") and rest.split():
            command = _command(command, rest.split()[0])
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        assert set(_OPTION.findall(rest)) <= known, f"{name}{rest}"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_targets_of_make_are_there(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(_TARGET.findall(page.read_text(encoding="utf-8"))) <= targets
