"""Compiles the expressions of one play table, and its names under `with`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.casino import FIELDS, check_field
from bridge.config.wallet import Conditions, PlayTable
from bridge.config.yaml_source import BRACES
from bridge.mapping.compiling.names import TableNames
from bridge.mapping.compiling.reporting import Path, Report, Reporting
from bridge.mapping.compiling.values import compile_value
from bridge.mapping.language.readers import Misuse, Reader, is_constant
from bridge.mapping.language.syntax import did_you_mean
from bridge.mapping.state.plan import Fields, Guard, Plan, TablePlan, Test
from bridge.mapping.state.scope_readers import kept
from bridge.row import Value


class TableExpressions(Reporting):
    """Compiles what is written about one play table."""

    def __init__(
        self,
        plan: Plan,
        table: TablePlan,
        config: PlayTable,
        functions: Mapping[str, Callable[..., Value]],
        report: Report,
    ) -> None:
        """Compile `config` for `table`, a part of `plan`."""
        super().__init__(report, ("play", table.name))
        self.names = TableNames(table, plan, functions)
        self._plan = plan
        self._table = table
        self._config = config
        self._with: dict[str, With] = {}
        self._open: list[str] = []

    def value(self, text: Any, path: Path) -> Reader:
        """Return the reader of an expression over a row."""
        return self.expression(text, path, self.names)

    def test(self, text: Any, path: Path) -> Test:
        """Return the test of a condition over a row."""
        return self.condition(text, path, self.names)

    def guards(self, conditions: Conditions, path: Path) -> list[Guard]:
        """Return reasons with their tests."""
        return [(reason, self.test(text, (*path, reason))) for reason, text in conditions.items()]

    def fields(self, forms: Mapping[str, Any], path: Path) -> Fields:
        """Return the readers of an event's fields."""
        fields: Fields = []
        for field, form in forms.items():
            if field in ("type", "status"):
                self.problem((*path, field), f"{field} is not written here", "the activity says it")
            elif field not in FIELDS:
                hint = BRACES if field.endswith((")", "]")) else did_you_mean(field, FIELDS)
                self.problem((*path, field), f"{field} is no field of an event", hint)
            else:
                fields.append((field, self._field(field, form, (*path, field))))
        return fields

    def _field(self, field: str, form: Any, path: Path) -> Reader:
        return compile_value(form, self.names, self._below(path), lambda value: check_field(field, value))

    def form(self, form: Any, path: Path) -> Reader:
        """Return the reader of a value form."""
        return compile_value(form, self.names, self._below(path))

    def _below(self, path: Path) -> Report:
        return lambda inner, message, hint, line, column: self.report(
            (*self.path, *path, *inner), message, hint, line, column
        )

    def with_reader(self, name: str) -> Reader:
        """Return the reader of a name under `with`, compiled when it is first used."""
        names, found = self.names, self.with_compiled(name)
        if found.of_reversal:
            names.require_reversal(name, f"{name} is made from taken_back, which is")
        names.used_columns[-1] |= found.columns
        names.used_columns[0] |= found.columns
        names.volatile |= found.volatile
        names.looks_up |= found.looks_up
        return found.read

    def with_compiled(self, name: str) -> With:
        """Return a name under `with`, wherever it may be used.  Raises Misuse when it refers to itself."""
        names = self.names
        if name not in self._with:
            if name in self._open:
                near = did_you_mean(name, {*self._plan.lookups, *self._plan.tables})
                hint = f"{near} " if near else ""
                raise Misuse(f"{name} refers to itself", f'{hint}if a column is meant, write column("{name}")')
            self._open.append(name)
            names.used_columns.append(set())
            outside = names.volatile, names.looks_up, names.of_reversal, names.in_reversal
            names.volatile = names.looks_up = names.of_reversal = False
            names.in_reversal = True
            read = self.form(self._config.with_[name], ("with", name))
            columns = frozenset(names.used_columns.pop())
            once = read if names.volatile or is_constant(read) else kept(name, read)
            self._with[name] = With(once, columns, names.volatile, names.looks_up, names.of_reversal)
            names.volatile, names.looks_up, names.of_reversal, names.in_reversal = outside
            self._open.pop()
        return self._with[name]


@dataclass(slots=True, frozen=True)
class With:
    """A name of `with`, compiled, and what it needs."""

    read: Reader
    columns: frozenset[str]
    volatile: bool
    looks_up: bool
    of_reversal: bool
