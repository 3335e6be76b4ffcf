"""The page of the command line: fresh, and complete."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer.main

from bridge.cli.commands import app
from bridge.cli.reference import page
from tests.support.cases import ROOT


def test_the_page_in_the_repository_is_fresh() -> None:
    written = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m bridge.cli.reference docs/reference"


def commands_of(group: Any, before: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands_of(command, f"{before}{name} ")
        else:
            yield before + name, command


def test_every_command_is_on_it_with_what_its_help_says() -> None:
    sections = {part.partition("\n")[0]: part for part in page().split("\n## ")[1:]}
    commands = dict(commands_of(typer.main.get_command(app), ""))
    assert sections.keys() == commands.keys()
    for name, command in commands.items():
        for parameter in command.params:
            if parameter.name != "help" and not parameter.hidden:
                assert f"`{parameter.metavar or parameter.opts[0]}".lower() in sections[name].lower()
