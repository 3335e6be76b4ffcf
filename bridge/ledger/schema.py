"""The tables of a ledger: those that SQLite and Postgres have in common, and those of each.

Days are whole days since 1970-01-01 in UTC.  Spaces are numbered, so that keys stay short.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

SCHEMA_VERSION: Final = 3

METADATA: Final = MetaData()
"""What every ledger has."""

SHARED: Final = MetaData()
"""What a ledger in Postgres, which several instances share, has besides."""

FILE: Final = MetaData()
"""What a ledger in a file has besides."""

# SQLite keeps a row under its number only where the column is spelled INTEGER.
_SEQUENCE = BigInteger().with_variant(Integer, "sqlite")


def _text(name: str, *, primary_key: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=primary_key, nullable=False)


def _number(name: str, *, primary_key: bool = False) -> Column[int]:
    return Column(name, _SEQUENCE, primary_key=primary_key, nullable=False, autoincrement=False)


def _bytes(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False)


META: Final = Table("meta", METADATA, _text("name", primary_key=True), _text("value"), sqlite_with_rowid=False)

MARKS: Final = Table("marks", METADATA, _text("name", primary_key=True), _number("value"), sqlite_with_rowid=False)
"""Numbers that only grow: up to where the outbox is confirmed, the last held and the last parked id.

In a file also the last slot, and up to which slot SLOTS has them all ("indexed").
"""

POSITIONS: Final = Table(
    "positions",
    METADATA,
    _text("topic", primary_key=True),
    _number("partition", primary_key=True),
    _number("position"),
    sqlite_with_rowid=False,
)

SPACES: Final = Table(
    "spaces", METADATA, _number("space", primary_key=True), _text("name"), UniqueConstraint("name")
)

MEMORY: Final = Table(
    "memory",
    SHARED,
    _number("space", primary_key=True),
    _text("key", primary_key=True),
    _bytes("value"),
    _number("day"),
)
"""Values by space and key."""

SLOTTED: Final = Table(
    "memory",
    FILE,
    _number("slot", primary_key=True),
    _number("space"),
    _text("key"),
    _bytes("value"),
    _number("day"),
)
"""The same in numbered slots, in the order of first writing: what is new is appended, whatever its key is."""

SLOTS: Final = Table(
    "slots",
    FILE,
    _number("space", primary_key=True),
    _text("key", primary_key=True),
    _number("slot"),
    sqlite_with_rowid=False,
)
"""In which slot the value of a key lies, but for some behind the mark "indexed", which the process knows.

Keys are often random (UUIDs).  Each of them alone would change a page of its own, which is written twice;
so they come here later, in the order of the keys.
"""

TOUCHED: Final = Table(
    "touched",
    METADATA,
    _number("batch", primary_key=True),
    _number("day"),
    _bytes("pairs"),
    Index("touched_by_day", "day"),
)
"""What each batch put into the prunable spaces: pairs of space and key; in a file, slots.

Retention walks through this list instead of the whole memory; an index on the day would cost more
than all the rest of a batch, because its entries repeat the keys in another order.
"""

OUTBOX: Final = Table(
    "outbox",
    METADATA,
    _number("seq", primary_key=True),
    _text("message_id"),
    _text("player"),
    _number("lane"),
    _number("day"),
    _bytes("body"),
)

HELD: Final = Table(
    "held",
    METADATA,
    _number("held_id", primary_key=True),
    _bytes("record"),
    _text("source_table"),
    _text("player"),
    _bytes("waiting"),
    _number("deadline_ms"),
)

PARKED: Final = Table(
    "parked",
    METADATA,
    _number("parked_id", primary_key=True),
    _bytes("record"),
    _text("source_table"),
    _text("key"),
    _text("player"),
    _text("code"),
    _text("reason"),
    _number("parked_at_ms"),
)

COUNTERS: Final = Table(
    "counters",
    METADATA,
    _number("day", primary_key=True),
    _text("outcome", primary_key=True),
    _text("source_table", primary_key=True),
    _text("reason", primary_key=True),
    _number("number"),
    sqlite_with_rowid=False,
)

AHEAD: Final = Table("ahead", FILE, _number("id", primary_key=True), _bytes("seqs"))
"""The events that are confirmed behind one that is not: in one row, as a list of numbers in MessagePack."""

LANES: Final = Table(
    "lanes",
    SHARED,
    _number("lane", primary_key=True),
    _number("epoch"),
    _text("instance"),
    _number("confirmed"),
    Column("ahead", ARRAY(BigInteger), nullable=False, server_default=text("'{}'")),
)
"""Whose a lane is: each claim raises the epoch, and an older epoch can no longer write.

Its events up to `confirmed` are, and those of `ahead`, which may be those of other lanes.
"""

REQUEUED: Final = Table("requeued", SHARED, _number("seq", primary_key=True), _number("lane"), _number("turn"))
"""Events that a new owner sends behind what it had sent already: `turn` stands for their seq on the way out."""

SEQUENCES: Final = {"ledger_seq": 1000, "ledger_held": 1, "ledger_parked": 1, "ledger_batch": 1, "ledger_space": 1}
"""Postgres sequences and their steps; instances take numbers of events in blocks."""

_INDEXES: Final = (
    "CREATE INDEX outbox_by_lane ON outbox (lane, seq)",
    "CREATE INDEX outbox_by_day ON outbox (day, seq)",
)

MIGRATIONS: Final[dict[int, dict[str, tuple[str, ...]]]] = {
    # The memory of a file gets slots, and an index that is written later.
    2: {
        "sqlite": (
            "ALTER TABLE memory RENAME TO memory_1",
            """CREATE TABLE memory (slot INTEGER NOT NULL, space INTEGER NOT NULL, "key" TEXT NOT NULL,
            value BLOB NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (slot))""",
            """CREATE TABLE slots (space INTEGER NOT NULL, "key" TEXT NOT NULL, slot INTEGER NOT NULL,
            PRIMARY KEY (space, "key")) WITHOUT ROWID""",
            'INSERT INTO memory SELECT rowid, space, "key", value, day FROM memory_1 ORDER BY rowid',
            'INSERT INTO slots SELECT space, "key", rowid FROM memory_1 ORDER BY space, "key"',
            "DROP TABLE memory_1",
            "INSERT INTO marks SELECT 'slots', coalesce(max(slot), 0) FROM memory",
            "INSERT INTO marks SELECT 'indexed', coalesce(max(slot), 0) FROM memory",
        )
    },
    # What is confirmed behind an event that is not.
    3: {
        "sqlite": ("CREATE TABLE ahead (id INTEGER NOT NULL, seqs BLOB NOT NULL, PRIMARY KEY (id))",),
        "postgresql": ("ALTER TABLE lanes ADD COLUMN ahead BIGINT[] DEFAULT '{}' NOT NULL",),
    },
}
"""Schema version to the statements, by dialect, that lead to it from the version before."""


# A preview and the tests of a connector make one ledger after the other.
@cache
def creation(dialect: Dialect) -> tuple[str, ...]:
    """Return the statements that make an empty ledger of SCHEMA_VERSION."""
    shared = dialect.name == "postgresql"
    steps: list[CreateTable | CreateIndex] = []
    for table in [*METADATA.sorted_tables, *(SHARED if shared else FILE).sorted_tables]:
        steps.append(CreateTable(table))
        steps.extend(CreateIndex(index) for index in table.indexes)
    texts = [str(step.compile(dialect=dialect)) for step in steps]
    if shared:
        texts.extend(f"CREATE SEQUENCE {name} INCREMENT BY {step}" for name, step in SEQUENCES.items())
        texts.extend(_INDEXES)
    return tuple(texts)


def prunable(space: str) -> bool:
    """Say whether retention may forget a space: look-up rows stay for as long as the ledger."""
    return space.startswith(("row:", "ref:", "part:"))
