"""Records of a schema registry: Avro and JSON Schema over real HTTP, and what can go wrong with it."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from typing import Any

import fastavro
import pytest

from bridge.decoders import DebeziumDecoder, Double, RegistrySettings
from bridge.errors import DecodeError, SourceUnavailable
from bridge.flow import Change
from bridge.row import UNAVAILABLE
from tests.debezium.registry import registry_of
from tests.unit.decoders.building import SOURCE, change, record, text

DECIMAL = {
    "type": "bytes",
    "scale": 2,
    "precision": 3,
    "connect.name": "org.apache.kafka.connect.data.Decimal",
    "connect.parameters": {"scale": "2"},
    "logicalType": "decimal",
}
VARIABLE = {
    "type": "record",
    "name": "VariableScaleDecimal",
    "namespace": "io.debezium.data",
    "fields": [{"name": "scale", "type": "int"}, {"name": "value", "type": "bytes"}],
    "connect.name": "io.debezium.data.VariableScaleDecimal",
}
_MONEY = {"title": "org.apache.kafka.connect.data.Decimal", "connect.parameters": {"scale": "2"}}


STRUCTURED_DATE = {
    "type": "record",
    "name": "StructuredDate",
    "namespace": "io.debezium.time",
    "connect.name": "io.debezium.time.StructuredDate",
    "fields": [
        {"name": "year", "type": ["null", "int"]},
        {"name": "month", "type": ["null", {"type": "int", "connect.type": "int8"}]},
        {"name": "day", "type": ["null", {"type": "int", "connect.type": "int8"}]},
        {"name": "specialValue", "type": ["null", "string"]},
    ],
}


def avro_schema(*columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an envelope, as AvroConverter writes it."""
    value = {"type": "record", "name": "Value", "fields": list(columns)}
    source = {
        "type": "record",
        "name": "Source",
        "fields": [
            {"name": name, "type": ["null", "long" if isinstance(SOURCE[name], int) else "string"]}
            for name in SOURCE
        ],
    }
    return {
        "type": "record",
        "name": "Envelope",
        "namespace": "wallet.public.tx",
        "fields": [
            {"name": "before", "type": ["null", value]},
            {"name": "after", "type": ["null", "Value"]},
            {"name": "source", "type": source},
            {"name": "op", "type": "string"},
            {"name": "ts_ms", "type": ["null", "long"], "default": None},
        ],
    }


def wire(schema_id: int, schema: Mapping[str, Any], content: Mapping[str, Any]) -> bytes:
    """Write a record in Confluent's wire format."""
    out = BytesIO()
    bare = json.loads(json.dumps(schema).replace('"logicalType"', '"ignored"'))
    fastavro.schemaless_writer(out, fastavro.parse_schema(bare), dict(content))
    return b"\0" + schema_id.to_bytes(4, "big") + out.getvalue()


def create(row: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return a create."""
    return {"before": None, "after": dict(row), "source": dict(SOURCE), "op": "c", "ts_ms": 1, **more}


def read_avro(row: Mapping[str, Any], *columns: Mapping[str, Any], **columns_declared: str) -> Change:
    """Return a row after its way through Avro and the registry."""
    schema = avro_schema(*columns)
    with registry_of({7: json.dumps(schema)}) as registry:
        decoder = DebeziumDecoder({"tx": columns_declared}, registry=registry.settings())
        return change(decoder.decode(record(wire(7, schema, create(row)), key=None)))


@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        ("int", -5, -5),
        ("long", 2**63 - 1, 2**63 - 1),
        ({"type": "int", "connect.type": "int16"}, 7, 7),
        ("string", "Zoë 🎲", "Zoë 🎲"),
        ("boolean", True, True),
        ("double", 0.1, Decimal("0.1")),
        ("float", 1.5, Decimal("1.5")),
        ("bytes", b"\xca\xfe", b"\xca\xfe"),
        ({"type": "enum", "name": "E", "symbols": ["open", "done"]}, "done", "done"),
        ({"type": "fixed", "name": "F", "size": 2}, b"\xca\xfe", b"\xca\xfe"),
        # Connect's own types may come without their names.
        ({"type": "int", "logicalType": "date"}, 20_514, date(2026, 3, 2)),
        ({"type": "int", "logicalType": "time-millis"}, 30_478_721, time(8, 27, 58, 721_000)),
        (
            {"type": "long", "logicalType": "timestamp-millis"},
            1_772_440_078_721,
            datetime(2026, 3, 2, 8, 27, 58, 721_000),  # noqa: DTZ001 -- a column without zone
        ),
        (
            {"type": "bytes", "logicalType": "decimal", "scale": 2, "precision": 5},
            b"\x30\x39",
            Decimal("123.45"),
        ),
        ({"type": "bytes", "logicalType": "decimal", "precision": 5}, b"\x30\x39", Decimal(12_345)),
        (["null", "long"], None, None),
        (["long", "null"], 5, 5),
        (["long", "null"], None, None),
        (DECIMAL, b"\x30\x39", Decimal("123.45")),
        (["null", DECIMAL], b"\xcf\xc7", Decimal("-123.45")),
        (["null", VARIABLE], {"scale": 30, "value": b"\x01"}, Decimal("1E-30")),
        (
            {"type": "array", "items": ["null", VARIABLE]},
            [{"scale": 1, "value": b"\x0f"}, None],
            [Decimal("1.5"), None],
        ),
        ({"type": "map", "values": ["null", "string"]}, {"a": "1", "b": None}, {"a": "1", "b": None}),
        ({"type": "string", "connect.name": "io.debezium.data.Json"}, '{"a":1.10}', {"a": Decimal("1.10")}),
        (["null", STRUCTURED_DATE], {"year": 2026, "month": 3, "day": 2, "specialValue": None}, date(2026, 3, 2)),
        ("string", "__debezium_unavailable_value", UNAVAILABLE),
        ("bytes", b"__debezium_unavailable_value", UNAVAILABLE),
        ({"type": "array", "items": "bytes"}, [b"__debezium_unavailable_value"], UNAVAILABLE),
    ],
)
def test_each_avro_type_is_read_exactly(kind: Any, value: Any, wanted: Any) -> None:
    found = read_avro({"id": 1, "x": value}, {"name": "id", "type": "long"}, {"name": "x", "type": kind})

    assert found.after is not None
    assert found.after.get("x") == wanted
    assert found.after["id"] == 1
    assert (found.table, found.op, found.before) == ("public.tx", "c", None)
    assert found.position is not None
    assert found.committed_at is not None


def test_a_declared_type_is_laid_over_the_avro_schema() -> None:
    found = read_avro({"x": 1}, {"name": "x", "type": {"type": "int", "connect.type": "int16"}}, x="boolean")
    assert found.after is not None
    assert found.after["x"] is True


def test_a_schema_that_evolves_in_mid_topic_is_asked_for_once_each() -> None:
    first = avro_schema({"name": "x", "type": "int"})
    second = avro_schema({"name": "x", "type": "string"}, {"name": "y", "type": ["null", "long"]})
    with registry_of({7: json.dumps(first), 9: json.dumps(second)}) as registry:
        decoder = DebeziumDecoder(registry=registry.settings())
        for _ in range(3):
            old = change(decoder.decode(record(wire(7, first, create({"x": 5})))))
            new = change(decoder.decode(record(wire(9, second, create({"x": "a", "y": 2})))))
            assert old.after is not None
            assert new.after is not None
            assert (old.after["x"], new.after["x"], new.after["y"]) == (5, "a", 2)
        assert registry.asked == [7, 9]


def test_an_avro_key_is_read_and_a_broken_one_is_poison_only_for_who_reads_it() -> None:
    key_schema = {"type": "record", "name": "Key", "fields": [{"name": "id", "type": "long"}]}
    schema = avro_schema({"name": "x", "type": "int"})
    with registry_of({7: json.dumps(schema), 8: json.dumps(key_schema)}) as registry:
        decoder = DebeziumDecoder(registry=registry.settings())
        value = wire(7, schema, create({"x": 5}))
        good = change(decoder.decode(record(value, key=wire(8, key_schema, {"id": 77}))))
        bad = change(decoder.decode(record(value, key=b"\0\0\0\0\x63abc")))

    assert good.key is not None
    assert good.key["id"] == 77
    assert bad.after is not None
    assert bad.after["x"] == 5
    assert bad.key is not None
    with pytest.raises(DecodeError, match="message key"):
        bad.key["id"]


@pytest.mark.parametrize("is_optional", [False, True])
def test_a_key_of_a_known_schema_waits_until_it_is_asked_for(is_optional: bool) -> None:
    columns = {"type": "record", "name": "Key", "fields": [{"name": "id", "type": "long"}]}
    key_schema: Any = ["null", columns] if is_optional else columns
    schema = avro_schema({"name": "x", "type": "int"})
    null, start = (b"\0", b"\2") if is_optional else (b"", b"")
    with registry_of({7: json.dumps(schema), 8: json.dumps(key_schema)}) as registry:
        decoder = DebeziumDecoder(registry=registry.settings())
        value = wire(7, schema, create({"x": 5}))
        keys = [change(decoder.decode(record(value, key=b"\0\0\0\0\x08" + start + b"\x02"))).key for _ in range(2)]
        short = change(decoder.decode(record(value, key=b"\0\0\0\0\x08" + start))).key
        none = change(decoder.decode(record(value, key=b"\0\0\0\0\x08" + null))).key

    for key in keys:
        assert key is not None
        assert (key["id"], list(key.columns()), "x" in key, key.get("x")) == (1, ["id"], False, None)
    assert short is not None
    with pytest.raises(DecodeError, match="message key"):
        short.get("id")
    assert (none is None) == is_optional


def test_an_id_that_the_registry_does_not_know_is_poison() -> None:
    with registry_of({}) as registry, pytest.raises(DecodeError) as error:
        DebeziumDecoder(registry=registry.settings()).decode(record(b"\0\0\0\0\x05abc"))
    assert error.value.code == "unknown_schema"


def test_a_registry_that_cannot_tell_the_type_by_id_is_asked_by_subject() -> None:
    schema = avro_schema({"name": "x", "type": "int"})
    with registry_of({7: json.dumps(schema)}) as registry:
        registry.knows_types_by_id = False
        found = change(
            DebeziumDecoder(registry=registry.settings()).decode(record(wire(7, schema, create({"x": 5}))))
        )

    assert found.after is not None
    assert found.after["x"] == 5


@pytest.mark.parametrize("status", [400, 404, 401, 429, 500, 503])
def test_a_registry_in_trouble_is_waited_for_and_then_answers(status: int) -> None:
    schema = avro_schema({"name": "x", "type": "int"})
    value = record(wire(7, schema, create({"x": 5})))
    with registry_of({7: json.dumps(schema)}) as registry:
        decoder = DebeziumDecoder(registry=registry.settings())
        registry.status = status
        with pytest.raises(SourceUnavailable, match=str(status)):
            decoder.decode(value)
        registry.status = 200
        assert change(decoder.decode(value)).op == "c"


def test_a_registry_that_is_away_is_waited_for() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings = RegistrySettings(url=f"http://127.0.0.1:{taken.getsockname()[1]}", timeout_seconds=1)
        with pytest.raises(SourceUnavailable):
            DebeziumDecoder(registry=settings).decode(record(b"\0\0\0\0\x05abc"))


def test_an_answer_that_is_no_registrys_is_trouble_and_not_poison() -> None:
    with registry_of({7: {"page": "login"}}) as registry, pytest.raises(SourceUnavailable, match="URL"):
        DebeziumDecoder(registry=registry.settings()).decode(record(b"\0\0\0\0\x07abc"))


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"schema": 'syntax = "proto3";', "schemaType": "PROTOBUF"}, "protobuf"),
        ({"schema": '{"type":"record"}'}, "bad_schema"),
        ({"schema": "not json"}, "bad_schema"),
        ({"schema": '{"type":"quux"}'}, "bad_schema"),
        (
            {
                "schema": '{"type":"object"}',
                "schemaType": "JSON",
                "references": [{"name": "a", "subject": "a", "version": 1}],
            },
            "schema_references",
        ),
    ],
)
def test_a_schema_that_cannot_be_used_is_poison_by_name(answer: dict[str, Any], code: str) -> None:
    with registry_of({7: answer}) as registry, pytest.raises(DecodeError) as error:
        DebeziumDecoder(registry=registry.settings()).decode(record(b"\0\0\0\0\x07abc"))
    assert error.value.code == code


def test_bytes_that_are_not_of_their_schema_are_poison() -> None:
    schema = avro_schema({"name": "x", "type": "string"})
    value = wire(7, schema, create({"x": "text"}))
    with registry_of({7: json.dumps(schema)}) as registry:
        decoder = DebeziumDecoder(registry=registry.settings())
        for broken in (value[:-1], value + b"\0", value[:5], value[:20] + b"\xff" * 40):
            with pytest.raises(DecodeError) as error:
                decoder.decode(record(broken))
            assert error.value.code == "bad_avro"


def test_json_schema_records_are_read_by_the_types_that_it_names() -> None:
    column = {
        "oneOf": [{"type": "null"}, {"type": "integer", "title": "io.debezium.time.Date", "connect.type": "int32"}]
    }
    row = {"type": "object", "properties": {"x": column, "n": {"type": "number", "connect.type": "float64"}}}
    schema = {
        "type": "object",
        "properties": {"after": {"oneOf": [{"type": "null"}, row]}, "op": {"type": "string"}},
    }
    body = text(create({"x": 20_514, "n": 0.1}))
    with registry_of({7: {"schema": json.dumps(schema), "schemaType": "JSON"}}) as registry:
        found = change(DebeziumDecoder(registry=registry.settings()).decode(record(b"\0\0\0\0\x07" + body)))

    assert found.after is not None
    assert str(found.after["x"]) == "2026-03-02"
    assert found.after["n"] == Decimal("0.1")


@pytest.mark.parametrize(
    ("column", "value", "wanted"),
    [
        ({"type": "integer"}, 2**53 + 1, 2**53 + 1),
        ({"type": "integer", "connect.type": "int8"}, 128, "schema_conflict"),
        ({"type": "number"}, 0.1, Double("0.1")),
        ({"type": "boolean"}, True, True),
        ({"type": "string", "connect.type": "bytes"}, "yv4=", b"\xca\xfe"),
        ({"type": "string", "connect.type": "bytes", **_MONEY}, "MDk=", Decimal("123.45")),
        ({"type": "number", "connect.type": "bytes", **_MONEY}, 123.45, Decimal("123.45")),
        ({"type": "array", "items": {"type": "string", "connect.type": "bytes"}}, ["yv4="], [b"\xca\xfe"]),
        ({"type": "object", "properties": {"a": {"type": "integer"}}}, {"a": 1}, {"a": 1}),
        ({"type": "object", "connect.type": "map"}, {"a": 1}, {"a": 1}),
        ({"oneOf": [{"type": "null"}, {"type": "string"}]}, None, None),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, 5, "unknown_type"),
    ],
)
def test_each_type_of_json_schema_is_read_exactly(column: dict[str, Any], value: Any, wanted: Any) -> None:
    row = {"type": "object", "properties": {"x": column}}
    schema = {"type": "object", "properties": {"after": {"oneOf": [{"type": "null"}, row]}}}
    body = text(create({"x": value}))
    with registry_of({7: {"schema": json.dumps(schema), "schemaType": "JSON"}}) as registry:
        found = change(DebeziumDecoder(registry=registry.settings()).decode(record(b"\0\0\0\0\x07" + body)))
    assert found.after is not None
    try:
        read: Any = found.after["x"]
    except DecodeError as error:
        read = error.code

    assert (read, type(read)) == (wanted, type(wanted))


def test_the_login_goes_to_the_registry_and_never_into_text() -> None:
    schema = avro_schema({"name": "x", "type": "int"})
    with registry_of({7: json.dumps(schema)}) as registry:
        settings = registry.settings(user="bridge", password="s3cret")
        DebeziumDecoder(registry=settings).decode(record(wire(7, schema, create({"x": 5}))))

        assert registry.authorization == "Basic YnJpZGdlOnMzY3JldA=="
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize("ca", ["no/such/file.pem", __file__])
def test_certificates_that_cannot_be_read_are_refused_at_the_start(ca: str) -> None:
    with pytest.raises(ValueError, match="certificates"):
        DebeziumDecoder(registry=RegistrySettings(url="https://127.0.0.1:1", ca=ca))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x", "registry:8081"])
def test_only_http_is_asked(url: str) -> None:
    with pytest.raises(ValueError, match="http"):
        DebeziumDecoder(registry=RegistrySettings(url=url))
