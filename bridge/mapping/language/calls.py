"""Calls of library functions, checked at load and bound to their constants."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import DecimalException
from typing import Any

from bridge.errors import MappingError
from bridge.mapping.language.operators import DIGITS
from bridge.mapping.language.readers import Misuse, Reader, Unfit, constant_of, is_constant
from bridge.row import Value


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the library: what it does, how it is written, and examples that a test runs."""

    name: str
    signature: str
    doc: str
    group: str
    examples: tuple[tuple[str, str], ...]
    """Expression and the result, which is an expression too."""
    apply: Callable[..., Value]
    takes_null: bool = False
    """Without it, a null among the unnamed arguments makes the result null."""
    constants: frozenset[str] = frozenset()
    """Arguments that must be constant."""
    check: Callable[..., None] | None = None
    """Called at load with the constants among `constants`; raises Unfit."""


def call(function: Function, arguments: Sequence[Reader], keywords: Mapping[str, Reader], where: str) -> Reader:
    """Return the reader of a call.  Raises Misuse for arguments that the function does not take."""
    _check(function, arguments, keywords)
    apply, takes_null = function.apply, function.takes_null
    if len(arguments) >= 1 and all(map(is_constant, (*arguments[1:], *keywords.values()))):
        rest = [constant_of(item) for item in arguments[1:]]
        if takes_null or not any(item is None for item in rest):
            named = {name: constant_of(item) for name, item in keywords.items()}
            return _call_of_one(apply, arguments[0], rest, named, where, takes_null=takes_null)

    def read(scope: Any) -> Value:
        values = [item(scope) for item in arguments]
        if not takes_null:
            for value in values:
                if value is None:
                    return None
        named = {name: item(scope) for name, item in keywords.items()}
        try:
            return apply(*values, **named)
        except Unfit as unfit:
            raise MappingError(unfit.code, f"{where}: {unfit.reason}") from None
        except DecimalException:
            raise MappingError("inexact", f"{where}: gives more than {DIGITS} digits") from None

    return read


def _call_of_one(
    apply: Callable[..., Value],
    first: Reader,
    rest: list[Value],
    named: dict[str, Value],
    where: str,
    *,
    takes_null: bool,
) -> Reader:
    def read(scope: Any) -> Value:
        value = first(scope)
        if value is None and not takes_null:
            return None
        try:
            return apply(value, *rest, **named)
        except Unfit as unfit:
            raise MappingError(unfit.code, f"{where}: {unfit.reason}") from None
        except DecimalException:
            raise MappingError("inexact", f"{where}: gives more than {DIGITS} digits") from None

    return read


def _check(function: Function, arguments: Sequence[Reader], keywords: Mapping[str, Reader]) -> None:
    signature = inspect.signature(function.apply)
    try:
        bound = signature.bind(*arguments, **keywords).arguments
    except TypeError as error:
        raise Misuse(f"{function.name}: {error}", f"it is written {function.signature}") from None
    given = {name: bound[name] for name in function.constants if name in bound}
    for name, reader in given.items():
        if not is_constant(reader):
            raise Misuse(f"{function.name}: {name} must be a constant", f"it is written {function.signature}")
    if function.check is not None:
        try:
            function.check(**{name: constant_of(reader) for name, reader in given.items()})
        except Unfit as unfit:
            raise Misuse(f"{function.name}: {unfit.reason}", f"it is written {function.signature}") from None
