"""Comparisons, membership, and the three-valued `and` and `or` of guards, each as a fast closure."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any, Final

from bridge.errors import MappingError
from bridge.mapping.language import operators
from bridge.mapping.language.misreadings import truth
from bridge.mapping.language.readers import Misuse, Reader, Unfit, constant_of, is_constant
from bridge.mapping.state.scope import Scope
from bridge.mapping.state.scope_readers import column_of
from bridge.mapping.state.waiting import Waiting
from bridge.row import Value

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
        general = _stated(left, right, operators.equal, where, wanted=wanted)
        return (
            _equals_constant(left, constant_of(right), general, wanted=wanted) if is_constant(right) else general
        )
    return _stated(left, right, _ORDERING[operation], where, wanted=True)


def _stated(
    left: Reader, right: Reader, holds: Callable[[Value, Value], bool], where: str, *, wanted: bool
) -> Test:
    """Return the test whether `holds` says what is wanted; values that do not fit raise MappingError."""

    def test(scope: Any) -> bool:
        a, b = left(scope), right(scope)
        try:
            return holds(a, b) is wanted
        except Unfit as unfit:
            raise MappingError(unfit.code, f"{where} {unfit.reason}") from None

    return test


def _equals_constant(read: Reader, value: Value, general: Test, *, wanted: bool) -> Test:
    if value is None:
        return (lambda scope: read(scope) is None) if wanted else (lambda scope: read(scope) is not None)
    name = column_of(read) if isinstance(value, str) else None
    return general if name is None else _column_equals(name, str(value), general, wanted=wanted)


def _column_equals(name: str, text: str, general: Test, *, wanted: bool) -> Test:
    def test(scope: Scope) -> bool:
        value = scope.row[name]
        return (value == text) is wanted if value.__class__ is str else general(scope)

    return test


def member(left: Reader, right: Reader, where: str, *, wanted: bool) -> Test:
    """Return the test `left in right`, or `left not in right` where `wanted` is false."""
    general = _stated(left, right, operators.among, where, wanted=wanted)
    if not is_constant(right):
        return general
    items = constant_of(right)
    if not isinstance(items, (tuple, list)) and items is not None:
        raise Misuse("`in` needs a list", 'write ("a", "b"), or ("a",) for one; in text: contains(x, part)')
    if all(isinstance(item, str) for item in items or ()):
        return _in_texts(left, frozenset(items or ()), general, wanted=wanted)
    return general


def _in_texts(read: Reader, texts: frozenset[str], general: Test, *, wanted: bool) -> Test:
    name = column_of(read)
    if name is not None:
        return _column_in_texts(name, texts, general, wanted=wanted)

    def test(scope: Any) -> bool:
        value = read(scope)
        return (value in texts) is wanted if type(value) is str else general(scope)

    return test


def _column_in_texts(name: str, texts: frozenset[str], general: Test, *, wanted: bool) -> Test:
    def test(scope: Scope) -> bool:
        value = scope.row[name]
        return (value in texts) is wanted if type(value) is str else general(scope)

    return test


def all_of(sides: Sequence[Reader], texts: Sequence[str]) -> Reader:
    """Return the reader of `a and b` where a value is wanted: the first that is not true, else the last."""
    *conditions, last = sides
    named = list(zip(conditions, texts, strict=False))

    def read(scope: Any) -> Value:
        for side, where in named:
            value = side(scope)
            if not truth(value, where):
                return value
        return last(scope)

    return read


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
