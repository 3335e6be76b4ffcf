"""How a function joins the library, and the checks of arguments that all of them share."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, Final, TypeVar

from bridge.mapping.language.calls import Function
from bridge.mapping.language.operators import DIGITS, kind_of, number_of
from bridge.mapping.language.readers import Unfit
from bridge.row import Value

_Apply = TypeVar("_Apply", bound=Callable[..., Value])
_FUNCTIONS: Final[dict[str, list[Function]]] = {}


def library_function(
    signature: str,
    *examples: tuple[str, str],
    takes_null: bool = False,
    constants: Iterable[str] = (),
    check: Callable[..., None] | None = None,
) -> Callable[[_Apply], _Apply]:
    """Add a function under the name that its signature begins with; its docstring is its documentation."""

    def join(apply: _Apply) -> _Apply:
        _FUNCTIONS.setdefault(apply.__module__, []).append(
            Function(
                name=signature.partition("(")[0],
                signature=signature,
                doc=inspect.getdoc(apply) or "",
                group=apply.__module__.rpartition(".")[2],
                examples=examples,
                apply=apply,
                takes_null=takes_null,
                constants=frozenset(constants),
                check=check,
            )
        )
        return apply

    return join


def gathered(module: str) -> Sequence[Function]:
    """Return the functions of one module in the order in which they stand there."""
    return _FUNCTIONS[module]


def number_in(value: Value, argument: str) -> int | Decimal:
    """Return a number that is exact and of at most 100 digits, or raise Unfit naming the argument."""
    try:
        number = number_of(value)
    except Unfit as unfit:
        raise Unfit(unfit.code, f"{argument} {unfit.reason}") from None
    # 1E+999999999 is short to write and too long to calculate with.
    digits = number.bit_length() // 3 if isinstance(number, int) else abs(number.adjusted())
    if digits > DIGITS + 10:
        raise Unfit("out_of_range", f"{argument} has more than {DIGITS} digits")
    return number


def whole_in(value: Value, argument: str, lowest: int, highest: int) -> int:
    """Return a whole number between two bounds, or raise Unfit naming the argument."""
    number = number_in(value, argument)
    if number != int(number) or not lowest <= number <= highest:
        raise Unfit("out_of_range", f"{argument} is no whole number from {lowest} to {highest}")
    return int(number)


def text_in(value: Value, argument: str) -> str:
    """Return a text, or raise Unfit naming the argument."""
    if not isinstance(value, str):
        raise Unfit("not_text", f"{argument} is {kind_of(value)}, where text is needed; say text(x)")
    return value


def list_in(value: Value, argument: str) -> Sequence[Any]:
    """Return the items of a list, or raise Unfit naming the argument."""
    if isinstance(value, (list, tuple)):
        return value
    if isinstance(value, (str, bytes, dict)) or not isinstance(value, Iterable):
        raise Unfit("not_a_list", f"{argument} is {kind_of(value)}, where a list is needed")
    return list(value)


def choice_in(value: Value, argument: str, choices: Iterable[str]) -> str:
    """Return one of some words, or raise Unfit naming the argument and the words."""
    if value not in (allowed := list(choices)):
        raise Unfit("unknown_choice", f"{argument} is one of: {', '.join(allowed)}")
    return str(value)
