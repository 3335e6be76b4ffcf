"""The statements that a ledger in a file and one in Postgres have in common."""

from __future__ import annotations

from bridge.ledger.schema import (
    AHEAD,
    COUNTERS,
    HELD,
    MARKS,
    META,
    OUTBOX,
    PARKED,
    POSITIONS,
    SLOTTED,
    SPACES,
    TOUCHED,
)
from bridge.ledger.tables import Dialect


class Statements:
    """Texts, each with its values in the order of the columns or as the comment says."""

    def __init__(self, dialect: Dialect) -> None:
        number, text = dialect.number, dialect.text
        self.select_meta = "SELECT name, value FROM meta"
        self.select_marks = "SELECT name, value FROM marks"
        self.select_ahead = "SELECT seqs FROM ahead"
        self.select_spaces = "SELECT name, space FROM spaces"
        self.select_positions = "SELECT topic, partition, position FROM positions"
        self.upsert_meta = META.upsert(dialect)
        self.upsert_mark = MARKS.upsert(dialect)
        self.upsert_ahead = AHEAD.upsert(dialect)
        self.upsert_position = POSITIONS.upsert(dialect)
        self.insert_space = SPACES.insert(dialect)
        # What a file remembers; of a shared memory: space, key, day.
        self.upsert_value = SLOTTED.upsert(dialect)
        self.delete_value = f"DELETE FROM memory WHERE slot = {number}"
        self.delete_slot = f"DELETE FROM slots WHERE space = {number} AND key = {text}"
        self.delete_old_memory = f"DELETE FROM memory WHERE space = {number} AND key = {text} AND day < {number}"
        self._changes(dialect)
        self._outbox(dialect)
        self._touched(dialect)

    def _changes(self, dialect: Dialect) -> None:
        number = dialect.number
        self.select_held = f"SELECT {', '.join(HELD.columns)} FROM held ORDER BY held_id"
        self.upsert_held = HELD.upsert(dialect)
        self.delete_held = f"DELETE FROM held WHERE held_id = {number}"
        parked = f"SELECT {', '.join(PARKED.columns)} FROM parked"
        self.select_parked = f"{parked} ORDER BY parked_id"
        self.select_one_parked = f"{parked} WHERE parked_id = {number}"
        self.insert_parked = PARKED.insert(dialect)
        self.delete_parked = f"DELETE FROM parked WHERE parked_id = {number}"
        counted = "outcome, source_table, reason"
        self.select_counters = f"SELECT {counted}, sum(number) FROM counters GROUP BY {counted} ORDER BY {counted}"
        self.add_count = COUNTERS.upsert(dialect, "number = counters.number + excluded.number")
        self.delete_counters = f"DELETE FROM counters WHERE day < {number}"

    def _outbox(self, dialect: Dialect) -> None:
        number = dialect.number
        self.insert_event = OUTBOX.insert(dialect)
        self.last_event = "SELECT max(seq) FROM outbox"
        self.select_body = f"SELECT body FROM outbox WHERE seq = {number}"
        # after which seq, limit
        self.select_outbox = (
            f"SELECT seq, message_id, player, body FROM outbox WHERE seq > {number} ORDER BY seq LIMIT {number}"
        )
        # up to which seq, limit
        self.oldest_events = f"SELECT seq, day FROM outbox WHERE seq <= {number} ORDER BY seq LIMIT {number}"
        self.delete_events = f"DELETE FROM outbox WHERE seq <= {number}"

    def _touched(self, dialect: Dialect) -> None:
        number = dialect.number
        self.insert_touched = TOUCHED.insert(dialect)
        # By day, not by batch: a clock that was ahead for a while must not keep what came after.
        self.oldest_touched = f"SELECT batch, pairs FROM touched WHERE day < {number} ORDER BY day, batch LIMIT 1"
        self.last_touched = "SELECT max(batch) FROM touched"
        self.delete_touched = f"DELETE FROM touched WHERE batch = {number}"
        # pairs, batch
        self.shorten_touched = f"UPDATE touched SET pairs = {dialect.bytes_} WHERE batch = {number}"
