"""Comparisons, membership, and the three-valued `and` and `or` of guards, each as a fast closure."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any, Final

from bridge.errors import MappingError
from bridge.mapping import operators
from bridge.mapping.readers import Misuse, Reader, Unfit, constant_of, is_constant
from bridge.mapping.scope import Scope
from bridge.mapping.scope_readers import column_of
from bridge.mapping.waiting import Waiting
from bridge.row import Row, Value

Test = Callable[[Any], bool]

_ORDERING: Final[dict[type[ast.cmpop], Callable[[Value, Value], bool]]] = {
    ast.Lt: operators.less,
    ast.LtE: operators.less_or_equal,
    ast.Gt: operators.greater,
    ast.GtE: operators.greater_or_equal,
}


def compare(left: Reader, right: Reader, operation: type[ast.cmpop], where: str) -> Test:
    """Return the test `left operation right`."""
    if operation is ast.Eq or operation is ast.NotEq:
        wanted = operation is ast.Eq
        if is_constant(left) and not is_constant(right):
            left, right = right, left
        if is_constant(right):
            return _equals_constant(left, constant_of(right), wanted=wanted)
        return lambda scope: operators.equal(left(scope), right(scope)) is wanted
    ordered = _ORDERING[operation]

    def test(scope: Any) -> bool:
        a, b = left(scope), right(scope)
        try:
            return ordered(a, b)
        except Unfit as unfit:
            raise MappingError(unfit.code, f"{where} {unfit.reason}") from None

    return test


def _equals_constant(read: Reader, value: Value, *, wanted: bool) -> Test:
    if value is None or value is True or value is False:
        return (lambda scope: read(scope) is value) if wanted else (lambda scope: read(scope) is not value)
    if isinstance(value, str):
        name = column_of(read)
        if name is not None:
            return _column_equals(name, value, wanted=wanted)
        return (lambda scope: bool(read(scope) == value)) if wanted else (lambda scope: bool(read(scope) != value))
    return lambda scope: operators.equal(read(scope), value) is wanted


def _column_equals(name: str, text: str, *, wanted: bool) -> Test:
    if wanted:
        return lambda scope: bool(_at(scope)[name] == text)
    return lambda scope: bool(_at(scope)[name] != text)


def _at(scope: Scope) -> Row:
    return scope.row


def member(left: Reader, right: Reader, where: str, *, wanted: bool) -> Test:
    """Return the test `left in right`, or `left not in right` where `wanted` is false."""
    if is_constant(right):
        items = constant_of(right)
        if not isinstance(items, (tuple, list)) and items is not None:
            raise Misuse("`in` needs a list", 'write ("a", "b"), or ("a",) for one; in text: contains(x, part)')
        if all(isinstance(item, str) for item in items or ()):
            return _in_texts(left, frozenset(items or ()), wanted=wanted)
        return lambda scope: operators.among(left(scope), items) is wanted

    def test(scope: Any) -> bool:
        value, container = left(scope), right(scope)
        try:
            return operators.among(value, container) is wanted
        except Unfit as unfit:
            raise MappingError(unfit.code, f"{where} {unfit.reason}") from None

    return test


def _in_texts(read: Reader, texts: frozenset[str], *, wanted: bool) -> Test:
    name = column_of(read)
    if name is not None:
        return _column_in_texts(name, texts, wanted=wanted)

    def test(scope: Any) -> bool:
        value = read(scope)
        return (type(value) is str and value in texts) is wanted

    return test


def _column_in_texts(name: str, texts: frozenset[str], *, wanted: bool) -> Test:
    def test(scope: Scope) -> bool:
        value = scope.row[name]
        return (type(value) is str and value in texts) is wanted

    return test


def in_order_of_three(sides: Sequence[Test], *, winner: bool) -> Test:
    """Return `or` (winner true) or `and` (winner false) over sides that may wait.

    A side that is the winner decides, also over one that waits; else Waiting is raised if one waits.
    """

    def test(scope: Any) -> bool:
        waiting: Waiting | None = None
        for side in sides:
            try:
                if bool(side(scope)) is winner:
                    return winner
            except Waiting as wait:
                waiting = waiting or wait
        if waiting is not None:
            raise waiting
        return not winner

    return test
