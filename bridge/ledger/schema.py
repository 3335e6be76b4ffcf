"""The tables of a ledger: those that SQLite and Postgres have in common, and those of each.

Days are whole days since 1970-01-01 in UTC.  Spaces are numbered, so that keys stay short.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from bridge.ledger.tables import BYTES, NUMBER, NUMBERS, TEXT, Dialect, Table

SCHEMA_VERSION: Final = 3

META: Final = Table("meta", {"name": TEXT, "value": TEXT}, key=("name",), in_key=True)
"""What a ledger says about itself; in a file also how far the sweep of entries into SLOTS has come."""

MARKS: Final = Table("marks", {"name": TEXT, "value": NUMBER}, key=("name",), in_key=True)
"""Numbers that only grow: up to where the outbox is confirmed, the last held and the last parked id.

In a file also the last slot, and up to which slot SLOTS has them all ("indexed").
"""

POSITIONS: Final = Table(
    "positions", {"topic": TEXT, "partition": NUMBER, "position": NUMBER}, key=("topic", "partition"), in_key=True
)

SPACES: Final = Table("spaces", {"space": NUMBER, "name": TEXT}, key=("space",), unique="name")

MEMORY: Final = Table(
    "memory", {"space": NUMBER, "key": TEXT, "value": BYTES, "day": NUMBER}, key=("space", "key")
)
"""Values by space and key."""

SLOTTED: Final = Table(
    "memory", {"slot": NUMBER, "space": NUMBER, "key": TEXT, "value": BYTES, "day": NUMBER}, key=("slot",)
)
"""The same in numbered slots, in the order of first writing: what is new is appended, whatever its key is."""

SLOTS: Final = Table("slots", {"space": NUMBER, "key": TEXT, "slot": NUMBER}, key=("space", "key"), in_key=True)
"""In which slot the value of a key lies, but for some behind the mark "indexed", which the process knows.

Keys are often random (UUIDs).  Each of them alone would change a page of its own, which is written twice;
so they come here later, in the order of the keys.
"""

TOUCHED: Final = Table("touched", {"batch": NUMBER, "day": NUMBER, "pairs": BYTES}, key=("batch",))
"""What each batch put into the prunable spaces: pairs of space and key; in a file, slots.

Retention walks through this list instead of the whole memory; an index on the day would cost more
than all the rest of a batch, because its entries repeat the keys in another order.
"""

OUTBOX: Final = Table(
    "outbox",
    {"seq": NUMBER, "message_id": TEXT, "player": TEXT, "lane": NUMBER, "day": NUMBER, "body": BYTES},
    key=("seq",),
)

HELD: Final = Table(
    "held",
    {
        "held_id": NUMBER,
        "record": BYTES,
        "source_table": TEXT,
        "player": TEXT,
        "waiting": BYTES,
        "deadline_ms": NUMBER,
    },
    key=("held_id",),
)

PARKED: Final = Table(
    "parked",
    {
        "parked_id": NUMBER,
        "record": BYTES,
        "source_table": TEXT,
        "key": TEXT,
        "player": TEXT,
        "code": TEXT,
        "reason": TEXT,
        "parked_at_ms": NUMBER,
    },
    key=("parked_id",),
)

COUNTERS: Final = Table(
    "counters",
    {"day": NUMBER, "outcome": TEXT, "source_table": TEXT, "reason": TEXT, "number": NUMBER},
    key=("day", "outcome", "source_table", "reason"),
    in_key=True,
)

AHEAD: Final = Table("ahead", {"id": NUMBER, "seqs": BYTES}, key=("id",))
"""The events that are confirmed behind one that is not: in one row, as a list of numbers in MessagePack."""

LANES: Final = Table(
    "lanes",
    {"lane": NUMBER, "epoch": NUMBER, "instance": TEXT, "confirmed": NUMBER, "ahead": NUMBERS},
    key=("lane",),
)
"""Whose a lane is: each claim raises the epoch, and an older epoch can no longer write.

Its events up to `confirmed` are, and those of `ahead`, which may be those of other lanes.
"""

REQUEUED: Final = Table("requeued", {"seq": NUMBER, "lane": NUMBER, "turn": NUMBER}, key=("seq",))
"""Events that a new owner sends behind what it had sent already: `turn` stands for their seq on the way out."""

BOTH: Final = (META, MARKS, POSITIONS, SPACES, TOUCHED, OUTBOX, HELD, PARKED, COUNTERS)
"""What every ledger has."""

SHARED: Final = (MEMORY, LANES, REQUEUED)
"""What a ledger in Postgres, which several instances share, has besides."""

FILE: Final = (SLOTTED, SLOTS, AHEAD)
"""What a ledger in a file has besides."""

SEQUENCES: Final = {"ledger_seq": 1000, "ledger_held": 1, "ledger_parked": 1, "ledger_batch": 1, "ledger_space": 1}
"""Postgres sequences and their steps; instances take numbers of events in blocks."""

_INDEX: Final = "CREATE INDEX touched_by_day ON touched (day)"
_SHARED_INDEXES: Final = (
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
    texts = [table.create(dialect) for table in (*BOTH, *(SHARED if shared else FILE))]
    texts.append(_INDEX)
    if shared:
        texts.extend(f"CREATE SEQUENCE {name} INCREMENT BY {step}" for name, step in SEQUENCES.items())
        texts.extend(_SHARED_INDEXES)
    return tuple(texts)


def prunable(space: str) -> bool:
    """Say whether retention may forget a space: look-up rows stay for as long as the ledger."""
    return space.startswith(("row:", "ref:", "part:"))
