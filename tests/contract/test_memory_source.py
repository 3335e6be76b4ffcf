"""The memory source keeps the contract of sources."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bridge.records import Partition
from bridge.sources.memory import MemorySource, MemoryTopics
from tests.contract.source_contract import Follower, GroupContract, Headers, read


class MemoryWorld:
    def __init__(self) -> None:
        self.memory = MemoryTopics()

    def create(self, topic: str, partitions: int = 1) -> None:
        self.memory.create(topic, partitions)

    def append(
        self, at: Partition, key: bytes | None, value: bytes | None, headers: Headers = (), timestamp_ms: int = 1
    ) -> None:
        self.memory.append(at, key, value, headers, timestamp_ms)

    def trim(self, at: Partition, first: int) -> None:
        self.memory.trim(at, first)

    def source(
        self, group: str, topics: Sequence[str], patterns: Sequence[str] = (), *, max_poll_records: int = 500
    ) -> MemorySource:
        return MemorySource(self.memory, group, topics, patterns, max_poll_records=max_poll_records)


class TestMemorySource(GroupContract):
    @pytest.fixture
    def world(self) -> MemoryWorld:
        return MemoryWorld()

    def test_an_expelled_member_is_told_that_its_partitions_are_lost(self, world: MemoryWorld) -> None:
        world.create("topic")
        follower = Follower()
        source = world.source("group", ["topic"])
        source.open(follower)
        source.poll(0)
        world.memory.expel(source)
        world.append(Partition("topic", 0), None, b"value")
        assert len(read(source, 1)) == 1
        assert [name for name, _partitions in follower.calls] == ["assigned", "lost", "assigned"]
