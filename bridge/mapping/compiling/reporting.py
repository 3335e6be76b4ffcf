"""Compiles the texts of a connector at their places, and reports what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from bridge.mapping.compiling.expressions import compile_condition, compile_expression
from bridge.mapping.language.readers import ExpressionProblem, Names, Reader
from bridge.mapping.language.syntax import is_sequence
from bridge.mapping.state.plan import Test
from bridge.mapping.state.row_readers import key_reader, naming_reader

Path = tuple[str | int, ...]

Report = Callable[[Path, str, str, int, int], None]
"""Takes the path of keys, the message, a hint, and line and column inside the text (from 1)."""

T = TypeVar("T")


def _nothing(_: Any) -> Any:
    """Stand for what could not be compiled, so that the rest is checked too."""


class Reporting:
    """Compiles expressions at places, and reports what is wrong with them."""

    def __init__(self, report: Report, path: Path) -> None:
        """Report to `report`, at places below `path`."""
        self.report = report
        self.path = path

    def problem(self, path: Path, message: str, hint: str = "") -> None:
        """Report a problem with the value at a path."""
        self.report((*self.path, *path), message, hint, 1, 1)

    def expression(self, text: Any, path: Path, names: Names) -> Reader:
        """Return the reader of an expression."""
        return self._compiled(compile_expression, text, path, names)

    def condition(self, text: Any, path: Path, names: Names) -> Test:
        """Return the test of a condition."""
        return self._compiled(compile_condition, text, path, names)

    def _compiled(
        self, compiler: Callable[[Any, Names], Callable[[Any], T]], text: Any, path: Path, names: Names
    ) -> Callable[[Any], T]:
        try:
            return compiler(text, names)
        except ExpressionProblem as problem:
            self.report((*self.path, *path), problem.message, problem.hint, problem.line, problem.column)
            return _nothing

    def key(self, texts: Any, path: Path, names: Names) -> Callable[[Any], str | None]:
        """Return what reads a key from one expression or a list of them."""
        return key_reader(self._expressions(texts, path, names))

    def naming(self, texts: Any, path: Path, names: Names) -> Callable[[Any], str | None]:
        """Return what names a row of play, or a round, from one expression or a list of them."""
        return naming_reader(self._expressions(texts, path, names))

    def _expressions(self, texts: Any, path: Path, names: Names) -> list[Reader]:
        if not isinstance(texts, list):
            if is_sequence(texts):
                message = "this is one text with a list in it, which names no row"
                self.problem(path, message, "write the columns as a list of YAML, without quotes: [a, b]")
            return [self.expression(texts, path, names)]
        return [self.expression(text, (*path, at), names) for at, text in enumerate(texts)]
