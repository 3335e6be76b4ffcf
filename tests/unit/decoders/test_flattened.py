"""Rows that ExtractNewRecordState unwrapped, in each of its modes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
import pytest

from bridge.decoders import DebeziumDecoder, FlattenedSettings
from bridge.errors import DecodeError
from bridge.flow import Decoded
from bridge.records import Skipped, SourcePosition
from tests.unit.decoders.building import change, column, envelope, record, text

ROW = {"id": 1, "amount": "MDk="}
META = {
    "__op": "c",
    "__table": "tx",
    "__lsn": 31_285_520,
    "__source_ts_ms": 1_795_375_523_081,
    "__deleted": "false",
}


def flat(value: Any, settings: FlattenedSettings | None = None, **more: Any) -> Decoded:
    """Decode an unwrapped row."""
    decoder = DebeziumDecoder({"tx": {"amount": "decimal base64 2"}}, flattened=settings or FlattenedSettings())
    return decoder.decode(record(value, **more))


def test_a_row_with_its_metadata_is_a_change_without_it() -> None:
    found = change(flat({**ROW, **META}))

    assert (found.op, found.table, found.before, found.snapshot) == ("c", "public.tx", None, False)
    assert found.after is not None
    assert sorted(found.after.columns()) == ["amount", "id"]
    assert str(found.after["amount"]) == "123.45"
    assert found.position == SourcePosition("postgresql:wallet", (31_285_520, 31_285_520))
    assert found.committed_at == datetime(2026, 11, 22, 19, 25, 23, 81_000, UTC)
    assert found.key is not None
    assert found.key["id"] == 1


def test_a_row_with_schema_is_read_by_it() -> None:
    fields = [column("int32", field="id"), column("bytes", field="raw"), column("string", field="__op")]
    value = {"schema": {"type": "struct", "fields": fields}, "payload": {"id": 1, "raw": "yv4=", "__op": "u"}}
    found = change(flat(value))

    assert found.op == "u"
    assert found.after is not None
    assert found.after["raw"] == b"\xca\xfe"


def test_a_rewritten_delete_has_its_row_in_before() -> None:
    found = change(flat({**ROW, **META, "__op": "d", "__deleted": "true"}))

    assert (found.op, found.after) == ("d", None)
    assert found.before is not None
    assert found.before["id"] == 1


def test_deleted_alone_says_that_it_was_deleted() -> None:
    assert change(flat({"id": 1, "__deleted": "true"})).op == "d"


@pytest.mark.parametrize("settings", [FlattenedSettings(prefix="dbz_"), FlattenedSettings(prefix="")])
def test_deleted_has_the_same_name_whatever_the_prefix_of_the_added_fields(settings: FlattenedSettings) -> None:
    upsert = msgspec.structs.replace(settings, without_op="upsert")
    gone, kept = (flat({"id": 1, "__deleted": said}, upsert) for said in ("true", "false"))

    assert (change(gone).op, change(kept).op) == ("d", "u")
    row = change(kept).after
    assert row is not None
    assert list(row.columns()) == ["id"]


def test_a_snapshot_row_is_one() -> None:
    assert change(flat({**ROW, "__op": "r"})).snapshot
    assert change(flat({**ROW, "__op": "c", "__source_snapshot": "last"})).snapshot


@pytest.mark.parametrize("value", [None, b"", b"null", {"schema": {"type": "struct"}, "payload": None}])
@pytest.mark.parametrize("tombstones", ["delete", "skip"])
def test_a_tombstone_is_the_delete_itself_or_nothing(value: Any, tombstones: Literal["delete", "skip"]) -> None:
    found = flat(value, FlattenedSettings(tombstones=tombstones))
    if tombstones == "skip":
        assert found == Skipped("tombstone")
    else:
        gone = change(found)
        assert (gone.op, gone.table, gone.before, gone.after) == ("d", "public.tx", None, None)
        assert gone.key is not None
        assert gone.key["id"] == 1


def test_a_tombstone_without_a_key_deletes_nothing() -> None:
    assert flat(None, key=None) == Skipped("tombstone")


def test_a_row_that_does_not_say_what_was_done_is_refused_or_an_upsert() -> None:
    with pytest.raises(DecodeError, match=r"add\.fields") as error:
        flat(ROW)
    assert error.value.code == "no_op"
    assert change(flat(ROW, FlattenedSettings(without_op="upsert"))).op == "u"


@pytest.mark.parametrize("op", ["t", "m", "x", 5])
def test_an_operation_that_unwrapped_rows_cannot_have_is_refused(op: Any) -> None:
    with pytest.raises(DecodeError) as error:
        flat({**ROW, "__op": op})
    assert error.value.code == "unknown_op"


def test_metadata_may_have_another_prefix_other_names_or_stand_in_headers() -> None:
    prefixed = flat({**ROW, "dbz_op": "u", "dbz_table": "other"}, FlattenedSettings(prefix="dbz_"))
    renamed = flat({**ROW, "OPERATION": "u", "op": 7}, FlattenedSettings(prefix="", fields={"op": "OPERATION"}))
    headers = flat(ROW, headers=[("__op", b'"u"'), ("__lsn", b"77"), ("__source_sequence", b'["70","77"]')])

    assert (change(prefixed).op, change(prefixed).table) == ("u", "other")
    assert change(renamed).op == "u"
    after = change(renamed).after
    assert after is not None
    assert after["op"] == 7
    assert change(headers).position == SourcePosition("postgresql:wallet", (70, 77))


def test_metadata_in_headers_may_come_from_json_converter() -> None:
    values = {"__op": "u", "__lsn": 77, "__source_sequence": '["70","77"]', "__source_snapshot": None}
    plain = [(name, text(value)) for name, value in values.items()]
    schema = {"type": "string", "optional": True}
    with_schema = [(name, text({"schema": schema, "payload": value})) for name, value in values.items()]

    for headers in (plain, with_schema):
        found = change(flat(ROW, headers=headers))
        assert (found.op, found.snapshot) == ("u", False)
        assert found.position == SourcePosition("postgresql:wallet", (70, 77))


def test_an_envelope_or_a_technical_record_in_the_same_topics_stays_what_it_is() -> None:
    assert change(flat(envelope("u"))).table == "public.tx"
    assert flat({"ts_ms": 1}) == Skipped("heartbeat")


def test_mysql_metadata_gives_a_position() -> None:
    meta = {
        "__op": "c",
        "__source_file": "binlog.000003",
        "__source_pos": 154,
        "__source_row": 1,
        "__db": "wallet",
    }
    found = change(flat({**ROW, **meta}, topic="prefix.wallet.tx"))

    assert found.table == "wallet.tx"
    assert found.position == SourcePosition("mysql:prefix", (3, 154, 1))


@pytest.mark.parametrize(
    ("meta", "position"),
    [
        (
            {"__commit_lsn": "00000027:00000758:0005", "__change_lsn": "00000027:00000758:0003"},
            SourcePosition("sqlserver:prefix", (0x27_0000_0758_0005, 0x27_0000_0758_0003, 0)),
        ),
        ({"__source_scn": "8", "__source_commit_scn": "9"}, SourcePosition("oracle:prefix", (9, 8, 0))),
        (
            {"__source_connector": "mariadb", "__file": "b.7", "__pos": 5},
            SourcePosition("mariadb:prefix", (7, 5, 0)),
        ),
        ({}, None),
    ],
)
def test_the_position_tells_whose_database_it_is(meta: dict[str, Any], position: SourcePosition | None) -> None:
    assert change(flat({**ROW, "__op": "c", **meta}, topic="prefix.dbo.tx")).position == position


def test_the_databases_name_in_the_metadata_goes_before_the_topics() -> None:
    assert change(flat({**ROW, "__op": "c"}, topic="prefix.dbo.tx")).table == "dbo.tx"
    assert change(flat({**ROW, "__op": "c", "__db": "shop"}, topic="prefix.other.tx")).table == "shop.tx"


def test_metadata_that_is_not_debeziums_is_poison() -> None:
    with pytest.raises(DecodeError) as error:
        flat({**ROW, **META, "__lsn": "many"})
    assert error.value.code == "bad_envelope"


@pytest.mark.parametrize(
    ("meta", "wanted"), [({"__txId": 838}, "838"), ({"__gtid": "0-1-5"}, "0-1-5"), ({}, None)]
)
def test_the_transaction_is_told_by_what_was_added_of_it(meta: dict[str, Any], wanted: str | None) -> None:
    assert change(flat({**ROW, "__op": "c", **meta})).transaction == wanted
