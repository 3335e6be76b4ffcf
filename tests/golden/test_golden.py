"""Records of the real stack, one file per set of Debezium's options, come out as the rows that were written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridge.decoders import DebeziumDecoder, Double, FlattenedSettings
from bridge.errors import DecodeError
from bridge.flow import Change, Decoded
from bridge.records import Renamed, Skipped, SourceRecord
from bridge.row import UNAVAILABLE, Row
from tests.golden.reading import records, registry
from tests.golden.story import ANY_SPELLING, DECLARED, OUTCOMES, UNDECLARED, wanted

FOLDER = Path(__file__).parent / "records"
FILES = sorted(path.name for path in FOLDER.glob("*.jsonl"))
TYPED = [name for name in FILES if name.startswith(("inline", "avro"))]
UNTYPED = [name for name in FILES if name.startswith(("schemaless", "flattened"))]


def _records(name: str) -> list[SourceRecord]:
    return records(FOLDER / name)


@contextmanager
def _decoder(name: str) -> Iterator[DebeziumDecoder]:
    converter, time_mode, decimal_mode, _ = name.split(".")
    columns = {"golden": DECLARED[time_mode, decimal_mode]} if name in UNTYPED else {}
    flattened = FlattenedSettings(tombstones="skip") if converter == "flattened" else None
    with registry(FOLDER) as served:
        yield DebeziumDecoder(columns, flattened=flattened, registry=served)


def _decoded(name: str) -> list[Decoded]:
    with _decoder(name) as decoder:
        return [decoder.decode(one) for one in _records(name)]


def _outcome(decoded: Decoded) -> str:
    if isinstance(decoded, Change):
        return decoded.op
    return decoded.reason if isinstance(decoded, Skipped) else "end"


def test_every_variant_was_recorded() -> None:
    assert len(FILES) == 14


@pytest.mark.parametrize("name", FILES)
def test_the_story_is_told_in_order(name: str) -> None:
    decoded = _decoded(name)
    outcomes = OUTCOMES[:-1] if name.startswith("flattened") else OUTCOMES

    assert tuple(map(_outcome, decoded)) == outcomes
    changes = [one for one in decoded if isinstance(one, Change)]
    assert {one.table for one in changes} == {"public.golden"}
    assert [one.snapshot for one in changes] == [True] + [False] * (len(changes) - 1)
    assert all(one.committed_at for one in changes)
    assert [one.key["id"] if one.key else None for one in changes][:6] == [1, 2, 2, 2, 3, 3]


@pytest.mark.parametrize("name", FILES)
def test_positions_grow_and_the_halves_of_the_changed_key_share_one(name: str) -> None:
    changes = [one for one in _decoded(name) if isinstance(one, Change)]
    orders = [one.position.order for one in changes if one.position]

    assert len(orders) == len(changes)
    assert orders == sorted(orders)
    gone, come = changes[3], changes[4]
    assert gone.position == come.position
    assert (gone.renamed, gone.other_key) == (Renamed.FROM, {"id": 3})
    assert (come.renamed, come.other_key) == (Renamed.TO, {"id": 2})
    assert {one.renamed for one in (*changes[:3], *changes[5:])} == {None}


def _row(name: str, index: int) -> Row:
    decoded = _decoded(name)[index]
    assert isinstance(decoded, Change)
    assert decoded.after is not None
    return decoded.after


@pytest.mark.parametrize("name", TYPED)
@pytest.mark.parametrize("index", [0, 1])
def test_with_a_schema_every_column_is_what_was_inserted(name: str, index: int) -> None:
    _, time_mode, decimal_mode, _ = name.split(".")
    row = _row(name, index)

    for column, value in wanted(time_mode, decimal_mode).items():
        found = row[column]
        if value is not ANY_SPELLING:
            assert found == value, column
            assert getattr(found, "tzinfo", None) == getattr(value, "tzinfo", None), column
    assert type(row["ratio"]) is Double
    assert (type(row["price"]) is Double) == (decimal_mode == "double")
    assert len(row["big"]) == 9_600


@pytest.mark.parametrize("name", UNTYPED)
@pytest.mark.parametrize("index", [0, 1])
def test_without_a_schema_declared_columns_are_what_was_inserted(name: str, index: int) -> None:
    row = _row(name, index)

    for column, value in wanted("adaptive", "precise").items():
        if column not in UNDECLARED:
            found = row[column]
            # A declaration may know the zone that the column does not tell.
            naive = found.replace(tzinfo=None) if column.startswith("local") else found
            assert naive == value, column


@pytest.mark.parametrize("name", FILES)
def test_a_large_column_that_did_not_change_is_unavailable_in_the_update_and_in_the_changed_key(name: str) -> None:
    changes = [one for one in _decoded(name) if isinstance(one, Change)]
    for one in (changes[2], changes[4]):
        assert one.after is not None
        assert one.after.get("big") is UNAVAILABLE
        assert one.after["small"] == 8


@pytest.mark.parametrize("name", TYPED)
def test_a_record_that_lost_its_last_byte_is_poison(name: str) -> None:
    with _decoder(name) as decoder:
        for one in _records(name):
            if one.value:
                cut = SourceRecord(one.topic, 0, 0, one.key, one.value[:-1], one.headers, -1)
                with pytest.raises(DecodeError):
                    decoder.decode(cut)
