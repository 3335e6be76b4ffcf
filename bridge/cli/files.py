"""Which files a command is about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bridge.errors import ConfigError, Problem

_ENDINGS = (".yaml", ".yml")


def is_tests(path: Path) -> bool:
    """Return whether a file holds the tests of a connector, by its name."""
    return path.name.endswith((".test.yaml", ".test.yml"))


def connectors_in(paths: Sequence[Path]) -> list[Path]:
    """Return the connectors named, and those of the folders named.  Raises ConfigError where there is none."""
    return _found(paths, tests=False, what="connector (NAME.yaml)")


def tests_in(paths: Sequence[Path]) -> list[Path]:
    """Return the test files named, those of the folders named, and those beside the connectors named.

    Raises ConfigError where there is none.
    """
    beside = [path if is_tests(path) or path.is_dir() else _tests_beside(path) for path in paths]
    return _found(beside, tests=True, what="test file (NAME.test.yaml)")


def _tests_beside(connector: Path) -> Path:
    return connector.with_name(f"{connector.stem}.test{connector.suffix}")


def _found(paths: Sequence[Path], *, tests: bool, what: str) -> list[Path]:
    found: list[Path] = []
    problems: list[Problem] = []
    for path in paths:
        inside = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
        chosen = [file for file in inside if file.suffix in _ENDINGS and is_tests(file) == tests]
        if path.is_dir():
            found += chosen
            if not chosen:
                problems.append(Problem(str(path), 0, 0, "", f"there is no {what} in this folder"))
        elif not path.exists():
            problems.append(Problem(str(path), 0, 0, "", "there is no such file or folder"))
        else:
            found.append(path)
    if problems:
        raise ConfigError(problems)
    return list(dict.fromkeys(found))
