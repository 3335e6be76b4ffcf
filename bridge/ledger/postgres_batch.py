"""Writing a batch to Postgres: a handful of statements, whatever the size of the batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import psycopg

from bridge.errors import LedgerConflict
from bridge.ledger.fence import Lanes
from bridge.ledger.recent import Pair
from bridge.ledger.rows import held_row, parked_row
from bridge.ledger.schema import prunable
from bridge.ledger.statements import Statements
from bridge.ledger.transaction import Pending

_encode: Final = msgspec.msgpack.Encoder().encode

FENCE: Final = "SELECT lane, epoch, instance FROM lanes WHERE lane = ANY(%s) ORDER BY lane"
_ANYHOW: Final = (
    "INSERT INTO memory (space, key, value, day) SELECT space, key, value, %s "
    "FROM unnest(%s::bigint[], %b::text[], %b::bytea[]) AS new(space, key, value) "
    "ON CONFLICT (space, key) DO UPDATE SET value = excluded.value, day = excluded.day"
)
# What another instance has written since this batch read it is not written over: fewer rows change then.
_NEW: Final = (
    "INSERT INTO memory (space, key, value, day) SELECT space, key, value, %s "
    "FROM unnest(%s::bigint[], %b::text[], %b::bytea[]) AS new(space, key, value) ON CONFLICT DO NOTHING"
)
_CHANGED: Final = (
    "UPDATE memory m SET value = new.value, day = %s "
    "FROM unnest(%s::bigint[], %b::text[], %b::bytea[], %s::bigint[]) AS new(space, key, value, version) "
    "WHERE m.space = new.space AND m.key = new.key AND m.xmin::text::bigint = new.version"
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
_CONFIRM: Final = "UPDATE lanes SET confirmed = greatest(confirmed, %s), ahead = %s WHERE lane = ANY(%s)"
_SENT_AGAIN: Final = "DELETE FROM requeued WHERE lane = ANY(%s) AND turn <= %s"


@dataclass(slots=True)
class Known:
    """What an instance knows of the memory when it writes."""

    spaces: Mapping[str, int]
    """The number of each space."""
    versions: Mapping[Pair, int]
    """In which version the batch has read a pair; 0 where there was none."""


def write_batch(
    cursor: psycopg.Cursor[Any], sql: Statements, lanes: Lanes, known: Known, pending: Pending
) -> None:
    """Write all of a batch inside the caller's transaction.

    Raises LedgerFenced when a lane is another's now, and LedgerConflict when another instance has
    changed what the batch had read and changes too.
    """
    mine = sorted(lanes.numbers())
    cursor.execute(f"{FENCE} FOR UPDATE".encode(), (mine,))
    lanes.check(cursor.fetchall())
    with cursor.connection.pipeline():
        checked = _write_memory(cursor, known, pending)
        if pending.outbox:
            cursor.execute(_OUTBOX, [list(column) for column in zip(*pending.outbox, strict=True)])
        if pending.confirmed is not None:
            cursor.execute(_CONFIRM, (pending.confirmed, list(pending.ahead), mine))
            cursor.execute(_SENT_AGAIN, (mine, pending.confirmed))
        _write_changes(cursor, sql, pending)
    if any(each.rowcount != rows for each, rows in checked):
        raise LedgerConflict("another instance has just changed what this batch had read; it is mapped anew")


def _write_memory(
    cursor: psycopg.Cursor[Any], known: Known, pending: Pending
) -> list[tuple[psycopg.Cursor[Any], int]]:
    """Return cursors of statements with the number of rows that each must have changed."""
    spaces, versions = known.spaces, known.versions
    anyhow: list[tuple[int, str, bytes]] = []
    new: list[tuple[int, str, bytes]] = []
    changed: list[tuple[int, str, bytes, int]] = []
    gone: list[tuple[int, str]] = []
    # In one order for all instances, so that they do not wait for each other in a circle.
    for (space, key), value in sorted(pending.memory.items()):
        version = versions.get((space, key))
        if value is None:
            gone.append((spaces[space], key))
        elif version is None:
            anyhow.append((spaces[space], key, value))
        elif version:
            changed.append((spaces[space], key, value, version))
        else:
            new.append((spaces[space], key, value))
    if anyhow:
        cursor.execute(_ANYHOW, (pending.day, *_columns(anyhow)))
    if gone:
        cursor.execute(_FORGET, _columns(gone))
    fading = {number for name, number in spaces.items() if prunable(name)}
    pairs = [(row[0], row[1]) for row in (*anyhow, *new, *changed) if row[0] in fading]
    if pairs:
        cursor.execute(_TOUCHED, (pending.day, _encode(pairs)))
    steps: list[tuple[str, Sequence[tuple[Any, ...]]]] = [(_NEW, new), (_CHANGED, changed)]
    return [
        (cursor.connection.cursor().execute(statement.encode(), (pending.day, *_columns(rows))), len(rows))
        for statement, rows in steps
        if rows
    ]


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
