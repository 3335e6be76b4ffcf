"""Look-up rows: taken in from their own changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bridge.errors import MappingError
from bridge.mapping.plan import LookupPlan
from bridge.mapping.recall import Recall
from bridge.mapping.rows import row_of_record
from bridge.mapping.scope import columns_of
from bridge.records import Change
from bridge.row import UNAVAILABLE, Row, Value


class ShownRow:
    """The look-up row that a change shows, and under which names it is remembered."""

    __slots__ = ("key", "place", "row", "since")

    def __init__(self, lookup: LookupPlan, change: Change) -> None:
        """Raises MappingError or DecodeError when the row's key cannot be told."""
        if change.op == "t":
            raise MappingError("truncated", "the look-up table was truncated; its rows are kept until they change")
        row = self.row = row_of_record(change)
        key = lookup.key(row)
        if key is None:
            raise MappingError("no_key", "a part of the look-up row's key is null")
        self.key = key
        as_of = lookup.as_of
        self.since: Value = row[as_of] if as_of is not None else None
        place = f"{key}\x1f{self.since}" if as_of is not None else key
        self.place = (f"lookup:position:{lookup.name}", place)
        """Where the position of its last change is remembered."""


def take_lookup(lookup: LookupPlan, change: Change, shown: ShownRow, recall: Recall) -> str | None:
    """Remember a look-up row, or forget a deleted one; return its key, or None when nothing is new.

    Raises MappingError or DecodeError when a column of the row cannot be read.
    """
    if not _is_news(change, recall, shown.place):
        return None
    row, key = shown.row, shown.key
    columns: dict[str, Value] | None = None
    if change.op != "d" and (lookup.where is None or lookup.where(row)):
        columns = columns_of(row)
        if lookup.as_of is None and any(value is UNAVAILABLE for value in columns.values()):
            columns = columns_of(row, recall.lookup(lookup.space, key))
    if lookup.as_of is not None:
        recall.put_version(lookup.space, key, shown.since, columns)
    else:
        recall.put_lookup(lookup.space, key, columns)
    return key


def take_table(lookup: LookupPlan, rows: Iterable[Row], recall: Recall) -> list[str]:
    """Let a look-up without a topic have exactly these rows; return the keys of those that are new or changed.

    Raises MappingError or DecodeError, and changes nothing, when a row's key cannot be told.
    """
    found: dict[str, list[Row]] = {}
    for row in rows:
        key = lookup.key(row)
        if key is None:
            raise MappingError("no_key", f"a row of the look-up {lookup.name} has no key")
        if lookup.where is None or lookup.where(row):
            found.setdefault(key, []).append(row)
    news = [key for key, same in found.items() if _put_all(lookup, key, same, recall)]
    known = set(recall.value(_KEYS_SPACE, lookup.name) or [])
    for gone in known - found.keys():
        recall.put_lookup(lookup.space, gone, None)
    if known != found.keys():
        recall.put_value(_KEYS_SPACE, lookup.name, sorted(found))
    return news


_KEYS_SPACE: Final = "lookup:keys"
"""The keys that a look-up without a topic has, so that rows which are gone can be forgotten."""


def _put_all(lookup: LookupPlan, key: str, rows: list[Row], recall: Recall) -> bool:
    """Put the rows of one key, versions or the last one; return whether they differ from what was known."""
    if lookup.as_of is None:
        value: Value = columns_of(rows[-1], None)
    else:
        since = lookup.as_of
        value = sorted(([row[since], columns_of(row, None)] for row in rows), key=lambda item: item[0])
    if recall.value(lookup.space, key) == value:
        return False
    recall.put_lookup(lookup.space, key, value)
    return True


def _is_news(change: Change, recall: Recall, place: tuple[str, str]) -> bool:
    """Note the change's position; say whether it is newer than the last one of the row."""
    if change.position is None:
        return True
    space, key = place
    lineage, order = change.position.lineage, list(change.position.order)
    last = recall.value(space, key)
    if last is not None and last[0] == lineage and order <= last[1]:
        return False
    recall.put_value(space, key, [lineage, order])
    return True
