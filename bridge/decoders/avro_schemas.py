"""Avro and JSON Schema, as Connect's converters write them, brought to Connect's own form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from bridge.decoders.column_schemas import ColumnSchema

_PRIMITIVES: Final = {
    "int": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "enum": "string",
    "fixed": "bytes",
}
# Connect's own types have a logical type in Avro; the name is added by some converters only.
_LOGICAL: Final = {
    "decimal": "org.apache.kafka.connect.data.Decimal",
    "date": "org.apache.kafka.connect.data.Date",
    "time-millis": "org.apache.kafka.connect.data.Time",
    "timestamp-millis": "org.apache.kafka.connect.data.Timestamp",
}


def avro_columns(schema: Any, types: Sequence[Any] = ()) -> ColumnSchema:
    """Return the Connect form of an Avro schema; `types` are those to which it refers: see `compile_reader`."""
    avro = _Avro()
    for each in types:
        avro.column(each, "")
    return avro.column(schema, "")


class _Avro:
    """Follows one schema; a named type that was seen is referred to by its name."""

    def __init__(self) -> None:
        self._named: dict[str, ColumnSchema] = {}

    def column(self, schema: Any, namespace: str) -> ColumnSchema:
        if isinstance(schema, list):
            return self._union(schema, namespace)
        if isinstance(schema, str):
            return self._reference(schema, namespace)
        kind = schema["type"]
        if isinstance(kind, Mapping | list):
            return self.column(kind, namespace)
        if kind in {"record", "enum", "fixed"}:
            return self._define(schema, namespace)
        return self._plain(schema, namespace)

    def _plain(self, schema: Mapping[str, Any], namespace: str) -> ColumnSchema:
        items = self.column(schema["items"], namespace) if "items" in schema else None
        values = self.column(schema["values"], namespace) if "values" in schema else None
        return ColumnSchema(
            _type(schema), _name(schema), parameters=_parameters(schema), items=items, values=values
        )

    def _union(self, branches: Sequence[Any], namespace: str) -> ColumnSchema:
        columns = [self.column(branch, namespace) for branch in branches if branch != "null"]
        # A union of several types has no Connect form; its values are refused when they are read.
        return columns[0] if len(columns) == 1 else ColumnSchema("union")

    def _reference(self, name: str, namespace: str) -> ColumnSchema:
        found = self._named.get(f"{namespace}.{name}") or self._named.get(name)
        return found or ColumnSchema(_PRIMITIVES.get(name, name))

    def _define(self, schema: Mapping[str, Any], namespace: str) -> ColumnSchema:
        name = str(schema.get("name", ""))
        namespace = str(schema.get("namespace", namespace))
        if "." in name:
            namespace, _, name = name.rpartition(".")
        fields = []
        for field in schema.get("fields", ()):
            column = self.column(field["type"], namespace)
            fields.append(msgspec.structs.replace(column, field=field["name"]))
        kind = {"record": "struct", "enum": "string", "fixed": "bytes"}[schema["type"]]
        found = ColumnSchema(kind, _name(schema), parameters=_parameters(schema), fields=tuple(fields))
        self._named[name] = self._named[f"{namespace}.{name}"] = found
        return found


def _type(schema: Mapping[str, Any]) -> str:
    kind = str(schema.get("connect.type") or schema.get("type"))
    return _PRIMITIVES.get(kind, kind)


def _name(schema: Mapping[str, Any]) -> str | None:
    name = schema.get("connect.name") or _LOGICAL.get(str(schema.get("logicalType")))
    return None if name is None else str(name)


def _parameters(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    parameters = dict(schema.get("connect.parameters") or {})
    if "scale" in schema or schema.get("logicalType") == "decimal":
        parameters.setdefault("scale", str(schema.get("scale", 0)))
    return parameters or None


_JSON_TYPES: Final = {"integer": "int64", "number": "float64", "object": "struct"}


def json_schema_columns(schema: Any) -> ColumnSchema:
    """Return the Connect form of a JSON Schema as Confluent's JsonSchemaConverter writes it."""
    if not isinstance(schema, Mapping):
        return ColumnSchema("any")
    branches = [branch for branch in schema.get("oneOf", ()) if branch != {"type": "null"}]
    if branches:
        return json_schema_columns(branches[0]) if len(branches) == 1 else ColumnSchema("union")
    kind = str(schema.get("connect.type") or schema.get("type"))
    kind = _JSON_TYPES.get(kind, kind)
    fields = tuple(
        msgspec.structs.replace(json_schema_columns(part), field=name)
        for name, part in (schema.get("properties") or {}).items()
    )
    items = schema.get("items")
    return ColumnSchema(
        kind,
        schema.get("title"),
        parameters=schema.get("connect.parameters"),
        fields=fields,
        items=json_schema_columns(items) if items else None,
    )
