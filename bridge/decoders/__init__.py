"""From a record's bytes to a change: Debezium and the converters of Kafka Connect."""

from bridge.decoders.debezium import DebeziumDecoder
from bridge.decoders.declared import COLUMN_TYPES, ColumnType, ColumnTypeDoc, parse_column_type
from bridge.decoders.doubles import Double
from bridge.decoders.flattened import FlattenedSettings
from bridge.decoders.placeholder import DEFAULT_PLACEHOLDER
from bridge.decoders.registry import RegistrySettings

__all__ = [
    "COLUMN_TYPES",
    "DEFAULT_PLACEHOLDER",
    "ColumnType",
    "ColumnTypeDoc",
    "DebeziumDecoder",
    "Double",
    "FlattenedSettings",
    "RegistrySettings",
    "parse_column_type",
]
