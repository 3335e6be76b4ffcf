"""Readers: compiled expressions, and what they are made from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any, Final, Literal, Protocol

from bridge.errors import MappingError
from bridge.row import Value

Reader = Callable[[Any], Value]
"""Takes a scope, which only the makers of names understand, and returns a value."""


class NotConstant:
    """The type of NOT_CONSTANT."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<not constant>"


NOT_CONSTANT: Final = NotConstant()


Kind = Literal["column", "table", "activity", "name"]
"""What a bare name is: a column, a column that is also called as a table, an activity, or anything else."""


class Names(Protocol):
    """What the names of an expression mean.  None says that a name is unknown.

    A maker may raise Misuse; its message is then placed where the name stands.
    """

    def name(self, name: str) -> Reader | None:
        """Return the reader of a bare name."""

    def index(self, name: str) -> Callable[[Sequence[Reader]], Reader] | None:
        """Return what makes the reader of `name[a, b]`."""

    def index_by(self, table: str, index: str) -> Callable[[Sequence[Reader]], Reader] | None:
        """Return what makes the reader of `table.index[a]`."""

    def function(self, name: str) -> Callable[[Sequence[Reader], Mapping[str, Reader]], Reader] | None:
        """Return what makes the reader of `name(a, b=c)`, for functions that need the scope."""

    def known(self) -> Collection[str]:
        """Return all names, to suggest one for a misspelt one."""

    def kind(self, name: str, /) -> Kind:
        """Return what a bare name is."""


class ExpressionProblem(Exception):
    """An expression that cannot be compiled.  `line` and `column` count from 1 inside its text."""

    def __init__(self, message: str, line: int = 1, column: int = 1, hint: str = "") -> None:
        self.message = message
        self.line = line
        self.column = column
        self.hint = hint
        super().__init__(message)


class Misuse(Exception):
    """A name or function is used wrongly, found while compiling; whoever compiles knows the place."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(message)


class Unfit(Exception):
    """A value does not fit; whoever evaluates adds the expression and makes it a MappingError."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


class _Constant:
    """The same value for every scope."""

    def __init__(self, value: Value) -> None:
        self.value = value

    def __call__(self, _: Any) -> Value:
        return self.value


def constant(value: Value) -> Reader:
    """Return a reader that is known to give `value` for every scope."""
    return _Constant(value)


def constant_of(reader: Reader) -> Value | NotConstant:
    """Return the value of a reader that gives the same for every scope, else NOT_CONSTANT."""
    return reader.value if isinstance(reader, _Constant) else NOT_CONSTANT


def is_constant(reader: Reader) -> bool:
    """Return whether the reader gives the same value for every scope."""
    return isinstance(reader, _Constant)


_KEPT: Final = (str, bool, int, Decimal, date, time, timedelta, bytes, list, dict)
"""What the memory can keep; a moment is a date."""


def comparable(read: Reader) -> Reader:
    """Return a reader of what the memory gives back later, so that it can be compared with what was kept.

    It raises MappingError for what cannot be kept, such as a row.
    """

    def as_kept(scope: Any) -> Value:
        value = read(scope)
        if isinstance(value, tuple):
            value = list(value)
        if value is not None and not isinstance(value, _KEPT):
            raise MappingError("not_comparable", "`compare` names a whole row or activity: name its columns")
        return value

    return as_kept


def all_comparable(readers: Sequence[Reader]) -> Reader:
    """Return a reader of several values as one."""
    each = [comparable(read) for read in readers]
    return lambda scope: [read(scope) for read in each]
