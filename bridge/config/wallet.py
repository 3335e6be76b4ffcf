"""The wallet: what the tables of one brand mean.

These models fix the keys and their shapes.  Expressions stay text here; `bridge.mapping` compiles
and checks them.  The reference page and the JSON Schema are generated from the descriptions.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from bridge.durations import parse_duration


class Model(BaseModel):
    """A part of a connector: frozen, and unknown keys are problems."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


Expression = Annotated[StrictStr | StrictBool | StrictInt | Decimal, Field(union_mode="left_to_right")]
"""An expression over the row, as text; a bare YAML number or boolean is itself."""

Shares = Expression | Annotated[dict[str, Expression], Field(min_length=1)]
"""One number, or a number under each of several names: `{real: real_amount, bonus: bonus_amount}`."""

ValueForm = Any
"""An expression, a template `{text: ...}`, a case map `{from: ..., a: b, else: c}`, or a map of values."""

Duration = Annotated[timedelta, BeforeValidator(parse_duration)]


def _as_text(value: Any) -> Any:
    """Return a number, a boolean or null as the text of a key: a status may be a number, or not be there yet."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, int) else value


Status = Annotated[str, BeforeValidator(_as_text)]
"""What a column holds, as a key of YAML."""

Conditions = dict[str, Expression]
"""Reasons in words, each with the condition under which it applies."""


class Lookup(Model):
    """Rows that play refers to.  The key is the table's name."""

    key: Expression | list[Expression] = Field(description="The column (or columns) by which a row is looked up.")
    as_of: str | None = Field(
        None,
        description="The column from which on a version of the row is valid; the look-up then takes a time too.",
    )
    missing: Literal["wait", "park", "none", "wait then none"] = Field(
        "wait",
        description="What a missing row does: the change waits (`wait.lookup`) and is parked then, is parked at "
        "once, the look-up is null, or it is null when the wait is over.",
    )
    columns: dict[str, str] = Field({}, description="Column types that the records do not tell.")
    where: Expression | None = Field(None, description="Only rows for which this holds can be found.")
    tables: str | None = Field(None, description="A regular expression over table names, where there are several.")
    file: str | None = Field(
        None, description="A CSV or YAML file with the rows, beside the connector, instead of a topic."
    )
    sql: str | None = Field(
        None,
        description="A query on a read replica that gives the rows, instead of a topic; it may take 5 minutes.",
    )
    url: str | None = Field(None, description="The replica's address for `sql`.")
    refresh: Duration = Field(timedelta(minutes=5), description="How often `file` and `sql` are read again.")


class Waits(Model):
    """Deadlines: how long a change waits for what is not there yet, counted from when it was read."""

    lookup: Duration = Field(timedelta(minutes=10), description="For a missing look-up row.")
    parts: Duration = Field(
        timedelta(minutes=10), description="For the parts of a header, or a part for its header."
    )
    original: Duration = Field(
        timedelta(days=1), description="A reversal for its original; a row for the one it follows."
    )


class Parts(Model):
    """Rows of another table that belong to one row of this one (the legs of a header)."""

    table: str = Field(description="The table that holds the parts.")
    one: str = Field(
        description="What one part is called in expressions; `legs.debit` lists, `leg.debit` names it."
    )
    of: Expression | list[Expression] = Field(
        description="The part's column (or columns) that holds the key of its header."
    )
    count: Expression | None = Field(None, description="How many parts the header has, over the header's columns.")
    key: Expression | list[Expression] = Field("id", description="What identifies a part.")
    columns: dict[str, str] = Field({}, description="Column types that the records do not tell.")
    until: Expression | None = Field(
        None,
        description="Instead of `count`: when this holds of the header and the parts that have come, from the "
        "first one on, they are complete.  `transaction`: when the database transaction that wrote the header has "
        "ended, and all that it wrote of them has been read; needs `source.transactions`.",
    )
    with_: dict[str, ValueForm] = Field(
        {},
        alias="with",
        description="Names for what belongs to one part, used like its columns.",
    )


class Grows(Model):
    """A running total: each growth of it is an activity of its own."""

    total: Expression = Field(description="The total.")
    while_: Expression = Field(True, alias="while", description="Growth is booked only while this holds.")


class Activity(Model):
    """One bet or one win that a row can stand for."""

    type: Literal["Bet", "Win", "Loss"] = Field(description="The event's type.")
    when: Expression = Field(True, description="Which rows have this activity at all.")
    stands: Expression | None = Field(None, description="Does it count now?  Without it, the table's `stands`.")
    compare: Expression | list[Expression] | None = Field(
        None,
        description="If this changes while the activity stands, it is taken back and sent anew: a value, or a "
        "list of values.",
    )
    grows: Grows | None = Field(None, description="A running total: each growth is an activity of its own.")
    share: Shares | None = Field(
        None,
        description="The number of which reversals take parts; or a number for each of several names; or, with "
        "`split`, one for each part.",
    )
    event: dict[str, ValueForm] = Field({}, description="Fields of its event, over those of the table.")
    again: dict[str, ValueForm] = Field({}, description="Fields from the second generation on.")
    rollback: dict[str, ValueForm] = Field({}, description="Fields of its Rollback.")


class Split(Model):
    """Shares are kept for each value of a column of the parts, each on its own."""

    parts: str = Field(description="The name of the parts.")
    by: str = Field(description="The column of a part whose values divide the share.")
    only: Expression | None = Field(None, description="The list of values that count.")


class Reversal(Model):
    """Rows that take back what other rows stand for."""

    when: Expression = Field(description="Which rows are reversals of this kind.")
    original: Expression | None = Field(
        None, description="The row that it takes back: `table[key]`, or `table.index[value]` for a declared index."
    )
    round: Expression | None = Field(
        None, description="Instead of `original`: the round, all of whose activities it takes back."
    )
    activity: str | None = Field(
        None,
        description="Which activity of the original, by its name, not its type; without it, all that stand. "
        "With `round`, those of that name in all tables.",
    )
    followers: Literal["stay", "go", "park"] = Field(
        "stay",
        description="What becomes of what follows the original by `after` (the wins of a bet): it stays, or goes "
        "with it; or the reversal is parked while some of that stands.",
    )
    order: Literal["newest first", "oldest first", "wins first"] = Field(
        "newest first",
        description="In which order several activities are taken back; the Bet is always last "
        "with `newest first` and `wins first`.",
    )
    undoes: Expression | None = Field(
        None,
        description="Instead of `original`: the reversal that this row undoes, perhaps its own row; what that "
        "took back stands again.",
    )
    skip: Conditions = Field({}, description="Reasons for which such a row leads to nothing.")
    park: Conditions = Field({}, description="Reasons for which such a row waits for a person.")
    takes: Shares | None = Field(
        None,
        description="How much it takes back, in the form of the original's `share`; without it, everything.",
    )
    partial: Literal["replace", "amount", "park"] = Field(
        "replace",
        description="A part is taken back by Rollback and Approved remainder, a Rollback of the part, or parked.",
    )
    repeated: Literal["skip", "park"] = Field(
        "skip",
        description="What a reversal of what no longer stands is, and an undo that finds nothing to restore.",
    )
    unknown: Literal["wait", "park", "skip", "wait then skip"] = Field(
        "wait",
        description="An original that is not there: it is waited for (`wait.original`), and the row is parked "
        "then, or skipped; or the row is parked or skipped at once.",
    )
    event: dict[str, ValueForm] = Field({}, description="Fields of every event that the reversal makes.")


class PlayTable(Model):
    """A table whose changes are play."""

    rows: Literal["append-only", "mutable"] = Field(
        description="append-only: the first writing of a row counts, updates and deletes mean nothing. "
        "mutable: each change is looked at."
    )
    tables: str | None = Field(None, description="A regular expression over table names, where there are several.")
    deleted: Expression | None = Field(
        None,
        description="mutable rows: what a delete means, `nothing` (an archive job) or `nothing stands` (a void); "
        "or a condition over the row as remembered under which nothing stands.",
    )
    each: dict[str, Expression] = Field(
        {},
        max_length=1,
        description="A list in an append-only row of which each item is a row of its own, and what one is called.",
    )
    key: Expression | list[Expression] = Field(description="What identifies a row (not the Kafka key).")
    player: Expression = Field(description="Whose row it is: the events of one player keep their order.")
    as_of: str | None = Field(
        None,
        description="The column that numbers the versions of what `key` names, where each row is one (a table of "
        "states): a row with less in it than the newest means nothing.",
    )
    holds: Literal["player", "round"] = Field(
        "player",
        description="Whether a change that waits holds what the same player does later, or only its round.",
    )
    watch: str | list[str] | None = Field(None, description="An update that keeps these columns is nothing.")
    remember: list[str] = Field(
        [], description="Columns to remember of each row, beside those that the rules need."
    )
    columns: dict[str, str] = Field({}, description="Column types that the records do not tell.")
    parts: dict[str, Parts] = Field({}, description="Rows of other tables that belong to a row of this one.")
    indexes: dict[str, Expression | list[Expression]] = Field(
        {}, description="Further ways to find a row: `table.name[value]`."
    )
    after: Expression | None = Field(
        None,
        description="A row that this one follows (a win its bet): waits for it, and ends as it did; "
        "`none` of a row that follows no other.",
    )
    round: Expression | None = Field(
        None,
        description="The round whose events this row asks for as `this_round.bets`, `this_round.wins`, "
        "`this_round.first`.",
    )
    with_: dict[str, ValueForm] = Field(
        {}, alias="with", description="Names for rows and values, worked out when needed."
    )
    skip: Conditions = Field({}, description="Reasons for which a row leads to nothing; asked before all else.")
    park: Conditions = Field({}, description="Reasons for which a row waits for a person.")
    moves: dict[str, dict[Status, list[Any]]] = Field(
        {}, description="A column's allowed changes: `new: [...]` and `from: [to, ...]`; any other is parked."
    )
    activities: dict[str, Activity] = Field({}, description="What should stand, by name, in the order of sending.")
    stands: Expression = Field(True, description="Does an activity count now?  The default for all of them.")
    sent_before: Expression = Field(
        False, description="Was a row of history sent once, although it may not stand now?"
    )
    split: Split | None = Field(None, description="Shares are kept for each value of a column of the parts.")
    event: dict[str, ValueForm] = Field({}, description="Fields that every event of this table has.")
    again: dict[str, ValueForm] = Field({}, description="Fields from the second generation on.")
    rollback: dict[str, ValueForm] = Field({}, description="Fields of Rollbacks.")
    reverses: Reversal | list[Reversal] = Field([], description="Rows that take back what other rows stand for.")
    snapshot: Literal["remember", "ignore", "send"] = Field(
        "remember", description="Rows of a snapshot: remembered as history and not sent, not looked at, or sent."
    )
    starts: Expression | None = Field(
        None, description="From when play counts: a row for which this is false is history."
    )


class Wallet(Model):
    """The part of a connector that says what tables mean."""

    brand: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="The brand: lower case, digits and dashes.")
    profile: Literal["casino", "rewards"] = Field(
        "casino", description="The contract that events are checked against; `rewards` is stricter."
    )
    profile_breach: Literal["warn", "park"] = Field(
        "warn", description="What an event that breaks `rewards` alone does."
    )
    functions: str | None = Field(
        None, description="A Python file beside the connector with functions for expressions."
    )
    lookups: dict[str, Lookup] = Field({}, description="Tables that play refers to.")
    wait: Waits = Field(Waits(), description="Deadlines of changes that wait.")
    play: dict[str, PlayTable] = Field(description="Tables whose changes are play.")
