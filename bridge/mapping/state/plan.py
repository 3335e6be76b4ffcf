"""The plan: a wallet's rules compiled once, ready to judge changes."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from bridge.config.wallet import Lookup, Wallet
from bridge.errors import MappingError, PoisonRecord
from bridge.mapping.language.readers import Reader, constant, constant_of, is_constant
from bridge.mapping.state.keys import KEY_SEPARATOR, key_text, row_space
from bridge.mapping.state.waiting import Waiting
from bridge.row import Value

WAIT_THEN_SKIP: Final = "wait then skip"
"""A reversal waits for its original, and means nothing where that never comes."""

Test = Callable[[Any], bool]
Guard = tuple[str, Test]
"""A reason in words, and the condition under which it applies."""

Fields = list[tuple[str, Reader]]


@dataclass(slots=True, eq=False)
class LookupPlan:
    """A look-up table."""

    name: str
    config: Lookup
    key: Callable[[Any], str | None]
    key_columns: list[str]
    where: Test | None
    pattern: re.Pattern[str] | None
    space: str = field(init=False)
    """Where its rows lie in the ledger."""
    as_of: str | None = field(init=False)
    """The column from which on a version is valid."""
    missing: str = field(init=False)
    """What a missing row does."""

    def __post_init__(self) -> None:
        """Keep what is asked for each row."""
        self.space = f"lookup:{self.name}"
        self.as_of, self.missing = self.config.as_of, self.config.missing


@dataclass(slots=True, eq=False)
class ActivityPlan:
    """One activity, with the readers of its events."""

    name: str
    type: str
    when: Test
    stands: Test
    event: Fields
    again: Fields
    rollback: Fields
    compare: Reader | None = None
    grows: tuple[Reader, Test] | None = None
    share: Reader | None = None
    """Reads the whole share, before any reversal: one number, or one for each value of the split."""
    alone: bool = False
    """A running total in a table without a single bet: each growth is play of its own."""
    blank: dict[str, Value] = field(init=False)
    """The fields of an event that are the same for all, and all others as null."""
    varying: Fields = field(init=False)
    """The fields that are read for each event."""

    def __post_init__(self) -> None:
        """Part what is constant from what is read."""
        self.blank = {name: constant_of(read) if is_constant(read) else None for name, read in self.event}
        self.blank |= {"type": self.type, "status": "Approved"}
        self.varying = [(name, read) for name, read in self.event if not is_constant(read)]


@dataclass(slots=True, eq=False)
class ReversalPlan:
    """Rows that take back what others stand for."""

    when: Test
    original: Reader | None
    round: Callable[[Any], str | None] | None
    undoes: Reader | None
    activity: str | None
    followers: str
    order: str
    skip: list[Guard]
    park: list[Guard]
    takes: Reader | None
    """Reads how much of a share is taken, in the form of `ActivityPlan.share`."""
    by_what_was_sent: bool
    """Whether `takes` depends on what was sent, and so on what has been taken of that."""
    partial: str
    repeated: str
    unknown: str
    event: Fields


@dataclass(slots=True)
class PartsPlan:
    """Rows of another table that belong to one row of this one: see `bridge.mapping.state.parts`."""

    name: str
    table: str
    one: str
    header_key: Callable[[Any], str | None]
    key: Callable[[Any], str | None]
    count: Reader | None
    space: str
    until: Test | None = None
    """Whether the parts that have come are all."""
    until_transaction: bool = False
    """They are all when the header's transaction has ended, and all that it wrote of them has come."""
    named: dict[str, Reader] = field(default_factory=dict)
    """What is worked out for each part, by the name of the column that it stands for."""


@dataclass(slots=True)
class SplitPlan:
    """How shares are divided."""

    parts: str
    by: str
    only: Reader | None


@dataclass(slots=True, eq=False)
class TablePlan:
    """One play table."""

    name: str
    append_only: bool
    snapshot: str
    holds: str
    pattern: re.Pattern[str] | None = None
    names_table: bool = False
    """Whether a rule asks in which of several tables a row lies, as if that were a column."""
    each: Reader | None = None
    """The list of which each item is a row of its own."""
    item: str = ""
    """What one item is called."""
    as_of: str | None = None
    """The column that numbers the versions, where each row is a version of what the key names."""
    deleted: str | Test | None = None
    key: Callable[[Any], str | None] = lambda _: None
    player: Reader = lambda _: None
    watch: list[str] = field(default_factory=list)
    moves: Mapping[str, Mapping[str, list[Any]]] = field(default_factory=dict)
    skip: list[Guard] = field(default_factory=list)
    park: list[Guard] = field(default_factory=list)
    activities: dict[str, ActivityPlan] = field(default_factory=dict)
    reverses: list[ReversalPlan] = field(default_factory=list)
    parts: dict[str, PartsPlan] = field(default_factory=dict)
    indexes: dict[str, Callable[[Any], str | None]] = field(default_factory=dict)
    after: Reader | None = None
    round: Callable[[Any], str | None] | None = None
    starts: Test | None = None
    retention: timedelta = timedelta.max
    """How long the ledger remembers a row of which it hears nothing."""
    sent_before: Test = lambda _: False
    split: SplitPlan | None = None
    asks_itself: bool = False
    """Whether a rule asks what was sent of the row before."""
    asks_change: bool = False
    """Whether a rule asks what kind of change it is, which nothing tells of a row of history afterwards."""
    is_looked_up: bool = False
    """Whether its rows are those of a look-up as well, which shows with each of them what was not there before."""
    asks_commit: bool = False
    """Whether a rule asks when the change was committed, which is remembered of a row of history."""
    columns: frozenset[str] = frozenset()
    """Every column that a rule of this table names."""
    remembers: frozenset[str] = frozenset()
    """The columns that are remembered of each row."""
    indexes_rounds: bool = False
    gathers: bool = False
    """Whether it is remembered which rows follow a row of this table, and which one a row follows."""
    all_tables: dict[str, TablePlan] = field(default_factory=dict)

    # Known before anything of the table is compiled, so that its expressions can be.
    with_names: frozenset[str] = frozenset()
    activity_names: frozenset[str] = frozenset()
    index_names: frozenset[str] = frozenset()
    has_round: bool = False
    with_values: dict[str, Reader] = field(default_factory=dict)
    with_compiler: Callable[[str], Reader] = constant

    def with_reader(self, name: str, _names: object) -> Reader:
        """Return the reader of a name in `with`, compiled when it is first used."""
        return self.with_compiler(name)

    def index_space(self, index: str) -> str:
        """Return where an index of this table lies in the ledger."""
        return f"ref:{self.name}.{index}"

    def queue(self, scope: object) -> str:
        """Return whose queue a row is in: its player's, or that of its player's round.

        Raises MappingError when the row does not say whose it is.
        """
        player = key_text(self.player(scope))
        if player is None:
            raise MappingError("no_player", "the row does not say whose it is")
        if self.holds == "round" and self.round is not None:
            return f"{player}{KEY_SEPARATOR}{self.round(scope) or ''}"
        return player

    def places(self, key: str, scope: object) -> list[tuple[str, str]]:
        """Return where others find a row: by its key, and by every index that can be told of its scope."""
        found = [(row_space(self.name), key)]
        for name, read in self.indexes.items():
            with contextlib.suppress(PoisonRecord, Waiting):
                value = read(scope)
                if value is not None:
                    found.append((self.index_space(name), value))
        return found


TableKind = tuple[LookupPlan | None, TablePlan | None, tuple[TablePlan, PartsPlan] | None]
"""What a table of the database is: a look-up table, a play table, the parts of a play table; several, or none."""


@dataclass(slots=True)
class Plan:
    """A wallet, compiled."""

    wallet: Wallet
    lookups: dict[str, LookupPlan] = field(default_factory=dict)
    tables: dict[str, TablePlan] = field(default_factory=dict)
    part_tables: dict[str, tuple[TablePlan, PartsPlan]] = field(default_factory=dict)

    kinds: dict[str, TableKind] = field(default_factory=dict)

    def of_table(self, full_name: str) -> TableKind:
        """Return what a table of the database is to this wallet; its name is `schema.table`."""
        kind = self.kinds.get(full_name)
        if kind is None:
            kind = self.kinds[full_name] = (
                _find(self.lookups, full_name),
                _find(self.tables, full_name),
                _find_by_name(self.part_tables, full_name),
            )
        return kind

    @property
    def reads_transactions(self) -> bool:
        """Whether any parts are complete with the end of a transaction."""
        return any(parts.until_transaction for _, parts in self.part_tables.values())

    def space_of_parts(self, table: str) -> str | None:
        """Return where the ledger keeps the parts that a table of the database holds, or None."""
        _, _, part = self.of_table(table)
        return part[1].space if part is not None else None

    def waits_ms(self) -> dict[str, int]:
        """Return how long a change waits at most, by what it waits for, in milliseconds."""
        wait = self.wallet.wait
        original = int(wait.original.total_seconds() * 1000)
        return {
            "lookup": int(wait.lookup.total_seconds() * 1000),
            "part": int(wait.parts.total_seconds() * 1000),
            "row": original,
            "ref": original,
        }


def _find(plans: Mapping[str, Any], full_name: str) -> Any:
    bare = full_name.rpartition(".")[2]
    for name in (full_name, bare):
        plan = plans.get(name)
        if plan is not None and plan.pattern is None:
            return plan
    return next(
        (p for p in plans.values() if p.pattern and (p.pattern.fullmatch(bare) or p.pattern.fullmatch(full_name))),
        None,
    )


def _find_by_name(plans: Mapping[str, Any], full_name: str) -> Any:
    return plans.get(full_name) or plans.get(full_name.rpartition(".")[2])
