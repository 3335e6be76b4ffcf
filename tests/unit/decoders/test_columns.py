"""Columns are read by their schema, and a value that contradicts its schema is poison when it is read."""

from __future__ import annotations

from base64 import b64encode
from decimal import Decimal
from typing import Any

import pytest

from bridge.decoders import DebeziumDecoder
from bridge.errors import DecodeError, MappingError
from bridge.row import UNAVAILABLE
from tests.unit.decoders.building import change, column, decode, envelope, read, record, with_schema

PLACEHOLDER = "__debezium_unavailable_value"
JSON = "io.debezium.data.Json"
BITS = "io.debezium.data.Bits"


@pytest.mark.parametrize(
    ("kind", "name", "value", "wanted"),
    [
        *((f"int{bits}", None, 2 ** (bits - 1) - 1, 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)),
        *((f"int{bits}", None, -(2 ** (bits - 1)), -(2 ** (bits - 1))) for bits in (8, 16, 32, 64)),
        ("boolean", None, True, True),
        ("string", None, "Zoë 🎲 \0", "Zoë 🎲 \0"),
        (
            "string",
            "io.debezium.data.Uuid",
            "a7c10001-6b1e-4f0a-9d2c-3e8f5a1b7c20",
            "a7c10001-6b1e-4f0a-9d2c-3e8f5a1b7c20",
        ),
        (
            "string",
            "io.debezium.data.Enum",
            "a label that the schema does not know",
            "a label that the schema does not know",
        ),
        ("string", "io.debezium.data.Enum", "roll\\,back", "roll,back"),
        ("string", JSON, '{"a":[1,1.10,null]}', {"a": [1, Decimal("1.10"), None]}),
        ("string", JSON, "null", None),
        ("string", JSON, "18446744073709551616", 18446744073709551616),
        ("bytes", None, "yv66vg==", b"\xca\xfe\xba\xbe"),
        ("bytes", None, "", b""),
        (
            "struct",
            "io.debezium.data.geometry.Point",
            {"x": 1.5, "wkb": "AQ=="},
            {"x": Decimal("1.5"), "wkb": b"\1"},
        ),
    ],
)
def test_each_type_is_read(kind: str, name: str | None, value: object, wanted: object) -> None:
    fields = [column("double", field="x"), column("bytes", field="wkb")]
    assert read(value, kind, name, fields=fields) == wanted


@pytest.mark.parametrize(
    ("value", "length", "wanted"),
    [
        (b"\xaf", 8, 0b1010_1111),
        (b"\x9f\x00", 16, 0b1001_1111),
        (b"\x9f", 16, 0b1001_1111),
        (b"", 3, 0),
        (b"\x05", 3, 5),
        (b"\x01\x02", 2**31 - 1, 513),
    ],
)
def test_bits_are_the_number_that_they_make_the_lowest_byte_first(value: bytes, length: int, wanted: int) -> None:
    assert read(b64encode(value).decode(), "bytes", BITS, parameters={"length": str(length)}) == wanted


def test_an_unsigned_number_that_wrapped_around_is_flagged_where_debezium_tells_the_columns_type() -> None:
    told: dict[str, Any] = {"parameters": {"__debezium.source.column.type": "BIGINT UNSIGNED"}}

    assert read(0, "int64", **told) == 0
    with pytest.raises(DecodeError, match=r"bigint\.unsigned\.handling\.mode") as error:
        read(-1, "int64", **told)
    assert error.value.code == "unsigned_wrapped"
    assert read(-1, "int64", parameters={"__debezium.source.column.type": "BIGINT"}) == -1


@pytest.mark.parametrize("told", ["BIGINT UNSIGNED ZEROFILL", "bigint unsigned zerofill", "BIGINT ZEROFILL"])
def test_a_number_that_is_filled_with_zeros_is_unsigned(told: str) -> None:
    with pytest.raises(DecodeError) as error:
        read(-1, "int64", parameters={"__debezium.source.column.type": told})
    assert error.value.code == "unsigned_wrapped"


def test_infinity_inside_an_array_is_no_value_of_the_column() -> None:
    items = {"type": "string", "name": "io.debezium.time.ZonedTimestamp"}
    with pytest.raises(DecodeError) as error:
        read(["2026-01-02T00:00:00Z", "infinity"], "array", items=items)
    assert error.value.code == "infinity"


def test_arrays_are_read_item_by_item() -> None:
    items = {"type": "bytes", "name": "org.apache.kafka.connect.data.Decimal", "parameters": {"scale": "2"}}
    assert read(["MDk=", None], "array", items=items) == [Decimal("123.45"), None]


def test_maps_come_as_objects_or_as_pairs() -> None:
    values = {"type": "double"}
    assert read({"a": 1.5, "b": None}, "map", values=values) == {"a": Decimal("1.5"), "b": None}
    assert read([[1, 1.5], [2, 2.5]], "map", values=values) == {"1": Decimal("1.5"), "2": Decimal("2.5")}


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("int32", None, "AQ=="),
        *((f"int{bits}", None, 2 ** (bits - 1)) for bits in (8, 16, 32, 64)),
        *((f"int{bits}", None, -(2 ** (bits - 1)) - 1) for bits in (8, 16, 32, 64)),
        ("int32", None, True),
        ("int32", None, 1.5),
        ("boolean", None, 1),
        ("string", None, 1),
        ("bytes", None, "no base64!"),
        ("array", None, {"a": 1}),
        ("array", None, ["text"]),
        ("map", None, [[1]]),
        ("struct", None, []),
        ("double", None, "text"),
        ("string", JSON, 5),
    ],
)
def test_a_value_that_contradicts_its_schema_is_poison_with_its_column(
    kind: str, name: str | None, value: object
) -> None:
    with pytest.raises(DecodeError, match=r"^column x: ") as error:
        read(value, kind, name, items={"type": "int32"}, values={"type": "int32"}, fields=[])
    assert error.value.code == "schema_conflict"


@pytest.mark.parametrize("text", ["{", "", "{'a':1}", "NaN", "[" * 100_000])
def test_json_text_that_is_none_is_poison(text: str) -> None:
    with pytest.raises(DecodeError) as error:
        read(text, "string", JSON)
    assert error.value.code == "bad_json"


def test_two_megabytes_of_json_are_read() -> None:
    text = '{"lines":[' + ",".join(['"0123456789"'] * 160_000) + "]}"
    assert len(read(text, "string", JSON)["lines"]) == 160_000


def test_a_type_that_is_not_known_is_poison_only_when_it_is_read() -> None:
    row = change(decode(with_schema({"id": 1, "x": 5}, [column("int32", field="id"), column("union")]))).after
    assert row is not None
    assert row["id"] == 1
    with pytest.raises(DecodeError) as error:
        row["x"]
    assert error.value.code == "unknown_type"


_BYTE_CODES = list(PLACEHOLDER.encode())
_BASE64 = b64encode(PLACEHOLDER.encode()).decode()
_UUID = "b68a35a7-17ad-35b3-af2a-ae46edb4545a"
SPELLINGS: list[tuple[str, str | None, Any, dict[str, Any]]] = [
    ("string", None, PLACEHOLDER, {}),
    ("string", JSON, PLACEHOLDER, {}),
    ("string", "io.debezium.data.Xml", PLACEHOLDER, {}),
    ("string", "io.debezium.time.ZonedTimestamp", PLACEHOLDER, {}),
    ("bytes", None, _BASE64, {}),
    ("string", None, PLACEHOLDER.encode().hex(), {}),
    ("array", None, [PLACEHOLDER], {"items": {"type": "string"}}),
    ("array", None, [PLACEHOLDER], {"items": {"type": "string", "name": JSON}}),
    ("array", None, [_BASE64], {"items": {"type": "bytes"}}),
    ("array", None, _BYTE_CODES, {"items": {"type": "int32"}}),
    ("array", None, _BYTE_CODES, {"items": {"type": "int64"}}),
    ("bytes", BITS, _BASE64, {"parameters": {"length": "2147483647"}}),
    ("array", None, _BYTE_CODES, {"items": {"type": "int32", "name": "io.debezium.time.Date"}}),
    ("array", None, [_UUID], {"items": {"type": "string", "name": "io.debezium.data.Uuid"}}),
    ("map", None, {PLACEHOLDER: PLACEHOLDER}, {"values": {"type": "string"}}),
    ("string", JSON, f'{{"{PLACEHOLDER}":"{PLACEHOLDER}"}}', {}),
]


@pytest.mark.parametrize(("kind", "name", "value", "more"), SPELLINGS)
@pytest.mark.parametrize("part", ["before", "after"])
def test_the_placeholder_is_unavailable_in_every_spelling(
    kind: str, name: str | None, value: Any, more: dict[str, Any], part: str
) -> None:
    rows = {"before": {"x": value}, "after": {"x": value}}
    for written in (with_schema({}, [column(kind, name, **more)], **rows, op="u"), envelope("u", **rows)):
        row = getattr(change(decode(written)), part)
        assert row.get("x") is UNAVAILABLE
        with pytest.raises(MappingError, match="x is unavailable"):
            row["x"]


@pytest.mark.parametrize(("setting", "text"), [("gone", "gone"), ("hex:676f6e65", "gone")])
def test_the_placeholder_can_be_another(setting: str, text: str) -> None:
    decoder = DebeziumDecoder(placeholder=setting)
    row = change(decoder.decode(record(envelope(after={"x": text, "y": PLACEHOLDER})))).after
    assert row is not None
    assert row.get("x") is UNAVAILABLE
    assert row["y"] == PLACEHOLDER


def test_a_placeholder_of_any_bytes_is_known_in_url_safe_base64_and_as_the_signed_bytes_of_an_array() -> None:
    decoder = DebeziumDecoder(placeholder="hex:fbefbeff")
    row = change(
        decoder.decode(record(envelope(after={"x": "--++", "y": "----_w==", "z": [-5, -17, -66, -1]})))
    ).after
    assert row is not None
    assert row["x"] == "--++"
    assert row.get("y") is UNAVAILABLE
    assert row.get("z") is UNAVAILABLE


def test_a_column_that_its_schema_does_not_have_is_no_value_when_it_is_the_placeholder() -> None:
    row = change(decode(with_schema({"x": 1, "y": PLACEHOLDER}, [column("int32")]))).after
    assert row is not None
    assert row.get("y") is UNAVAILABLE


def test_a_placeholder_that_is_no_hex_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="hex"):
        DebeziumDecoder(placeholder="hex:zz")
