"""The compiled Avro reader agrees with fastavro's general one, and never reads beyond its bytes."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.decoders.avro_binary import compile_reader
from tests.support.examples import examples

_PRIMITIVES: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32, allow_nan=False),
    "double": st.floats(allow_nan=False),
    "bytes": st.binary(max_size=200),
    "string": st.text(max_size=200),
}

Typed = tuple[Any, st.SearchStrategy[Any]]

_primitives: st.SearchStrategy[Typed] = st.sampled_from(sorted(_PRIMITIVES)).map(
    lambda name: (name, _PRIMITIVES[name])
)


def _optional(typed: Typed, null_first: bool) -> Typed:
    schema, values = typed
    if schema == "null" or isinstance(schema, list):
        return typed
    return (["null", schema] if null_first else [schema, "null"]), st.none() | values


def _array(typed: Typed) -> Typed:
    return {"type": "array", "items": typed[0]}, st.lists(typed[1], max_size=4)


def _map(typed: Typed) -> Typed:
    return {"type": "map", "values": typed[0]}, st.dictionaries(st.text(max_size=5), typed[1], max_size=4)


_counter = iter(range(10**9))


def _record(parts: list[Typed]) -> Typed:
    fields = [{"name": f"f{index}", "type": schema} for index, (schema, _) in enumerate(parts)]
    schema = {"type": "record", "name": f"R{next(_counter)}", "namespace": "n", "fields": fields}
    return schema, st.fixed_dictionaries({f"f{index}": values for index, (_, values) in enumerate(parts)})


_types = st.recursive(
    _primitives,
    lambda inner: (
        st.builds(_optional, inner, st.booleans())
        | inner.map(_array)
        | inner.map(_map)
        | st.lists(inner, max_size=5).map(_record)
    ),
    max_leaves=8,
)


def _write(schema: Any, value: Any) -> bytes:
    out = BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
    return out.getvalue()


@examples(2)
@given(st.data())
def test_what_fastavro_writes_is_read_back(data: st.DataObject) -> None:
    schema, values = data.draw(_types)
    value = data.draw(values)
    written = _write(schema, value)
    read, end = compile_reader(schema)(b"head" + written, 4)

    assert end == 4 + len(written)
    assert read == fastavro.schemaless_reader(BytesIO(written), fastavro.parse_schema(schema), None)


_WIDE = {
    "type": "record",
    "name": "Wide",
    "fields": [
        {"name": "head", "type": "string"},
        {"name": "tail", "type": ["null", "string"]},
        {"name": "skipped", "type": ["null", "long"]},
        {"name": "flag", "type": "boolean"},
        {"name": "kept", "type": "long"},
        {"name": "label", "type": {"type": "enum", "name": "E", "symbols": ["A", "B"]}},
        {"name": "hash", "type": {"type": "fixed", "name": "F", "size": 2}},
        {"name": "again", "type": ["null", "E"]},
        {"name": "either", "type": ["null", "string", "long"]},
    ],
}
_wide_rows = st.fixed_dictionaries(
    {
        "head": st.sampled_from(["a", "b", "x" * 100]),
        "tail": st.none() | st.sampled_from(["a", "b"]),
        "skipped": st.none() | _PRIMITIVES["long"],
        "flag": st.booleans(),
        "kept": _PRIMITIVES["long"],
        "label": st.sampled_from(["A", "B"]),
        "hash": st.binary(min_size=2, max_size=2),
        "again": st.none() | st.sampled_from(["A", "B"]),
        "either": st.none() | st.text(max_size=3) | _PRIMITIVES["long"],
    }
)


@given(row=_wide_rows)
def test_each_kind_of_field_is_read_beside_the_others(row: dict[str, Any]) -> None:
    written = _write(_WIDE, row)

    assert compile_reader(_WIDE)(written, 0) == (row, len(written))


@examples(5)
@given(data=st.binary(max_size=60))
def test_any_bytes_are_a_record_or_an_error_that_is_foreseen(data: bytes) -> None:
    with suppress(ValueError, IndexError):
        compile_reader(_WIDE)(data, 0)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": "null"},
        {"type": "array", "items": {"type": "record", "name": "E", "fields": []}},
    ],
)
def test_items_without_size_cannot_hang_the_reader(schema: Any) -> None:
    huge = b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"
    many = b"\x80\x08" * 2000
    for data in (huge, many):
        with pytest.raises((ValueError, IndexError)):
            compile_reader(schema)(data, 0)


def test_a_type_may_contain_itself_and_data_nested_without_end_is_an_error() -> None:
    schema = {"type": "record", "name": "L", "fields": [{"name": "next", "type": ["null", "L"]}]}
    read = compile_reader(schema)

    assert read(b"\x02\x02\x00", 0) == ({"next": {"next": {"next": None}}}, 3)
    with pytest.raises(RecursionError):
        read(b"\x02" * 100_000, 0)


@pytest.mark.parametrize(
    "schema", ["quux", {"type": "record"}, {"type": "array"}, 5, {"no": "type"}, {"type": "enum"}]
)
def test_a_schema_that_is_none_is_refused(schema: Any) -> None:
    with pytest.raises(ValueError, match="no Avro schema"):
        compile_reader(schema)
