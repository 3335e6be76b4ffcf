"""The statements of a ledger, built with SQLAlchemy Core and compiled once per dialect.

They are run on the database's own connection with tuples: SQLAlchemy's own insert of dictionaries
costs twice as much as all the rest of a batch.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, bindparam, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.expression import ClauseElement

from bridge.ledger.schema import (
    AHEAD,
    COUNTERS,
    HELD,
    MARKS,
    MEMORY,
    META,
    OUTBOX,
    PARKED,
    POSITIONS,
    SLOTS,
    SLOTTED,
    SPACES,
    TOUCHED,
)


class Statements:
    """SQL texts with positional parameters, in the order of the columns or as the comment says."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._limit = " LIMIT ?" if dialect.name == "sqlite" else " LIMIT %s"
        self.select_meta = self._text(select(META.c.name, META.c.value))
        self.select_marks = self._text(select(MARKS.c.name, MARKS.c.value))
        self.select_ahead = self._text(select(AHEAD.c.seqs))
        self.select_spaces = self._text(select(SPACES.c.name, SPACES.c.space))
        self.select_positions = self._text(select(POSITIONS))
        self.select_held = self._text(select(HELD).order_by(HELD.c.held_id))
        self.select_parked = self._text(select(PARKED).order_by(PARKED.c.parked_id))
        self.select_counters = self._text(self._counters())
        self._memory()
        self._outbox()
        self.upsert_meta = self._upsert(META)
        self.upsert_mark = self._upsert(MARKS)
        self.upsert_ahead = self._upsert(AHEAD)
        self.upsert_position = self._upsert(POSITIONS)
        self.upsert_held = self._upsert(HELD)
        self.insert_space = self._text(self._insert(SPACES))
        self.insert_parked = self._text(self._insert(PARKED))
        self.add_count = self._text(self._adding())
        self.select_one_parked = self._text(select(PARKED).where(PARKED.c.parked_id == bindparam("parked_id")))
        self.delete_held = self._text(delete(HELD).where(HELD.c.held_id == bindparam("gone")))
        self.delete_parked = self._text(delete(PARKED).where(PARKED.c.parked_id == bindparam("gone")))
        self.delete_counters = self._text(delete(COUNTERS).where(COUNTERS.c.day < bindparam("before")))

    def _memory(self) -> None:
        # Of a shared ledger: space, key, day.
        one = (MEMORY.c.space == bindparam("wanted_space"), MEMORY.c.key == bindparam("wanted_key"))
        self.delete_old_memory = self._text(delete(MEMORY).where(*one, MEMORY.c.day < bindparam("before")))
        # Of a file.
        self.upsert_value = self._upsert(SLOTTED)
        self.delete_value = self._text(delete(SLOTTED).where(SLOTTED.c.slot == bindparam("gone")))
        # space, key
        one = (SLOTS.c.space == bindparam("wanted_space"), SLOTS.c.key == bindparam("wanted_key"))
        self.delete_slot = self._text(delete(SLOTS).where(*one))
        self.insert_touched = self._text(self._insert(TOUCHED))
        # By day, not by batch: a clock that was ahead for a while must not keep what came after.
        old = TOUCHED.c.day < bindparam("before")
        oldest = select(TOUCHED.c.batch, TOUCHED.c.pairs).where(old).order_by(TOUCHED.c.day, TOUCHED.c.batch)
        self.oldest_touched = self._text(oldest) + " LIMIT 1"
        self.last_touched = self._text(select(func.max(TOUCHED.c.batch)))
        self.delete_touched = self._text(delete(TOUCHED).where(TOUCHED.c.batch == bindparam("gone")))
        # pairs, batch
        self.shorten_touched = self._text(
            update(TOUCHED).where(TOUCHED.c.batch == bindparam("wanted")).values(pairs=bindparam("left"))
        )

    def _outbox(self) -> None:
        columns = (OUTBOX.c.seq, OUTBOX.c.message_id, OUTBOX.c.player, OUTBOX.c.body)
        after = OUTBOX.c.seq > bindparam("after")
        self.insert_event = self._text(self._insert(OUTBOX))
        self.last_event = self._text(select(func.max(OUTBOX.c.seq)))
        self.select_body = self._text(select(OUTBOX.c.body).where(OUTBOX.c.seq == bindparam("wanted")))
        # after_seq, limit
        self.select_outbox = self._text(select(*columns).where(after).order_by(OUTBOX.c.seq)) + self._limit
        # up to which seq, limit
        confirmed = OUTBOX.c.seq <= bindparam("confirmed")
        oldest = select(OUTBOX.c.seq, OUTBOX.c.day).where(confirmed).order_by(OUTBOX.c.seq)
        self.oldest_events = self._text(oldest) + self._limit
        self.delete_events = self._text(delete(OUTBOX).where(OUTBOX.c.seq <= bindparam("last")))

    @staticmethod
    def _counters() -> ClauseElement:
        columns = (COUNTERS.c.outcome, COUNTERS.c.source_table, COUNTERS.c.reason)
        return select(*columns, func.sum(COUNTERS.c.number)).group_by(*columns).order_by(*columns)

    def _insert(self, table: Table) -> Any:
        if self._dialect.name == "sqlite":
            return sqlite_insert(table)
        from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415 - a file's ledger does without

        return insert(table)

    def _upsert(self, table: Table) -> str:
        statement = self._insert(table)
        key = list(table.primary_key.columns)
        rest = {column.name: statement.excluded[column.name] for column in table.columns if column not in key}
        return self._text(statement.on_conflict_do_update(index_elements=key, set_=rest))

    def _adding(self) -> ClauseElement:
        statement = self._insert(COUNTERS)
        total = COUNTERS.c.number + statement.excluded.number
        key = list(COUNTERS.primary_key.columns)
        added: ClauseElement = statement.on_conflict_do_update(index_elements=key, set_={"number": total})
        return added

    def _text(self, statement: ClauseElement) -> str:
        return str(statement.compile(dialect=self._dialect))
