"""Column values by their Connect schema: logical types to decoders.

A type's name decides only together with its base type: a custom converter may write a `Date` as
text, and is then read as the text that it is.  https://debezium.io/documentation names the types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from bridge.decoders import moments, structured
from bridge.decoders.column_schemas import ColumnSchema
from bridge.decoders.conversions import number_of_bits, unsigned
from bridge.decoders.decimals import (
    binary,
    conflict,
    decimal_from_unscaled,
    double,
    json_value,
    special_number,
    variable_scale,
)
from bridge.decoders.placeholder import Placeholder
from bridge.errors import DecodeError, EndlessTime
from bridge.row import UNAVAILABLE, ColumnDecoder, Value

Factory = Callable[[ColumnSchema, Placeholder], ColumnDecoder]

RANGES: Final = {f"int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)}


def column_decoder(schema: ColumnSchema, placeholder: Placeholder) -> ColumnDecoder:
    """Return the decoder for a column; it never sees None."""
    name = structured.type_of(schema.name or "") if schema.type == "struct" else schema.name or ""
    factory = _BY_NAME.get((name, schema.type)) or _BY_TYPE.get(schema.type)
    if factory is None:
        return _refuse(f"a column of type {schema.type[:40]} is not known")
    return factory(schema, placeholder)


def is_plain(schema: ColumnSchema) -> bool:
    """Tell whether a column is read by its type alone, whatever its name."""
    return (schema.name or "", schema.type) not in _BY_NAME and not schema.is_unsigned


def column_decoders(row: ColumnSchema, placeholder: Placeholder) -> dict[str, ColumnDecoder]:
    """Return the decoders for the columns of a row's schema."""
    return {schema.field: column_decoder(schema, placeholder) for schema in row.fields if schema.field}


def _refuse(reason: str) -> ColumnDecoder:
    def decode(_: Any) -> Value:
        raise DecodeError("unknown_type", reason)

    return decode


def _whole(schema: ColumnSchema, _: Placeholder) -> ColumnDecoder:
    if schema.is_unsigned:
        return unsigned
    low, high = RANGES[schema.type]
    expected = f"a whole number ({schema.type})"

    def decode(value: Any) -> int:
        if type(value) is int and low <= value <= high:
            return value
        raise conflict(expected, value)

    return decode


def _boolean(_: ColumnSchema, __: Placeholder) -> ColumnDecoder:
    def decode(value: Any) -> bool:
        if type(value) is bool:
            return value
        raise conflict("a boolean", value)

    return decode


def _text(_: ColumnSchema, placeholder: Placeholder) -> ColumnDecoder:
    texts = placeholder.texts

    def decode(value: Any) -> Value:
        if type(value) is str:
            return UNAVAILABLE if value in texts else value
        raise conflict("text", value)

    return decode


def _label(_: ColumnSchema, placeholder: Placeholder) -> ColumnDecoder:
    texts = placeholder.texts

    def decode(value: Any) -> Value:
        if type(value) is not str:
            raise conflict("a label", value)
        # MySQL's streamed rows, and not those of its snapshots, have the comma as the schema's list has it.
        return UNAVAILABLE if value in texts else value.replace("\\,", ",")

    return decode


def _json(_: ColumnSchema, placeholder: Placeholder) -> ColumnDecoder:
    texts = placeholder.texts

    def decode(value: Any) -> Value:
        if type(value) is not str:
            raise conflict("JSON text", value)
        if value in texts:
            return UNAVAILABLE
        parsed = json_value(value)
        return UNAVAILABLE if parsed == placeholder.pair else parsed

    return decode


def _bytes(_: ColumnSchema, placeholder: Placeholder) -> ColumnDecoder:
    raw = placeholder.raw

    def decode(value: Any) -> Value:
        data = binary(value)
        return UNAVAILABLE if data == raw else data

    return decode


def _bits(_: ColumnSchema, placeholder: Placeholder) -> ColumnDecoder:
    raw = placeholder.raw

    def decode(value: Any) -> Value:
        data = binary(value)
        return UNAVAILABLE if data == raw else number_of_bits(data)

    return decode


def _decimal(schema: ColumnSchema, _: Placeholder) -> ColumnDecoder:
    scale = schema.parameter("scale")
    precision = schema.parameter("connect.decimal.precision")

    def decode(value: Any) -> Decimal:
        # With `decimal.format=NUMERIC` the schema still says bytes: the JSON type decides.
        kind = type(value)
        if kind is Decimal or kind is int:
            return Decimal(value)
        if scale is None:
            raise DecodeError("schema_conflict", "the schema of the decimal tells no scale")
        return decimal_from_unscaled(binary(value), scale, precision)

    return decode


def _double(_: ColumnSchema, __: Placeholder) -> ColumnDecoder:
    def decode(value: Any) -> Value:
        # Jackson writes these as text.
        if value in ("NaN", "Infinity", "-Infinity"):
            raise special_number()
        if type(value) is str:
            raise conflict("a number", value)
        return double(value)

    return decode


def _inside(decode: ColumnDecoder) -> ColumnDecoder:
    """Return the decoder of what lies inside a column: an endless time there is none of the column's."""

    def decode_inside(value: Any) -> Value:
        try:
            return decode(value)
        except EndlessTime:
            raise DecodeError("infinity", "a date in it is infinity or -infinity") from None

    return decode_inside


def _array(schema: ColumnSchema, placeholder: Placeholder) -> ColumnDecoder:
    item = _inside(column_decoder(schema.items, placeholder)) if schema.items else placeholder.plain

    def decode(value: Any) -> Value:
        if type(value) is not list:
            raise conflict("an array", value)
        if value in placeholder.lists:
            return UNAVAILABLE
        return [None if one is None else item(one) for one in value]

    return decode


def _map(schema: ColumnSchema, placeholder: Placeholder) -> ColumnDecoder:
    of_value = _inside(column_decoder(schema.values, placeholder)) if schema.values else placeholder.plain

    def decode(value: Any) -> Value:
        if value == placeholder.pair:
            return UNAVAILABLE
        pairs: Any
        if type(value) is dict:
            pairs = value.items()
        elif type(value) is list and all(type(pair) is list and len(pair) == 2 for pair in value):
            # Keys other than text: JsonConverter writes pairs.
            pairs = value
        else:
            raise conflict("a map", value)
        return {str(key): None if one is None else of_value(one) for key, one in pairs}

    return decode


def _struct(schema: ColumnSchema, placeholder: Placeholder) -> ColumnDecoder:
    decoders = {name: _inside(one) for name, one in column_decoders(schema, placeholder).items()}

    def decode(value: Any) -> Value:
        if type(value) is not dict:
            raise conflict("a structure", value)
        return {
            name: None if one is None else decoders.get(name, placeholder.plain)(one)
            for name, one in value.items()
        }

    return decode


def _by(decode: ColumnDecoder) -> Factory:
    return lambda _, __: decode


def _text_or(decode: ColumnDecoder) -> Factory:
    """Let a text column that is read as something else still be unavailable."""

    def factory(_: ColumnSchema, placeholder: Placeholder) -> ColumnDecoder:
        texts = placeholder.texts
        return lambda value: UNAVAILABLE if type(value) is str and value in texts else decode(value)

    return factory


_FROM_MILLIS = moments.micros_from_millis
_FROM_NANOS = moments.micros_from_nanos

_BY_TYPE: Final[Mapping[str, Factory]] = {
    **dict.fromkeys(RANGES, _whole),
    "boolean": _boolean,
    "string": _text,
    "bytes": _bytes,
    "float": _double,
    "double": _double,
    "float32": _double,
    "float64": _double,
    "array": _array,
    "map": _map,
    "struct": _struct,
}

_BY_NAME: Final[Mapping[tuple[str, str], Factory]] = {
    ("org.apache.kafka.connect.data.Decimal", "bytes"): _decimal,
    ("org.apache.kafka.connect.data.Date", "int32"): _by(moments.day),
    ("org.apache.kafka.connect.data.Time", "int32"): _by(moments.scaled(_FROM_MILLIS, moments.clock)),
    ("org.apache.kafka.connect.data.Timestamp", "int64"): _by(moments.scaled(_FROM_MILLIS, moments.timestamp)),
    ("io.debezium.data.VariableScaleDecimal", "struct"): _by(variable_scale),
    ("io.debezium.data.Enum", "string"): _label,
    ("io.debezium.data.Json", "string"): _json,
    ("io.debezium.data.Bits", "bytes"): _bits,
    ("io.debezium.time.Date", "int32"): _by(moments.day),
    ("io.debezium.time.Time", "int32"): _by(moments.scaled(_FROM_MILLIS, moments.clock)),
    ("io.debezium.time.MicroTime", "int64"): _by(moments.clock),
    ("io.debezium.time.NanoTime", "int64"): _by(moments.scaled(_FROM_NANOS, moments.clock)),
    ("io.debezium.time.Timestamp", "int64"): _by(moments.scaled(_FROM_MILLIS, moments.timestamp)),
    ("io.debezium.time.MicroTimestamp", "int64"): _by(moments.timestamp),
    ("io.debezium.time.NanoTimestamp", "int64"): _by(moments.scaled(_FROM_NANOS, moments.timestamp)),
    ("io.debezium.time.MicroDuration", "int64"): _by(moments.duration),
    ("io.debezium.time.NanoDuration", "int64"): _by(moments.scaled(_FROM_NANOS, moments.duration)),
    ("io.debezium.time.ZonedTimestamp", "string"): _text_or(moments.moment),
    ("io.debezium.time.ZonedTime", "string"): _text_or(moments.iso_clock),
    ("io.debezium.time.IsoDate", "string"): _text_or(moments.iso_date),
    ("io.debezium.time.IsoTime", "string"): _text_or(moments.iso_clock_local),
    ("io.debezium.time.IsoTimestamp", "string"): _text_or(moments.iso_local),
    ("io.debezium.time.StructuredDate", "struct"): _by(structured.day),
    ("io.debezium.time.StructuredTime", "struct"): _by(structured.clock),
    ("io.debezium.time.StructuredTimestamp", "struct"): _by(structured.timestamp),
    ("io.debezium.time.StructuredZonedTimestamp", "struct"): _by(structured.moment),
    ("io.debezium.time.StructuredZonedTime", "struct"): _by(structured.zoned_clock),
    ("io.debezium.time.StructuredDuration", "struct"): _by(structured.duration),
}
