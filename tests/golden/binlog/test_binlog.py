"""Records of MySQL and MariaDB, one file per set of Debezium's options, come out as the rows that were written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.decoders import DebeziumDecoder, Double, FlattenedSettings
from bridge.errors import DecodeError
from bridge.flow import Change, Decoded
from bridge.records import Renamed, Skipped, TransactionEnd
from bridge.row import Row
from tests.golden.binlog.story import (
    DATABASE,
    DECLARED,
    DECLARED_FLATTENED,
    RECORDS,
    read_as_declared,
    wanted,
)
from tests.golden.reading import records, registry

FOLDER = Path(__file__).parent / "records"
FILES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.glob("*/*.jsonl"))
TYPED = [name for name in FILES if name.split("/")[1].startswith(("inline", "avro"))]
UNTYPED = [name for name in FILES if name not in TYPED]

_LAST_ID = 18_446_744_073_709_551_615


@contextmanager
def _decoder(name: str) -> Iterator[DebeziumDecoder]:
    is_flattened = "/flattened" in name
    declared = {f"{DATABASE}.plays": DECLARED_FLATTENED if is_flattened else DECLARED}
    flattened = FlattenedSettings(tombstones="skip") if is_flattened else None
    with registry((FOLDER / name).parent) as served:
        yield DebeziumDecoder(declared if name in UNTYPED else {}, flattened=flattened, registry=served)


def _decoded(name: str) -> list[Decoded]:
    with _decoder(name) as decoder:
        return [decoder.decode(one) for one in records(FOLDER / name)]


def _changes(name: str, table: str) -> list[Change]:
    found = [one for one in _decoded(name) if isinstance(one, Change)]
    return [one for one in found if one.table == f"{DATABASE}.{table}"]


def test_every_variant_was_recorded() -> None:
    assert len(FILES) == 14


@pytest.mark.parametrize("name", FILES)
def test_every_record_is_accounted_for(name: str) -> None:
    reasons = [one.reason for one in _decoded(name) if isinstance(one, Skipped)]
    is_flattened = "/flattened" in name
    kind = name.split("/", maxsplit=1)[0]

    assert len(_decoded(name)) == RECORDS[kind] - is_flattened
    assert {reason: reasons.count(reason) for reason in set(reasons)} == {
        "schema change": reasons.count("schema change"),
        # MariaDB tells two more, of changes of the schema.
        "transaction begin": 7 if kind == "mariadb" else 5,
        "tombstone": 2,
    }
    assert "".join(one.op for one in _changes(name, "plays")) == ("rcu" if is_flattened else "rcut")
    assert "".join(one.op for one in _changes(name, "rounds")) == "rcccdcdc"


@pytest.mark.parametrize("name", FILES)
def test_the_log_gives_one_order_over_statements_of_many_rows_and_over_its_files(name: str) -> None:
    plays, rounds = _changes(name, "plays"), _changes(name, "rounds")
    streamed = [one.position for one in rounds[1:] if one.position]

    assert [one.snapshot for one in rounds] == [True] + [False] * 7
    assert len(streamed) == 7
    assert streamed == sorted(streamed)
    # Three rows of one statement, then the halves of a changed key, then the log's next file.
    assert [position.order[2] for position in streamed[:3]] == [0, 1, 2]
    assert streamed[3] == streamed[4]
    assert streamed[5].order[0] == streamed[4].order[0] + 1
    assert plays[1].position is not None
    assert plays[1].position < streamed[0]
    assert {one.lineage.rpartition(":")[2] for one in streamed} == {"5001"}


@pytest.mark.parametrize("name", FILES)
def test_the_changes_of_one_transaction_have_its_name_and_its_end_counts_them(name: str) -> None:
    plays, rounds = _changes(name, "plays"), _changes(name, "rounds")
    ends = [one for one in _decoded(name) if isinstance(one, TransactionEnd)]

    assert plays[1].transaction is not None
    assert {one.transaction for one in (plays[1], *rounds[1:4])} == {plays[1].transaction}
    assert ends[0] == TransactionEnd(plays[1].transaction, {"casino.plays": 1, "casino.rounds": 3})
    assert len({one.transaction for one in ends}) == len(ends) == 5


@pytest.mark.parametrize("name", FILES)
def test_a_changed_key_is_two_halves_and_a_delete_has_the_whole_row(name: str) -> None:
    rounds = _changes(name, "rounds")
    gone, come, deleted, last = rounds[4:]

    assert (gone.renamed, gone.other_key) == (Renamed.FROM, {"id": "r-9"})
    assert (come.renamed, come.other_key) == (Renamed.TO, {"id": "r-2"})
    assert deleted.before is not None
    assert (deleted.before["id"], deleted.before["is_closed"], deleted.renamed) == ("r-3", 1, None)
    assert last.after is not None
    assert last.after["closed_by"] == "agent"
    assert rounds[0].after is not None
    assert "closed_by" not in rounds[0].after


def _row(name: str, index: int) -> Row:
    row = _changes(name, "plays")[index].after
    assert row is not None
    return row


@pytest.mark.parametrize("name", TYPED)
@pytest.mark.parametrize("index", [0, 1])
def test_with_a_schema_every_column_is_what_was_inserted(name: str, index: int) -> None:
    kind, _, options = name.partition("/")
    converter, time_mode, decimal_mode, unsigned_mode, _ = options.split(".")
    row = _row(name, index)

    for column, value in wanted(kind, converter, time_mode, decimal_mode, unsigned_mode).items():
        assert row[column] == value, column
        assert getattr(row[column], "tzinfo", None) == getattr(value, "tzinfo", None), column
    assert (type(row["price"]) is Double) == (decimal_mode == "double")
    assert row["id"] == (1 if index == 0 else -1 if unsigned_mode == "long" else _LAST_ID)


@pytest.mark.parametrize("name", FILES)
def test_an_unknown_label_of_an_enum_is_empty_text(name: str) -> None:
    row = _row(name, 2)

    assert (row["kind"], row["tiny"]) == ("", 8)


@pytest.mark.parametrize("name", UNTYPED)
@pytest.mark.parametrize("index", [0, 1])
def test_without_a_schema_declared_columns_are_what_was_inserted(name: str, index: int) -> None:
    row = _row(name, index)
    values = read_as_declared(name.split("/", maxsplit=1)[0])

    assert {column: row[column] for column in values} == values


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("mysql")])
@pytest.mark.parametrize("index", [0, 1])
def test_mysql_keeps_a_number_of_json_that_is_no_decimal_as_a_double(name: str, index: int) -> None:
    doc = _row(name, index)["doc"]

    assert isinstance(doc, dict)
    assert doc["amount"] == Decimal("0.1")
    # The snapshot shows 17 digits of it.
    assert float(doc["big"]) == 2.0**64


@pytest.mark.parametrize("name", [name for name in UNTYPED if ".long." in name])
def test_an_unsigned_number_that_has_wrapped_around_is_poison_where_it_is_declared(name: str) -> None:
    key = _changes(name, "plays")[1].key
    assert key is not None

    for row, column in ((_row(name, 0), "huge"), (_row(name, 1), "id"), (key, "id")):
        with pytest.raises(DecodeError, match=f"column {column}.*bigint.unsigned.handling.mode") as error:
            row[column]
        assert error.value.code == "unsigned_wrapped"


@pytest.mark.parametrize("name", [name for name in UNTYPED if "/flattened" in name])
def test_a_key_of_unsigned_numbers_beyond_any_signed_one_is_read_as_declared(name: str) -> None:
    key = _changes(name, "plays")[1].key

    assert key is not None
    assert key["id"] == _row(name, 1)["id"] == _LAST_ID
