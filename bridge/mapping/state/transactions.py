"""Transactions of the database: which have ended, and how many changes of part tables each had.

Debezium writes an END record behind each transaction when `provide.transaction.metadata` is on
(https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-transaction-metadata).
It lies in a topic of its own, so it may be read before the changes that it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from bridge.errors import MappingError, PoisonRecord
from bridge.flow import Change
from bridge.mapping.state.keys import KEY_SEPARATOR
from bridge.mapping.state.plan import PartsPlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.waiting import Waiting
from bridge.records import TransactionEnd

ENDED: Final = "part:transactions"
"""How many changes of each part table a transaction had, by its name; there once it has ended."""
_SEEN: Final = "part:transaction"
"""How many have been taken in: for each partition their number, the position of the last, and the keys there.

And the positions of those that a replay takes in for the first time, behind others.
"""


def note_end(end: TransactionEnd, space_of: Callable[[str], str | None], recall: Recall) -> tuple[str, str]:
    """Note that a transaction has ended; return what may have waited for that.

    `space_of` tells where the parts of a table lie, or None for a table without parts.
    """
    counts: dict[str, int] = {}
    for table, count in end.counts.items():
        space = space_of(table)
        if space is not None:
            counts[space] = counts.get(space, 0) + count
    recall.put_value(ENDED, end.transaction, counts)
    return ENDED, end.transaction


def note_change(parts: PartsPlan, change: Change, recall: Recall) -> None:
    """Count a change of a part table; one that is read again does not count twice.

    Rows that were copied in share one place in the log of PostgreSQL: there they are told apart by their keys.
    """
    if change.transaction is None:
        return
    place, partition = _place(parts.space, change.transaction), str(change.record.partition)
    seen: dict[str, list[Any]] = recall.value(_SEEN, place) or {}
    number, last, *rest = seen.get(partition, (0, [], []))
    order = list(change.position.order) if change.position is not None else last
    keys: list[str | None] = rest[0] if rest and order == last else []
    late: list[list[Any]] = rest[1] if len(rest) > 1 else []
    key = _key_of(parts, change)
    if order > last or (order == last and rest and key not in keys):
        last, keys = order, [*keys, key]
    elif order in late:
        keys = rest[0]
    else:
        return
    seen[partition] = [number + 1, last, keys, [one for one in late if one != order]]
    recall.put_value(_SEEN, place, seen)


def note_uncounted(parts: PartsPlan, change: Change, recall: Recall) -> None:
    """Note that a change of a part table could not be read when it came: it counts when it is taken in now."""
    if change.transaction is None or change.position is None:
        return
    place, partition = _place(parts.space, change.transaction), str(change.record.partition)
    seen: dict[str, list[Any]] = recall.value(_SEEN, place) or {}
    number, last, *rest = seen.get(partition, (0, [], []))
    late: list[list[Any]] = rest[1] if len(rest) > 1 else []
    seen[partition] = [number, last, rest[0] if rest else [], [*late, list(change.position.order)]]
    recall.put_value(_SEEN, place, seen)


def _place(space: str, transaction: str) -> str:
    return f"{transaction}{KEY_SEPARATOR}{space}"


def _key_of(parts: PartsPlan, change: Change) -> str | None:
    row = change.after or change.before or change.key
    try:
        return parts.key(row) if row is not None else None
    except PoisonRecord:
        return None


def require_all(space: str, change: Change | None, recall: Recall, writer: str = "") -> None:
    """Return when all that a change's transaction wrote into a part table has been taken in.

    `writer` is another transaction of which all must have been: the one that wrote the row first.  Without
    a change, a row of history is looked at again, long after its parts were read.  Raises Waiting until all
    have come, and MappingError when the record does not tell its transaction.
    """
    if change is None:
        return
    name = change.transaction
    if name is None and change.snapshot:
        raise Waiting(ENDED, "snapshot")
    if name is None:
        raise MappingError("no_transaction", "the record does not tell its transaction")
    for transaction in (writer, name) if writer else (name,):
        _require(space, transaction, recall)


def _require(space: str, name: str, recall: Recall) -> None:
    counts: Mapping[str, int] | None = recall.value(ENDED, name)
    if counts is None:
        raise Waiting(ENDED, name)
    seen: Mapping[str, list[Any]] = recall.value(_SEEN, _place(space, name)) or {}
    if sum(counted[0] for counted in seen.values()) < counts.get(space, 0):
        raise Waiting(ENDED, name)
