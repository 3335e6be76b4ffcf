"""Records that are read step by step come out as the general reader reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bridge.decoders import DebeziumDecoder
from bridge.errors import DecodeError
from bridge.flow import Change
from bridge.row import Row
from tests.debezium.registry import registry_of
from tests.support.examples import examples
from tests.unit.decoders.building import SOURCE, record
from tests.unit.decoders.test_registry_records import DECIMAL, VARIABLE, avro_schema, wire

BLOCK = {
    "type": "record",
    "name": "block",
    "fields": [{"name": "id", "type": "string"}, {"name": "total_order", "type": "long"}],
}
PLACEHOLDER = "__debezium_unavailable_value"
KINDS: Mapping[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "text": ("string", st.text(max_size=20) | st.text(min_size=40, max_size=80) | st.just(PLACEHOLDER)),
    "raw": ("bytes", st.binary(max_size=130)),
    "small": ("int", st.integers(-(2**31), 2**31 - 1)),
    "large": ("long", st.integers(-(2**63), 2**63 - 1)),
    "flag": ("boolean", st.booleans()),
    "ratio": ("double", st.floats(allow_nan=False, allow_infinity=False)),
    "half": ("float", st.floats(width=32, allow_nan=False, allow_infinity=False)),
    "price": (DECIMAL, st.integers(-999, 999).map(lambda cents: cents.to_bytes(2, "big", signed=True))),
    "loose": (VARIABLE, st.fixed_dictionaries({"scale": st.integers(0, 5), "value": st.just(b"\1\2")})),
    "state": ({"type": "enum", "name": "State", "symbols": ["open", "done"]}, st.sampled_from(["open", "done"])),
    "zoned": (
        {"type": "string", "connect.name": "io.debezium.time.ZonedTimestamp"},
        st.sampled_from(["2026-03-02T08:27:58.721607Z", "nonsense"]),
    ),
    "tags": ({"type": "array", "items": "string"}, st.lists(st.text(max_size=5), max_size=3)),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Draw a schema, and envelopes of it."""
    names = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=4, unique=True))
    columns, values = [], {}
    for name in names:
        kind, of_kind = KINDS[name]
        null = draw(st.sampled_from(["never", "first", "last"]))
        union = {"never": kind, "first": ["null", kind], "last": [kind, "null"]}[null]
        columns.append({"name": name, "type": union})
        values[name] = of_kind if null == "never" else st.none() | of_kind
    schema = avro_schema(*columns)
    schema["fields"].append({"name": "transaction", "type": ["null", BLOCK]})
    rows = st.fixed_dictionaries(values)
    return schema, draw(st.lists(_envelopes(rows), min_size=1, max_size=4))


def _envelopes(rows: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "before": st.none() | rows,
            "after": st.none() | rows,
            "source": _sources,
            "op": st.sampled_from("cudrx"),
            "ts_ms": st.none() | st.just(1),
            "transaction": st.none() | st.fixed_dictionaries({"id": st.just("571:53"), "total_order": st.just(3)}),
        }
    )


_sources = st.fixed_dictionaries(
    {
        **{name: st.just(value) for name, value in SOURCE.items()},
        "snapshot": st.sampled_from(["true", "false", None]),
        "sequence": st.sampled_from([None, '["1","2"]', "x", "[" * 60]),
        "table": st.sampled_from(["tx", "t" * 60, None]),
        "ts_us": st.none() | st.integers(0, 2**62),
        "ts_ms": st.none() | st.integers(0, 2**52),
    }
)


def _said(decoder: DebeziumDecoder, value: bytes) -> Any:
    try:
        found = decoder.decode(record(value))
    except DecodeError as error:
        return error.code, error.reason
    if not isinstance(found, Change):
        return found
    rows = [_columns(row) for row in (found.before, found.after)]
    return found.table, found.op, found.position, found.snapshot, _committed(found), found.transaction, rows


def _committed(change: Change) -> Any:
    try:
        return change.committed_at
    except DecodeError as error:
        return error.code, error.reason


def _columns(row: Row | None) -> Any:
    return None if row is None else [(name, _value(row, name)) for name in row.columns()]


def _value(row: Row, name: str) -> Any:
    try:
        value = row.get(name)
    except DecodeError as error:
        return error.code, error.reason
    return type(value), value


@examples(2)
@given(tables())
def test_the_second_reading_says_what_the_first_said(table: tuple[dict[str, Any], list[dict[str, Any]]]) -> None:
    schema, envelopes = table
    values = [wire(7, schema, one) for one in envelopes]
    with registry_of({7: json.dumps(schema)}) as registry:
        decoder = DebeziumDecoder(registry=registry.settings())
        first = [_said(decoder, value) for value in values]
        assert [_said(decoder, value) for value in values] == first
        assert [_said(decoder, value) for value in values] == first
