"""Reading a connector from its file, with every problem at once."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from bridge.config.connector import Connector
from bridge.config.mending import mended
from bridge.config.places import KeyPath, dotted
from bridge.config.variables import Variables
from bridge.config.wallet import Wallet
from bridge.config.wording import problems_of
from bridge.config.yaml_source import LONGEST, RIGHT_FILE, Document, parse_yaml
from bridge.errors import ConfigError, Problem

ModelT = TypeVar("ModelT", bound=BaseModel)

_SURROUNDINGS: Final = frozenset(set(Connector.model_fields) - set(Wallet.model_fields))


@dataclass(frozen=True, slots=True)
class LoadedFile(Generic[ModelT]):
    """A model that was read from a file, and where each of its values stands there."""

    path: Path
    model: ModelT
    document: Document
    variables: Variables

    def place(self, path: KeyPath, offset: int = 0) -> tuple[int, int]:
        """Return the line and column of a value, or of a character inside its text.

        A path that the file does not have gives the place of the nearest value above it.
        """
        for end in range(len(path), -1, -1):
            place = self.document.places.get(path[:end])
            if place is not None:
                return place.inside(offset if end == len(path) else 0)
        return 1, 1

    def problem(self, path: KeyPath, message: str, hint: str = "", line: int = 1, column: int = 1) -> Problem:
        """Return a problem of a value; `line` and `column` count from 1 inside its text."""
        place = self.document.places.get(path)
        at = self.place(path, _offset(place.text, line, column) if place and place.text else 0)
        hide = self.variables.hidden
        return Problem(self.document.file, *at, dotted(path), hide(message), hide(hint))


ConnectorFile = LoadedFile[Connector]


class WrongShapes(ConfigError):
    """A file whose keys or values are not of the form that they should have."""

    def __init__(self, problems: list[Problem], document: Document, variables: Variables) -> None:
        """Take the problems, and what the file says for whoever looks for more of them."""
        super().__init__(problems)
        self._document = document
        self._variables = variables

    def mended(self, path: Path) -> LoadedFile[Wallet] | None:
        """Return what can be read all the same of a connector; None if too little."""
        wallet = mended(self._document.data)
        return None if wallet is None else LoadedFile(path, wallet, self._document, self._variables)

    def stands_in_text(self, keys: KeyPath) -> bool:
        """Return whether a value is a text of the file, such as an expression."""
        place = self._document.places.get(keys)
        return place is not None and place.text is not None


def load_connector(path: Path, environment: Mapping[str, str] = os.environ) -> Connector:
    """Return the connector in a file.  Raises ConfigError with every problem that was found."""
    return read_connector(path, environment).model


def read_connector(path: Path, environment: Mapping[str, str] = os.environ) -> ConnectorFile:
    """Return the connector in a file, with its places.  Raises ConfigError with every problem."""
    return read_model(path, Connector, environment)


def read_wallet(path: Path, environment: Mapping[str, str] = os.environ) -> LoadedFile[Wallet]:
    """Return the part of a connector that says what tables mean, for tests and previews.

    Where it reads from and sends to is not looked at, so no variable of that need be set.
    """
    return model_in(_read(path), path, Wallet, environment, without=_SURROUNDINGS)


def read_model(path: Path, model: type[ModelT], environment: Mapping[str, str]) -> LoadedFile[ModelT]:
    """Return a model from a YAML file.  Raises ConfigError with every problem that was found."""
    return model_in(_read(path), path, model, environment)


def model_in(
    text: str,
    path: Path,
    model: type[ModelT],
    environment: Mapping[str, str],
    without: Collection[str] = (),
) -> LoadedFile[ModelT]:
    """Return a model from YAML text that stands, or would stand, in the file `path`; some keys left out."""
    document = parse_yaml(text, str(path))
    if isinstance(document.data, dict):
        document.data = {key: value for key, value in document.data.items() if key not in without}
    variables = Variables(environment, path.parent)
    variables.fill(document)
    if not isinstance(document.data, dict):
        raise ConfigError([Problem(str(path), 1, 1, "", "the file holds no keys", RIGHT_FILE)])
    problems = document.problems
    try:
        loaded = model.model_validate(document.data)
    except ValidationError as error:
        # What lacks its variable is reported already.
        reported = {problem.key for problem in problems}
        found = [item for item in problems_of(error, document, model) if item.key not in reported]
        problems = [*problems, *found]
    if problems:
        raise WrongShapes([_without_secrets(problem, variables) for problem in problems], document, variables)
    return LoadedFile(path, loaded, document, variables)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(4 * LONGEST + 1)
    except OSError as error:
        message = f"the file cannot be read: {error.strerror or 'unknown reason'}"
        hint = "may this user read it?" if isinstance(error, PermissionError) else ""
        raise ConfigError([Problem(str(path), 0, 0, "", message, hint)]) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError([Problem(str(path), line, 1, "", "the file is not in UTF-8")]) from None


def _without_secrets(problem: Problem, variables: Variables) -> Problem:
    hide = variables.hidden
    return Problem(
        problem.file, problem.line, problem.column, problem.key, hide(problem.message), hide(problem.hint)
    )


def _offset(text: str, line: int, column: int) -> int:
    return sum(len(above) for above in text.splitlines(keepends=True)[: line - 1]) + column - 1
