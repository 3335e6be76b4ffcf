"""What a connector declares about the columns of its tables."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bridge.decoders.declared import ColumnType, parse_column_type
from bridge.decoders.placeholder import Placeholder
from bridge.row import ColumnDecoder, Plain


class Declarations:
    """Finds the declared columns of a table by `schema.table`, by `table`, or by a pattern of either."""

    def __init__(self, columns: Mapping[str, Mapping[str, str]], placeholder: Placeholder) -> None:
        """Parse every declared type; raises ValueError for one that is none, or a pattern that is none."""
        self._tables = {
            table: {column: parse_column_type(text) for column, text in types.items()}
            for table, types in columns.items()
        }
        try:
            self._patterns = [(re.compile(table), table) for table in self._tables]
        except re.error as error:
            raise ValueError(f"a table's name is no pattern: {error}") from None
        self.plain: Plain = placeholder
        """Reads columns of which nothing is declared, in a record that carries no schema."""
        self._declared: dict[str, Mapping[str, ColumnType]] = {}
        self._schemaless: dict[str, dict[str, ColumnDecoder]] = {}

    def declared(self, table: str) -> Mapping[str, ColumnType]:
        """Return the declared types of a table's columns."""
        found = self._declared.get(table)
        if found is None:
            found = self._declared[table] = self._find(table)
        return found

    def schemaless(self, table: str) -> dict[str, ColumnDecoder]:
        """Return the decoders of the declared columns, for a record that carries no schema."""
        found = self._schemaless.get(table)
        if found is None:
            found = self._schemaless[table] = {
                column: kind.over(self.plain.plain) for column, kind in self.declared(table).items()
            }
        return found

    def _find(self, table: str) -> Mapping[str, ColumnType]:
        bare = table.rpartition(".")[2]
        for name in (table, bare):
            if name in self._tables:
                return self._tables[name]
        for pattern, name in self._patterns:
            if pattern.fullmatch(table) or pattern.fullmatch(bare):
                return self._tables[name]
        return {}
