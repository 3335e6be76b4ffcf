"""Look-up rows: taken in from their own changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from bridge.errors import MappingError, PoisonRecord
from bridge.flow import Change
from bridge.mapping.state.keys import key_text
from bridge.mapping.state.layered import columns_of
from bridge.mapping.state.plan import LookupPlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.remembered import Version
from bridge.mapping.state.rows import row_of_record
from bridge.records import SourcePosition
from bridge.row import UNAVAILABLE, Row, Value


class ShownRow:
    """The look-up row that a change shows, and under which key it is remembered."""

    __slots__ = ("key", "row", "since")

    def __init__(self, lookup: LookupPlan, change: Change) -> None:
        """Raises MappingError or DecodeError when the row's key cannot be told."""
        if change.op == "t":
            raise MappingError("truncated", "the look-up table was truncated; its rows are kept until they change")
        row = self.row = row_of_record(change)
        key = lookup.key(row)
        if key is None:
            raise MappingError("no_key", "a part of the look-up row's key is null")
        self.key = key
        self.since = _since_of(lookup, row)


def take_lookup(lookup: LookupPlan, change: Change, shown: ShownRow, recall: Recall) -> str | None:
    """Remember a look-up row, or forget a deleted one; return its key, or None when nothing is new.

    Raises MappingError or DecodeError when a column of the row cannot be read, or its time not be compared.
    """
    row, key, since = shown.row, shown.key, shown.since
    stored = recall.stored(lookup.space, key)
    known = next((one for one in stored if one.since == since), None)
    position = change.position
    if known is not None and position is not None and not _is_news(change, position, known):
        return None
    if change.op == "d" and known is not None and not _is_of(known, change):
        return None  # Another row has its key by now.
    if change.op == "u" and change.before is not None:
        _forget_old_key(lookup, change, change.before, key, recall)
    columns: dict[str, Value] | None = None
    left_out = change.op != "d" and lookup.where is not None and not lookup.where(row)
    if left_out and known is not None and not _is_of(known, change):
        return None  # The row that is found by its key is another one, which still counts.
    if change.op != "d" and not left_out:
        columns = columns_of(row)
        if lookup.as_of is None and any(value is UNAVAILABLE for value in columns.values()):
            columns = columns_of(row, recall.lookup(lookup.space, key))
    # Without `as_of` there is one; with it, none without a time: the connector may have been changed.
    versions = [one for one in stored if one is not known and one.since is not None] if lookup.as_of else []
    # Of what is gone the position stays: else an older change, which Debezium repeats, would bring it back.
    if columns is not None or position is not None:
        versions.append(Version(since, columns, position))
    recall.put_lookup(lookup.space, key, _in_order(lookup, versions))
    return key


def _forget_old_key(lookup: LookupPlan, change: Change, before: Row, key: str, recall: Recall) -> None:
    """Forget a row under the key that it had before an update."""
    try:
        old = lookup.key(before)
        if old is None or old == key:
            return
        since = _since_of(lookup, before)
    except PoisonRecord:
        return  # The record shows a part of the row before, which is not its key.
    stored = recall.stored(lookup.space, old)
    versions = [one for one in stored if one.since != since or not _is_of(one, change)]
    if len(versions) == len(stored):
        return
    if change.position is not None:
        versions.append(Version(since, None, change.position))
    recall.put_lookup(lookup.space, old, _in_order(lookup, versions))


def _is_of(version: Version, change: Change) -> bool:
    """Return whether a version was made of the row that a change is about, as far as the record's key tells."""
    columns, key = version.columns, change.key
    if columns is None or key is None:
        return True
    try:
        return all(key_text(columns[name]) == key_text(key[name]) for name in key.columns() if name in columns)
    except PoisonRecord:
        return True


def _is_news(change: Change, position: SourcePosition, known: Version) -> bool:
    last = known.position
    if last is None or last.lineage != position.lineage or position.is_after(last):
        return True
    # All rows of a snapshot stand at one place: behind one that is left out there may be one that is not.
    return change.snapshot and known.columns is None and last == position


def _in_order(lookup: LookupPlan, versions: list[Version]) -> list[Version]:
    try:
        return sorted(versions, key=_since) if len(versions) > 1 else versions
    except TypeError:
        raise MappingError(
            "wrong_time", f"versions of {lookup.name} have {lookup.as_of} of different kinds"
        ) from None


def _since(version: Version) -> Any:
    return version.since


def take_table(lookup: LookupPlan, rows: Iterable[Row], recall: Recall) -> list[str]:
    """Let a look-up without a topic have exactly these rows; return the keys of those that are new or changed.

    Raises MappingError or DecodeError, and changes nothing, when a row's key or time cannot be told.
    """
    values = values_of_table(lookup, rows)
    news = [key for key, value in values.items() if recall.stored(lookup.space, key) != value]
    for key in news:
        recall.put_lookup(lookup.space, key, values[key])
    known = set(recall.value(_KEYS_SPACE, lookup.name) or [])
    for gone in known - values.keys():
        recall.put_lookup(lookup.space, gone, [])
    if known != values.keys():
        recall.put_value(_KEYS_SPACE, lookup.name, sorted(values))
    return news


_KEYS_SPACE: Final = "lookup:keys"
"""The keys that a look-up without a topic has, so that rows which are gone can be forgotten."""


def values_of_table(lookup: LookupPlan, rows: Iterable[Row]) -> dict[str, list[Version]]:
    """Return what is remembered of the rows of a look-up without a topic, by key.  Raises as `take_table`."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        key = lookup.key(row)
        if key is None:
            raise MappingError("no_key", f"a row of the look-up {lookup.name} has no key")
        if lookup.where is None or lookup.where(row):
            found.setdefault(key, []).append(row)
    return {key: _versions_of(lookup, same) for key, same in found.items()}


def _versions_of(lookup: LookupPlan, rows: list[Row]) -> list[Version]:
    """Return what is remembered of the rows of one key: all versions, or the last row."""
    if lookup.as_of is None:
        return [Version(None, columns_of(rows[-1]))]
    return _in_order(lookup, [Version(_since_of(lookup, row), columns_of(row)) for row in rows])


def _since_of(lookup: LookupPlan, row: Row) -> Value:
    """Return from when on a version is valid; None where the look-up has no versions."""
    if lookup.as_of is None:
        return None
    since = row[lookup.as_of]
    if since is None:
        raise MappingError("no_key", f"a version of {lookup.name} has no {lookup.as_of}")
    return since
