"""Which files a command is about."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

from bridge.errors import ConfigError, Problem

_ENDINGS = (".yaml", ".yml")


def is_tests(path: Path) -> bool:
    """Return whether a file holds the tests of a connector, by its name."""
    return path.name.endswith((".test.yaml", ".test.yml"))


def is_folder(path: Path) -> bool:
    """Return whether a path is a folder; False also where that cannot be found out."""
    try:
        return path.is_dir()
    except OSError:
        return False


def connectors_in(paths: Sequence[Path]) -> list[Path]:
    """Return the connectors named, and those of the folders named.  Raises ConfigError where there is none."""
    found, problems = connectors_and_problems(paths)
    if problems:
        raise ConfigError(problems)
    return found


def connectors_and_problems(paths: Sequence[Path]) -> tuple[list[Path], list[Problem]]:
    """Return the connectors named, those of the folders named, and a problem for each path that has none."""
    return _found(paths, tests=False, what="connector (NAME.yaml)")


def tests_in(paths: Sequence[Path]) -> list[Path]:
    """Return the test files named, those of the folders named, and those beside the connectors named.

    Raises ConfigError where there is none.
    """
    beside = [path if is_tests(path) or is_folder(path) else _tests_beside(path) for path in paths]
    found, problems = _found(beside, tests=True, what="test file (NAME.test.yaml)")
    if problems:
        raise ConfigError(problems)
    return found


def _tests_beside(connector: Path) -> Path:
    return connector.with_name(f"{connector.stem}.test{connector.suffix}")


def _found(paths: Sequence[Path], *, tests: bool, what: str) -> tuple[list[Path], list[Problem]]:
    found: list[Path] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            chosen = _files(path, tests=tests)
        except FileNotFoundError:
            problems.append(Problem(str(path), 0, 0, "", "there is no such file or folder"))
        except OSError as error:
            hint = "may this user read it?" if isinstance(error, PermissionError) else ""
            problems.append(Problem(str(path), 0, 0, "", f"cannot be looked at: {error.strerror}", hint))
        else:
            found += chosen
            if not chosen:
                problems.append(Problem(str(path), 0, 0, "", f"there is no {what} in this folder"))
    return list(dict.fromkeys(found)), problems


def _files(path: Path, *, tests: bool) -> list[Path]:
    """Return a file that is named, or those of a folder.  Raises OSError where it cannot be looked at."""
    if not stat.S_ISDIR(path.stat().st_mode):
        return [path]
    inside = sorted(file for file in path.iterdir() if file.is_file())
    return [file for file in inside if file.suffix in _ENDINGS and is_tests(file) == tests]
