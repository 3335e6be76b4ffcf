"""`test`: the tests beside connectors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bridge.cli import printing
from bridge.cli.files import tests_in
from bridge.errors import ConfigError, Problem
from bridge.rehearsing.connector_tests import CaseResult, Difference, run_tests

EXAMPLES = """\
Examples:

  wallet-bridge test connectors/                      every NAME.test.yaml of a folder

  wallet-bridge test connectors/northern-lights.yaml  the tests beside this connector

  wallet-bridge test connectors/ --only "rolled back" the cases whose name has these words

Exit code 0: all came out as expected; 1: some did not; 78: a file is broken.
"""


def run_cases(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...", readable=False, help="Test files, connectors that have one, or folders."
        ),
    ],
    *,
    only: Annotated[str, typer.Option(help="Only cases whose name has these words.", show_default=False)] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a case.")] = False,
) -> None:
    """Run the tests beside connectors, without any server, and print what differs."""
    results: list[CaseResult] = []
    problems: list[Problem] = []
    for path in tests_in(paths):
        try:
            results += [result for result in run_tests(path) if only in result.name]
        except ConfigError as error:
            problems += error.problems
    if only and not (results or problems):
        raise typer.BadParameter(f"no case has the words {only}", param_hint="--only")
    console = printing.console()
    for result in results:
        if as_json:
            printing.json_line(_fields(result))
        else:
            _print(console, result)
    if problems:
        raise ConfigError(problems)
    failed = sum(not result.passed for result in results)
    if not as_json:
        console.print(f"{len(results) - failed} passed, {failed} failed", style="red" if failed else "green")
    if failed:
        raise typer.Exit(1)


def _fields(result: CaseResult) -> dict[str, Any]:
    differences = [
        {"where": item.where, "field": item.field, "expected": item.expected, "got": item.got}
        for item in result.differences
    ]
    return {
        "file": result.file,
        "line": result.line,
        "case": result.name,
        "passed": result.passed,
        "differences": differences,
        "notes": result.notes,
    }


def _print(console: Console, result: CaseResult) -> None:
    mark = printing.styled("green", "ok  ") if result.passed else printing.styled("red", "FAIL")
    console.print(f"{mark} {printing.styled('', f'{result.file}:{result.line}: {result.name}')}")
    for item in result.differences:
        console.print(printing.styled("", f"     {_words(item)}"))
    for note in result.notes if not result.passed else ():
        console.print(printing.styled("dim", f"     {note}"))


def _words(item: Difference) -> str:
    if item.field == "missing":
        return f"{item.where} is missing: {_short(item.expected)}"
    if item.field == "unexpected":
        return f"{item.where} was not expected: {_short(item.got)}"
    return f"{item.where}: {item.field}: expected {printing.shown(item.expected)}, got {printing.shown(item.got)}"


def _short(event: Any) -> str:
    """Return an event's telling fields, or all where it has none of them."""
    telling = ("type", "status", "activity_id", "amount", "currency", "user_id")
    chosen = {name: event[name] for name in telling if name in event} or event
    return ", ".join(f"{name} {printing.shown(value)}" for name, value in chosen.items())
