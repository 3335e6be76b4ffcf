"""`check`: everything that is wrong with connectors, at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bridge.brand import Brand, load_brand
from bridge.checks.cautions import cautions
from bridge.checks.online import Finding, check_online
from bridge.cli import printing
from bridge.cli.files import connectors_and_problems, is_folder, is_tests
from bridge.config.connector_tests import read_tests
from bridge.errors import ConfigError, Problem
from bridge.rehearsing.rehearsal import load_without_servers

EXAMPLES = """\
Examples:

  wallet-bridge check connectors/northern-lights.yaml

  wallet-bridge check connectors/                       every connector of a folder, and their tests

  wallet-bridge check --online connectors/              ask Kafka and RabbitMQ too

  wallet-bridge check --json connectors/ | jq .message  one JSON object a line

Exit code 0: nothing is wrong (there may be warnings); 78: something is.
"""


def check(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", readable=False, help="Connectors, or folders of them.")
    ],
    *,
    online: Annotated[
        bool,
        typer.Option(
            "--online",
            help="Also ask Kafka (topics, partitions, settings, recent records) and RabbitMQ (exchange, rights).  "
            "Reads without joining the group, writes nothing.",
        ),
    ] = False,
    state: Annotated[
        Path,
        typer.Option(envvar="BRIDGE_STATE", help="With --online: the folder of ledgers, as `run` has it."),
    ] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Print every problem of connectors as file:line:column: key: what is wrong (a hint)."""
    problems, brands = checked(paths, tests=True)
    warnings = [warning for brand in brands for warning in cautions(brand)]
    _print(problems, warnings, as_json=as_json)
    findings = [(brand, finding) for brand in brands if online for finding in check_online(brand, state)]
    for brand, finding in findings:
        _print_finding(brand, finding, as_json=as_json)
    if problems or any(finding.wrong for _, finding in findings):
        raise typer.Exit(ConfigError.exit_code)
    if not as_json:
        for brand in brands:
            tables = ", ".join(brand.connector.play)
            printing.line(f"{brand.path}: brand {brand.connector.brand} is well; play is read from {tables}")


def checked(paths: list[Path], *, tests: bool) -> tuple[list[Problem], list[Brand]]:
    """Return every problem of the connectors at these paths, and the brands that have none.

    With `tests`, their test files are looked at too.
    """
    test_files = [path for path in paths if tests and is_tests(path)]
    others = [path for path in paths if path not in test_files]
    files, problems = connectors_and_problems(others)
    test_files += [
        file for path in others if tests and is_folder(path) for file in sorted(path.glob("*.test.y*ml"))
    ]
    brands: list[Brand] = []
    for path in files:
        try:
            brands.append(load_brand(path))
        except ConfigError as error:
            problems += [*error.problems, *_behind(path)]
    for path in test_files:
        try:
            read_tests(path)
        except ConfigError as error:
            problems += error.problems
    return sorted(dict.fromkeys([*problems, *_shared_brands(brands)])), brands


def _behind(path: Path) -> list[Problem]:
    """Return the problems of a connector that are only found once the variables of its surroundings are set."""
    try:
        load_without_servers(path)
    except ConfigError as error:
        return [problem for problem in error.problems if not problem.key.startswith(("source", "target"))]
    return []


def _shared_brands(brands: list[Brand]) -> list[Problem]:
    """Return a problem for each connector whose brand another one has: they would fight over one ledger."""
    first: dict[str, Brand] = {}
    found: list[Problem] = []
    for brand in brands:
        other = first.setdefault(brand.connector.brand, brand)
        if other is not brand:
            message = f"{brand.connector.brand} is the brand of {other.path} too"
            found.append(brand.file.problem(("brand",), message, "each brand has one connector, and one ledger"))
    return found


def _print(problems: list[Problem], warnings: list[Problem], *, as_json: bool) -> None:
    if as_json:
        for problem in problems:
            printing.json_line(printing.problem_fields(problem, "problem"))
        for warning in warnings:
            printing.json_line(printing.problem_fields(warning, "warning"))
        return
    printing.problems(problems)
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)


def _print_finding(brand: Brand, finding: Finding, *, as_json: bool) -> None:
    severity = "problem" if finding.wrong else "warning"
    if as_json:
        problem = Problem(str(brand.path), 0, 0, finding.about, finding.sentence, finding.hint)
        printing.json_line(printing.problem_fields(problem, severity))
    else:
        mark = "" if finding.wrong else "warning: "
        hint = f" ({finding.hint})" if finding.hint else ""
        # Most sentences begin with what they are about.
        about = "" if finding.sentence.startswith(finding.about) else f"{finding.about}: "
        typer.echo(f"{mark}{brand.connector.brand}: {about}{finding.sentence}{hint}", err=True)
