"""Recorded records: lines that give the record back, and files that say what is wrong in them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import ConfigError
from bridge.records import Partition, SourceRecord
from bridge.sources.file import FileSource
from bridge.sources.recorded import decode_line, encode_line, read_recorded
from tests.contract.source_contract import Follower

RAW = st.none() | st.binary(max_size=40)
RECORDS = st.builds(
    SourceRecord,
    st.text(alphabet="abc._-", min_size=1),
    st.integers(0, 100),
    st.integers(0, 2**62),
    RAW,
    RAW,
    st.lists(st.tuples(st.text(max_size=10), RAW), max_size=4).map(tuple),
    st.integers(-1, 2**41),
)
CASES = Path(__file__).parents[2] / "cases"


@given(RECORDS)
def test_a_line_gives_its_record_back(record: SourceRecord) -> None:
    line = encode_line(record)
    assert b"\n" not in line
    assert decode_line(line) == record


@pytest.mark.parametrize("path", sorted(CASES.glob("*/recorded.jsonl")), ids=lambda path: path.parent.name)
def test_the_recorded_cases_are_read_as_they_are_written(path: Path) -> None:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    records = list(read_recorded(path))
    assert len(records) == len(lines) > 0
    for said, record in zip(lines, records, strict=True):
        assert (record.topic, record.partition, record.offset) == (
            said["topic"],
            said["partition"],
            said["offset"],
        )
        assert record.value == (None if said.get("value") is None else said["value"].encode())
        assert record.timestamp_ms == said["timestamp"]
        assert [[name, value.decode() if value else value] for name, value in record.headers] == said["headers"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"not json", "malformed"),
        (b'{"topic": "t"}', "partition"),
        (b'{"topic": "t", "partition": 0, "offset": 0, "vaule": "x"}', "vaule"),
        (b'{"topic": "t", "partition": 0, "offset": 0, "key": "a", "key_base64": "YQ=="}', "exclude each other"),
        (b'{"topic": "t", "partition": 0, "offset": 0, "value_base64": "%%"}', "base64 is broken"),
    ],
)
def test_a_line_that_is_no_record_is_named_with_its_place(tmp_path: Path, line: bytes, words: str) -> None:
    path = tmp_path / "recorded.jsonl"
    path.write_bytes(b'{"topic": "t", "partition": 0, "offset": 0}\n\n' + line + b"\n")
    with pytest.raises(ConfigError, match=words) as caught:
        list(read_recorded(path))
    assert f"{path}:3:1" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gzip.compress(b"{}", mtime=0), "compressed"),
        ("{}".encode("utf-16"), "UTF-16"),
        (b'{"topic": "t\xef", "partition": 0, "offset": 0}', "the line is not in UTF-8"),
        (b'{"op": "c", "after": {}}', 'unknown field `op` \\(a line is {"topic": '),
    ],
)
def test_what_is_no_recording_is_told_with_what_to_do(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "recorded.jsonl"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        list(read_recorded(path))


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "recorded.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"topic": "t", "partition": 0, "offset": 0}\r\n')
    assert [record.topic for record in read_recorded(path)] == ["t"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.jsonl: cannot be read"):
        FileSource([tmp_path / "gone.jsonl"]).open(Follower())


def test_offsets_that_do_not_grow_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "recorded.jsonl"
    path.write_bytes(b'{"topic": "t", "partition": 0, "offset": 3}\n{"topic": "t", "partition": 0, "offset": 3}\n')
    with pytest.raises(ConfigError, match="offset 3 comes after 3"):
        FileSource([path]).open(Follower())


def test_the_records_come_in_the_order_of_the_files_and_then_the_source_is_exhausted(tmp_path: Path) -> None:
    first, second = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    first.write_bytes(b'{"topic": "b", "partition": 0, "offset": 7}\n{"topic": "a", "partition": 1, "offset": 0}')
    second.write_bytes(b'{"topic": "b", "partition": 0, "offset": 9}')
    source = FileSource([first, second], max_poll_records=2)
    source.open(Follower())
    assert [(record.topic, record.offset) for record in source.poll(0)] == [("b", 7), ("a", 0)]
    assert not source.exhausted
    assert [(record.topic, record.offset) for record in source.poll(0)] == [("b", 9)]
    assert source.exhausted
    assert source.reached() == {Partition("b", 0): 10, Partition("a", 1): 1}
    assert source.poll(5) == [], "nothing is waited for behind the last record"
    source.close()
