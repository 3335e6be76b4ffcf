"""Readers of other rows: those of look-up tables by key and time, those of play tables by key or index."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from bridge.errors import MappingError
from bridge.mapping.language.readers import Misuse, Reader
from bridge.mapping.state.index import found_by
from bridge.mapping.state.keys import KEY_SEPARATOR, as_key, key_text
from bridge.mapping.state.plan import LookupPlan, TablePlan
from bridge.mapping.state.recall import Recall
from bridge.mapping.state.scope import PlayRow, Scope
from bridge.mapping.state.scope_readers import column_of
from bridge.mapping.state.waiting import Waiting
from bridge.row import Value

WAIT_THEN_NONE: Final = "wait then none"
"""What a missing look-up row may do: the change waits, and goes on without it when the wait is over."""


def key_reader(parts: Sequence[Reader]) -> Callable[[Any], str | None]:
    """Return what joins values to the text of a key; null if any of them is null."""
    if len(parts) == 1:
        return _key_of_one(parts[0])

    def read(scope: Any) -> str | None:
        texts = [key_text(part(scope)) for part in parts]
        return None if None in texts else as_key(KEY_SEPARATOR.join(text or "" for text in texts))

    return read


def naming_reader(parts: Sequence[Reader]) -> Callable[[Any], str | None]:
    """Return what names a row, or a round, by the text of its key; null also if all of it is empty text."""
    read = key_reader(parts)

    def read_name(scope: Any) -> str | None:
        key = read(scope)
        return key if key is not None and key.strip(KEY_SEPARATOR) else None

    return read_name


def _key_of_one(part: Reader) -> Callable[[Any], str | None]:
    name = column_of(part)
    if name is None:
        return lambda scope: key_text(part(scope))

    def read(scope: Any) -> str | None:
        return key_text(scope.row[name])

    return read


def lookup_reader(lookup: LookupPlan, parts: Sequence[Reader]) -> Reader:
    """Return what reads a row of a look-up table; it raises Waiting for one that is waited for."""
    space, missing = lookup.space, lookup.missing
    time = [f"a time for {lookup.as_of}"] if lookup.as_of else []
    _require_as_many(lookup.name, [*lookup.key_columns, *time], parts)
    if lookup.as_of:
        return _version_reader(lookup, parts)
    key_of = key_reader(parts)

    def read(scope: Scope) -> Value:
        key = key_of(scope)
        if key is None:
            return None
        row = scope.recall.lookup(space, key)
        return row if row is not None else _missing(missing, space, key, scope.recall)

    return read


def _version_reader(lookup: LookupPlan, parts: Sequence[Reader]) -> Reader:
    key_of, moment_of = key_reader(parts[:-1]), parts[-1]

    def read(scope: Scope) -> Value:
        key, moment = key_of(scope), moment_of(scope)
        if key is None or moment is None:
            return None
        try:
            row = scope.recall.version(lookup.space, key, moment)
        except TypeError:
            raise MappingError(
                "wrong_time", f"the time for {lookup.name} and its column {lookup.as_of} are of different kinds"
            ) from None
        return row if row is not None else _missing(lookup.missing, lookup.space, key, scope.recall)

    return read


def _missing(policy: str, space: str, key: str, recall: Recall) -> None:
    if policy == "wait" or (policy == WAIT_THEN_NONE and (space, key) not in recall.given_up):
        raise Waiting(space, key)
    if policy == "park":
        raise MappingError("missing_lookup", f"{space.partition(':')[2]} has no such row")


def _require_as_many(name: str, said: Any, parts: Sequence[Reader]) -> None:
    """Raise Misuse where a row is named by more or fewer values than its key, or its index, has."""
    columns = [str(one) for one in said] if isinstance(said, list) else [str(said)]
    if len(parts) != len(columns):
        hint = f"it takes {len(columns)}, not {len(parts)}"
        raise Misuse(f"{name} is looked up by {', '.join(columns)}", hint)


def play_reader(table: TablePlan, said: Any, parts: Sequence[Reader]) -> Reader:
    """Return what names a row of a play table, which need not be there yet; `said` is its key in the connector."""
    _require_as_many(table.name, said, parts)
    key_of = naming_reader(parts)

    def read(scope: Scope) -> Value:
        key = key_of(scope)
        return None if key is None else PlayRow(table, key, scope.recall)

    return read


def indexed_reader(table: TablePlan, index: str, said: Any, parts: Sequence[Reader]) -> Reader:
    """Return what names a row of a play table by an index; raises Waiting while there is none."""
    _require_as_many(f"{table.name}.{index}", said, parts)
    key_of = naming_reader(parts)

    def read(scope: Scope) -> Value:
        value = key_of(scope)
        if value is None:
            return None
        space = table.index_space(index)
        key = found_by(table, scope, space, value)
        if key is None:
            raise Waiting(space, value)
        return PlayRow(table, key, scope.recall)

    return read
