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
        # Of a deleted row the record may not show it.
        if as_of is not None and self.since is None and change.op != "d":
            raise _no_time(lookup)
        place = f"{key}\x1f{self.since}" if as_of is not None else key
        self.place = (f"lookup:position:{lookup.name}", place)
        """Where the position of its last change is remembered."""


def take_lookup(lookup: LookupPlan, change: Change, shown: ShownRow, recall: Recall) -> str | None:
    """Remember a look-up row, or forget a deleted one; return its key, or None when nothing is new.

    Raises MappingError or DecodeError when a column of the row cannot be read, or its time not be compared.
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
        try:
            recall.put_version(lookup.space, key, shown.since, columns)
        except TypeError:
            raise _incomparable(lookup) from None
    else:
        recall.put_lookup(lookup.space, key, columns)
    _note_position(change, recall, shown.place)
    return key


def take_table(lookup: LookupPlan, rows: Iterable[Row], recall: Recall) -> list[str]:
    """Let a look-up without a topic have exactly these rows; return the keys of those that are new or changed.

    Raises MappingError or DecodeError, and changes nothing, when a row's key or time cannot be told.
    """
    values = values_of_table(lookup, rows)
    news = [key for key, value in values.items() if recall.value(lookup.space, key) != value]
    for key in news:
        recall.put_lookup(lookup.space, key, values[key])
    known = set(recall.value(_KEYS_SPACE, lookup.name) or [])
    for gone in known - values.keys():
        recall.put_lookup(lookup.space, gone, None)
    if known != values.keys():
        recall.put_value(_KEYS_SPACE, lookup.name, sorted(values))
    return news


_KEYS_SPACE: Final = "lookup:keys"
"""The keys that a look-up without a topic has, so that rows which are gone can be forgotten."""


def values_of_table(lookup: LookupPlan, rows: Iterable[Row]) -> dict[str, Value]:
    """Return what is remembered of the rows of a look-up without a topic, by key.  Raises as `take_table`."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        key = lookup.key(row)
        if key is None:
            raise MappingError("no_key", f"a row of the look-up {lookup.name} has no key")
        if lookup.where is None or lookup.where(row):
            found.setdefault(key, []).append(row)
    return {key: _value_of(lookup, same) for key, same in found.items()}


def _value_of(lookup: LookupPlan, rows: list[Row]) -> Value:
    """Return what is remembered of the rows of one key: all versions, or the last row."""
    as_of = lookup.as_of
    if as_of is None:
        return columns_of(rows[-1])
    versions = [[row[as_of], columns_of(row)] for row in rows]
    if any(since is None for since, _ in versions):
        raise _no_time(lookup)
    try:
        return sorted(versions, key=lambda version: version[0])
    except TypeError:
        raise _incomparable(lookup) from None


def _no_time(lookup: LookupPlan) -> MappingError:
    return MappingError("no_key", f"a version of {lookup.name} has no {lookup.as_of}")


def _incomparable(lookup: LookupPlan) -> MappingError:
    return MappingError("wrong_time", f"versions of {lookup.name} have {lookup.as_of} of different kinds")


def _is_news(change: Change, recall: Recall, place: tuple[str, str]) -> bool:
    """Return whether the change is newer than the last one of the row."""
    if change.position is None:
        return True
    space, key = place
    last = recall.value(space, key)
    return last is None or last[0] != change.position.lineage or list(change.position.order) > last[1]


def _note_position(change: Change, recall: Recall, place: tuple[str, str]) -> None:
    # Behind what it led to: a change that was parked for it is no repeat when it is replayed.
    if change.position is not None:
        space, key = place
        recall.put_value(space, key, [change.position.lineage, list(change.position.order)])
