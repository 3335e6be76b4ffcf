"""Any bytes are a change, a named skip or a named poison: never a crash, a hang or a guess."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.decoders import DebeziumDecoder, FlattenedSettings
from bridge.errors import DecodeError
from bridge.flow import Change, Decoded
from bridge.records import Skipped, SourceRecord, TransactionEnd
from bridge.row import UNAVAILABLE, Endless, Row
from tests.debezium.recorded import FOLDER
from tests.debezium.registry import registry_of
from tests.support.examples import examples
from tests.unit.decoders.building import column, envelope, record, with_schema
from tests.unit.decoders.test_registry_records import DECIMAL, VARIABLE, avro_schema, create, wire

GOLDEN = Path(__file__).parents[2] / "golden"
CASES = Path(__file__).parents[2] / "cases"
_VALUES = (bool, int, str, bytes, Decimal, datetime, date, time, timedelta, list, dict, Endless)
_KEYS = st.none() | st.binary(max_size=30) | st.sampled_from([b'{"id":1}', b"Struct{id=1}"])

_COLUMNS = [
    column("int32", field="id"),
    column("bytes", "org.apache.kafka.connect.data.Decimal", "amount", parameters={"scale": "2"}),
    column("struct", "io.debezium.data.VariableScaleDecimal", "free", fields=[]),
    column("int64", "io.debezium.time.MicroTimestamp", "at"),
    column("string", "io.debezium.time.ZonedTimestamp", "zoned"),
    column("string", "io.debezium.data.Json", "details"),
    column("array", field="tags", items={"type": "string"}),
    column("bytes", "io.debezium.data.Bits", "flags", parameters={"length": "9"}),
]
_DECLARED = {
    "amount": "decimal base64 2",
    "at": "micros local Europe/Malta",
    "free": "decimal struct",
    "details": "json",
    "zoned": "iso",
}


@cache
def _seeds() -> list[bytes]:
    row = {
        "id": 1,
        "amount": "MDk=",
        "free": {"scale": 2, "value": "MDk="},
        "at": 1_772_440_078_721_607,
        "zoned": "2026-03-02T08:27:58.721607Z",
        "details": '{"a":[1.10]}',
        "tags": ["a"],
        "flags": "AQ==",
    }
    seeds = [with_schema(row, _COLUMNS), json.dumps(envelope("u", after=row)).encode()]
    if FOLDER.is_dir():
        seeds += [path.read_bytes() for path in sorted((FOLDER / "transferia").rglob("msg_[03]_val.json"))]
    return seeds


def _accept(decoder: DebeziumDecoder, one: SourceRecord) -> Decoded | None:
    """Decode a record and read all of it; fail on anything but the foreseen outcomes."""
    try:
        decoded = decoder.decode(one)
    except DecodeError:
        return None
    assert isinstance(decoded, Change | Skipped | TransactionEnd)
    if isinstance(decoded, Change):
        for row in (decoded.key, decoded.before, decoded.after):
            _read(row)
    return decoded


def _read(row: Row | None) -> None:
    if row is None:
        return
    try:
        names = list(row.columns())
    except DecodeError:
        return
    for name in names:
        try:
            value = row.get(name)
        except DecodeError:
            continue
        assert value is None or value is UNAVAILABLE or isinstance(value, _VALUES)


@pytest.mark.parametrize("flattened", [None, FlattenedSettings(without_op="upsert")])
@examples(4)
@given(value=st.none() | st.binary(max_size=300), key=_KEYS)
@example(value=b"{" * 5000, key=None)
@example(value=b'{"schema":' * 2000, key=None)
@example(value=b'"' + b"\\ud800" * 20 + b'"', key=b'"\\ud800"')
def test_any_bytes(flattened: FlattenedSettings | None, value: bytes | None, key: bytes | None) -> None:
    _accept(DebeziumDecoder({"tx": _DECLARED}, flattened=flattened), record(value, key=key))


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("flattened", [None, FlattenedSettings()])
@examples(3)
@given(
    st.dictionaries(
        st.sampled_from(
            ["op", "source", "before", "after", "ts_ms", "schema", "payload", "id", "status", "__op", "ddl"]
        ),
        _JSON | st.sampled_from(["c", "u", "d", "r", "t", "m"]) | st.just({"table": "tx", "connector": "mysql"}),
        max_size=6,
    )
)
def test_any_object_of_known_names(flattened: FlattenedSettings | None, value: dict[str, Any]) -> None:
    _accept(DebeziumDecoder(flattened=flattened), record(value))


@st.composite
def _damaged(draw: st.DrawFn, seeds: Callable[[], Sequence[bytes]], head: int = 0) -> bytes:
    """Draw a seed with bytes changed, cut or doubled behind its first ones."""
    found = bytearray(draw(st.sampled_from(seeds())))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(head, len(found)))
        end = min(len(found), place + draw(st.integers(0, 30)))
        found[place:end] = draw(st.binary(max_size=8) | st.just(bytes(found[place:end]) * 2))
    return bytes(found)


@examples(4)
@given(value=_damaged(_seeds))
def test_a_record_with_bytes_changed_cut_or_doubled(value: bytes) -> None:
    _accept(DebeziumDecoder({"tx": _DECLARED}), record(value))


@cache
def _flattened_seeds() -> list[bytes]:
    row = {"id": 1, "amount": "MDk=", "at": 1_772_440_078_721_607, "details": '{"a":[1.10]}'}
    meta = {"__op": "u", "__table": "tx", "__lsn": 5, "__source_sequence": '["1","5"]', "__deleted": "false"}
    schema = {"type": "struct", "fields": _COLUMNS, "optional": False, "name": "wallet.public.tx.Value"}
    lines = (GOLDEN / "records" / "flattened.adaptive.precise.jsonl").read_text().splitlines()
    return [
        json.dumps({**row, **meta}).encode(),
        json.dumps({"schema": schema, "payload": {**row, **meta, "__deleted": "true", "__op": "d"}}).encode(),
        *(value.encode() for value in (json.loads(line)["value"] for line in lines) if value),
    ]


@examples(4)
@given(
    value=_damaged(_flattened_seeds),
    without_op=st.sampled_from(["refuse", "upsert"]),
    header=st.none() | st.binary(max_size=20) | st.sampled_from([b"u", b'"d"', b"true"]),
)
def test_a_flattened_record_with_bytes_changed_cut_or_doubled(
    value: bytes, without_op: Literal["refuse", "upsert"], header: bytes | None
) -> None:
    decoder = DebeziumDecoder({"tx": _DECLARED}, flattened=FlattenedSettings(without_op=without_op))
    for name in ("__op", "__lsn", "__deleted", "__debezium.oldkey"):
        _accept(decoder, record(value, headers=[(name, header)]))


_AVRO = avro_schema(
    {"name": "id", "type": "long"},
    {"name": "amount", "type": ["null", DECIMAL]},
    {"name": "free", "type": [VARIABLE, "null"]},
    {"name": "details", "type": {"type": "string", "connect.name": "io.debezium.data.Json"}},
    {"name": "zoned", "type": ["null", {"type": "string", "connect.name": "io.debezium.time.ZonedTimestamp"}]},
)
_LISTS = avro_schema(
    {"name": "tags", "type": {"type": "array", "items": ["null", "string"]}},
    {"name": "rates", "type": {"type": "map", "values": "double"}},
    {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["open", "done"]}},
)
_JSON_SCHEMA = {
    "type": "object",
    "properties": {"after": {"type": "object", "properties": {"id": {"type": "integer"}}}},
}


@cache
def _registered_seeds() -> list[bytes]:
    row = {
        "id": 1,
        "amount": b"\x30\x39",
        "free": {"scale": 2, "value": b"\x30\x39"},
        "details": '{"a":[1.10]}',
        "zoned": "2026-03-02T08:27:58.721607Z",
    }
    lists = {"tags": ["a", None], "rates": {"a": 1.5}, "state": "done"}
    return [
        wire(7, _AVRO, create(row)),
        wire(7, _AVRO, {**create(row), "before": {**row, "details": "{}" * 40}, "op": "u"}),
        wire(7, _AVRO, {**create(row), "before": row, "after": None, "op": "d"}),
        wire(8, _LISTS, create(lists)),
        b"\0\0\0\0\x09" + json.dumps(envelope("u", after={"id": 1})).encode(),
    ]


@pytest.fixture(scope="module")
def registered() -> Iterator[DebeziumDecoder]:
    """Return a decoder that has read each seed, and so reads Avro step by step."""
    schemas: dict[int, Any] = {
        7: json.dumps(_AVRO),
        8: json.dumps(_LISTS),
        9: {"schema": json.dumps(_JSON_SCHEMA), "schemaType": "JSON"},
    }
    with registry_of(schemas) as registry:
        decoder = DebeziumDecoder(registry=registry.settings())
        for _ in range(2):
            for value in _registered_seeds():
                assert isinstance(decoder.decode(record(value)), Change)
        yield decoder


@examples(8)
@given(value=_damaged(_registered_seeds, 5))
def test_a_record_of_a_registry_with_bytes_changed_cut_or_doubled(
    registered: DebeziumDecoder, value: bytes
) -> None:
    _accept(registered, record(value, key=value[5:]))
    _accept(registered, record(value, key=value))


@given(value=_damaged(_registered_seeds))
def test_a_record_of_a_registry_with_its_schemas_id_damaged_too(registered: DebeziumDecoder, value: bytes) -> None:
    _accept(registered, record(value, key=value))


@examples(3)
@given(
    row=st.dictionaries(st.sampled_from([one["field"] for one in _COLUMNS]), _JSON, max_size=8),
    schema=st.booleans(),
)
@example(row={"zoned": "INFINITY"}, schema=False)
def test_any_value_in_any_type_of_column(row: dict[str, Any], schema: bool) -> None:
    value = with_schema(row, _COLUMNS) if schema else envelope(after=row)
    decoded = _accept(DebeziumDecoder({} if schema else {"tx": _DECLARED}), record(value))

    assert isinstance(decoded, Change)


@pytest.mark.parametrize("case", sorted(path.parent.name for path in CASES.glob("*/recorded.jsonl")))
def test_every_column_of_the_recorded_cases_is_read(case: str) -> None:
    decoder = DebeziumDecoder()
    lines = (CASES / case / "recorded.jsonl").read_text().splitlines()
    kinds = set()
    for line in lines:
        raw = json.loads(line)
        value, key = ((None if raw[part] is None else raw[part].encode()) for part in ("value", "key"))
        headers = tuple((name, text.encode()) for name, text in raw["headers"])
        one = SourceRecord(raw["topic"], raw["partition"], raw["offset"], key, value, headers, raw["timestamp"])
        decoded = decoder.decode(one)
        kinds.add(type(decoded))
        if isinstance(decoded, Change):
            assert decoded.table == ".".join(raw["topic"].split(".")[-2:])
            assert decoded.committed_at is not None
            for row in (decoded.key, decoded.before, decoded.after):
                for name in row.columns() if row else ():
                    assert row is not None
                    row.get(name)
    assert Change in kinds
