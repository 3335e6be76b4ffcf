"""Keys are read whatever their converter, and tie the halves of a changed key together."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.decoders import DebeziumDecoder
from bridge.errors import DecodeError
from bridge.records import Renamed
from tests.unit.decoders.building import change, column, decode, envelope, record, text

KEY_SCHEMA = {"type": "struct", "fields": [column("int64", field="id"), column("bytes", field="raw")]}


@pytest.mark.parametrize(
    "key",
    [
        {"id": 5},
        {"schema": KEY_SCHEMA, "payload": {"id": 5}},
        {"schema": None, "payload": {"id": 5}},
        b' {"id": 5} ',
    ],
)
def test_a_key_is_read_with_and_without_schema(key: Any) -> None:
    found = change(decode(envelope(), key=key)).key
    assert found is not None
    assert found["id"] == 5


def test_a_keys_columns_are_typed_by_schema_and_by_declaration() -> None:
    decoder = DebeziumDecoder({"tx": {"id": "decimal base64 2"}})
    by_schema = change(decode(envelope(), key={"schema": KEY_SCHEMA, "payload": {"raw": "yv4="}})).key
    declared = change(decoder.decode(record(envelope(), key={"id": "MDk="}))).key

    assert by_schema is not None
    assert by_schema["raw"] == b"\xca\xfe"
    assert declared is not None
    assert str(declared["id"]) == "123.45"


@pytest.mark.parametrize("key", [None, b"", b"null", b'{"schema":null,"payload":null}'])
def test_a_table_without_key_has_none(key: bytes | None) -> None:
    assert change(decode(envelope(), key=key)).key is None


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (b"Struct{id=1}", "text_key"),
        (b"17", "text_key"),
        (b'"a"', "text_key"),
        (b"{", "not_json"),
        (b"\xff\xff", "not_json"),
        (b"\0\0\0\0\1\2", "no_registry"),
    ],
)
def test_a_key_that_cannot_be_read_is_poison_only_for_who_reads_it(key: bytes, code: str) -> None:
    found = change(decode(envelope(), key=key))

    assert found.after is not None
    assert found.after["id"] == 1
    assert found.key is not None
    for look in (
        lambda row: row["id"],
        lambda row: "id" in row,
        lambda row: row.get("id"),
        lambda row: list(row.columns()),
    ):
        with pytest.raises(DecodeError) as error:
            look(found.key)
        assert error.value.code == code


@pytest.mark.parametrize("other", [{"id": 2}, {"schema": KEY_SCHEMA, "payload": {"id": 2}}])
def test_the_halves_of_a_changed_key_know_each_other_by_their_headers(other: Any) -> None:
    gone = change(decode(envelope("d"), headers=[("x", None), ("__debezium.newkey", text(other))]))
    come = change(decode(envelope("c"), headers=[("__debezium.oldkey", text(other))]))

    assert (gone.renamed, gone.other_key) == (Renamed.FROM, {"id": 2})
    assert (come.renamed, come.other_key) == (Renamed.TO, {"id": 2})


@pytest.mark.parametrize("other", [None, b"", b"Struct{id=2}", b"{", b"null", b"5"])
def test_a_header_that_cannot_be_read_still_says_that_the_first_half_is_one(other: bytes | None) -> None:
    gone = change(decode(envelope("d"), headers=[("__debezium.newkey", other)]))
    assert (gone.renamed, gone.other_key) == (Renamed.FROM, None)


@pytest.mark.parametrize("other", [None, b"", b"Struct{id=2}", b"{", b"null", b"5"])
def test_the_second_half_is_no_new_row_when_its_header_cannot_be_read(other: bytes | None) -> None:
    with pytest.raises(DecodeError, match=r"set header\.converter") as error:
        decode(envelope("c"), headers=[("__debezium.oldkey", other)])
    assert error.value.code == "bad_header"


@pytest.mark.parametrize(
    ("op", "header"), [("c", "__debezium.newkey"), ("d", "__debezium.oldkey"), ("u", "__debezium.oldkey")]
)
def test_headers_of_the_other_half_mean_nothing(op: str, header: str) -> None:
    found = change(decode(envelope(op), headers=[(header, b'{"id":2}')]))
    assert (found.renamed, found.other_key) == (None, None)


def test_a_delete_that_does_not_tell_its_row_says_so_to_who_reads_it() -> None:
    shown = change(decode(envelope("d", before=None), key=None))
    assert shown.key is not None
    with pytest.raises(DecodeError, match="REPLICA IDENTITY") as raised:
        shown.key["id"]
    assert raised.value.code == "no_identity"


@pytest.mark.parametrize("more", [{"before": {"id": 1}}, {"op": "c", "after": {"id": 1}}, {"op": "t"}])
def test_without_a_key_a_row_that_is_shown_needs_none(more: dict[str, Any]) -> None:
    said = {"op": "d", **more}
    shown = change(decode(envelope(said.pop("op"), **said), key=None))
    assert shown.key is None
