"""Numbers come out exactly as they were stored, whatever the mode of Debezium and the converter."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.decoders import DebeziumDecoder, Double
from bridge.decoders.decimals import decimal_from_text, decimal_from_unscaled, json_value
from bridge.errors import DecodeError
from bridge.row import Value
from tests.unit.decoders.building import change, column, decode, envelope, read, read_declared, record, with_schema

DECIMAL = "org.apache.kafka.connect.data.Decimal"
VARIABLE = "io.debezium.data.VariableScaleDecimal"

unscaled_numbers = st.integers() | st.integers(-(2**400), 2**400)


def _bytes(unscaled: int) -> bytes:
    return unscaled.to_bytes(unscaled.bit_length() // 8 + 1, "big", signed=True)


def _exact(unscaled: int, scale: int) -> Decimal:
    digits = tuple(int(digit) for digit in str(abs(unscaled)))
    return Decimal((int(unscaled < 0), digits, -scale))


@given(unscaled=unscaled_numbers, scale=st.integers(-50, 400))
def test_any_unscaled_number_and_scale_is_exact_even_under_a_rounding_context(unscaled: int, scale: int) -> None:
    with localcontext(Context(prec=3)):
        found = decimal_from_unscaled(_bytes(unscaled), scale)

    assert found.as_tuple() == _exact(unscaled, scale).as_tuple()


@given(unscaled=unscaled_numbers, scale=st.integers(0, 60))
def test_base64_with_the_schemas_scale_is_exact(unscaled: int, scale: int) -> None:
    value = b64encode(_bytes(unscaled)).decode()

    assert read(value, "bytes", DECIMAL, parameters={"scale": str(scale)}) == _exact(unscaled, scale)
    assert read_declared(value, f"decimal base64 {scale}") == _exact(unscaled, scale)


@given(unscaled=unscaled_numbers, scale=st.integers(-20, 60))
def test_a_number_without_fixed_scale_is_exact(unscaled: int, scale: int) -> None:
    value = {"scale": scale, "value": b64encode(_bytes(unscaled)).decode()}

    assert read(value, "struct", VARIABLE, fields=[]) == _exact(unscaled, scale)
    assert read_declared(value, "decimal struct") == _exact(unscaled, scale)


@given(number=st.decimals(allow_nan=False, allow_infinity=False, places=18))
def test_a_number_written_as_text_or_as_json_is_exact(number: Decimal) -> None:
    written = format(number, "f")
    value = b'{"op":"c","after":{"x":%s},"source":{"table":"tx"}}' % written.encode()
    plain = change(decode(value)).after

    assert plain is not None
    assert plain["x"] == number
    assert read_declared(written, "decimal") == number


def test_numeric_json_wins_over_a_schema_that_says_bytes() -> None:
    value = (
        b'{"schema":{"type":"struct","fields":[{"type":"struct","field":"after","fields":[{"type":"bytes",'
        b'"name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"4"},"field":"x"}]}]},'
        b'"payload":{"op":"c","after":{"x":123.4567},"source":{"table":"tx"}}}'
    )
    row = change(decode(value)).after

    assert row is not None
    assert row["x"] == Decimal("123.4567")


def test_whole_numbers_beyond_64_bits_stay_whole() -> None:
    row = change(decode(envelope(after={"x": 2**70, "y": -(2**63) - 1}))).after

    assert row is not None
    assert row["x"] == 2**70
    assert row["y"] == -(2**63) - 1


@pytest.mark.parametrize("text", ["NAN", "POSITIVE_INFINITY", "NEGATIVE_INFINITY", "NaN", "Infinity", "-Infinity"])
def test_special_numbers_are_named(text: str) -> None:
    _refused(lambda: read_declared(text, "decimal"), "special_number")


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_special_floats_are_named(text: str) -> None:
    _refused(lambda: read(text, "double"), "special_number")


def test_floats_are_marked_so_that_money_can_refuse_them() -> None:
    assert type(read(1.23, "double")) is Double
    assert read(1.2300000190734863, "float") == Decimal("1.2300000190734863")
    assert type(read(7, "double")) is Double
    assert type(read_declared(0.1, "double")) is Double
    assert type(read_declared(0.1, "decimal")) is Decimal


def test_a_double_stays_marked_under_a_declared_decimal() -> None:
    decoder = DebeziumDecoder({"tx": {"x": "decimal"}})
    row = change(decoder.decode(record(with_schema({"x": 0.1}, [column("double")])))).after
    assert row is not None
    assert type(row["x"]) is Double


@pytest.mark.parametrize("value", ["", "MDk", "M D k =", "ä", 5, True, ["MDk="], {"a": 1}])
def test_what_is_no_base64_is_refused_as_an_amount(value: Value) -> None:
    _refused(lambda: read_declared(value, "decimal base64 2"), "schema_conflict")


def test_more_digits_than_the_schemas_precision_are_refused() -> None:
    parameters = {"scale": "2", "connect.decimal.precision": "5"}
    assert read("MDk=", "bytes", DECIMAL, parameters=parameters) == Decimal("123.45")
    _refused(
        lambda: read(b64encode(_bytes(100_000)).decode(), "bytes", DECIMAL, parameters=parameters),
        "schema_conflict",
    )


@pytest.mark.parametrize("text", ["1e200000", "-1E-999999", "1" * 200_000])
def test_absurd_numbers_are_refused_before_they_cost_anything(text: str) -> None:
    _refused(lambda: decimal_from_text(text), "number_too_large")


@pytest.mark.parametrize("text", ["1_000", "١٢", " 1", "1 ", "0x10", "1,5", "", "--1", "sNaN"])
def test_only_plain_ascii_numbers_are_numbers(text: str) -> None:
    _refused(lambda: decimal_from_text(text), "schema_conflict")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=12,
    )
)
def test_json_columns_keep_every_number_exact(value: Value) -> None:
    def write(one: Value) -> str:
        if isinstance(one, Decimal):
            text = str(one)
            return text if "." in text or "E" in text else f"{text}.0"
        if isinstance(one, list):
            return "[" + ",".join(map(write, one)) + "]"
        if isinstance(one, dict):
            return "{" + ",".join(f"{write(name)}:{write(part)}" for name, part in one.items()) + "}"
        return json.dumps(one)

    assert json_value(write(value)) == value


def test_a_json_column_nested_without_end_is_poison_and_no_crash() -> None:
    _refused(lambda: json_value("[" * 1_000_000 + "]" * 1_000_000), "bad_json")


def _refused(read_it: Callable[[], object], code: str) -> None:
    with pytest.raises(DecodeError) as error:
        read_it()
    assert error.value.code == code
