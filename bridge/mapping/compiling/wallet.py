"""From a wallet's text to a plan.  Every problem is reported; none stops the search for others."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta

from bridge.config.wallet import Lookup, PlayTable, Wallet
from bridge.mapping.compiling.names import LookupNames
from bridge.mapping.compiling.reporting import Path, Report, Reporting
from bridge.mapping.compiling.tables import TableCompiler
from bridge.mapping.language.syntax import texts_of
from bridge.mapping.state.plan import LookupPlan, Plan, TablePlan
from bridge.row import Value

_ATTRIBUTE = re.compile(r"\.\s*([A-Za-z_]\w*)")


def compile_wallet(
    wallet: Wallet,
    functions: Mapping[str, Callable[..., Value]],
    report: Report,
    *,
    retention: timedelta = timedelta.max,
) -> Plan:
    """Return the plan of a wallet whose rows are remembered for `retention`.

    It is of use only if nothing was reported.
    """
    plan = Plan(wallet)
    attributes = frozenset(_ATTRIBUTE.findall("\n".join(texts_of(wallet.model_dump(by_alias=True), keys=True))))
    for name, lookup in wallet.lookups.items():
        plan.lookups[name] = _LookupCompiler(report, ("lookups", name)).compile(name, lookup)
    for name, table in wallet.play.items():
        plan.tables[name] = _declared(name, table, report, retention)
    used: set[str] = set()
    for name, table in wallet.play.items():
        shown = (lookup for lookup in plan.lookups.values() if lookup.config.tables is not None)
        plan.tables[name].is_looked_up = any(_shows(lookup, name, table) for lookup in shown)
        compiler = TableCompiler(plan, plan.tables[name], table, functions, report)
        compiler.compile(attributes)
        used |= compiler.names.used_lookups
    for name in plan.lookups.keys() - used:
        report(
            ("lookups", name), "this look-up is never used", "remove it, or use it as `" + name + "[...]`", 1, 1
        )
    if any(table.round is not None or any(r.round for r in table.reverses) for table in plan.tables.values()):
        for table_plan in plan.tables.values():
            table_plan.indexes_rounds = True
    if any(reversal.followers != "stay" for table in plan.tables.values() for reversal in table.reverses):
        for table_plan in plan.tables.values():
            table_plan.gathers = bool(table_plan.activities)
    return plan


def _pattern(text: str | None, path: Path, report: Report) -> re.Pattern[str] | None:
    if text is None:
        return None
    try:
        return re.compile(text)
    except re.error as error:
        report((*path, "tables"), f"this is no regular expression: {error}", "", 1, 1)
        return None


def _shows(lookup: LookupPlan, name: str, table: PlayTable) -> bool:
    """Return whether the rows of a play table are those of a look-up as well."""
    if table.tables is not None:
        return lookup.config.tables == table.tables
    return lookup.pattern is not None and lookup.pattern.fullmatch(name) is not None


def _declared(name: str, table: PlayTable, report: Report, retention: timedelta) -> TablePlan:
    """Return the part of a table's plan that the expressions of other tables need."""
    return TablePlan(
        name=name,
        append_only=table.rows == "append-only",
        snapshot=table.snapshot,
        holds=table.holds,
        as_of=table.as_of,
        pattern=_pattern(table.tables, ("play", name), report),
        watch=[table.watch] if isinstance(table.watch, str) else list(table.watch or []),
        moves=table.moves,
        retention=retention,
        with_names=frozenset(table.with_),
        activity_names=frozenset(table.activities),
        index_names=frozenset(table.indexes),
        has_round=table.round is not None,
    )


class _LookupCompiler(Reporting):
    def compile(self, name: str, lookup: Lookup) -> LookupPlan:
        names = LookupNames()
        texts = lookup.key if isinstance(lookup.key, list) else [lookup.key]
        if lookup.sql is not None and lookup.url is None:
            self.problem(("sql",), "the replica's address is missing", "add `url:`")
        return LookupPlan(
            name=name,
            config=lookup,
            key=self.key(lookup.key, ("key",), names),
            key_columns=[str(text) for text in texts],
            where=self.condition(lookup.where, ("where",), names) if lookup.where is not None else None,
            pattern=_pattern(lookup.tables, self.path, self.report),
        )
