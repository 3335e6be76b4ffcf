"""Names of a scope that is a plain dict of columns, for tests of expressions alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from bridge.mapping.compiling.expressions import compile_expression
from bridge.mapping.language.readers import Kind, Misuse, Reader
from bridge.mapping.state.waiting import Waiting
from bridge.row import Value


class Columns:
    """Columns by name; `rates[x]` looks up, `late` waits, `half(x)` needs the scope."""

    def __init__(self, *columns: str) -> None:
        self._columns = columns

    def name(self, name: str) -> Reader | None:
        if name == "late":
            return _late
        return (lambda scope: scope[name]) if name in self._columns else None

    def index(self, name: str) -> Callable[[Sequence[Reader]], Reader] | None:
        if name != "rates":
            return None

        def make(parts: Sequence[Reader]) -> Reader:
            if len(parts) != 1:
                raise Misuse("rates is looked up by currency", "it takes one")
            return lambda scope: scope["rates"].get(parts[0](scope))

        return make

    def index_by(self, table: str, index: str) -> Callable[[Sequence[Reader]], Reader] | None:
        return (lambda parts: parts[0]) if (table, index) == ("wallet_tx", "by_ticket") else None

    def function(self, name: str) -> Callable[[Sequence[Reader], Mapping[str, Reader]], Reader] | None:
        return (lambda parts, _: lambda scope: parts[0](scope) / 2) if name == "half" else None

    def known(self) -> Collection[str]:
        return [*self._columns, "rates"]

    def kind(self, name: str) -> Kind:
        return "column" if name in self._columns else "name"


def _late(_: Any) -> Value:
    raise Waiting("lookup users", "7")


def evaluated(text: str, **columns: Value) -> Value:
    """Return what an expression gives for these columns."""
    return compile_expression(text, Columns(*columns))(columns)
