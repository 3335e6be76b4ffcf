"""From a wallet's text to a plan.  Every problem is reported; none stops the search for others."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from bridge.casino import FIELDS
from bridge.config.wallet import Activity, Conditions, Lookup, PlayTable, Reversal, Wallet
from bridge.mapping.amounts import AMOUNTS
from bridge.mapping.expressions import compile_condition, compile_expression
from bridge.mapping.names import BUILT_IN, LookupNames, TableNames, key_reader
from bridge.mapping.parts import PartsPlan
from bridge.mapping.plan import (
    ActivityPlan,
    Fields,
    Guard,
    LookupPlan,
    Plan,
    ReversalPlan,
    SplitPlan,
    TablePlan,
    Test,
)
from bridge.mapping.readers import ExpressionProblem, Misuse, Names, Reader, is_constant
from bridge.mapping.syntax import did_you_mean
from bridge.mapping.values import compile_value
from bridge.records import Value

Path = tuple[str | int, ...]

Report = Callable[[Path, str, str, int, int], None]
"""Takes the path of keys, the message, a hint, and line and column inside the text (from 1)."""

_ATTRIBUTE = re.compile(r"\.\s*([A-Za-z_]\w*)")
T = TypeVar("T")


def compile_wallet(wallet: Wallet, functions: Mapping[str, Callable[..., Value]], report: Report) -> Plan:
    """Return the plan of a wallet.  It is of use only if nothing was reported."""
    plan = Plan(wallet)
    attributes = frozenset(_ATTRIBUTE.findall("\n".join(_texts(wallet.model_dump(by_alias=True)))))
    for name, lookup in wallet.lookups.items():
        plan.lookups[name] = _Lookups(report, ("lookups", name)).compile(name, lookup)
    for name, table in wallet.play.items():
        plan.tables[name] = _declared(name, table, report)
    used: set[str] = set()
    for name, table in wallet.play.items():
        compiler = _Tables(plan, plan.tables[name], table, functions, report)
        compiler.compile(attributes)
        used |= compiler.names.used_lookups
    for name in plan.lookups.keys() - used:
        report(
            ("lookups", name), "this look-up is never used", "remove it, or use it as `" + name + "[...]`", 1, 1
        )
    if any(table.round is not None or any(r.round for r in table.reverses) for table in plan.tables.values()):
        for table_plan in plan.tables.values():
            table_plan.indexes_rounds = True
    return plan


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from _texts(key)
            yield from _texts(value)
    elif isinstance(node, Sequence):
        for value in node:
            yield from _texts(value)


def _pattern(text: str | None, path: Path, report: Report) -> re.Pattern[str] | None:
    if text is None:
        return None
    try:
        return re.compile(text)
    except re.error as error:
        report((*path, "tables"), f"this is no regular expression: {error}", "", 1, 1)
        return None


def _declared(name: str, table: PlayTable, report: Report) -> TablePlan:
    """Return the part of a table's plan that the expressions of other tables need."""
    return TablePlan(
        name=name,
        append_only=table.rows == "append-only",
        snapshot=table.snapshot,
        holds=table.holds,
        pattern=_pattern(table.tables, ("play", name), report),
        watch=[table.watch] if isinstance(table.watch, str) else list(table.watch or []),
        moves=table.moves,
        with_names=frozenset(table.with_),
        activity_names=frozenset(table.activities),
        index_names=frozenset(table.indexes),
        has_round=table.round is not None,
    )


def _nothing(_: Any) -> Any:
    """Stand for what could not be compiled, so that the rest is checked too."""


class _Reporting:
    """Compiles expressions at places, and reports what is wrong with them."""

    def __init__(self, report: Report, path: Path) -> None:
        self._report = report
        self._path = path

    def problem(self, path: Path, message: str, hint: str = "") -> None:
        self._report((*self._path, *path), message, hint, 1, 1)

    def expression(self, text: Any, path: Path, names: Names) -> Reader:
        return self._compiled(compile_expression, text, path, names)

    def condition(self, text: Any, path: Path, names: Names) -> Test:
        return self._compiled(compile_condition, text, path, names)

    def _compiled(
        self, compiler: Callable[[Any, Names], Callable[[Any], T]], text: Any, path: Path, names: Names
    ) -> Callable[[Any], T]:
        try:
            return compiler(text, names)
        except ExpressionProblem as problem:
            self._report((*self._path, *path), problem.message, problem.hint, problem.line, problem.column)
            return _nothing

    def key(self, texts: Any, path: Path, names: Names) -> Callable[[Any], str | None]:
        if not isinstance(texts, list):
            return key_reader([self.expression(texts, path, names)])
        return key_reader([self.expression(text, (*path, at), names) for at, text in enumerate(texts)])


class _Lookups(_Reporting):
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
            pattern=_pattern(lookup.tables, self._path, self._report),
        )


class _Tables(_Reporting):
    def __init__(
        self,
        plan: Plan,
        table: TablePlan,
        config: PlayTable,
        functions: Mapping[str, Callable[..., Value]],
        report: Report,
    ) -> None:
        super().__init__(report, ("play", table.name))
        self._plan = plan
        self._table = table
        self._config = config
        self.names = TableNames(table, plan, functions)
        self._with: dict[str, _With] = {}
        self._open: list[str] = []

    def compile(self, attributes: frozenset[str]) -> None:
        table, config = self._table, self._config
        table.all_tables = self._plan.tables
        table.with_compiler = self._with_reader
        self._check_names()
        self._compile_parts()
        for name in config.with_:
            self._with_reader(name)
        self._compile_row()
        base = {activity: self._activity(activity) for activity in config.activities}
        table.activities = base
        reverses = config.reverses if isinstance(config.reverses, list) else [config.reverses]
        table.reverses = [self._reversal(reversal, at, len(reverses)) for at, reversal in enumerate(reverses)]
        if not table.activities and not table.reverses:
            self.problem((), "no row of this table means anything", "add `activities:` or `reverses:`")
        table.columns = frozenset(self.names.used_columns[0])
        table.remembers = self._remembered(attributes)

    def _check_names(self) -> None:
        config = self._config
        taken = set(BUILT_IN) | set(config.activities) | set(config.parts)
        for name in config.with_:
            if name in taken:
                self.problem(("with", name), f"{name} already means something else here", "choose another name")
        for name in config.activities:
            if name in BUILT_IN:
                self.problem(
                    ("activities", name), f"{name} already means something else here", "choose another name"
                )
        if config.rows == "mutable" and config.deleted is None:
            self.problem(
                (), "`deleted` is missing", "say what a delete of a mutable row means: nothing, or nothing stands"
            )
        if config.rows == "append-only" and (config.deleted is not None or config.moves or config.watch):
            self.problem(
                (), "append-only rows are looked at once", "`deleted`, `moves` and `watch` need `rows: mutable`"
            )

    def _compile_parts(self) -> None:
        for name, parts in self._config.parts.items():
            columns = LookupNames()
            path: Path = ("parts", name)
            if parts.until == "transaction":
                self.problem((*path, "until"), "parts are complete by their count only", "say `count:`")
            elif parts.count is None:
                self.problem(path, "`count` is missing", "say which column of the header tells how many there are")
            self._table.parts[name] = PartsPlan(
                name=name,
                table=parts.table,
                one=parts.one,
                header_key=self.key(parts.of, (*path, "of"), columns),
                key=self.key(parts.key, (*path, "key"), columns),
                count=None,
                space=f"part:{self._table.name}.{name}",
            )
            self._plan.part_tables[parts.table] = (self._table, self._table.parts[name])
        for name, parts in self._config.parts.items():
            if parts.count is not None:
                self._table.parts[name].count = self.value(parts.count, ("parts", name, "count"))

    def _compile_row(self) -> None:
        table, config = self._table, self._config
        self._compile_identity()
        table.skip = self.guards(config.skip, ("skip",))
        table.park = self.guards(config.park, ("park",))
        table.sent_before = self.test(config.sent_before, ("sent_before",))
        table.after = self.value(config.after, ("after",)) if config.after is not None else None
        if config.deleted in ("nothing", "nothing stands"):
            table.deleted = str(config.deleted)
        elif config.deleted is not None:
            table.deleted = self.test(config.deleted, ("deleted",))
        if config.split is not None:
            self._compile_split()
        if config.holds == "round" and config.round is None:
            self.problem(("holds",), "the round is not known", "say which it is: `round: round_id`")

    def _compile_identity(self) -> None:
        """Compile what must be known of a row before anything of it can wait."""
        table, config = self._table, self._config
        with self._from_the_row_alone("key"):
            table.key = self.key(config.key, ("key",), self.names)
        with self._from_the_row_alone("player"):
            table.player = self.value(config.player, ("player",))
        with self._from_the_row_alone("round"):
            table.round = self.value(config.round, ("round",)) if config.round is not None else None
        with self._from_the_row_alone("starts"):
            table.starts = self.test(config.starts, ("starts",)) if config.starts is not None else None
        for name, parts in config.indexes.items():
            with self._from_the_row_alone("indexes", name):
                table.indexes[name] = self.key(parts, ("indexes", name), self.names)

    @contextlib.contextmanager
    def _from_the_row_alone(self, *path: str) -> Iterator[None]:
        self.names.looks_up = False
        yield
        if self.names.looks_up:
            hint = (
                "for `player`, an account's id will do: what shares it keeps its order"
                if path == ("player",)
                else ""
            )
            self.problem(
                path, "this cannot depend on a look-up or on another row", hint or "name columns of the row"
            )

    def _compile_split(self) -> None:
        split = self._config.split
        if split is None or split.parts not in self._table.parts:
            self.problem(("split", "parts"), "no such parts", f"one of: {', '.join(self._table.parts)}")
            return
        only = self.value(split.only, ("split", "only")) if split.only is not None else None
        self._table.split = SplitPlan(split.parts, split.by, only)

    def _activity(self, name: str) -> ActivityPlan:
        table, config = self._config, self._config.activities[name]
        path: Path = ("activities", name)
        compare = config.compare
        if isinstance(compare, list):
            readers = [self.value(text, (*path, "compare", at)) for at, text in enumerate(compare)]
            compared: Reader | None = _all_of(readers)
        else:
            compared = self.value(compare, (*path, "compare")) if compare is not None else None
        return ActivityPlan(
            name=name,
            type=config.type,
            when=self.test(config.when, (*path, "when")),
            stands=self.test(table.stands, ("stands",))
            if config.stands is None
            else self.test(config.stands, (*path, "stands")),
            event=self._merged(name, config, "event"),
            again=self._merged(name, config, "again"),
            rollback=self._merged(name, config, "rollback"),
            compare=compared,
            grows=(
                self.value(config.grows.total, (*path, "grows", "total")),
                self.test(config.grows.while_, (*path, "grows", "while")),
            )
            if config.grows is not None
            else None,
            share=self.value(config.share, (*path, "share")) if config.share is not None else None,
        )

    def _merged(self, name: str, activity: Activity, part: str) -> Fields:
        own: Mapping[str, Any] = getattr(activity, part)
        shared: Mapping[str, Any] = getattr(self._config, part)
        fields = self.fields({k: v for k, v in shared.items() if k not in own}, (part,))
        return [*fields, *self.fields(own, ("activities", name, part))]

    def _reversal(self, reversal: Reversal, at: int, count: int) -> ReversalPlan:
        path: Path = ("reverses", at) if count > 1 or isinstance(self._config.reverses, list) else ("reverses",)
        targets = [name for name in ("original", "round", "undoes") if getattr(reversal, name) is not None]
        if len(targets) != 1:
            self.problem(path, "a reversal names `original`, `round` or `undoes`", "one of them, and only one")

        def optional(name: str) -> Reader | None:
            text = getattr(reversal, name)
            return self.value(text, (*path, name)) if text is not None else None

        return ReversalPlan(
            when=self.test(reversal.when, (*path, "when")),
            original=optional("original"),
            round=optional("round"),
            undoes=optional("undoes"),
            activity=reversal.activity,
            order=reversal.order,
            skip=self.guards(reversal.skip, (*path, "skip")),
            park=self.guards(reversal.park, (*path, "park")),
            takes=optional("takes"),
            partial=reversal.partial,
            repeated=reversal.repeated,
            unknown=reversal.unknown,
            event=self.fields(reversal.event, (*path, "event")),
        )

    def _remembered(self, attributes: frozenset[str]) -> frozenset[str]:
        config = self._config
        used = set(config.remember) | set(self._table.watch) | set(config.moves)
        if config.rows == "mutable":
            return frozenset(used | attributes | self._table.columns)
        for activity in config.activities.values():
            amounts = {k: v for k, v in {**config.event, **activity.event}.items() if k in AMOUNTS}
            for forms in (amounts if activity.share is not None else {}, config.again, activity.again):
                used |= self._columns_of(forms)
        return frozenset(used | attributes)

    def _columns_of(self, forms: Mapping[str, Any]) -> set[str]:
        self.names.used_columns.append(set())
        for form in forms.values():
            compile_value(form, self.names, lambda *_: None)
        return self.names.used_columns.pop()

    def value(self, text: Any, path: Path) -> Reader:
        return self.expression(text, path, self.names)

    def test(self, text: Any, path: Path) -> Test:
        return self.condition(text, path, self.names)

    def guards(self, conditions: Conditions, path: Path) -> list[Guard]:
        return [(reason, self.test(text, (*path, reason))) for reason, text in conditions.items()]

    def fields(self, forms: Mapping[str, Any], path: Path) -> Fields:
        fields: Fields = []
        for field, form in forms.items():
            if field in ("type", "status"):
                self.problem((*path, field), f"{field} is not written here", "the activity says it")
            elif field not in FIELDS:
                self.problem((*path, field), f"{field} is no field of an event", did_you_mean(field, FIELDS))
            else:
                fields.append((field, self.form(form, (*path, field))))
        return fields

    def form(self, form: Any, path: Path) -> Reader:
        return compile_value(
            form,
            self.names,
            lambda inner, message, hint, line, column: self._report(
                (*self._path, *path, *inner), message, hint, line, column
            ),
        )

    def _with_reader(self, name: str) -> Reader:
        names = self.names
        if name not in self._with:
            if name in self._open:
                raise Misuse(f"{name} refers to itself", f'if a column is meant, write column("{name}")')
            self._open.append(name)
            names.used_columns.append(set())
            outside, names.volatile, names.looks_up = (names.volatile, names.looks_up), False, False
            read = self.form(self._config.with_[name], ("with", name))
            columns = frozenset(names.used_columns.pop())
            kept = read if names.volatile or is_constant(read) else _kept(name, read)
            self._with[name] = _With(kept, columns, names.volatile, names.looks_up)
            names.volatile, names.looks_up = outside
            self._open.pop()
        found = self._with[name]
        names.used_columns[-1] |= found.columns
        names.used_columns[0] |= found.columns
        names.volatile |= found.volatile
        names.looks_up |= found.looks_up
        return found.read


@dataclass(slots=True, frozen=True)
class _With:
    """A name of `with`, compiled, and what it needs."""

    read: Reader
    columns: frozenset[str]
    volatile: bool
    looks_up: bool


def _kept(name: str, read: Reader) -> Reader:
    """Return a reader that works out a name of `with` once per scope."""

    def kept(scope: Any) -> Value:
        cache = scope.cache
        if name in cache:
            return cache[name]
        value = cache[name] = read(scope)
        return value

    return kept


def _all_of(readers: list[Reader]) -> Reader:
    return lambda scope: [read(scope) for read in readers]
