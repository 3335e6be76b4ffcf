"""The ledger in Postgres, shared by any number of instances of one brand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import psycopg

from bridge.errors import LedgerFenced
from bridge.flow import Delivery
from bridge.ledger.fence import Lanes
from bridge.ledger.postgres_batch import FENCE, Known, write_batch
from bridge.ledger.postgres_link import Link
from bridge.ledger.recent import Pair, Recent
from bridge.ledger.retention import day_number, prune_memory
from bridge.ledger.rows import held_change, parked_change
from bridge.ledger.schema import BOTH, SEQUENCES, SHARED
from bridge.ledger.statements import Statements
from bridge.ledger.tables import POSTGRES
from bridge.ledger.transaction import Commit, Pending, Transaction, committed_at_once
from bridge.records import HeldChange, ParkedChange, Partition

_SQL: Final = Statements(POSTGRES)
_BLOCK: Final = SEQUENCES["ledger_seq"]

_READ_MANY: Final = (
    "SELECT m.space, m.key, m.value, m.xmin::text::bigint "
    "FROM unnest(%s::bigint[], %b::text[]) AS wanted(space, key) "
    "JOIN memory m ON m.space = wanted.space AND m.key = wanted.key"
)
_UNCONFIRMED: Final = (
    "SELECT coalesce(r.turn, o.seq) AS turn, o.message_id, o.player, o.body, o.seq FROM outbox o "
    "JOIN lanes l ON l.lane = o.lane LEFT JOIN requeued r ON r.seq = o.seq "
    "WHERE o.lane = ANY(%s) AND (o.seq > l.confirmed OR r.seq IS NOT NULL) "
    "AND coalesce(r.turn, o.seq) > greatest(l.confirmed, %s) AND coalesce(r.turn, o.seq) <> ALL(l.ahead) "
    "ORDER BY 1 LIMIT %s"
)
_OLD_EVENTS: Final = (
    "DELETE FROM outbox WHERE seq IN (SELECT o.seq FROM outbox o JOIN lanes l ON l.lane = o.lane "
    "WHERE o.day < %s AND o.seq <= l.confirmed AND NOT EXISTS (SELECT 1 FROM requeued r WHERE r.seq = o.seq) "
    "ORDER BY o.day, o.seq LIMIT %s)"
)
_CLAIM: Final = (
    "INSERT INTO lanes (lane, epoch, instance, confirmed) SELECT lane, 1, %s, 0 FROM unnest(%s::bigint[]) lane "
    "ORDER BY lane ON CONFLICT (lane) DO UPDATE SET epoch = lanes.epoch + 1, instance = excluded.instance "
    "RETURNING lane, epoch, confirmed, ahead"
)
_REQUEUE: Final = (
    "INSERT INTO requeued (seq, lane, turn) SELECT o.seq, o.lane, new.turn "
    "FROM unnest(%s::bigint[], %s::bigint[]) AS new(seq, turn) JOIN outbox o ON o.seq = new.seq "
    "ON CONFLICT (seq) DO UPDATE SET turn = excluded.turn"
)
_OTHERS: Final = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND application_name = current_setting('application_name') AND pid <> pg_backend_pid()"
)
_KEPT: Final = "a batch that the ledger {} did not answer for has been kept after all"


class PostgresLedger:
    """`Ledger` over one connection, made again by itself when it was lost.

    A lane is the partition number of every topic of the brand.  What belongs to a lane (positions,
    events, confirmations) can only be written by the instance that claimed it last.
    """

    shared = True
    """Other instances write too: rows of memory change under this one."""

    def __init__(self, link: Link, instance: str) -> None:
        self.place = link.place
        # Other instances write too, so nothing is answered from memory.
        self.recent = Recent(0)
        self._link = link
        self._instance = instance
        self._lanes = Lanes(link.place)
        self._spaces: dict[str, int] = {}
        # The version in which this batch has read each pair; 0 where there was none.
        self._versions: dict[Pair, int] = {}
        self._seq = 0
        self._block_end = 0
        self._highest = 0
        self._confirmed = 0
        self._ahead: frozenset[int] = frozenset()

    def begin(self, now_ms: int) -> Transaction:
        """Start a transaction; connects again when the connection was lost.

        Raises LedgerFenced when a commit whose answer was lost turns out to have been kept: its caller
        was told otherwise, and goes on from `positions`, `unconfirmed` and `held`.
        """
        kept, batch = self._link.settle_doubt()
        if kept and batch is not None:
            raise LedgerFenced(_KEPT.format(self.place))
        self._versions = {}
        return Transaction(self, now_ms)

    def claim(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Take the lanes of these partitions over and return the known positions of the partitions.

        From here on commits of their former owner raise LedgerFenced.  What it left unconfirmed comes
        from `unconfirmed`, behind everything that this ledger has given out.
        """
        numbers = sorted({partition.number for partition in partitions} - self._lanes.numbers())
        with self._link.transaction() as cursor:
            cursor.execute(_CLAIM, (self._instance, numbers))
            claimed = cursor.fetchall()
            left = self._left_behind(cursor, numbers)
            # Numbers that were reserved before the claim could be lower than what the lane has seen.
            self._block_end = self._seq
            if left and left[0][0] <= self._highest:
                turns = [self.next_seq(cursor) for _ in left]
                cursor.execute(_REQUEUE, ([row[1] for row in left], turns))
            first_claim = not self._lanes.numbers()
        self._lanes.take({lane: epoch for lane, epoch, *_ in claimed})
        self._ahead = self._ahead.union(*(each[3] for each in claimed))
        if first_claim:
            self._confirmed = left[0][0] - 1 if left else max((each[2] for each in claimed), default=0)
        known = self.positions()
        return {partition: known[partition] for partition in partitions if partition in known}

    def disclaim(self, partitions: Collection[Partition]) -> None:
        """Let go of the lanes of these partitions: they have, or get, another owner."""
        self._lanes.drop({partition.number for partition in partitions})

    def at_work(self) -> int:
        """Return how many others have this ledger open to write; each instance that runs is one."""
        return int(self._link.rows(_OTHERS)[0][0])

    def require_claims(self) -> None:
        """Raise LedgerFenced when another instance has claimed a lane of this one."""
        self._lanes.check(self._link.rows(FENCE, (sorted(self._lanes.numbers()),)))

    @staticmethod
    def _left_behind(cursor: psycopg.Cursor[Any], numbers: list[int]) -> list[tuple[int, int]]:
        cursor.execute(_UNCONFIRMED, (numbers, 0, None))
        return [(row[0], row[4]) for row in cursor.fetchall()]

    def positions(self) -> Mapping[Partition, int]:
        """Return every position that is known, of all instances."""
        return {Partition(topic, number): at for topic, number, at in self._link.rows(_SQL.select_positions)}

    def confirmed(self) -> int:
        """Return the sequence number up to which all events of the claimed lanes have been confirmed."""
        return self._confirmed

    def confirmed_ahead(self) -> Collection[int]:
        """Return the events behind `confirmed()` that have been confirmed too."""
        return self._ahead

    def unconfirmed(self, after_seq: int, limit: int) -> Sequence[Delivery]:
        """Return up to `limit` events of the claimed lanes behind `after_seq` that are not confirmed."""
        rows = self._link.rows(_UNCONFIRMED, (sorted(self._lanes.numbers()), after_seq, limit))
        if rows:
            self._highest = max(self._highest, rows[-1][0])
        return [Delivery(*row[:4]) for row in rows]

    def held(self) -> Iterator[HeldChange]:
        """Yield the held changes of the claimed lanes (of all, where none is claimed), by their ids."""
        mine = self._lanes.numbers()
        for row in self._link.rows(_SQL.select_held):
            held = held_change(row)
            if not mine or held.record.partition in mine:
                yield held

    def parked(self) -> Iterator[ParkedChange]:
        """Yield every parked change of all instances, in the order of their ids."""
        yield from map(parked_change, self._link.rows(_SQL.select_parked))

    def parked_record(self, parked_id: int) -> ParkedChange | None:
        """Return one parked change, or None when there is none of this id."""
        rows = self._link.rows(_SQL.select_one_parked, (parked_id,))
        return parked_change(rows[0]) if rows else None

    def counters(self) -> Mapping[tuple[str, str, str], int]:
        """Return (outcome, table, reason) to number, over all days kept and all instances."""
        return {(row[0], row[1], row[2]): int(row[3]) for row in self._link.rows(_SQL.select_counters)}

    def prune(self, before_day: str, limit: int) -> int:
        """Forget up to `limit` things last touched before the day; less than `limit` means all are gone."""
        before = day_number(before_day)
        with self._link.transaction() as cursor:

            def forget(keys: list[Any]) -> int:
                cursor.executemany(_SQL.delete_old_memory.encode(), [(space, key, before) for space, key in keys])
                return max(0, cursor.rowcount)

            cursor.execute(_OLD_EVENTS, (before, limit))
            pruned = cursor.rowcount
            if pruned < limit:
                pruned += prune_memory(cursor, _SQL, before, limit - pruned, forget)
            if pruned < limit:
                cursor.execute(_SQL.delete_counters, (before,))
                pruned += cursor.rowcount
        return pruned

    def size_bytes(self) -> int:
        """Return the bytes of the tables and their indexes."""
        names = [table.name for table in (*BOTH, *SHARED)]
        query = "SELECT sum(pg_total_relation_size(name::regclass))::bigint FROM unnest(%b::text[]) name"
        return int(self._link.rows(query, (names,))[0][0])

    def close(self) -> None:
        """Close the connection.  May be called twice, and from another thread."""
        self._link.close()

    def next_seq(self, cursor: psycopg.Cursor[Any] | None = None) -> int:
        """Give out a sequence number from the block that this instance has reserved."""
        if self._seq == self._block_end:
            query = "SELECT nextval('ledger_seq')"
            block = self._link.rows(query) if cursor is None else cursor.execute(query).fetchall()
            self._seq = block[0][0] - 1
            self._block_end = self._seq + _BLOCK
        self._seq += 1
        self._highest = self._seq
        return self._seq

    def next_held(self) -> int:
        """Give out the id of a held change."""
        return int(self._link.rows("SELECT nextval('ledger_held')")[0][0])

    def next_parked(self) -> int:
        """Give out the id of a parked change."""
        return int(self._link.rows("SELECT nextval('ledger_parked')")[0][0])

    def read(self, pairs: Collection[Pair]) -> Mapping[Pair, bytes]:
        """Return the committed values of those pairs that have one, in one round trip."""
        self._versions.update(dict.fromkeys(pairs, 0))
        if any(space not in self._spaces for space, _ in pairs):
            self._spaces = dict(self._link.rows(_SQL.select_spaces))
        known = [(self._spaces[space], key) for space, key in pairs if space in self._spaces]
        if not known:
            return {}
        names = {number: name for name, number in self._spaces.items()}
        rows = self._link.rows(_READ_MANY, ([number for number, _ in known], [key for _, key in known]))
        self._versions.update({(names[number], key): version for number, key, _, version in rows})
        return {(names[number], key): value for number, key, value, _ in rows}

    def body(self, seq: int) -> bytes | None:
        """Return the body of a committed event, or None when it is past its retention."""
        rows = self._link.rows(_SQL.select_body, (seq,))
        return rows[0][0] if rows else None

    def write(self, pending: Pending) -> None:
        """Write all of it in one transaction, after the check that its lanes are still ours."""
        if pending.confirmed is not None:
            # A number too high must not confirm what comes later.
            pending.confirmed = min(pending.confirmed, self._highest)
            pending.ahead = [seq for seq in pending.ahead if seq <= self._highest or seq in self._ahead]
        kept, batch = self._link.settle_doubt()
        if not kept:
            self._write(pending)
        elif batch is not pending:
            raise LedgerFenced(_KEPT.format(self.place))
        if pending.confirmed is not None:
            self._confirmed = max(self._confirmed, pending.confirmed)
            self._ahead = frozenset(pending.ahead)

    def start(self, pending: Pending, durable: Callable[[], None]) -> Commit:
        """Write all of it as `write` does, and wait for the server.

        A batch on top of one under way could not tell which version of a row it has read, and an answer
        that is lost is looked for before anything else is done: so nothing goes on meanwhile.
        """
        return committed_at_once(self, pending, durable)

    def _write(self, pending: Pending) -> None:
        self._lanes.require({row[3] for row in pending.outbox})
        self._lanes.require({partition.number for partition in pending.positions})
        self._lanes.require({change.record.partition for change in pending.held.values() if change})
        spaces = self._numbered({space for space, _ in pending.memory})
        with self._link.transaction(pending) as cursor:
            write_batch(cursor, _SQL, self._lanes, Known(spaces, self._versions), pending)

    def _numbered(self, names: set[str]) -> Mapping[str, int]:
        new = sorted(names.difference(self._spaces))
        if new:
            query = (
                "INSERT INTO spaces (space, name) SELECT nextval('ledger_space'), name "
                "FROM unnest(%b::text[]) name ON CONFLICT (name) DO NOTHING"
            )
            self._link.rows(query, (new,))
            self._spaces = dict(self._link.rows(_SQL.select_spaces))
        return self._spaces
