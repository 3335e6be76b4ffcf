"""Any bytes are a change, a named skip or a named poison: never a crash, a hang or a guess."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.decoders import DebeziumDecoder, FlattenedSettings
from bridge.errors import DecodeError
from bridge.records import UNAVAILABLE, Change, Decoded, Row, Skipped, SourceRecord, TransactionEnd
from tests.debezium.recorded import FOLDER
from tests.support.examples import examples
from tests.unit.decoders.building import column, envelope, record, with_schema

CASES = Path(__file__).parents[2] / "cases"
_VALUES = (bool, int, str, bytes, Decimal, datetime, date, time, timedelta, list, dict)
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


@examples(4)
@given(data=st.data())
def test_a_record_with_bytes_changed_cut_or_doubled(data: st.DataObject) -> None:
    seed = bytearray(data.draw(st.sampled_from(_seeds())))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(seed)))
        end = min(len(seed), place + data.draw(st.integers(0, 30)))
        seed[place:end] = data.draw(st.binary(max_size=8) | st.just(bytes(seed[place:end]) * 2))
    _accept(DebeziumDecoder({"tx": _DECLARED}), record(bytes(seed)))


@examples(3)
@given(
    row=st.dictionaries(st.sampled_from([one["field"] for one in _COLUMNS]), _JSON, max_size=8),
    schema=st.booleans(),
)
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
