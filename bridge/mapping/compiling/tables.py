"""From the text of one play table to its plan."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bridge.config.wallet import Activity, Reversal
from bridge.mapping.compiling.checks import (
    asks_what_was_sent,
    check_events,
    check_ids,
    check_keys_of_parts,
    check_parts_claimed,
    check_rollbacks,
    check_rows_claimed,
    check_rows_named,
    check_totals,
    check_words,
)
from bridge.mapping.compiling.names import BUILT_IN, LookupNames
from bridge.mapping.compiling.reporting import Path
from bridge.mapping.compiling.shares import check_shares
from bridge.mapping.compiling.table_expressions import TableExpressions
from bridge.mapping.compiling.values import compile_value
from bridge.mapping.language.readers import Reader, all_comparable, comparable
from bridge.mapping.state.amounts import AMOUNTS
from bridge.mapping.state.parts import share_reader
from bridge.mapping.state.plan import ActivityPlan, Fields, PartsPlan, ReversalPlan, SplitPlan
from bridge.mapping.state.rows import SCHEMA_NAME, TABLE_NAME


class TableCompiler(TableExpressions):
    """Fills the plan of one play table."""

    def compile(self, attributes: frozenset[str]) -> None:
        """Compile everything; `attributes` are the names behind a dot anywhere in the wallet."""
        table, config = self._table, self._config
        table.all_tables = self._plan.tables
        table.with_compiler = self.with_reader
        self._check_names()
        self._compile_parts()
        for name in config.with_:
            self.with_compiled(name)
        self._compile_row()
        base = {activity: self._activity(activity) for activity in config.activities}
        table.activities = base
        reverses = config.reverses if isinstance(config.reverses, list) else [config.reverses]
        table.reverses = [self._reversal(reversal, at, len(reverses)) for at, reversal in enumerate(reverses)]
        if not table.activities and not table.reverses:
            self.problem((), "no row of this table means anything", "add `activities:` or `reverses:`")
        check_events(config, self.problem)
        check_ids(config, self.problem)
        check_totals(config, self.problem)
        check_rollbacks(config, self.problem)
        check_shares(self._plan.wallet, table.name, self.problem)
        check_rows_named(self._plan.wallet, table.name, self.problem)
        check_rows_claimed(self._plan.wallet, table.name, self.problem)
        check_parts_claimed(self._plan.wallet, table.name, self.problem)
        check_keys_of_parts(config, self.problem)
        check_words(config, self.problem)
        table.columns = frozenset(self.names.used_columns[0])
        table.names_table = table.pattern is not None and not table.columns.isdisjoint((TABLE_NAME, SCHEMA_NAME))
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
        for name in config.each:
            if name in taken or name in config.with_ or name in self._plan.tables or name in self._plan.lookups:
                self.problem(("each", name), f"{name} already means something else here", "choose another name")
        if config.each and (config.rows == "mutable" or config.parts):
            hint = (
                "rows that change, or have parts, cannot be taken apart: what would a list mean that has changed?"
            )
            self.problem(("each",), "`each` needs `rows: append-only`, and no `parts`", hint)
        needs_mutable = [config.deleted is not None, config.moves, config.watch, config.as_of]
        needs_mutable += [activity.compare is not None for activity in config.activities.values()]
        if config.rows == "append-only" and any(needs_mutable):
            hint = "`deleted`, `moves`, `watch`, `as_of` and `compare` need `rows: mutable`"
            self.problem((), "append-only rows are looked at once", hint)

    def _compile_parts(self) -> None:
        for name, parts in self._config.parts.items():
            columns = LookupNames()
            path: Path = ("parts", name)
            if (parts.count is None) == (parts.until is None):
                hint = (
                    "how many there are (`count: leg_count`), a condition (`until: sum(legs.amount) == total`), "
                    "or the end of the transaction (`until: transaction`)"
                )
                self.problem(path, "what makes the parts complete is said once", f"say {hint}")
            self._table.parts[name] = PartsPlan(
                name=name,
                table=parts.table,
                one=parts.one,
                header_key=self.key(parts.of, (*path, "of"), columns),
                key=self.key(parts.key, (*path, "key"), columns),
                count=None,
                space=f"part:{self._table.name}.{name}",
                until_transaction=parts.until == "transaction",
            )
            self._plan.part_tables[parts.table] = (self._table, self._table.parts[name])
        for name, parts in self._config.parts.items():
            if parts.count is not None:
                self._table.parts[name].count = self.value(parts.count, ("parts", name, "count"))
            if parts.until is not None and parts.until != "transaction":
                self._table.parts[name].until = self.test(parts.until, ("parts", name, "until"))
            for own, form in parts.with_.items():
                self._table.parts[name].named[own] = self.form(form, ("parts", name, "with", own))

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
        for name, text in config.each.items():
            with self._from_the_row_alone("each"):
                table.item, table.each = name, self.value(text, ("each", name))
        with self._from_the_row_alone("key"):
            table.key = self.naming(config.key, ("key",), self.names)
        with self._from_the_row_alone("player"):
            table.player = self.value(config.player, ("player",))
        with self._from_the_row_alone("round"):
            table.round = self._round(config.round, ("round",))
        with self._from_the_row_alone("starts"):
            table.starts = self.test(config.starts, ("starts",)) if config.starts is not None else None
        for name, parts in config.indexes.items():
            with self._from_the_row_alone("indexes", name):
                table.indexes[name] = self.naming(parts, ("indexes", name), self.names)

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
            compared: Reader | None = all_comparable(readers)
        else:
            compared = comparable(self.value(compare, (*path, "compare"))) if compare is not None else None
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
            share=self._share(config.share, (*path, "share")),
            alone=config.grows is not None
            and not any(one.type == "Bet" and one.grows is None for one in table.activities.values()),
        )

    def _share(self, said: Any, path: Path) -> Reader | None:
        if not isinstance(said, Mapping):
            return share_reader(self._table, self.value(said, path)) if said is not None else None
        return share_reader(self._table, {name: self.value(one, (*path, name)) for name, one in said.items()})

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
        alone = reversal.original is not None and reversal.takes is None and reversal.activity is None
        if reversal.followers != "stay" and not alone:
            hint = "name the bet with `original`, without `takes` and `activity`"
            self.problem((*path, "followers"), "followers go, or park, with a row that is taken back whole", hint)

        def optional(name: str) -> Reader | None:
            text = getattr(reversal, name)
            return self.value(text, (*path, name)) if text is not None else None

        return ReversalPlan(
            when=self.test(reversal.when, (*path, "when")),
            original=optional("original"),
            round=self._round(reversal.round, (*path, "round")),
            undoes=optional("undoes"),
            activity=reversal.activity,
            followers=reversal.followers,
            order=reversal.order,
            skip=self.guards(reversal.skip, (*path, "skip")),
            park=self.guards(reversal.park, (*path, "park")),
            takes=self._share(reversal.takes, (*path, "takes")),
            by_what_was_sent=asks_what_was_sent(reversal.takes, self._config, self._plan_activities()),
            partial=reversal.partial,
            repeated=reversal.repeated,
            unknown=reversal.unknown,
            event=self._reversal_event(reversal, path),
        )

    def _plan_activities(self) -> frozenset[str]:
        return frozenset({"sent"}).union(*(table.activity_names for table in self._plan.tables.values()))

    def _round(self, said: Any, path: Path) -> Callable[[Any], str | None] | None:
        return self.naming(said, path, self.names) if said is not None else None

    def _reversal_event(self, reversal: Reversal, path: Path) -> Fields:
        self.names.in_reversal = True
        fields = self.fields(reversal.event, (*path, "event"))
        self.names.in_reversal = False
        return fields

    def _remembered(self, attributes: frozenset[str]) -> frozenset[str]:
        config = self._config
        used = set(config.remember) | set(self._table.watch) | set(config.moves)
        used |= {config.as_of} if config.as_of is not None else set()
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
