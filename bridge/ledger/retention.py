"""Forgetting what is older than the brand keeps, in slices short enough not to stall delivery."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final, Protocol

import msgspec

from bridge.ledger.statements import Statements

_EPOCH: Final = date(1970, 1, 1).toordinal()


class Cursor(Protocol):
    """The part of a DBAPI cursor that pruning uses."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""

    def execute(self, statement: str, parameters: Any = ..., /) -> Any:
        """Run a statement."""

    def executemany(self, statement: str, parameters: Any, /) -> Any:
        """Run a statement for each of the parameters; `rowcount` is their sum."""

    def fetchall(self) -> list[Any]:
        """Return what the last statement found."""


def day_number(day: str) -> int:
    """Return the days from 1970-01-01 to an ISO date."""
    return date.fromisoformat(day).toordinal() - _EPOCH


def prune_events(cursor: Cursor, sql: Statements, before: int, limit: int, confirmed: int) -> int:
    """Delete the oldest events that are confirmed, up to the first that is young enough to stay."""
    cursor.execute(sql.oldest_events, (confirmed, limit))
    old = 0
    last = 0
    for seq, day in cursor.fetchall():
        if day >= before:
            break
        old += 1
        last = seq
    if old:
        cursor.execute(sql.delete_events, (last,))
    return old


def prune_memory(
    cursor: Cursor, sql: Statements, before: int, limit: int, forget: Callable[[list[Any]], int]
) -> int:
    """Walk through the oldest batches and delete what none has touched since.

    `forget` deletes those of a list, as `touched` has them, that are older than the day, and returns how many.
    """
    pruned = 0
    while pruned < limit:
        cursor.execute(sql.oldest_touched, (before,))
        oldest = cursor.fetchall()
        if not oldest:
            break
        batch, packed = oldest[0]
        touched = msgspec.msgpack.decode(packed, type=list[Any])
        now, left = touched[: limit - pruned], touched[limit - pruned :]
        pruned += forget(now)
        if left:
            cursor.execute(sql.shorten_touched, (msgspec.msgpack.encode(left), batch))
        else:
            cursor.execute(sql.delete_touched, (batch,))
    return pruned
