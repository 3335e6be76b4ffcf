"""What names mean in the expressions of one play table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from bridge.errors import MappingError
from bridge.mapping.language import operators
from bridge.mapping.language.readers import Kind, Misuse, Reader, Unfit, constant_of
from bridge.mapping.state.parts import complete
from bridge.mapping.state.plan import Plan, TablePlan
from bridge.mapping.state.rounds import round_of
from bridge.mapping.state.row_readers import indexed_reader, lookup_reader, play_reader
from bridge.mapping.state.scope import Scope
from bridge.mapping.state.scope_readers import column
from bridge.row import Value

BUILT_IN = {
    "n": "the generation of the event, or the number of the piece of a running total",
    "grown": "by how much a running total has grown, in the unit of the total",
    "left": "what reversals have left of the activity's share",
    "takes": "how much a reversal takes back",
    "taken_back": "under `event` of `reverses` alone: the event that is taken back, as it was sent",
    "last": "whether this is the last event of the change",
    "deleted": "whether the row was deleted",
    "committed_at": "when the database committed the change",
    "original": "the row that a reversal takes back, or that this row follows",
    "was": "the row as it was before this change",
    "this_round": "the other rows of the round: bets, wins, losses (that stand), bet_amount, win_amount, first",
    "change_kind": "insert, update, delete or snapshot",
}
"""Names that every play table has.

Where a table has a column of the same name, a rule must say which it means: `column("deleted")` or
`built_in("deleted")`.
"""

_ONCE = "append-only rows are looked at once"
_OPERATIONS = {"c": "insert", "u": "update", "d": "delete", "r": "snapshot"}


class LookupNames:
    """Names inside a look-up table's own key and filter: its columns."""

    def name(self, name: str) -> Reader | None:
        """Return the reader of a column."""
        return lambda row: row[name]

    def index(self, name: str) -> None:
        """Refuse: a look-up does not look up."""

    def index_by(self, table: str, index: str) -> None:
        """Refuse: a look-up does not look up."""

    def function(self, name: str) -> None:
        """Know no functions beside the library's."""

    def known(self) -> Collection[str]:
        """Return nothing: columns are not known before records come."""
        return ()

    def kind(self, _: str) -> Kind:
        """Return that every name is a column."""
        return "column"


class TableNames:
    """Names of one play table, in this order: `with`, parts, activities, built-in names, columns."""

    def __init__(self, table: TablePlan, plan: Plan, functions: Mapping[str, Callable[..., Value]]) -> None:
        self._table = table
        self._plan = plan
        self._functions = functions
        self.used_columns: list[set[str]] = [set()]
        """The columns that have been named; the last set belongs to what is being compiled."""
        self.used_lookups: set[str] = set()
        self.used_with: set[str] = set()
        self.volatile = False
        """Whether something named since this was cleared changes from event to event."""
        self.looks_up = False
        """Whether something named since this was cleared may have to be waited for."""
        self.of_reversal = False
        """Whether something named since this was cleared is known in the event of a reversal alone."""
        self.in_reversal = False
        """Whether what is being compiled stands in the event of a reversal, or may be named there."""

    def known(self) -> Collection[str]:
        """Return every name but columns."""
        table = self._table
        return [
            *table.with_names,
            *table.parts,
            *table.activity_names,
            *BUILT_IN,
            *self._plan.lookups,
            *self._plan.tables,
        ]

    def kind(self, name: str) -> Kind:
        """Return what a bare name is."""
        table = self._table
        parts = (*table.parts, *(parts.one for parts in table.parts.values()))
        if name in table.with_names or name in parts:
            return "name"
        if name in table.activity_names:
            return "activity"
        if name in BUILT_IN:
            return "name"
        return "table" if name in self._plan.lookups or name in self._plan.tables else "column"

    def name(self, name: str) -> Reader | None:
        """Return the reader of a bare name; one that nothing else claims is a column."""
        table = self._table
        if name in table.with_names:
            self.used_with.add(name)
            return table.with_reader(name, self)
        if name in table.parts:
            parts = table.parts[name]
            return lambda scope: complete(parts, scope)
        if any(parts.one == name for parts in table.parts.values()):
            self.volatile = True  # It is another one for each part.
            return _one_part
        if name in table.activity_names:
            self.volatile = table.asks_itself = True
            return lambda scope: scope.activity(name)
        if name in BUILT_IN:
            return self._unambiguous(name)
        return self._column(name)

    def _column(self, name: str) -> Reader:
        self.used_columns[-1].add(name)
        return column(name)

    def _built_in(self, name: str) -> Reader:
        self.volatile = True
        self.looks_up |= name in ("this_round", "original")
        self._table.asks_change |= name == "change_kind"
        self._table.asks_commit |= name == "committed_at"
        if name == "this_round" and not self._table.has_round:
            raise Misuse("this table has no round", "say which it is: `round: round_id` on the table")
        if name == "was" and self._table.append_only:
            raise Misuse("was is the row before this change", _ONCE)
        if name == "taken_back":
            self.require_reversal(name, f"{name} is")
        return _BUILT_IN_READERS[name]

    def require_reversal(self, name: str, what: str) -> None:
        """Note that a name is known in the event of a reversal alone.  Raises Misuse anywhere else."""
        if not self.in_reversal:
            hint = "elsewhere `original` is the row that a reversal takes back"
            raise Misuse(
                f"{what} known under `event` of `reverses` alone",
                f'{hint}; if a column is meant, write column("{name}")',
            )
        self.of_reversal = True

    def _unambiguous(self, name: str) -> Reader:
        """Return a built-in name that refuses to stand in for a column of the same name."""
        read = self._built_in(name)

        def read_unless_column(scope: Scope) -> Value:
            if name in scope.row:
                raise MappingError(
                    "ambiguous_name", f'{name} is a column too: write column("{name}") or built_in("{name}")'
                )
            return read(scope)

        return read_unless_column

    def index(self, name: str) -> Callable[[Sequence[Reader]], Reader] | None:
        """Return what reads a row of a look-up table or of a play table by its key."""
        self.looks_up = True
        if name in self._plan.lookups:
            self.used_lookups.add(name)
            lookup = self._plan.lookups[name]
            return lambda parts: lookup_reader(lookup, parts)
        if name in self._plan.tables:
            table = self._plan.tables[name]
            return lambda parts: play_reader(table, self._plan.wallet.play[name].key, parts)
        return None

    def index_by(self, table: str, index: str) -> Callable[[Sequence[Reader]], Reader] | None:
        """Return what reads a play row by an index that its table declares."""
        self.looks_up = True
        target = self._plan.tables.get(table)
        if target is None or index not in target.index_names:
            return None
        return lambda parts: indexed_reader(target, index, self._plan.wallet.play[table].indexes[index], parts)

    def function(self, name: str) -> Callable[[Sequence[Reader], Mapping[str, Reader]], Reader] | None:
        """Return the functions that compare with the row before, `column`, and those beside the connector."""
        makers = {"changed": _changed, "became": _became, "increased": _increased}
        if name in makers:
            self.volatile = True
            if self._table.append_only:
                raise Misuse(f"{name} compares with the row before", _ONCE)
            return makers[name]
        if name == "column":
            return lambda parts, keywords: self._column(_quoted(parts, keywords, "column"))
        if name == "built_in":
            return lambda parts, keywords: self._built_in_by_name(_quoted(parts, keywords, "built_in"))
        if name in self._functions:
            return _user_function(self._functions[name])
        return None

    def _built_in_by_name(self, name: str) -> Reader:
        if name not in BUILT_IN:
            raise Misuse(f"{name} is not built in", f"one of: {', '.join(BUILT_IN)}")
        return self._built_in(name)


def _quoted(parts: Sequence[Reader], keywords: Mapping[str, Reader], function: str) -> str:
    name = constant_of(parts[0]) if len(parts) == 1 and not keywords else None
    if not isinstance(name, str):
        raise Misuse(f"{function} takes one name in quotes", f'for example {function}("last")')
    return name


def _original(scope: Scope) -> Value:
    """Return the row that a reversal takes back, or that a row follows; one of history has not been judged."""
    if scope.original is None and scope.change is None and scope.plan.after is not None:
        scope.original = scope.plan.after(scope)
    return scope.original


_BUILT_IN_READERS: dict[str, Reader] = {
    "n": lambda scope: scope.n,
    "grown": lambda scope: scope.grown,
    "left": lambda scope: scope.left,
    "takes": lambda scope: scope.takes,
    "taken_back": lambda scope: scope.taken_back,
    "last": lambda scope: scope.last,
    "deleted": lambda scope: scope.deleted,
    "committed_at": lambda scope: scope.committed_at(),
    "original": _original,
    "was": lambda scope: scope.before().row,
    "this_round": round_of,
    "change_kind": lambda scope: _OPERATIONS.get(scope.change.op) if scope.change is not None else None,
}


def _changed(parts: Sequence[Reader], keywords: Mapping[str, Reader]) -> Reader:
    (value,) = _exactly(1, parts, keywords, "changed(status)")
    return lambda scope: value(scope) != value(scope.before())


def _became(parts: Sequence[Reader], keywords: Mapping[str, Reader]) -> Reader:
    value, wanted = _exactly(2, parts, keywords, 'became(status, "done")')

    def read(scope: Scope) -> bool:
        target, now = wanted(scope), value(scope)
        try:
            return operators.equal(now, target) and not operators.equal(value(scope.before()), target)
        except Unfit as unfit:
            raise MappingError(unfit.code, f"became {unfit.reason}") from None

    return read


def _increased(parts: Sequence[Reader], keywords: Mapping[str, Reader]) -> Reader:
    (value,) = _exactly(1, parts, keywords, "increased(cashed)")

    def read(scope: Scope) -> bool:
        now, before = value(scope), value(scope.before())
        try:
            return now is not None and operators.greater(operators.number_of(now), 0 if before is None else before)
        except Unfit as unfit:
            raise MappingError(unfit.code, f"increased {unfit.reason}") from None

    return read


def _one_part(scope: Scope) -> Value:
    if scope.part is None:
        raise MappingError(
            "no_part",
            "one part is asked for where none is meant: that is under `share` and `takes`, with a `split`",
        )
    return scope.part


def _exactly(
    count: int, parts: Sequence[Reader], keywords: Mapping[str, Reader], example: str
) -> Sequence[Reader]:
    if len(parts) != count or keywords:
        raise Misuse(f"takes {count} value{'s' * (count > 1)}", f"for example {example}")
    return parts


def _user_function(
    function: Callable[..., Value],
) -> Callable[[Sequence[Reader], Mapping[str, Reader]], Reader]:
    def make(parts: Sequence[Reader], keywords: Mapping[str, Reader]) -> Reader:
        named = dict(keywords)
        return lambda scope: function(
            *[part(scope) for part in parts], **{name: read(scope) for name, read in named.items()}
        )

    return make
