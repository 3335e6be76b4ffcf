"""What every wire format is brought to before the record is recognised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from bridge.decoders.avro_columns import WireReader, wire_decoder
from bridge.decoders.column_schemas import ColumnSchema
from bridge.decoders.columns import column_decoders
from bridge.decoders.declared import ColumnType
from bridge.decoders.placeholder import Placeholder
from bridge.errors import DecodeError
from bridge.row import ColumnDecoder

_MOST_TABLES = 1_000
_MOST_LEVELS = 50


class RowSchemas:
    """The schema of a record, with the decoders that were made from it."""

    __slots__ = ("_by_table", "_placeholder", "_schema", "_wire")

    def __init__(
        self, schema: ColumnSchema, placeholder: Placeholder, wire: Mapping[str, WireReader] | None = None
    ) -> None:
        """With `wire`, the columns come in Avro's bytes, which these readers can read.

        Raises DecodeError for a schema that is nested so deeply that its values could not be read.
        """
        if _depth(schema) > _MOST_LEVELS:
            raise DecodeError("bad_schema", "the record's schema is nested too deeply")
        self._schema = schema
        self._wire = wire or {}
        self._placeholder = placeholder
        self._by_table: dict[tuple[str, str], dict[str, ColumnDecoder]] = {}

    def decoders(self, part: str, table: str, declared: Mapping[str, ColumnType]) -> dict[str, ColumnDecoder]:
        """Return the decoders of the row in one field of the envelope; part "" is the record itself.

        What is declared for a column is laid over what its schema says.
        """
        found = self._by_table.get((part, table))
        if found is None:
            if len(self._by_table) >= _MOST_TABLES:
                self._by_table.clear()
            found = self._by_table[part, table] = self._compile(part, declared)
        return found

    def _compile(self, part: str, declared: Mapping[str, ColumnType]) -> dict[str, ColumnDecoder]:
        row = self._schema.named(part) if part else self._schema
        decoders = {} if row is None else column_decoders(row, self._placeholder)
        if row is not None and self._wire:
            decoders = {
                column.field: wire_decoder(column, self._wire[column.field], self._placeholder)
                for column in row.fields
                if column.field
            }
        for column, kind in declared.items():
            decoders[column] = kind.over(decoders.get(column, self._placeholder.plain))
        return decoders


def _depth(schema: ColumnSchema) -> int:
    """Return how many levels there are, or one more than allowed."""
    level, depth = [schema], 0
    while level and depth <= _MOST_LEVELS:
        depth += 1
        inner = [part for one in level for part in (*one.fields, one.items, one.keys, one.values)]
        level = [part for part in inner if part is not None]
    return depth


class Parsed(msgspec.Struct, gc=False):
    """A record's key or value without its wire format: the content, and the schema where there is one."""

    content: Any
    schemas: RowSchemas | None
