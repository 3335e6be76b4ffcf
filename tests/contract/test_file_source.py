"""The file source keeps what the contract of sources says of reading."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from bridge.records import Partition, SourceRecord
from bridge.sources.file import FileSource
from bridge.sources.recorded import encode_line
from bridge.sources.subscription import Subscription
from tests.contract.source_contract import Headers, ReadingContract


class FileWorld:
    """A recording that is written when a source is asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._records: dict[Partition, list[SourceRecord]] = {}

    def create(self, topic: str, partitions: int = 1) -> None:
        for number in range(partitions):
            self._records[Partition(topic, number)] = []

    def append(
        self, at: Partition, key: bytes | None, value: bytes | None, headers: Headers = (), timestamp_ms: int = 1
    ) -> None:
        log = self._records[at]
        log.append(SourceRecord(at.topic, at.number, len(log), key, value, tuple(headers), timestamp_ms))

    def trim(self, at: Partition, first: int) -> None:
        self._records[at] = [record for record in self._records[at] if record.offset >= first]

    def source(
        self, _group: str, topics: Sequence[str], patterns: Sequence[str] = (), *, max_poll_records: int = 500
    ) -> FileSource:
        lines = [encode_line(record) for log in self._records.values() for record in log]
        self._path.write_bytes(b"\n".join(lines))
        return FileSource([self._path], Subscription(topics, patterns), max_poll_records=max_poll_records)


class TestFileSource(ReadingContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> FileWorld:
        return FileWorld(tmp_path / "recorded.jsonl")
