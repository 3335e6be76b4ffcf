"""What a connector declares about its columns decides how they are read."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from bridge.decoders import COLUMN_TYPES, DebeziumDecoder, parse_column_type
from bridge.errors import DecodeError
from bridge.row import FOREVER, SINCE_EVER, UNAVAILABLE
from tests.unit.decoders.building import change, column, envelope, read_declared, record, with_schema

MICROS = 1_772_440_078_721_607
MOMENT = datetime(2026, 3, 2, 8, 27, 58, 721607, UTC)
SUMMER = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
UUID = "a7c10001-6b1e-4f0a-9d2c-3e8f5a1b7c20"


def local(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """Return local time of no zone."""
    return datetime(year, month, day, hour, minute)  # noqa: DTZ001 -- meant


@pytest.mark.parametrize(
    ("declared", "value", "wanted"),
    [
        ("decimal", "0.000000000000000001", Decimal("0.000000000000000001")),
        ("decimal", 5, Decimal(5)),
        ("int", "18446744073709551616", 2**64),
        ("int", 5.0, 5),
        ("unsigned", 2**64 - 1, 2**64 - 1),
        ("unsigned", 0, 0),
        *(("boolean", value, True) for value in (True, 1, "1", "t", "true", "True", "TRUE")),
        *(("boolean", value, False) for value in (False, 0, "0", "f", "false", "False", "FALSE")),
        ("seconds UTC", 1_772_440_078, MOMENT.replace(microsecond=0)),
        ("seconds UTC", 1_772_440_078.721607, MOMENT),
        ("seconds UTC", "1772440078.721607", MOMENT),
        ("millis UTC", 1_772_440_078_721, MOMENT.replace(microsecond=721_000)),
        ("millis UTC", "1772440078721", MOMENT.replace(microsecond=721_000)),
        ("micros UTC", MICROS, MOMENT),
        ("nanos UTC", MICROS * 1000, MOMENT),
        ("micros local Europe/Malta", MICROS + 3_600_000_000, MOMENT),
        ("local Europe/Malta", "2026-07-01T14:00:00", SUMMER),
        ("local Europe/Malta", "2026-07-01 14:00", SUMMER),
        ("iso", "2026-03-02T08:27:58.721607Z", MOMENT),
        ("iso", "2026-03-02T09:27:58.721607+01:00", MOMENT),
        ("iso", "2026-07-01 14:00:00", local(2026, 7, 1, 14)),
        ("days", 20_514, date(2026, 3, 2)),
        ("date", "2026-03-02", date(2026, 3, 2)),
        ("json", '{"a":1.10}', {"a": Decimal("1.10")}),
        ("json", {"a": 1}, {"a": 1}),
        ("text", 5, "5"),
        ("trimmed", "EUR  ", "EUR"),
        ("trimmed", "  E ", "  E"),
        ("uuid", UUID.upper(), UUID),
        ("uuid", b64encode(bytes.fromhex(UUID.replace("-", ""))).decode(), UUID),
        ("uuid", urlsafe_b64encode(b"\xfb\xff" * 8).decode(), "fbfffbff-fbff-fbff-fbff-fbfffbfffbff"),
        ("bytes base64", "yv4=", b"\xca\xfe"),
        ("bytes base64", "-_-_", b"\xfb\xff\xbf"),
        ("bytes hex", "cafe", b"\xca\xfe"),
    ],
)
def test_a_column_without_schema_is_read_as_declared(declared: str, value: Any, wanted: Any) -> None:
    found = read_declared(value, declared)

    assert found == wanted
    assert type(found) is type(wanted)
    assert getattr(found, "tzinfo", None) == getattr(wanted, "tzinfo", None)


@pytest.mark.parametrize("doc", COLUMN_TYPES, ids=lambda doc: doc.name)
def test_every_documented_example_is_a_type_that_leaves_null_and_unavailable_alone(doc: Any) -> None:
    parse_column_type(doc.example)

    assert read_declared(None, doc.example) is None
    assert read_declared("__debezium_unavailable_value", doc.example) is UNAVAILABLE


@pytest.mark.parametrize(
    ("declared", "value", "code"),
    [
        ("unsigned", -1, "unsigned_wrapped"),
        ("int", 1.5, "schema_conflict"),
        ("int", "five", "schema_conflict"),
        ("boolean", 2, "schema_conflict"),
        ("boolean", "yes", "schema_conflict"),
        ("boolean", 1.0, "schema_conflict"),
        ("decimal", True, "schema_conflict"),
        ("decimal", {"scale": 2}, "schema_conflict"),
        ("decimal struct", {"scale": "2", "value": "MDk="}, "schema_conflict"),
        ("decimal struct", "1.5", "schema_conflict"),
        ("micros UTC", "yesterday", "schema_conflict"),
        ("micros UTC", True, "schema_conflict"),
        ("seconds UTC", "1e100000", "schema_conflict"),
        ("local Europe/Malta", MICROS, "schema_conflict"),
        ("local Europe/Malta", "2026-07-01T14:00:00Z", "schema_conflict"),
        ("iso", "0000-00-00 00:00:00", "zero_date"),
        ("iso", 5, "schema_conflict"),
        ("days", "2026-03-02", "schema_conflict"),
        ("date", "2026-03-02T00:00:00", "schema_conflict"),
        ("json", "{", "bad_json"),
        ("uuid", "a7c1", "schema_conflict"),
        ("bytes hex", "xyz", "schema_conflict"),
        ("bytes base64", "-_+/", "schema_conflict"),
        ("decimal base64 2", "-100", "schema_conflict"),
        ("bytes base64", "no base64!", "schema_conflict"),
        ("text", 1.5, "schema_conflict"),
        ("trimmed", {}, "schema_conflict"),
        ("bits", "101", "schema_conflict"),
        ("bits", True, "schema_conflict"),
    ],
)
def test_a_value_that_is_not_as_declared_is_refused(declared: str, value: Any, code: str) -> None:
    with pytest.raises(DecodeError, match=r"^column x: ") as error:
        read_declared(value, declared)
    assert error.value.code == code


@pytest.mark.parametrize(
    ("declared", "value", "wanted"),
    [
        ("micros UTC", 9_223_372_036_825_200_000, FOREVER),
        ("micros local Europe/Malta", -9_223_372_036_832_400_000, SINCE_EVER),
        ("seconds UTC", 10**18, FOREVER),
        ("iso", "infinity", FOREVER),
        ("local Europe/Malta", "-infinity", SINCE_EVER),
    ],
)
def test_infinity_is_a_time_in_every_zone(declared: str, value: Any, wanted: Any) -> None:
    assert read_declared(value, declared) is wanted


@pytest.mark.parametrize(("value", "wanted"), [("BgE=", 262), ("BQ==", 5), ("", 0), (6, 6)])
def test_bits_without_a_schema_are_a_number_too(value: Any, wanted: int) -> None:
    assert read_declared(value, "bits") == wanted


@pytest.mark.parametrize(
    ("text", "choice", "wanted"),
    [
        ("2026-10-25T02:30:00", "first", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25T02:30:00", "second", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("2026-10-25T02:30:00", "refuse", "ambiguous_time"),
        ("2026-10-25T02:30:00", "", "ambiguous_time"),
        ("2026-10-25T01:59:59", "", datetime(2026, 10, 24, 23, 59, 59, tzinfo=UTC)),
        ("2026-10-25T03:00:00", "", datetime(2026, 10, 25, 2, 0, tzinfo=UTC)),
        ("2026-03-29T02:30:00", "", "missing_time"),
        ("2026-03-29T02:30:00", "first", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("2026-03-29T02:30:00", "second", datetime(2026, 3, 29, 0, 30, tzinfo=UTC)),
        ("2026-03-29T03:00:00", "", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
    ],
)
def test_an_hour_that_comes_twice_or_never_is_a_stated_choice(text: str, choice: str, wanted: Any) -> None:
    declared = f"local Europe/Malta {choice}".strip()
    if isinstance(wanted, str):
        with pytest.raises(DecodeError) as error:
            read_declared(text, declared)
        assert error.value.code == wanted
    else:
        assert read_declared(text, declared) == wanted


@pytest.mark.parametrize(
    ("declared", "kind", "name", "value", "wanted"),
    [
        ("local Europe/Malta", "int64", "io.debezium.time.MicroTimestamp", MICROS + 3_600_000_000, MOMENT),
        ("local Europe/Malta", "int64", "io.debezium.time.Timestamp", 1_782_914_400_000, SUMMER),
        ("micros UTC", "int64", "io.debezium.time.MicroTimestamp", MICROS, MOMENT),
        ("micros UTC", "string", "io.debezium.time.ZonedTimestamp", "2026-03-02T08:27:58.721607Z", MOMENT),
        ("decimal", "string", None, "123.4500", Decimal("123.4500")),
        (
            "decimal struct",
            "struct",
            "io.debezium.data.VariableScaleDecimal",
            {"scale": 2, "value": "MDk="},
            Decimal("123.45"),
        ),
        ("days", "int32", "io.debezium.time.Date", 20_514, date(2026, 3, 2)),
        ("json", "string", None, '{"a":1}', {"a": 1}),
        ("json", "bytes", None, "eyJhIjoxLjEwfQ==", {"a": Decimal("1.10")}),
        ("boolean", "int16", None, 1, True),
        ("boolean", "boolean", None, False, False),
        ("trimmed", "string", None, "EUR ", "EUR"),
        ("uuid", "bytes", None, b64encode(bytes.fromhex(UUID.replace("-", ""))).decode(), UUID),
        ("bytes hex", "string", None, "cafe", b"\xca\xfe"),
        ("int", "bytes", "org.apache.kafka.connect.data.Decimal", "AP//////////", 2**64 - 1),
    ],
)
def test_a_declared_type_is_laid_over_what_the_schema_says(
    declared: str, kind: str, name: str | None, value: Any, wanted: Any
) -> None:
    decoder = DebeziumDecoder({"public.tx": {"x": declared}})
    columns = [column(kind, name, parameters={"scale": "0"}, fields=[])]
    row = change(decoder.decode(record(with_schema({"x": value}, columns)))).after

    assert row is not None
    assert row["x"] == wanted


def test_an_unsigned_column_that_wrapped_around_is_flagged_under_its_schema_too() -> None:
    decoder = DebeziumDecoder({"tx": {"x": "unsigned"}})
    row = change(decoder.decode(record(with_schema({"x": -1}, [column("int64")])))).after

    assert row is not None
    with pytest.raises(DecodeError) as error:
        row["x"]
    assert error.value.code == "unsigned_wrapped"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("decimals", "did you mean 'decimal'"),
        ("micro UTC", "did you mean 'micros UTC'"),
        ("", "is empty"),
        ("decimal base64", "digits behind the point"),
        ("decimal base64 -2", "digits behind the point"),
        ("decimal base64 ²", "digits behind the point"),
        ("local", "write the zone"),
        ("local Europe/Atlantis", "no time zone"),
        ("local ../../etc/passwd", "no time zone"),
        ("local Europe/Malta third", "first, second or refuse"),
        ("micros local Europe/Malta refuse now", "first, second or refuse"),
        ("quantum foam", "known are"),
    ],
)
def test_a_type_that_is_none_is_refused_with_a_suggestion(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match=hint.replace("'", ".")):
        parse_column_type(text)


@pytest.mark.parametrize("name", ["public.tx", "tx", r"tx_?\d*", r"public\.t.*"])
def test_columns_are_declared_by_full_name_bare_name_or_pattern(name: str) -> None:
    decoder = DebeziumDecoder({name: {"x": "decimal"}, "other": {"x": "text"}})
    row = change(decoder.decode(record(envelope(after={"x": "1.5"})))).after

    assert row is not None
    assert row["x"] == Decimal("1.5")


def test_an_exact_name_goes_before_a_pattern_and_other_tables_are_left_alone() -> None:
    decoder = DebeziumDecoder({"t.*": {"x": "text"}, "tx": {"x": "decimal"}})
    row = change(decoder.decode(record(envelope(after={"x": "1.5"})))).after
    other = change(decoder.decode(record(envelope(after={"x": 5}, source={"table": "other"})))).after

    assert row is not None
    assert row["x"] == Decimal("1.5")
    assert other is not None
    assert other["x"] == 5


def test_a_declared_type_that_is_none_is_refused_when_the_decoder_is_made() -> None:
    with pytest.raises(ValueError, match="did you mean"):
        DebeziumDecoder({"tx": {"x": "decimall"}})
    with pytest.raises(ValueError, match="pattern"):
        DebeziumDecoder({"tx(": {"x": "decimal"}})
