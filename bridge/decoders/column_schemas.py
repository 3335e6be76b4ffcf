"""The form to which the schemas of all converters are brought."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class ColumnSchema(msgspec.Struct, frozen=True):
    """A Connect schema, as JsonConverter writes it; Avro and JSON Schema are brought to the same form."""

    type: str
    name: str | None = None
    field: str | None = None
    parameters: Mapping[str, Any] | None = None
    fields: tuple[ColumnSchema, ...] = ()
    items: ColumnSchema | None = None
    keys: ColumnSchema | None = None
    values: ColumnSchema | None = None

    def named(self, field: str) -> ColumnSchema | None:
        """Return the schema of one field of a structure, or None."""
        return next((schema for schema in self.fields if schema.field == field), None)

    def parameter(self, name: str) -> int | None:
        """Return a parameter that is a whole number written as text, or None."""
        try:
            return int((self.parameters or {})[name])
        except (KeyError, TypeError, ValueError):
            return None

    @property
    def is_unsigned(self) -> bool:
        """Whether Debezium told that the database's column is unsigned (`datatype.propagate.source.type`)."""
        told = str((self.parameters or {}).get("__debezium.source.column.type", "")).upper()
        # MySQL makes a column unsigned that it fills with zeros.
        return told.endswith(("UNSIGNED", "ZEROFILL"))
