"""The position of a change orders it in its database's log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import DecodeError
from bridge.records import SourcePosition
from tests.unit.decoders.building import SOURCE, change, decode, envelope

MYSQL = {"connector": "mysql", "schema": None, "sequence": None, "lsn": None, "server_id": 223344}
SQLSERVER = {"connector": "sqlserver", "sequence": None, "lsn": None, "schema": "dbo"}
ORACLE = {"connector": "oracle", "sequence": None, "lsn": None, "txId": "0a001b00250400"}


def position(op: Any = "c", **source: Any) -> SourcePosition | None:
    """Return the position of a change from this source."""
    return change(decode(envelope(op, source=source))).position


def order(**source: Any) -> tuple[int, ...]:
    """Return the order within the lineage."""
    found = position(**source)
    assert found is not None
    return found.order


def test_postgres_orders_by_commit_then_by_lsn_as_numbers() -> None:
    assert position() == SourcePosition("postgresql:wallet", (31_285_512, 31_285_520))
    assert order(sequence='["9","10"]', lsn=10) < order(sequence='["10","9"]', lsn=9)


def test_the_lsn_beside_the_sequence_decides_for_old_versions_say_the_last_commits_twice() -> None:
    # Debezium 1.5 and 1.6: two changes of a row in one transaction.
    first, second = (order(sequence='["40","40"]', lsn=lsn) for lsn in (45, 47))
    assert first < second
    assert order(sequence='["40","45"]', lsn=None) == first


def test_postgres_before_its_first_commit_comes_first() -> None:
    assert order(sequence='[null,"31285520"]') == (0, 31_285_520)
    assert order(sequence="[null,null]", lsn=5) == (5, 5)


@pytest.mark.parametrize("sequence", ['[null,"50"]', '["40","50"]', None])
def test_a_snapshot_row_is_older_than_what_was_open_when_it_was_read(sequence: str | None) -> None:
    # The transaction wrote at LSN 45, the snapshot was taken at 50, the commit came at 60.
    streamed = order(sequence=sequence and sequence.replace("50", "45"), lsn=45)
    assert order(op="r", snapshot="first", sequence=sequence, lsn=50) < streamed


def test_old_postgres_records_have_only_their_lsn_which_sorts_before_newer_ones_of_the_row() -> None:
    old = order(sequence=None, lsn=100)
    assert old < order(sequence=None, lsn=101)
    assert old < order(sequence='["105","110"]', lsn=110)


def test_rows_of_an_incremental_snapshot_have_no_position() -> None:
    assert position("r", snapshot="incremental", sequence=None, lsn=None) is None
    assert position("r", snapshot="incremental") is None


def test_mysql_orders_by_file_number_position_and_row() -> None:
    place = {**MYSQL, "file": "mysql-bin.999999", "pos": 1442, "row": 0}
    assert position(**place) == SourcePosition("mysql:wallet:223344", (999_999, 1442, 0))
    assert order(**place) < order(**{**place, "row": 1})
    assert order(**{**place, "row": 1}) < order(**{**place, "pos": 1500})
    assert order(**place) < order(**{**place, "file": "binlog.1000000", "pos": 4})


def test_another_server_is_another_lineage() -> None:
    place = {**MYSQL, "file": "mysql-bin.000003", "pos": 4}
    here, there = position(**place), position(**{**place, "server_id": 5})
    assert here is not None
    assert there is not None
    assert here.lineage != there.lineage


@pytest.mark.parametrize(
    ("gtid", "numbered"),
    [
        ("3e11fa47-71ca-11e1-9e33-c80aa9429562:5", ("3e11fa47-71ca-11e1-9e33-c80aa9429562", 5)),
        ("3e11fa47-71ca-11e1-9e33-c80aa9429562:night:5", ("3e11fa47-71ca-11e1-9e33-c80aa9429562:night", 5)),
        ("0-5001-17", ("0-5001", 17)),
        (None, ("", 0)),
        ("", ("", 0)),
        ("odd", ("", 0)),
        (f"uuid:{10**19}", ("", 0)),
        ("uuid:\u0665", ("", 0)),
    ],
)
def test_a_gtid_tells_who_numbered_the_transaction(gtid: str | None, numbered: tuple[str, int]) -> None:
    found = position(**MYSQL, file="mysql-bin.000003", pos=4, gtid=gtid)
    assert found is not None
    assert (found.numbered_by, found.number) == numbered


def test_either_the_place_in_the_log_or_the_number_of_the_transaction_says_later() -> None:
    here = SourcePosition("mysql:wallet:1", (450, 4), "uuid", 7)
    assert SourcePosition("mysql:wallet:1", (7, 4), "uuid", 8).is_after(here)
    assert SourcePosition("mysql:wallet:1", (451, 4), "uuid", 6).is_after(here)
    assert not here.is_after(here)
    assert not SourcePosition("mysql:wallet:1", (450, 3), "uuid", 7).is_after(here)
    assert not SourcePosition("mysql:wallet:1", (7, 4), "another", 8).is_after(here)


@pytest.mark.parametrize(
    ("order", "number", "committed_us", "later"),
    [
        ((450, 5), 7, 100, True),  # a change of the same transaction
        ((450, 3), 7, 100, False),
        ((451, 4), 7, 100, False),  # the same transaction in another log
        ((451, 4), 6, 99, False),  # an earlier one there
        ((450, 5), 6, 99, False),
        ((451, 4), 6, 100, False),
        ((451, 4), 6, 101, True),  # a group of servers gives each of them its numbers in blocks
        ((7, 4), 6, 101, False),
        ((7, 4), 8, 99, True),
        ((451, 4), 6, 0, True),  # nothing tells that it was taken in
    ],
)
def test_what_lies_further_on_with_no_higher_number_is_a_repeat_from_another_log(
    order: tuple[int, ...], number: int, committed_us: int, *, later: bool
) -> None:
    here = SourcePosition("mysql:wallet:1", (450, 4), "uuid", 7, 100)
    assert SourcePosition("mysql:wallet:1", order, "uuid", number, committed_us).is_after(here) is later


def test_a_position_that_has_a_number_has_its_time() -> None:
    place = {**MYSQL, "file": "mysql-bin.000003", "pos": 4, "ts_us": 1_796_048_481_000_001}
    with_number, without = position(**place, gtid="0-1-7"), position(**place, gtid=None)
    assert with_number is not None
    assert without is not None
    assert (with_number.committed_us, without.committed_us) == (1_796_048_481_000_001, 0)


def test_flink_cdc_rows_without_a_file_are_read() -> None:
    assert order(**MYSQL, file="", pos=0) == (0, 0, 0)


def test_sql_server_orders_by_its_two_lsns_and_the_event_number() -> None:
    place = {**SQLSERVER, "commit_lsn": "00000027:00000758:0005", "change_lsn": "00000027:00000758:0003"}
    assert order(**place, event_serial_no=1) == (0x27_0000_0758_0005, 0x27_0000_0758_0003, 1)
    assert order(**{**place, "change_lsn": "NULL"}) == (0x27_0000_0758_0005, 0, 0)
    assert order(**place, event_serial_no=1) < order(**place, event_serial_no=2)
    assert order(**place) < order(**{**place, "commit_lsn": "00000027:00000a00:0001"})
    assert order(**{**SQLSERVER, "commit_lsn": "00000027:00000758:0005", "change_lsn": None}) < order(**place)


def test_an_lsn_of_sql_server_has_eighty_bits_and_any_of_them_can_be_kept() -> None:
    lsns = [
        "00000027:00000758:0005",
        "0000ffff:ffffffff:fffe",
        "0000ffff:ffffffff:ffff",
        "00010000:00000001:0001",
        "00010000:00000001:0002",
        "ffffffff:ffffffff:ffff",
    ]
    places = [
        {"commit_lsn": lsn, "change_lsn": lsn, "event_serial_no": serial} for lsn in lsns for serial in (1, 2)
    ]
    orders = [order(**SQLSERVER, **place) for place in places]

    assert orders == sorted(set(orders))
    for each in orders:
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(each), type=tuple[int, ...]) == each


def test_oracle_tells_changes_of_one_scn_apart_by_their_place_in_the_redo_log() -> None:
    place = {**ORACLE, "commit_scn": "9", "scn": "8"}
    first = order(**place, rs_id=" 0x0000ff.00004a1e.0010 ", ssn=0)
    later = [
        order(**place, rs_id=" 0x0000ff.00004a1e.0010 ", ssn=1),
        order(**place, rs_id="0x0000ff.00004a1e.00b8", ssn=0),
        order(**place, rs_id="0x0000ff.00014a1e.0010", ssn=0),
        order(**place, rs_id="0x000100.00000001.0010", ssn=0),
        order(**{**place, "scn": "9"}, rs_id="0x000001.00000001.0010", ssn=0),
    ]
    assert [first, *later] == sorted({first, *later})
    assert order(**place, ssn=3) == (9, 8, 3)


def test_oracle_orders_by_scns_as_numbers() -> None:
    place = {**ORACLE, "commit_scn": "9", "scn": "8"}
    assert order(**place) < order(**{**place, "commit_scn": "10", "scn": "7"})
    assert order(**{**place, "commit_scn": "9:1:0a001b00250400"}) == (9, 8, 0)


@pytest.mark.parametrize(
    "source",
    [
        {"sequence": "[1]"},
        {"sequence": "no"},
        {"sequence": '["a","b"]'},
        {"sequence": '["٣","1x"]'},
        {**MYSQL, "file": "binlog.x", "pos": 1},
        {**SQLSERVER, "commit_lsn": "zz"},
        {**ORACLE, "commit_scn": "x", "scn": "1"},
        {**ORACLE, "commit_scn": "2", "scn": "1", "rs_id": "0x12.none"},
        {**ORACLE, "commit_scn": "9" * 30, "scn": "1"},
        {**ORACLE, "commit_scn": "-1", "scn": "1"},
        {**ORACLE, "commit_scn": "2", "scn": "1", "rs_id": "0x" + "f" * 20},
        {**SQLSERVER, "commit_lsn": "f" * 21},
        {"sequence": f'["{2**64}","1"]'},
        {**MYSQL, "file": "binlog." + "9" * 30, "pos": 1},
    ],
)
def test_a_position_that_is_none_is_poison(source: dict[str, Any]) -> None:
    with pytest.raises(DecodeError) as error:
        position(**source)
    assert error.value.code == "bad_position"


@pytest.mark.parametrize(
    "source",
    [{"lsn": 2**63}, {**MYSQL, "file": "b.1", "pos": 2**80}, {**MYSQL, "file": "b.1", "pos": 1, "row": 2**63}],
)
def test_a_number_that_no_log_has_is_poison_and_no_crash_when_it_is_kept(source: dict[str, Any]) -> None:
    with pytest.raises(DecodeError) as error:
        position(**source)
    assert error.value.code == "bad_envelope"


@pytest.mark.parametrize("connector", ["db2", None])
def test_a_database_whose_order_is_not_known_has_no_position(connector: str | None) -> None:
    assert position(connector=connector) is None


@pytest.mark.parametrize("snapshot", ["true", True, "first", "first_in_data_collection", "last", "incremental"])
def test_each_spelling_of_a_snapshot_row_counts_whatever_the_op(snapshot: str | bool) -> None:
    assert change(decode(envelope("c", source={"snapshot": snapshot}))).snapshot


@pytest.mark.parametrize("snapshot", ["false", False, None])
def test_a_streamed_row_is_none_and_op_r_always_is(snapshot: str | bool | None) -> None:
    assert not change(decode(envelope("c", source={"snapshot": snapshot}))).snapshot
    assert change(decode(envelope("r", source={"snapshot": snapshot}))).snapshot


def test_the_commit_time_is_as_exact_as_the_record_tells() -> None:
    exact = change(decode(envelope())).committed_at
    older = change(decode(envelope(source={"ts_us": None}))).committed_at
    none = change(decode(envelope(source={"ts_us": None, "ts_ms": None}))).committed_at

    assert exact == datetime(2026, 11, 22, 19, 25, 23, 81_793, UTC)
    assert older == exact.replace(microsecond=81_000)
    assert none is None


def test_a_commit_time_beyond_all_calendars_is_poison_where_it_is_read() -> None:
    found = change(decode(envelope(source={"ts_us": 2**62})))
    with pytest.raises(DecodeError) as error:
        _ = found.committed_at
    assert error.value.code == "bad_envelope"


@pytest.mark.parametrize(
    ("block", "source", "wanted"),
    [
        ({"id": "571:53195832", "total_order": 1}, {}, "571"),
        (None, {}, "838"),
        (None, {"txId": None}, None),
        ({"id": "3e11fa47:5"}, {"gtid": "3e11fa47:5"}, "3e11fa47:5"),
        (None, {"gtid": "3e11fa47-71ca-11e1-9e33-c80aa9429562:5"}, "3e11fa47-71ca-11e1-9e33-c80aa9429562:5"),
        ({"id": "00000027:00000758:0005"}, {}, "00000027:00000758:0005"),
        ({"id": "file=mysql-bin.000003,pos=154"}, {}, "file=mysql-bin.000003,pos=154"),
    ],
)
def test_the_transaction_is_the_same_for_all_its_changes(
    block: Any, source: dict[str, Any], wanted: str | None
) -> None:
    assert change(decode(envelope(transaction=block, source=source))).transaction == wanted


@given(commit=st.integers(0, 2**63 - 1), lsn=st.integers(0, 2**63 - 1))
def test_any_pair_of_lsns_is_read(commit: int, lsn: int) -> None:
    assert order(sequence=f'["{commit}","{lsn}"]', lsn=None) == (commit, lsn)


@pytest.mark.parametrize(
    ("source", "table"),
    [
        ({}, "public.tx"),
        ({"schema": None}, "wallet.tx"),
        ({"schema": "Other.Schema", "table": "Tx"}, "Other.Schema.Tx"),
        ({"schema": None, "db": None}, "tx"),
    ],
)
def test_a_table_is_named_by_its_source_and_never_by_its_topic(source: dict[str, Any], table: str) -> None:
    assert change(decode(envelope(source=source), topic="routed.elsewhere")).table == table


def test_a_source_without_table_is_poison() -> None:
    with pytest.raises(DecodeError) as error:
        decode({**envelope(), "source": {name: SOURCE[name] for name in ("connector", "name")}})
    assert error.value.code == "no_table"
