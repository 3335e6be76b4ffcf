"""Readers of what a scope has at hand: a column of its row, a value that it keeps."""

from __future__ import annotations

from bridge.mapping.language.readers import Reader
from bridge.mapping.state.scope import Scope
from bridge.row import Row, Value


class Column:
    """Reads a column of the scope's row, as it is.  Whoever knows that a reader is one may ask the row itself."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, scope: Scope) -> Value:
        return scope.row[self.name]


class _Kept:
    """A value that is worked out once for each scope."""

    def __init__(self, name: str, read: Reader) -> None:
        self.name = name
        self._read = read

    def __call__(self, scope: Scope) -> Value:
        cache = scope.cache
        if self.name in cache:
            return cache[self.name]
        value = cache[self.name] = self._read(scope)
        return value


def column(name: str) -> Reader:
    """Return the reader of a column of the scope's row; `column_of` tells it from others."""
    return Column(name)


def column_of(reader: Reader) -> str | None:
    """Return the column that a reader returns as it is, else None."""
    return reader.name if isinstance(reader, Column) else None


def kept(name: str, read: Reader) -> Reader:
    """Return a reader that works a value out once per scope, under a name; `kept_name_of` tells it from others."""
    return _Kept(name, read)


def kept_name_of(reader: Reader) -> str | None:
    """Return the name under which a reader keeps its value, else None."""
    return reader.name if isinstance(reader, _Kept) else None


def attribute_of_kept(known: str, name: str, read: Reader) -> Reader:
    """Return `read`, an attribute of what a scope keeps under a name, with a short way for what is there."""

    def read_kept(scope: Scope) -> Value:
        cache = scope.cache
        if known in cache:
            value = cache[known]
            if isinstance(value, Row):
                return value[name]
        return read(scope)

    return read_kept
