"""Value forms: what may stand for a field of an event.

An expression; `{text: "{id}:win"}`, a template; `{const: x}`; a case map `{from: x, a: A, else: y}`;
or a map of value forms.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Any, Final, Protocol

from bridge.errors import MappingError
from bridge.mapping.compiling.expressions import compile_expression
from bridge.mapping.language import operators
from bridge.mapping.language.library.texts import as_text
from bridge.mapping.language.readers import (
    ExpressionProblem,
    Names,
    Reader,
    Unfit,
    constant,
    constant_of,
    is_constant,
)
from bridge.row import Value

Path = tuple[str | int, ...]
"""Keys and list places from the value form down to where a problem lies."""


class Report(Protocol):
    """Takes a problem; `line` and `column` count from 1 inside the text at `path`."""

    def __call__(self, path: Path, message: str, hint: str, line: int, column: int, /) -> None:
        """Note the problem and return."""


Check = Callable[[Value], None]
"""Raises MappingError for a value that does not fit where it is meant to go."""


def _anything(_: Value) -> None:
    """Take every value."""


_ELSE: Final = "else"
_BROKEN: Final = constant(None)
"""Stands for a form with a problem, so that the rest is checked too."""


def compile_value(form: Any, names: Names, problem: Report, check: Check = _anything) -> Reader:
    """Return the reader of a value form.

    Every problem goes to `problem`, with the path below the form; the reader is then of no use.  `check` is
    asked of each constant that the form can give, at the form's own place or at that of its case.  The
    reader raises MappingError for values that do not fit, and lets Waiting through.
    """
    return _Forms(names, problem, check).compile(form, ())


class _Forms:
    """Compiles the forms of one value."""

    def __init__(self, names: Names, problem: Report, check: Check) -> None:
        self._names = names
        self._problem = problem
        self._check = check

    def compile(self, form: Any, path: Path) -> Reader:
        """Return the reader of a form whose value, or that of each case of it, is the value of the whole."""
        return self._checked(self._form(form, path), path)

    def _checked(self, read: Reader, path: Path) -> Reader:
        if is_constant(read):
            try:
                self._check(read(None))
            except MappingError as error:
                self._problem(path, error.reason, "", 1, 1)
        return read

    def _form(self, form: Any, path: Path) -> Reader:
        if isinstance(form, Mapping):
            return self._mapping(form, path)
        if isinstance(form, (str, bool, int, Decimal)) or form is None:
            return self._expression(form, path)
        self._problem(path, "a list is no value", 'write an expression, such as ("a", "b")', 1, 1)
        return _BROKEN

    def _expression(self, text: Any, path: Path) -> Reader:
        try:
            return compile_expression(text, self._names)
        except ExpressionProblem as error:
            self._problem(path, error.message, error.hint, error.line, error.column)
            return _BROKEN

    def _mapping(self, form: Mapping[Any, Any], path: Path) -> Reader:
        if set(form) == {"text"}:
            return self._template(form["text"], (*path, "text"))
        if set(form) == {"const"}:
            return self._constant(form["const"], (*path, "const"))
        if "from" in form:
            return self._case_map(form, path)
        return self._map(form, path)

    def _constant(self, value: Any, path: Path) -> Reader:
        if isinstance(value, (str, bool, int, Decimal)) or value is None:
            return constant(value)
        self._problem(path, "a constant is a text, a number, true or false", "", 1, 1)
        return _BROKEN

    def _template(self, text: Any, path: Path) -> Reader:
        if not isinstance(text, str):
            return self._constant(as_text(text) if isinstance(text, (bool, int, Decimal)) else text, path)
        try:
            return _joined([self._piece(text, *piece) for piece in _pieces(text)])
        except ExpressionProblem as error:
            self._problem(path, error.message, error.hint, error.line, error.column)
            return _BROKEN

    def _piece(self, template: str, piece: str, start: int, is_expression: bool) -> Reader:
        if not is_expression:
            return constant(piece)
        try:
            read = compile_expression(piece, self._names)
        except ExpressionProblem as error:
            inside = offset_of(piece, error.line, error.column)
            raise _problem_at(template, start + inside, error.message, error.hint) from None
        return self._text_of(read, piece)

    @staticmethod
    def _text_of(read: Reader, where: str) -> Reader:
        def text(scope: Any) -> Value:
            value = read(scope)
            if value is None or type(value) is str:
                return value
            try:
                return as_text(value)
            except Unfit as unfit:
                raise MappingError(unfit.code, f"{where}: {unfit.reason}") from None

        return text

    def _case_map(self, form: Mapping[Any, Any], path: Path) -> Reader:
        subject = self._expression(form["from"], (*path, "from"))
        cases: dict[Value, Reader] = {}
        for key, result in form.items():
            if key in ("from", _ELSE) and isinstance(key, str):
                continue
            below = (*path, key)
            if result is None:
                hint = "a text with a comma in it goes into quotes; for no value at all, write {const: null}"
                self._problem(below, f"the case {key} has no result", hint, 1, 1)
            cases[_case(key)] = self._checked(
                self._mapping(result, below) if isinstance(result, Mapping) else self._constant(result, below),
                below,
            )
        otherwise = self.compile(form[_ELSE], (*path, _ELSE)) if _ELSE in form else None
        if not cases:
            self._problem(path, "a case map without cases", "write {from: x, one: A, two: B, else: y}", 1, 1)
        return _choose(subject, cases, otherwise, str(form["from"]))

    def _map(self, form: Mapping[Any, Any], path: Path) -> Reader:
        readers: dict[str, Reader] = {}
        entries_of = _Forms(self._names, self._problem, _anything)
        for key, value in form.items():
            if isinstance(key, str):
                readers[key] = entries_of.compile(value, (*path, key))
            else:
                self._problem((*path, key), "the keys of a map are texts", f'write "{key}" in quotes', 1, 1)
        entries = tuple(readers.items())

        def read(scope: Any) -> Value:
            found = {}
            for key, reader in entries:
                value = reader(scope)
                if value is not None:
                    found[key] = value
            return found or None

        return constant(read(None)) if all(map(is_constant, readers.values())) else read


def offset_of(text: str, line: int, column: int) -> int:
    """Return how many characters lie before a line and column of a text, both counted from 1."""
    return sum(len(above) for above in text.splitlines(keepends=True)[: line - 1]) + column - 1


def _case(key: Any) -> Value:
    # In Python True is 1; in the language it is not.
    return ("bool", key) if isinstance(key, bool) else key


def _choose(subject: Reader, cases: Mapping[Value, Reader], otherwise: Reader | None, where: str) -> Reader:
    known = {case: constant_of(chosen) for case, chosen in cases.items() if is_constant(chosen)}

    def read(scope: Any) -> Value:
        value = subject(scope)
        if type(value) is str and value in known:
            return known[value]
        try:
            chosen = cases.get(_case(value) if type(value) is bool else value, otherwise)
        except TypeError:  # a list or a structure is none of the cases
            chosen = otherwise
        if chosen is None:
            raise MappingError("no_case", f"{where} has a value that is none of the cases, and there is no else")
        if chosen is otherwise:
            _require_like(value, cases, where)
        return chosen(scope)

    return read


def _require_like(value: Value, cases: Collection[Value], where: str) -> None:
    """Raise MappingError for a value that could be none of the cases, such as text where all are numbers."""
    try:
        operators.among(value, [case[1] if isinstance(case, tuple) else case for case in cases])
    except Unfit as unfit:
        raise MappingError(unfit.code, f"{where} {unfit.reason}") from None


def _joined(pieces: list[Reader]) -> Reader:
    if all(map(is_constant, pieces)):
        return constant("".join(str(constant_of(piece)) for piece in pieces))
    if len(pieces) == 1:
        return pieces[0]

    def read(scope: Any) -> Value:
        texts = [piece(scope) for piece in pieces]
        return None if None in texts else "".join(texts)

    return read


def _pieces(text: str) -> list[tuple[str, int, bool]]:
    """Return the pieces of a template: text or expression, where it begins, and whether it is one."""
    pieces: list[tuple[str, int, bool]] = []
    plain, at = "", 0
    while at < len(text):
        if text[at : at + 2] in ("{{", "}}"):
            plain += text[at]
            at += 2
        elif text[at] == "{":
            end = _closing(text, at + 1)
            if plain:
                pieces.append((plain, 0, False))
                plain = ""
            pieces.append((text[at + 1 : end], at + 1, True))
            at = end + 1
        elif text[at] == "}":
            raise _problem_at(text, at, "} stands alone", "write }} for one that is meant as text")
        else:
            plain += text[at]
            at += 1
    return [*pieces, (plain, 0, False)] if plain else pieces


def _closing(text: str, at: int) -> int:
    """Return where the expression that begins at `at` ends; a brace inside quotes does not end it."""
    quote, start = "", at
    while at < len(text):
        character = text[at]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "}":
            return at
        at += 1
    raise _problem_at(text, start - 1, "{ has no }", "write {{ for one that is meant as text")


def _problem_at(text: str, at: int, message: str, hint: str) -> ExpressionProblem:
    before = text[:at]
    return ExpressionProblem(message, before.count("\n") + 1, len(before) - before.rfind("\n"), hint)
