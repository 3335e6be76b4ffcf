"""Records of a schema that is known are read step by step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from bridge.decoders import DebeziumDecoder
from bridge.decoders.avro import RegistryReader
from bridge.decoders.avro_flat import FlatReader
from bridge.decoders.avro_types import NotFlat
from bridge.decoders.placeholder import Placeholder
from bridge.errors import DecodeError
from bridge.row import UNAVAILABLE, Row
from tests.debezium.registry import registry_of
from tests.unit.decoders.building import change, record
from tests.unit.decoders.test_registry_records import avro_schema, create, wire

PLACEHOLDER = "__debezium_unavailable_value"
STATES = {"type": "enum", "name": "Snapshot", "symbols": ["true", "false"]}


def _taught(schema: Mapping[str, Any], *contents: Mapping[str, Any]) -> tuple[RegistryReader, list[bytes]]:
    values = [wire(7, schema, content) for content in contents]
    with registry_of({7: json.dumps(schema)}) as registry:
        reader = RegistryReader(registry.settings(), Placeholder(PLACEHOLDER))
        for _ in range(2):
            for value in values:
                reader.read(value)
    return reader, values


def test_records_of_each_shape_and_of_any_length_are_read_in_one_step() -> None:
    row = {"x": "a", "y": None, "z": 5}
    long = {"x": "b" * 300, "y": b"c" * 9_000, "z": -1}
    contents = [
        create(row),
        create(long),
        {**create(row), "before": long, "op": "u"},
        {**create(row), "before": long, "after": None, "op": "d"},
    ]
    schema = avro_schema(
        {"name": "x", "type": "string"}, {"name": "y", "type": ["null", "bytes"]}, {"name": "z", "type": "long"}
    )
    reader, values = _taught(schema, *contents)

    for value in values:
        found = reader.envelope(value)
        assert found is not None
        (_, _, before, after, _), schemas = found
        assert schemas is not None
        for part, raw in (("before", before), ("after", after)):
            if raw is not None:
                columns = Row(raw, schemas.decoders(part, "public.tx", {}))
                assert [columns["x"], columns["y"], columns["z"]] in [list(row.values()), list(long.values())]


@pytest.mark.parametrize(
    "column",
    [
        {"name": "x", "type": {"type": "array", "items": "long"}},
        {"name": "x", "type": ["null", "long", "string"]},
        {"name": "x", "type": {"type": "map", "values": "long"}},
    ],
)
def test_what_has_no_steps_is_left_to_the_general_reader(column: dict[str, Any]) -> None:
    empty: Any = {"array": [], "map": {}}.get(column["type"]["type"]) if isinstance(column["type"], dict) else None
    reader, values = _taught(avro_schema(column), create({"x": empty}))

    assert reader.envelope(values[0]) is None


def test_a_text_that_is_none_is_poison_for_who_reads_it() -> None:
    schema = avro_schema({"name": "x", "type": "string"}, {"name": "y", "type": "string"})
    value = wire(7, schema, create({"x": "abc", "y": "fine"}))
    broken = value.replace(b"abc", b"a\xffc")
    with registry_of({7: json.dumps(schema)}) as registry:
        decoder = DebeziumDecoder(registry=registry.settings())
        for _ in range(2):
            decoder.decode(record(value))
        row = change(decoder.decode(record(broken))).after

    assert row is not None
    assert row["y"] == "fine"
    with pytest.raises(DecodeError, match=r"^column x: ") as error:
        row["x"]
    assert error.value.code == "bad_avro"


def test_a_value_that_debezium_did_not_have_is_unavailable() -> None:
    schema = avro_schema({"name": "x", "type": "string"}, {"name": "y", "type": "bytes"})
    value = wire(7, schema, create({"x": PLACEHOLDER, "y": PLACEHOLDER.encode()}))
    with registry_of({7: json.dumps(schema)}) as registry:
        decoder = DebeziumDecoder(registry=registry.settings())
        for _ in range(3):
            row = change(decoder.decode(record(value))).after
            assert row is not None
            assert row.get("x") is row.get("y") is UNAVAILABLE


def test_a_record_cut_short_or_too_long_is_poison_all_the_same() -> None:
    schema = avro_schema({"name": "x", "type": "string"})
    value = wire(7, schema, create({"x": "abc"}))
    with registry_of({7: json.dumps(schema)}) as registry:
        decoder = DebeziumDecoder(registry=registry.settings())
        for _ in range(2):
            decoder.decode(record(value))
        for broken in (*(value[:length] for length in range(5, len(value))), value + b"\0"):
            with pytest.raises(DecodeError):
                decoder.decode(record(broken))


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(2**15 - 1, 2**15 - 1), (-(2**15), -(2**15)), (2**15, "schema_conflict"), (-(2**15) - 1, "schema_conflict")],
)
def test_a_number_is_held_to_what_its_column_can_have(value: int, wanted: int | str) -> None:
    schema = avro_schema({"name": "x", "type": {"type": "int", "connect.type": "int16"}})
    reader, values = _taught(schema, create({"x": value}))
    found = reader.envelope(values[0])
    assert found is not None
    (_, _, _, after, _), schemas = found
    assert after is not None
    assert schemas is not None
    row = Row(after, schemas.decoders("after", "public.tx", {}))
    try:
        read: int | str = row["x"]
    except DecodeError as error:
        read = error.code

    assert read == wanted


@pytest.mark.parametrize(("field", "kind"), [("lsn", "string"), ("table", "bytes"), ("snapshot", STATES)])
def test_a_source_of_other_types_is_left_to_the_general_reader(field: str, kind: Any) -> None:
    schema = avro_schema({"name": "x", "type": "string"})
    source = next(one["type"] for one in schema["fields"] if one["name"] == "source")
    for one in source["fields"]:
        if one["name"] == field:
            one["type"] = ["null", kind]

    with pytest.raises(NotFlat, match=field):
        FlatReader(schema)


def test_types_that_double_at_each_level_are_left_to_the_general_reader() -> None:
    kind: Any = "long"
    for level in range(25):
        fields = [{"name": "a", "type": kind}, {"name": "b", "type": f"l{level - 1}" if level else kind}]
        kind = {"type": "record", "name": f"l{level}", "fields": fields}

    with pytest.raises(NotFlat, match="too many values"):
        FlatReader(avro_schema({"name": "x", "type": kind}))


def test_a_type_within_itself_is_left_to_the_general_reader() -> None:
    kind = {"type": "record", "name": "tree", "fields": [{"name": "next", "type": ["null", "tree"]}]}

    with pytest.raises(NotFlat, match="too deep"):
        FlatReader(avro_schema({"name": "x", "type": kind}))


@pytest.mark.parametrize("last", [1, 2])
def test_a_number_of_more_than_64_bits_is_what_the_general_reader_makes_of_it(last: int) -> None:
    schema = avro_schema({"name": "x", "type": "string"}, {"name": "y", "type": "long"})
    value = wire(7, schema, create({"x": "abc", "y": 5}))
    number = b"\xff" * 9 + bytes((last,))
    assert value.count(b"\x06abc\x0a") == 1
    with registry_of({7: json.dumps(schema)}) as registry:
        reader = RegistryReader(registry.settings(), Placeholder(PLACEHOLDER))
        reader.read(value)
        found = reader.envelope(value.replace(b"\x06abc\x0a", b"\x06abc" + number))

    assert (found is None) == (last > 1)
