"""Records of many Debezium versions and converters come out as the projects that recorded them expect."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro
import pytest

from bridge.decoders import DebeziumDecoder, Double
from bridge.errors import DecodeError
from bridge.records import Skipped, SourceRecord
from bridge.row import UNAVAILABLE
from tests.debezium.recorded import (
    FOLDER,
    change,
    columns,
    expected,
    needs_recordings,
    said,
    source_record,
    with_source,
)
from tests.debezium.registry import registry_of

pytestmark = needs_recordings

_TRANSFERIA = (
    *(f"transferia/pg-replication/msg_{number}_val.json" for number in (0, 1, 2, 3, 5, 6)),
    "transferia/pg-snapshot/r_val.json",
    *(f"transferia/mysql-replication/msg_{number}_val.json" for number in (0, 3, 5, 6)),
)


def _read(name: str) -> SourceRecord:
    value = FOLDER / name
    key = FOLDER / name.replace("_val", "_key")
    return source_record(value.read_bytes() if "_val" in name else None, key.read_bytes())


@pytest.mark.parametrize("name", _TRANSFERIA)
def test_every_column_has_the_value_that_was_inserted(name: str) -> None:
    wanted = expected()[name]
    decoded = change(DebeziumDecoder().decode(_read(name)))

    assert decoded.op == wanted["op"]
    assert said(columns(decoded.key), wanted["key"]) == wanted["key"]
    for part in ("before", "after"):
        _compare(getattr(decoded, part), part, wanted)


def _compare(row: Any, part: str, wanted: dict[str, Any]) -> None:
    if part in wanted and wanted[part] is None:
        assert row is None
        return
    if row is not None:
        values = columns(row)
        for column, value in wanted.get(part, {}).items():
            assert said(values[column], value) == value, column
        for column, length in wanted.get(f"{part}_len", {}).items():
            assert len(values[column]) == length
        unavailable = wanted.get("unavailable", []) if part == "after" else []
        assert [column for column in values if values[column] is UNAVAILABLE] == unavailable


@pytest.mark.parametrize(
    "name", ["transferia/pg-replication/msg_4_key.json", "transferia/mysql-replication/msg_7_key.json"]
)
def test_a_record_without_value_is_a_tombstone(name: str) -> None:
    assert DebeziumDecoder().decode(_read(name)) == Skipped("tombstone")


@pytest.mark.parametrize("folder", ["pg-replication", "mysql-replication"])
def test_the_halves_of_a_changed_key_stand_at_one_position(folder: str) -> None:
    decoder = DebeziumDecoder()
    first, second, later = (
        change(decoder.decode(_read(f"transferia/{folder}/msg_{number}_val.json"))) for number in (3, 5, 6)
    )

    assert (first.op, second.op) == ("d", "c")
    assert (first.position, first.transaction) == (second.position, second.transaction)
    assert first.position != later.position


def test_snapshot_rows_are_known_by_either_sign() -> None:
    snapshot = change(DebeziumDecoder().decode(_read("transferia/pg-snapshot/r_val.json")))
    streamed = change(DebeziumDecoder().decode(_read("transferia/pg-replication/msg_0_val.json")))

    assert snapshot.snapshot
    assert not streamed.snapshot


def test_columns_that_contradict_their_schema_are_refused_and_the_others_are_read() -> None:
    document = json.loads((FOLDER / "flink-cdc/debezium-data-schema-include.json").read_bytes())
    wanted = expected()["flink-cdc/debezium-data-schema-include.json"]
    value = json.dumps(document["expected_snapshot"]).encode()
    row = change(DebeziumDecoder().decode(source_record(value))).after
    assert row is not None

    for column, one in wanted["expected_snapshot"]["after"].items():
        assert said(row[column], one) == one, column
    for column in wanted["schema_payload_conflict"]:
        with pytest.raises(DecodeError) as error:
            row[column]
        assert error.value.code == "schema_conflict"
        assert column in error.value.reason


def test_base64_decimals_without_schema_are_right_with_declared_types_and_text_without() -> None:
    document = json.loads((FOLDER / "flink-cdc/debezium-data-schema-exclude.json").read_bytes())
    value = with_source(document["expected_snapshot"])
    declared = {
        "id": "decimal base64 0",
        "big_un_c": "decimal base64 0",
        "decimal_c": "decimal base64 4",
        "big_decimal_c": "decimal base64 1",
    }
    wanted = expected()["flink-cdc/debezium-data-schema-exclude.json"]["expected_snapshot"]["with_declared_types"]
    row = columns(change(DebeziumDecoder({"t": declared}).decode(source_record(value))).after)

    for column, one in wanted.items():
        assert said(row[column.partition("(")[0]], one) == one, column
    plain = columns(change(DebeziumDecoder().decode(source_record(value))).after)
    assert plain["big_decimal_c"] == document["expected_snapshot"]["after"]["big_decimal_c"]


def test_numeric_decimals_without_schema_are_exact() -> None:
    name = "flink-cdc/debezium-data-schema-exclude-with-numeric-decimal.json"
    text = (FOLDER / name).read_text()
    start = text.index("{", text.index('"expected_snapshot"'))
    _, end = json.JSONDecoder().raw_decode(text, start)
    wanted = expected()[name]["expected_snapshot"]["after"]
    row = columns(change(DebeziumDecoder().decode(source_record(with_source(text[start:end])))).after)

    assert {column: said(row[column], wanted[column]) for column in wanted} == wanted


def test_snapshot_rows_with_op_c_are_snapshot_rows_all_the_same() -> None:
    decoder = DebeziumDecoder()
    lines = [line for line in (FOLDER / "seatunnel/debezium-data.txt").read_bytes().splitlines() if line]
    changes = [change(decoder.decode(source_record(line))) for line in lines]

    assert [one.snapshot for one in changes] == [True] * 9 + [False] * 7
    assert {one.op for one in changes[:9]} == {"c"}
    rows: dict[int, Any] = {}
    for one in changes:
        row = columns(one.after or one.before)
        rows.pop(row["id"], None)
        if one.after:
            rows[row["id"]] = row
    assert 111 not in rows
    assert changes[0].table == "inventory.products"


def test_same_position_and_another_row_are_different_positions_in_order() -> None:
    decoder = DebeziumDecoder()
    lines = (FOLDER / "risingwave/debezium_log.1").read_bytes().splitlines()
    changes = [change(decoder.decode(source_record(line))) for line in lines]

    rows: dict[int, Any] = {}
    for one in changes:
        number = columns(one.after or one.before)["id"]
        rows.pop(number, None)
        if one.after:
            rows[number] = columns(one.after)
    assert sorted(rows) == [1001, 1002, 1003, 1004, 1005]
    streamed = [one.position for one in changes if not one.snapshot]
    assert None not in streamed
    assert len(set(streamed)) == len(streamed)
    assert sorted(position for position in streamed if position) == streamed


def test_avro_in_the_wire_format_of_a_registry_is_read_with_the_registrys_schema() -> None:
    wanted = expected()["risingwave/debezium_avro_confluent_wire.bin"]
    data = (FOLDER / "risingwave/debezium_avro_confluent_wire.bin").read_bytes()
    schema = (FOLDER / "risingwave" / wanted["schema_file"]).read_text()
    with registry_of({wanted["schema_id"]: schema}) as registry:
        decoded = change(DebeziumDecoder(registry=registry.settings()).decode(source_record(data)))

    assert (decoded.op, decoded.snapshot, decoded.before) == ("r", True, None)
    assert columns(decoded.after) == wanted["after"]


def test_a_lone_tombstone_is_named_and_counted() -> None:
    last = (FOLDER / "risingwave/debezium_compact_avro_json.1").read_bytes().splitlines()[-1]
    key, value = last.split(b"^")
    assert value == b""

    for spelling in (None, value, b"null", b'{"schema":{"type":"int32"},"payload":null}'):
        assert DebeziumDecoder().decode(source_record(spelling, key)) == Skipped("tombstone")


def test_an_old_envelope_with_a_boolean_snapshot_is_read() -> None:
    value = (FOLDER / "debezium/serde-with-schema.json").read_bytes()
    decoded = change(DebeziumDecoder().decode(source_record(value)))

    assert decoded.op == "c"
    assert columns(decoded.after)["id"] == 1004


def test_a_row_without_metadata_is_refused_with_a_hint() -> None:
    value = (FOLDER / "debezium/serde-unwrapped.json").read_bytes()
    with pytest.raises(DecodeError, match="ExtractNewRecordState") as error:
        DebeziumDecoder().decode(source_record(value))
    assert error.value.code == "no_envelope"


def test_binary_floating_point_is_marked() -> None:
    decoded = change(DebeziumDecoder().decode(_read("transferia/pg-replication/msg_0_val.json")))
    assert isinstance(columns(decoded.after)["d"], Double)


def test_the_avro_schema_is_of_avro() -> None:
    # Guards the test above: fastavro itself reads the same bytes to the same row.
    wanted = expected()["risingwave/debezium_avro_confluent_wire.bin"]
    data = (FOLDER / "risingwave/debezium_avro_confluent_wire.bin").read_bytes()
    schema = fastavro.parse_schema(json.loads((FOLDER / "risingwave" / wanted["schema_file"]).read_text()))
    content = fastavro.schemaless_reader(io.BytesIO(data[5:]), schema, None)
    assert isinstance(content, dict)
    assert content["after"] == wanted["after"]
