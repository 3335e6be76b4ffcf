"""Writing a batch to Postgres: a handful of statements, whatever the size of the batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import psycopg

from bridge.ledger.fence import Lanes
from bridge.ledger.rows import held_row, parked_row
from bridge.ledger.schema import prunable
from bridge.ledger.statements import Statements
from bridge.ledger.transaction import Pending

_encode: Final = msgspec.msgpack.Encoder().encode

_FENCE: Final = "SELECT lane, epoch, instance FROM lanes WHERE lane = ANY(%s) ORDER BY lane FOR UPDATE"
_MEMORY: Final = (
    "INSERT INTO memory (space, key, value, day) SELECT space, key, value, %s "
    "FROM unnest(%s::bigint[], %b::text[], %b::bytea[]) AS new(space, key, value) "
    "ON CONFLICT (space, key) DO UPDATE SET value = excluded.value, day = excluded.day"
)
_FORGET: Final = (
    "DELETE FROM memory m USING unnest(%s::bigint[], %b::text[]) AS gone(space, key) "
    "WHERE m.space = gone.space AND m.key = gone.key"
)
_OUTBOX: Final = (
    "INSERT INTO outbox (seq, message_id, player, lane, day, body) SELECT new.* "
    "FROM unnest(%s::bigint[], %b::text[], %b::text[], %s::bigint[], %s::bigint[], %b::bytea[]) "
    "AS new(seq, message_id, player, lane, day, body)"
)
_TOUCHED: Final = "INSERT INTO touched (batch, day, pairs) VALUES (nextval('ledger_batch'), %s, %s)"
_CONFIRM: Final = "UPDATE lanes SET confirmed = %s WHERE lane = ANY(%s) AND confirmed < %s"
_SENT_AGAIN: Final = "DELETE FROM requeued WHERE lane = ANY(%s) AND turn <= %s"


def write_batch(
    cursor: psycopg.Cursor[Any], sql: Statements, lanes: Lanes, spaces: Mapping[str, int], pending: Pending
) -> None:
    """Write all of a batch inside the caller's transaction.  Raises LedgerFenced when a lane is another's now."""
    mine = sorted(lanes.numbers())
    cursor.execute(_FENCE, (mine,))
    lanes.check(cursor.fetchall())
    with cursor.connection.pipeline():
        _write_memory(cursor, spaces, pending)
        if pending.outbox:
            cursor.execute(_OUTBOX, [list(column) for column in zip(*pending.outbox, strict=True)])
        if pending.confirmed is not None:
            cursor.execute(_CONFIRM, (pending.confirmed, mine, pending.confirmed))
            cursor.execute(_SENT_AGAIN, (mine, pending.confirmed))
        _write_changes(cursor, sql, pending)


def _write_memory(cursor: psycopg.Cursor[Any], spaces: Mapping[str, int], pending: Pending) -> None:
    changed, gone = [], []
    # In one order for all instances, so that they do not wait for each other in a circle.
    for (space, key), value in sorted(pending.memory.items()):
        if value is None:
            gone.append((spaces[space], key))
        else:
            changed.append((spaces[space], key, value))
    if changed:
        cursor.execute(_MEMORY, (pending.day, *_columns(changed)))
        fading = {number for name, number in spaces.items() if prunable(name)}
        pairs = [(number, key) for number, key, _ in changed if number in fading]
        if pairs:
            cursor.execute(_TOUCHED, (pending.day, _encode(pairs)))
    if gone:
        cursor.execute(_FORGET, _columns(gone))


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _write_changes(cursor: psycopg.Cursor[Any], sql: Statements, pending: Pending) -> None:
    positions = sorted((*partition, at) for partition, at in pending.positions.items())
    counts = sorted((pending.day, *counted, number) for counted, number in pending.counts.items())
    held, parked = pending.held, pending.parked
    steps: list[tuple[str, list[tuple[Any, ...]]]] = [
        (sql.upsert_position, positions),
        (sql.upsert_held, [held_row(change) for change in held.values() if change]),
        (sql.delete_held, [(held_id,) for held_id, change in held.items() if change is None]),
        (sql.insert_parked, [parked_row(change) for change in parked.values() if change]),
        (sql.delete_parked, [(parked_id,) for parked_id, change in parked.items() if change is None]),
        # Last: instances share these rows, and the lock is held from here to the commit.
        (sql.add_count, counts),
    ]
    for statement, rows in steps:
        if rows:
            cursor.executemany(statement.encode(), rows)
