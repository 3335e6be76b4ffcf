"""Every record is a change, something passed over for a named reason, or poison that says what it is."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.decoders import DebeziumDecoder
from bridge.errors import DecodeError
from bridge.records import Skipped, TransactionEnd
from tests.unit.decoders.building import (
    change,
    column,
    decode,
    envelope,
    envelope_schema,
    record,
    text,
    with_schema,
)

HEADERS = ((("__debezium.context.taskId"), b"0"),)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"null",
        b" null\n",
        b'{"schema":null,"payload":null}',
        b'{"schema":{"type":"struct"},"payload":null}',
    ],
)
@pytest.mark.parametrize("key", [b'{"id":1}', None])
def test_a_tombstone_is_one_in_each_spelling(value: bytes | None, key: bytes | None) -> None:
    assert decode(value, key=key, headers=[("__debezium.newkey", b'{"id":2}')]) == Skipped("tombstone")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"ts_ms": 1}, "heartbeat"),
        ({"ts_ms": 1, "ts_us": 1, "ts_ns": 1}, "heartbeat"),
        ({"schema": {"type": "struct", "fields": []}, "payload": {"ts_ms": 1}}, "heartbeat"),
        (
            {"status": "BEGIN", "id": "571:53", "event_count": None, "data_collections": None, "ts_ms": 1},
            "transaction begin",
        ),
        (
            {"source": {}, "ts_ms": 1, "databaseName": "d", "schemaName": None, "ddl": "x", "tableChanges": []},
            "schema change",
        ),
        ({"source": {"file": "f"}, "historyRecord": "{}"}, "schema change"),
        (
            {"id": "1", "type": "COMPLETED", "aggregate_type": "x", "additional_data": {}, "timestamp": 1},
            "notification",
        ),
        (envelope("c", source={"table": "debezium_signal"}), "signal table"),
        (envelope("c", source={"table": "wallet_debezium_signal", "schema": None}), "signal table"),
        (
            envelope("m", message={"prefix": "p", "content": ""}, source={"table": "", "schema": ""}),
            "logical message",
        ),
    ],
)
def test_records_of_debeziums_own_are_passed_over_by_name(value: Any, reason: str) -> None:
    assert decode(value) == Skipped(reason)


def test_the_end_of_a_transaction_tells_how_many_changes_it_had() -> None:
    end = {
        "status": "END",
        "id": "571:53195832",
        "event_count": 3,
        "data_collections": [
            {"data_collection": "public.txn", "event_count": 1},
            {"data_collection": "public.leg", "event_count": 2},
        ],
        "ts_ms": 1,
    }
    wanted = TransactionEnd("571", {"public.txn": 1, "public.leg": 2})

    assert decode(end) == wanted
    assert decode({"schema": {"type": "struct"}, "payload": end}) == wanted


@pytest.mark.parametrize(
    ("written", "table"),
    [
        ("testDB.dbo.leg", "dbo.leg"),  # SQL Server
        ("ORCLPDB1.WALLET.LEG", "WALLET.LEG"),  # Oracle
        ("wallet.leg", "wallet.leg"),  # MySQL
    ],
)
def test_the_end_of_a_transaction_names_tables_as_changes_do(written: str, table: str) -> None:
    counts = [{"data_collection": written, "event_count": 2}]
    end = {"status": "END", "id": "00000025:00000d08:0025", "event_count": 2, "data_collections": counts}

    assert decode(end) == TransactionEnd("00000025:00000d08:0025", {table: 2})


@pytest.mark.parametrize(
    ("transaction", "table"),
    [
        ("571:53195832", "public.my.leg"),  # PostgreSQL
        ("24bc7850-2c16-11e6-a073-0242ac110002:37", "wallet.my.leg"),  # MySQL
        ("0-1-37", "wallet.my.leg"),  # MariaDB
        ("file=mysql-bin.000003,pos=157", "wallet.my.leg"),  # MySQL without GTIDs
    ],
)
def test_a_table_with_a_dot_in_its_name_is_counted_where_no_database_stands_before_it(
    transaction: str, table: str
) -> None:
    counts = [{"data_collection": table, "event_count": 2}]
    end = {"status": "END", "id": transaction, "event_count": 2, "data_collections": counts}
    decoded = decode(end)
    assert isinstance(decoded, TransactionEnd)
    assert decoded.counts == {table: 2}


def test_tables_of_one_name_in_two_databases_count_together() -> None:
    counts = [{"data_collection": f"{database}.dbo.leg", "event_count": 2} for database in ("a", "b")]
    end = {"status": "END", "id": "1", "event_count": 4, "data_collections": counts}

    assert decode(end) == TransactionEnd("1", {"dbo.leg": 4})


def test_a_record_whose_schema_only_a_registry_has_says_so() -> None:
    with pytest.raises(DecodeError, match="ExtJsonConverter") as error:
        decode({"schemaId": 3, "payload": envelope()})
    assert error.value.code == "no_envelope"


def test_a_record_of_string_converter_says_which_setting_to_change() -> None:
    with pytest.raises(DecodeError, match=r"set value\.converter to JsonConverter") as error:
        decode(b"Struct{after=Struct{id=1},source=Struct{table=tx},op=c}")
    assert error.value.code == "not_json"


@pytest.mark.parametrize("op", ["c", "u", "r"])
def test_a_row_that_was_written(op: str) -> None:
    found = change(decode(envelope(op, before=None, after={"id": 1, "amount": 5})))

    assert (found.op, found.table, found.before) == (op, "public.tx", None)
    assert found.after is not None
    assert found.after["amount"] == 5
    assert found.record.offset == 7


def test_a_delete_has_its_row_in_before_or_only_its_key() -> None:
    full = change(decode(envelope("d", before={"id": 1, "amount": 0})))
    bare = change(decode(envelope("d", before=None)))

    assert (full.op, full.after) == ("d", None)
    assert full.before is not None
    assert bare.before is None
    assert bare.key is not None
    assert bare.key["id"] == 1


def test_a_truncate_is_a_change_without_key_and_rows() -> None:
    value = envelope("t")
    del value["before"], value["after"]
    found = change(decode(value, key=None))

    assert (found.op, found.key, found.before, found.after) == ("t", None, None, None)


def test_fields_that_are_not_known_are_tolerated_and_their_order_means_nothing() -> None:
    value = envelope(commit_ts=5, smt={"x": [1.5]}, ts_us=1, ts_ns=2)
    value["source"] = {**value["source"], "thread": 7, "query": "select 1"}
    assert change(decode(dict(reversed(value.items())))).table == "public.tx"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"", None),
        (b"not json", "not_json"),
        (b"\xff\xfe", "not_json"),
        (b"{", "not_json"),
        (b'{"op":"c"} trailing', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"a":' * 100_000, "not_json"),
        (b'{"op":"c","after":{"x":1e9999999999999999999999},"source":{"table":"t"}}', "schema_conflict"),
        (text([1, 2]), "not_debezium"),
        (text("text"), "not_debezium"),
        (b"5", "not_debezium"),
        (text({}), "no_envelope"),
        (text({"id": 1}), "no_envelope"),
        (text({"op": "c", "after": {}}), "no_source"),
        (text({"op": "c", "after": {}, "source": None}), "no_source"),
        (text(envelope("x")), "unknown_op"),
        (text(envelope("C")), "unknown_op"),
        (text({**envelope(), "op": 5}), "bad_envelope"),
        (text({**envelope(), "op": None}), "bad_envelope"),
        (text(envelope(after=[1, 2])), "bad_envelope"),
        (text(envelope(after="row")), "bad_envelope"),
        (text(envelope(after=None)), "no_row"),
        (text(envelope("u", after=None)), "no_row"),
        (text(envelope(source={"lsn": "12"})), "bad_envelope"),
        (text(envelope(source={"lsn": 1.5})), "bad_envelope"),
        (text(envelope(transaction={"id": 5})), "bad_envelope"),
        (text({"schema": {"type": "struct"}, "payload": [1]}), "not_debezium"),
        (text({"schema": {"type": 5}, "payload": {}}), "bad_schema"),
        (text({"schema": "public", "payload": {}}), "bad_schema"),
        (text({"schema": "public", "payload": {}, "more": 1}), "no_envelope"),
        (text({"specversion": "1.0", "id": "x", "iodebeziumop": "c", "data": {}}), "cloud_events"),
        (text({"status": "MIDDLE", "id": "1", "event_count": 1, "data_collections": []}), "bad_transaction"),
        (text({"status": 5, "id": "1", "event_count": 1, "data_collections": []}), "bad_transaction"),
        (b"\0\0\0\0\5abc", "no_registry"),
        (b"\0", "bad_avro"),
        (b"\1" * 20, "schema_guid"),
    ],
)
def test_anything_else_is_poison_by_name(value: bytes, code: str | None) -> None:
    if code is None:
        assert decode(value) == Skipped("tombstone")
        return
    with pytest.raises(DecodeError) as error:
        decode(value)
    assert error.value.code == code


@pytest.mark.parametrize("value", [text('{"amount": 5}'), text({"amount": 5})])
def test_an_outbox_event_is_named(value: bytes) -> None:
    with pytest.raises(DecodeError, match="EventRouter") as error:
        decode(value, headers=[("id", b"8f2b")])
    assert error.value.code == "outbox"


@pytest.mark.parametrize("name", ["apicurio.value.contentId", "__value_schema_id"])
@pytest.mark.parametrize("value", [b"\0\2\2\4\xcf\xc7", b"\2\4\0"])
def test_a_schema_that_only_headers_name_is_refused_and_never_taken_from_the_bytes(
    name: str, value: bytes
) -> None:
    with pytest.raises(DecodeError) as error:
        decode(value, headers=[(name, b"\0\0\0\0\0\0\0\2")])
    assert error.value.code == "schema_in_headers"


def test_reasons_hold_no_values_of_rows() -> None:
    secret = "4111111111111111"
    for value in (
        envelope(after=secret),
        envelope(source={"lsn": secret}),
        {"card": secret},
        text(envelope()) + secret.encode(),
    ):
        with pytest.raises(DecodeError) as error:
            decode(value)
        assert secret not in str(error.value)


def test_each_record_with_a_schema_is_read_by_its_own_schema_in_mid_topic() -> None:
    decoder = DebeziumDecoder()
    narrow, wide = [column("int32")], [column("string"), column("int64", field="y")]
    rows: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
        ({"x": 1}, narrow),
        ({"x": "a", "y": 2}, wide),
        ({"x": 3}, narrow),
        ({"x": "b", "y": 4}, wide),
        ({"x": 5}, narrow),
        # A schema of the same length.
        ({"x": 2**40}, [column("int64")]),
    ]
    for row, columns in rows:
        after = change(decoder.decode(record(with_schema(row, columns)))).after
        assert after is not None
        assert {name: after[name] for name in after.columns()} == row

    with pytest.raises(DecodeError):
        change(decoder.decode(record(with_schema({"x": "text"}, narrow)))).after["x"]  # type: ignore[index]


def test_the_schema_is_found_whatever_stands_around_the_payload() -> None:
    decoder = DebeziumDecoder()
    schema = text(envelope_schema([column("bytes")]))
    payload = text(envelope(after={"x": "yv4="}))
    other = text(envelope(after={"x": "no base64"}))
    shapes = [
        b'{"schema":%s,"payload":%s}' % (schema, payload),
        b'{"schema":%s,"payload":%s}' % (schema, payload),
        b'{"schema":%s,"payload":%s} \n' % (schema, payload),
        b'{"schema":%s,"payload":%s }' % (schema, payload),
        b' { "schema" : %s , "payload" : %s } ' % (schema, payload),
        b'{"payload":%s,"schema":%s}' % (payload, schema),
        b'{"schema":%s,"payload":%s,"payload":%s}' % (schema, other, payload),
    ]
    for shape in shapes:
        after = change(decoder.decode(record(shape))).after
        assert after is not None
        assert after["x"] == b"\xca\xfe"


def test_a_schema_that_is_null_leaves_the_record_without_schema() -> None:
    after = change(decode({"schema": None, "payload": envelope(after={"x": "yv4="})})).after
    assert after is not None
    assert after["x"] == "yv4="


@pytest.mark.parametrize("levels", [60, 300, 900, 100_000])
def test_a_schema_nested_without_end_is_poison_and_no_crash(levels: int) -> None:
    items = b'{"type":"array","items":' * levels + b'{"type":"int32"}' + b"}" * levels
    row = b'{"type":"struct","field":"after","fields":[{"field":"x","type":"array","items":%s}]}' % items
    payload = b'{"op":"c","source":{"table":"tx"},"after":{"x":%s}}' % (b"[" * 40 + b"]" * 40)
    with pytest.raises(DecodeError):
        decode(b'{"schema":{"type":"struct","fields":[%s]},"payload":%s}' % (row, payload))


def test_a_broken_payload_behind_a_known_schema_is_poison_and_the_next_record_is_not() -> None:
    decoder = DebeziumDecoder()
    good = with_schema({"x": 1}, [column("int32")])
    change(decoder.decode(record(good)))
    for broken in (good[:-1], good[:-2], good + b"}", good[:-20] + b"\xff" * 20):
        with pytest.raises(DecodeError):
            decoder.decode(record(broken))
    change(decoder.decode(record(good)))
