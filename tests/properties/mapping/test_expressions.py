"""Expressions against exact fractions, and against any text at all."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from bridge.errors import MappingError
from bridge.mapping.compiling.expressions import ExpressionProblem, compile_condition, compile_expression
from bridge.mapping.language.operators import DIGITS
from bridge.mapping.state.waiting import Waiting
from tests.support.examples import examples
from tests.unit.mapping.columns import Columns

COLUMNS = ("a", "b", "c")
REFUSALS = ("divides by zero", "does not divide evenly", f"more than {DIGITS} digits")


class Null:
    """A null among fractions: arithmetic with it is it again, and nothing is smaller or larger."""

    def _null(self, *_: object) -> Null:
        return self

    def _false(self, *_: object) -> bool:
        return False

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = _null
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _null
    __lt__ = __le__ = __gt__ = __ge__ = _false

    def __eq__(self, other: object) -> bool:
        return other is self

    def __hash__(self) -> int:
        return 0


NULL = Null()

SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}

numbers = st.one_of(
    st.integers(-(10**9), 10**9),
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9),
)
values = st.one_of(st.none(), numbers)

Scope = Mapping[str, Any]


@dataclass(frozen=True)
class Both:
    """An expression as text, and what it means on fractions."""

    text: str
    plain: Callable[[Scope], Any]


def _fraction(value: Any) -> Any:
    return NULL if value is None else Fraction(value)


def _column(name: str) -> Both:
    return Both(name, lambda scope: _fraction(scope[name]))


def _number(value: Any) -> Both:
    return Both(
        "null" if value is None else f"({value:f})" if isinstance(value, Decimal) else f"({value})",
        lambda _: _fraction(value),
    )


def _binary(parts: tuple[Both, str, Both]) -> Both:
    left, sign, right = parts
    return Both(
        f"({left.text} {sign} {right.text})", lambda scope: SIGNS[sign](left.plain(scope), right.plain(scope))
    )


def _choice(parts: tuple[Both, Both, str, Both]) -> Both:
    yes, left, sign, right = parts
    return Both(
        f"({yes.text} if {left.text} {sign} {right.text} else {left.text})",
        lambda scope: (yes if COMPARISONS[sign](left.plain(scope), right.plain(scope)) else left).plain(scope),
    )


def _negated(inner: Both) -> Both:
    return Both(f"(-{inner.text})", lambda scope: -inner.plain(scope))


def _larger(below: st.SearchStrategy[Both]) -> st.SearchStrategy[Both]:
    return st.one_of(
        st.tuples(below, st.sampled_from(sorted(SIGNS)), below).map(_binary),
        st.tuples(below, below, st.sampled_from(sorted(COMPARISONS)), below).map(_choice),
        below.map(_negated),
    )


expressions = st.recursive(
    st.one_of(st.sampled_from(COLUMNS).map(_column), values.map(_number)), _larger, max_leaves=12
)


@examples(4)
@given(both=expressions, a=values, b=values, c=values)
def test_an_expression_gives_what_exact_fractions_give(both: Both, a: Any, b: Any, c: Any) -> None:
    columns = {"a": a, "b": b, "c": c}
    try:
        expected = both.plain(columns)
    except ZeroDivisionError:
        expected = None
    read, problem = _outcome(lambda: compile_expression(both.text, Columns(*COLUMNS)))
    if problem is not None:
        # Constants are worked out at load, also in a branch that these columns would not take.
        assert any(words in problem for words in REFUSALS), (both.text, problem)
        return
    result, refusal = _outcome(lambda: read(columns))
    if refusal is not None:
        assert any(words in refusal for words in REFUSALS), (both.text, columns, refusal)
        assert "divides by zero" not in refusal or expected is None
        return
    assert expected is not None
    assert (result is None) == (expected is NULL)
    assert result is None or Fraction(result) == expected


def _outcome(evaluate: Callable[[], Any]) -> tuple[Any, str | None]:
    """Return the value, or the words with which it is refused; any other error goes through."""
    try:
        return evaluate(), None
    except MappingError as error:
        return None, f"{error.code}: {error.reason}"
    except ExpressionProblem as problem:
        assert problem.line >= 1 <= problem.column  # noqa: PT017
        return None, problem.message
    except Waiting:
        return None, "waiting"


@examples(5)
@given(text=st.text(max_size=80))
@example("a" * 5000)
@example("\x00")
@example("((((((")
@example("a\\\n+b")
@example("'\ud800'")
@example("lambda: a")
@example("a.__class__.__mro__")
@example("{}[a]")
@example("a if b else")
@example("units(a, 2)(3)")
@example("...")
@example("x" + "[0]" * 1000)
@example("-" * 3000 + "a")
@example("'" + "\\N{BULLET}" * 20)
@example("1_000.5 + 0x1f + 0o7")
@example("a == 1 # c")
def test_any_text_gives_a_reader_or_a_problem(text: str) -> None:
    for compile_text in (compile_expression, compile_condition):
        _, refusal = _outcome(partial(compile_text, text, Columns(*COLUMNS)))
        assert refusal is None or refusal


tokens = st.sampled_from(
    [
        "a",
        "b",
        "c",
        "late",
        "(",
        ")",
        "[",
        "]",
        ",",
        ".",
        "+",
        "-",
        "*",
        "/",
        "//",
        "%",
        "<",
        "==",
        "!=",
        " in ",
        " not ",
        " and ",
        " or ",
        " if ",
        " else ",
        "'x'",
        "1",
        "0.5",
        "true",
        "null",
        "units",
        "text",
        "split",
        "json",
        "sum",
        "extract",
        "moment",
        "round",
        "mode=",
        "first",
        "'half up'",
        ":",
        "=",
        "{",
        "}",
        "rates",
        "number",
        "max",
        "only",
        "within",
        "date",
        "digits",
    ]
)
odd = st.recursive(
    st.one_of(values, st.text(max_size=5), st.booleans(), st.decimals(allow_nan=False)),
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(st.text(max_size=3), below, max_size=3)),
    max_leaves=5,
)


@examples(5)
@given(parts=st.lists(tokens, max_size=12), a=odd, b=odd, c=odd)
def test_any_expression_over_any_values_gives_a_value_or_a_named_poison(
    parts: list[str], a: Any, b: Any, c: Any
) -> None:
    text, columns = "".join(parts), {"a": a, "b": b, "c": c, "rates": Anything()}
    _, refusal = _outcome(lambda: compile_expression(text, Columns(*COLUMNS))(columns))
    assert refusal is None or refusal


class Anything(dict[Any, Any]):
    """A look-up that takes every key."""

    def get(self, _key: object, _default: Any = None) -> Any:
        return None


@given(number=st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**40, places=18))
def test_a_number_with_18_places_is_exactly_what_is_written(number: Decimal) -> None:
    assert compile_expression(f"{number:f}", Columns())(None) == number
