"""Avro schemas whose types are registered under subjects of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from bridge.decoders import DebeziumDecoder
from bridge.errors import DecodeError, SourceUnavailable
from tests.debezium.registry import FakeRegistry, registry_of
from tests.unit.decoders.building import change, record
from tests.unit.decoders.test_registry_records import VARIABLE, avro_schema, create, wire

NUMBER = "io.debezium.data.VariableScaleDecimal"
MONEY = {
    "type": "record",
    "name": "Money",
    "namespace": "wallet.types",
    "fields": [{"name": "amount", "type": NUMBER}, {"name": "currency", "type": ["null", "string"]}],
}
ROW = {"id": 1, "x": {"amount": {"scale": 2, "value": b"\x30\x39"}, "currency": "EUR"}}
READ = {"amount": Decimal("123.45"), "currency": "EUR"}


def to(name: str, version: int = 1) -> dict[str, Any]:
    """Return a reference to a type that has a subject of its own name."""
    return {"name": name, "subject": name, "version": version}


def referring(schema: Any, *references: Mapping[str, Any]) -> dict[str, Any]:
    """Return the registry's answer for a schema that refers to others."""
    return {"schema": json.dumps(schema), "schemaType": "AVRO", "references": list(references)}


def columns(kind: Any) -> dict[str, Any]:
    """Return the schema of rows with a column `x` of this type."""
    return avro_schema({"name": "id", "type": "long"}, {"name": "x", "type": ["null", kind]})


def whole() -> dict[str, Any]:
    """Return the schema of the same rows that holds all its types."""
    amount = {"name": "amount", "type": VARIABLE}
    return columns({**MONEY, "fields": [amount, MONEY["fields"][1]]})


def money(registry: FakeRegistry) -> None:
    """Register the type of the column, and the type to which that one refers."""
    registry.subjects = {
        ("wallet.types.Money", 3): referring(MONEY, to(NUMBER)),
        (NUMBER, 1): json.dumps(VARIABLE),
    }


def read(registry: FakeRegistry, data: bytes, decoder: DebeziumDecoder | None = None) -> Any:
    """Return the column of a record."""
    decoder = decoder or DebeziumDecoder(registry=registry.settings())
    after = change(decoder.decode(record(data))).after
    assert after is not None
    return after["x"]


def test_types_of_other_subjects_are_read_and_those_to_which_they_refer() -> None:
    data = wire(7, whole(), create(ROW))
    with registry_of({7: referring(columns("wallet.types.Money"), to("wallet.types.Money", 3))}) as registry:
        money(registry)
        assert read(registry, data) == READ


def test_a_type_is_asked_for_once_whoever_refers_to_it() -> None:
    again = columns("wallet.types.Money")
    again["fields"].append({"name": "ts_us", "type": ["null", "long"], "default": None})
    more = whole()
    more["fields"].append({"name": "ts_us", "type": ["null", "long"], "default": None})
    both = (to("wallet.types.Money", 3), to(NUMBER))
    with registry_of({7: referring(columns("wallet.types.Money"), *both), 8: referring(again, *both)}) as registry:
        money(registry)
        decoder = DebeziumDecoder(registry=registry.settings())
        for _ in range(2):
            assert read(registry, wire(7, whole(), create(ROW)), decoder) == READ
            assert read(registry, wire(8, more, create(ROW, ts_us=None)), decoder) == READ
        assert (registry.asked, registry.asked_for) == ([7, 8], [("wallet.types.Money", 3), (NUMBER, 1)])


def test_a_version_is_a_schema_of_its_own() -> None:
    first, second = (
        {"type": "enum", "name": "a.Kind", "symbols": symbols} for symbols in (["bet"], ["win", "bet"])
    )
    schema = columns("a.Kind")
    with registry_of({7: referring(schema, to("a.Kind", 1)), 8: referring(schema, to("a.Kind", 2))}) as registry:
        registry.subjects = {("a.Kind", 1): json.dumps(first), ("a.Kind", 2): json.dumps(second)}
        decoder = DebeziumDecoder(registry=registry.settings())
        for number, kind, wanted in ((7, first, "bet"), (8, second, "win")):
            assert read(registry, wire(number, columns(kind), create({"id": 1, "x": wanted})), decoder) == wanted


def test_a_name_without_namespace_is_of_the_namespace_around_it() -> None:
    ours, theirs = (
        {"type": "enum", "name": "Kind", "namespace": of, "symbols": [of]} for of in ("ours", "theirs")
    )
    inner = {"type": "record", "name": "theirs.Part", "fields": [{"name": "kind", "type": "Kind"}]}
    schema = columns("theirs.Part")
    data = wire(
        7,
        columns({**inner, "fields": [{"name": "kind", "type": theirs}]}),
        create({"id": 1, "x": {"kind": "theirs"}}),
    )
    with registry_of({7: referring(schema, to("ours.Kind"), to("theirs.Kind"), to("theirs.Part"))}) as registry:
        registry.subjects = {
            ("ours.Kind", 1): json.dumps(ours),
            ("theirs.Kind", 1): json.dumps(theirs),
            ("theirs.Part", 1): referring(inner, to("theirs.Kind")),
        }
        assert read(registry, data) == {"kind": "theirs"}


def test_the_whole_envelope_may_be_a_type_of_another_subject() -> None:
    with registry_of({7: referring("wallet.public.tx.Envelope", to("wallet.public.tx.Envelope"))}) as registry:
        registry.subjects = {("wallet.public.tx.Envelope", 1): json.dumps(whole())}
        assert read(registry, wire(7, whole(), create(ROW))) == READ


def test_further_records_with_types_of_other_subjects_are_read_alike() -> None:
    schema = columns(VARIABLE)
    data = wire(7, schema, create({"id": 1, "x": {"scale": 2, "value": b"\x30\x39"}}))
    with registry_of({7: referring(columns(NUMBER), to(NUMBER))}) as registry:
        registry.subjects = {(NUMBER, 1): json.dumps(VARIABLE)}
        decoder = DebeziumDecoder(registry=registry.settings())
        assert {read(registry, data, decoder) for _ in range(3)} == {Decimal("123.45")}


@pytest.mark.parametrize("there", [False, True], ids=["no subject", "no version"])
def test_a_reference_that_the_registry_does_not_know_is_poison(*, there: bool) -> None:
    schema = columns("wallet.types.Money")
    with registry_of({7: referring(schema, to("wallet.types.Money", 4))}) as registry:
        if there:
            money(registry)
        with pytest.raises(DecodeError, match=r"version 4 of wallet\.types\.Money") as refused:
            read(registry, wire(7, whole(), create(ROW)))
    assert refused.value.code == "unknown_schema"


def test_a_registry_in_trouble_at_a_reference_is_waited_for() -> None:
    data = wire(7, whole(), create(ROW))
    with registry_of({7: referring(columns("wallet.types.Money"), to("wallet.types.Money", 3))}) as registry:
        money(registry)
        registry.away = {NUMBER}
        decoder = DebeziumDecoder(registry=registry.settings())
        with pytest.raises(SourceUnavailable, match="503"):
            read(registry, data, decoder)
        registry.away = set()
        assert read(registry, data, decoder) == READ


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"schema": 'syntax = "proto3";', "schemaType": "PROTOBUF"}, "schema_references"),
        ({"schema": "not json"}, "bad_schema"),
        ({"schema": '{"type": "record"}'}, "bad_schema"),
        ({"schema": '{"type": "record", "name": "other.Type", "fields": []}'}, "bad_schema"),
        (referring("a.A", to("a.A")), "bad_schema"),
    ],
)
def test_a_reference_to_what_cannot_be_used_is_poison_by_name(answer: dict[str, Any], code: str) -> None:
    with registry_of({7: referring(columns("a.A"), to("a.A"))}) as registry:
        registry.subjects = {("a.A", 1): answer}
        with pytest.raises(DecodeError) as refused:
            read(registry, b"\0\0\0\0\x07abc")
    assert refused.value.code == code


def test_a_column_whose_parts_are_of_a_type_that_another_column_defines_is_read() -> None:
    money = {**MONEY, "name": "wallet.types.Money"}
    schema = avro_schema(
        {"name": "y", "type": ["null", VARIABLE]}, {"name": "id", "type": "long"}, {"name": "x", "type": money}
    )
    with registry_of({7: json.dumps(schema)}) as registry:
        assert read(registry, wire(7, schema, create({**ROW, "y": None}))) == READ
