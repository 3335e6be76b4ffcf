"""What every source promises (`bridge.contracts.Source`), as tests.  Each adapter brings its own world."""

from __future__ import annotations

import threading
import time
import weakref
from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol
from uuid import uuid4

import pytest

from bridge.contracts import AssignmentListener, Source
from bridge.errors import ConfigError, OffsetExpired, TopicReplaced
from bridge.records import Partition, SourceRecord
from tests.support.eventually import eventually
from tests.support.garbage import collect_garbage

Headers = Sequence[tuple[str, bytes | None]]

# Members of a group hear of each other by heartbeats, and a busy machine stretches each round.  What is
# awaited comes within a second or three as a rule; the deadline tells "late" from "never".
PATIENCE = 60.0


class ReachingSource(Source, Protocol):
    def reached(self) -> Mapping[Partition, int]: ...


class World(Protocol):
    """Where the records of one test lie."""

    def create(self, topic: str, partitions: int = 1) -> None: ...

    def append(
        self, at: Partition, key: bytes | None, value: bytes | None, headers: Headers = (), timestamp_ms: int = 1
    ) -> None: ...

    def trim(self, at: Partition, first: int) -> None: ...

    def source(
        self, group: str, /, topics: Sequence[str], patterns: Sequence[str] = (), *, max_poll_records: int = 500
    ) -> ReachingSource: ...


class Follower:
    """A listener that keeps positions as the ledger does, and notes each call with its thread."""

    def __init__(self, positions: dict[Partition, int] | None = None) -> None:
        self.positions: dict[Partition, int] = {} if positions is None else positions
        self.epochs: dict[Partition, int] = {}
        self.assigned: set[Partition] = set()
        self.calls: list[tuple[str, frozenset[Partition]]] = []
        self.threads: set[int] = set()

    def on_assigned(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        self._note("assigned", partitions)
        self.assigned |= set(partitions)
        return {at: position for at, position in self.positions.items() if at in partitions}

    def leader_epochs(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        return {at: epoch for at, epoch in self.epochs.items() if at in partitions}

    def on_revoked(self, partitions: Collection[Partition]) -> None:
        self._note("revoked", partitions)
        self.assigned -= set(partitions)

    def on_lost(self, partitions: Collection[Partition]) -> None:
        self._note("lost", partitions)
        self.assigned -= set(partitions)

    def _note(self, name: str, partitions: Collection[Partition]) -> None:
        self.calls.append((name, frozenset(partitions)))
        self.threads.add(threading.get_ident())

    def take(self, records: Sequence[SourceRecord]) -> None:
        for record in records:
            self.positions[Partition(record.topic, record.partition)] = record.offset + 1


def read(source: Source, count: int, *, within_seconds: float = PATIENCE) -> list[SourceRecord]:
    """Poll until `count` records have come; more than that, or a deadline, fails."""
    records: list[SourceRecord] = []
    deadline = time.monotonic() + within_seconds
    while len(records) < count:
        assert time.monotonic() < deadline, f"{len(records)} of {count} records after {within_seconds:g} s"
        records += source.poll(0.2)
    assert len(records) == count
    return records


def values(records: Sequence[SourceRecord]) -> list[bytes | None]:
    return [record.value for record in records]


class ReadingContract:
    """What holds for every source, also one whose records never grow."""

    @pytest.fixture
    @abstractmethod
    def world(self) -> World: ...

    @pytest.fixture
    def topic(self) -> str:
        return f"source.{uuid4().hex[:12]}"

    @pytest.fixture
    def opened(self) -> Iterator[list[Source]]:
        sources: list[Source] = []
        yield sources
        for source in sources:
            source.close()

    def start(
        self,
        opened: list[Source],
        world: World,
        topic: str | Sequence[str],
        listener: AssignmentListener | None = None,
        *,
        group: str | None = None,
        max_poll_records: int = 500,
    ) -> ReachingSource:
        topics = [topic] if isinstance(topic, str) else topic
        source = world.source(group or f"group.{uuid4().hex[:12]}", topics, max_poll_records=max_poll_records)
        opened.append(source)
        source.open(Follower() if listener is None else listener)
        return source

    def fill(self, world: World, at: Partition, count: int, start: int = 0) -> None:
        for number in range(start, start + count):
            world.append(at, b"key", f"{at.number}:{number}".encode())

    def test_a_record_comes_as_it_was_written(self, world: World, topic: str, opened: list[Source]) -> None:
        headers = (("context", b"\x00\xff"), ("empty", None), ("context", b""))
        world.create(topic)
        now = time.time_ns() // 1_000_000  # a record of long ago would be deleted by retention at once
        world.append(Partition(topic, 0), b"\x80key", b"\x00\xfevalue", headers, now)
        world.append(Partition(topic, 0), None, None)
        first, second = read(self.start(opened, world, topic), 2)
        assert first == SourceRecord(topic, 0, 0, b"\x80key", b"\x00\xfevalue", headers, now)
        assert (second.key, second.value, second.headers, second.offset) == (None, None, (), 1)

    def test_records_of_a_partition_come_in_their_order(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        world.create(topic, 3)
        for number in range(3):
            self.fill(world, Partition(topic, number), 400)
        records = read(self.start(opened, world, topic), 1200)
        for number in range(3):
            offsets = [record.offset for record in records if record.partition == number]
            assert offsets == list(range(400))

    def test_reading_starts_at_the_position_that_the_listener_gives(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        world.create(topic, 2)
        self.fill(world, Partition(topic, 0), 5)
        self.fill(world, Partition(topic, 1), 5)
        source = self.start(opened, world, topic, Follower({Partition(topic, 0): 3, Partition(topic, 1): 5}))
        assert values(read(source, 2)) == [b"0:3", b"0:4"]
        assert source.poll(0.3) == []

    def test_a_partition_without_a_position_starts_at_its_first_record(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        world.create(topic)
        self.fill(world, Partition(topic, 0), 10)
        world.trim(Partition(topic, 0), 7)
        source = self.start(opened, world, topic)
        assert values(read(source, 3)) == [b"0:7", b"0:8", b"0:9"]

    def test_a_poll_returns_no_more_than_it_may(self, world: World, topic: str, opened: list[Source]) -> None:
        world.create(topic, 2)
        self.fill(world, Partition(topic, 0), 10)
        self.fill(world, Partition(topic, 1), 10)
        source = self.start(opened, world, topic, max_poll_records=7)
        batches: list[int] = []

        def everything_came() -> bool:
            batches.append(len(source.poll(0.2)))
            return sum(batches) == 20

        eventually(everything_came, within_seconds=PATIENCE)
        assert max(batches) <= 7

    def test_one_record_a_poll_is_possible(self, world: World, topic: str, opened: list[Source]) -> None:
        world.create(topic)
        self.fill(world, Partition(topic, 0), 3)
        source = self.start(opened, world, topic, max_poll_records=1)
        assert values(read(source, 3)) == [b"0:0", b"0:1", b"0:2"]

    def test_a_position_that_has_left_the_topic_is_refused_with_what_is_there(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        world.create(topic)
        self.fill(world, Partition(topic, 0), 10)
        world.trim(Partition(topic, 0), 6)
        source = self.start(opened, world, topic, Follower({Partition(topic, 0): 2}))
        with pytest.raises(OffsetExpired) as caught:
            read(source, 1)
        for part in (topic, "partition 0", "position 2", "6 to 10"):
            assert part in str(caught.value)

    def test_a_position_that_was_never_in_the_topic_is_refused_with_what_is_there(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        world.create(topic)
        self.fill(world, Partition(topic, 0), 10)
        source = self.start(opened, world, topic, Follower({Partition(topic, 0): 11}))
        with pytest.raises(TopicReplaced) as caught:
            read(source, 1)
        for part in (topic, "partition 0", "position 11", "0 to 10"):
            assert part in str(caught.value)

    def test_a_topic_that_is_not_there_is_named_with_what_to_do(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        world.create(topic)
        world.append(Partition(topic, 0), b"key", b"value")
        with pytest.raises(ConfigError, match=f"there is no topic {topic}.gone"):
            self.start(opened, world, [topic, f"{topic}.gone"])

    def test_a_pattern_takes_topics_whose_whole_name_matches(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        for name in (f"{topic}_202601", f"{topic}_2026011", f"x{topic}_202601", f"{topic}_202602"):
            world.create(name)
            world.append(Partition(name, 0), None, name.encode())
        source = world.source(topic, [], [topic.replace(".", r"\.") + r"_\d{6}"])
        opened.append(source)
        source.open(Follower())
        found = {record.topic for record in read(source, 2)}
        assert found == {f"{topic}_202601", f"{topic}_202602"}
        assert source.poll(0.3) == []

    def test_a_paused_partition_gives_nothing_and_loses_nothing(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        world.create(topic, 2)
        for number in range(2):
            self.fill(world, Partition(topic, number), 100)
        source = self.start(opened, world, topic, max_poll_records=10)
        first = read(source, 10)
        # Of this one more has been fetched than returned.
        paused = first[-1].partition
        source.pause([Partition(topic, paused)])
        of_paused = [record for record in first if record.partition == paused]
        rest = read(source, 100 - (10 - len(of_paused)))
        assert {record.partition for record in rest} == {1 - paused}
        assert source.poll(0.3) == []
        source.resume([Partition(topic, paused)])
        of_paused += read(source, 100 - len(of_paused))
        assert [record.offset for record in of_paused] == list(range(100))

    def test_partitions_that_were_paused_one_after_the_other_go_on_together(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        world.create(topic, 4)
        for number in range(4):
            self.fill(world, Partition(topic, number), 30)
        source = self.start(opened, world, topic, max_poll_records=10)
        records: list[SourceRecord] = []
        paused: set[Partition] = set()

        def one_more_is_paused() -> bool:
            records.extend(source.poll(0.2))
            paused.update(Partition(topic, record.partition) for record in records)
            source.pause(paused)
            return len(paused) >= 3

        eventually(one_more_is_paused, within_seconds=PATIENCE)
        others = set(range(4)) - {at.number for at in paused}
        rest = read(source, 30 * len(others))
        assert {record.partition for record in rest} == others
        source.resume(paused)
        records += rest
        records += read(source, 120 - len(records))
        for number in range(4):
            assert [record.offset for record in records if record.partition == number] == list(range(30))

    def test_the_ends_are_behind_the_last_records(self, world: World, topic: str, opened: list[Source]) -> None:
        world.create(topic, 2)
        self.fill(world, Partition(topic, 0), 4)
        self.fill(world, Partition(topic, 1), 1)
        source = self.start(opened, world, topic)
        ends = {Partition(topic, 0): 4, Partition(topic, 1): 1}
        assert source.ends(list(ends)) == ends

    def test_what_is_reached_grows_to_the_ends(self, world: World, topic: str, opened: list[Source]) -> None:
        world.create(topic, 2)
        self.fill(world, Partition(topic, 0), 4)
        self.fill(world, Partition(topic, 1), 1)
        source = self.start(opened, world, topic)
        read(source, 5)
        ends = {Partition(topic, 0): 4, Partition(topic, 1): 1}
        assert eventually(lambda: (source.poll(0.05), dict(source.reached()) == ends)[1], within_seconds=PATIENCE)

    def test_nothing_is_committed_unless_asked(self, world: World, topic: str, opened: list[Source]) -> None:
        world.create(topic)
        self.fill(world, Partition(topic, 0), 4)
        source = self.start(opened, world, topic)
        read(source, 4)
        assert source.committed([Partition(topic, 0)]) == {}

    def test_what_is_committed_can_be_asked_for(self, world: World, topic: str, opened: list[Source]) -> None:
        at = Partition(topic, 0)
        world.create(topic, 2)
        self.fill(world, at, 4)
        self.fill(world, Partition(topic, 1), 1)
        source = self.start(opened, world, topic)
        read(source, 5)
        source.commit({at: 3})
        asked = [at, Partition(topic, 1)]
        assert eventually(lambda: source.committed(asked), within_seconds=PATIENCE) == {at: 3}

    def test_closing_hands_over_what_is_assigned(self, world: World, topic: str, opened: list[Source]) -> None:
        world.create(topic)
        self.fill(world, Partition(topic, 0), 1)
        follower = Follower()
        source = self.start(opened, world, topic, follower)
        read(source, 1)
        source.close()
        everything = frozenset({Partition(topic, 0)})
        assert follower.calls == [("assigned", everything), ("revoked", everything)]

    def test_the_listener_is_told_in_the_thread_that_polls(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        world.create(topic)
        self.fill(world, Partition(topic, 0), 1)
        follower = Follower()
        source = self.start(opened, world, topic, follower)
        assert follower.calls == [], "nothing happens before the first poll"
        read(source, 1)
        source.close()
        assert follower.threads == {threading.get_ident()}

    def test_an_error_of_the_listener_comes_out_of_poll(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        class Failing(Follower):
            def on_assigned(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
                raise LookupError(f"the ledger is away: {len(partitions)}")

        world.create(topic)
        self.fill(world, Partition(topic, 0), 1)
        source = self.start(opened, world, topic, Failing())
        with pytest.raises(LookupError, match="the ledger is away"):
            read(source, 1)

    def test_what_a_listener_raised_is_not_kept_for_good(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        class Away(Exception):
            pass

        raised: list[weakref.ref[Away]] = []

        class Failing(Follower):
            def on_assigned(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
                error = Away(str(len(partitions)))
                raised.append(weakref.ref(error))
                raise error

        world.create(topic)
        self.fill(world, Partition(topic, 0), 1)
        source = self.start(opened, world, topic, Failing())
        with pytest.raises(Away):
            read(source, 1)
        source.close()
        opened.clear()
        del source
        collect_garbage()
        assert [error() for error in raised] == [None], "all that its traceback refers to stays with it"


class GroupContract(ReadingContract):
    """What holds beyond that for a source whose records grow, and which several members share."""

    def test_records_that_are_there_are_returned_at_once(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        world.create(topic)
        self.fill(world, Partition(topic, 0), 1)
        source = self.start(opened, world, topic)
        read(source, 1)
        for number in range(3):
            world.append(Partition(topic, 0), None, b"%d" % number)
            began = time.monotonic()
            assert values(source.poll(10)) == [b"%d" % number]
            assert time.monotonic() - began < 5

    def test_a_poll_waits_for_the_first_record(self, world: World, topic: str, opened: list[Source]) -> None:
        world.create(topic)
        self.fill(world, Partition(topic, 0), 1)
        source = self.start(opened, world, topic)
        read(source, 1)
        later = threading.Timer(0.3, lambda: world.append(Partition(topic, 0), None, b"late"))
        later.start()
        began = time.monotonic()
        assert values(source.poll(10)) == [b"late"]
        assert 0.2 < time.monotonic() - began < 5
        later.join()

    def test_a_poll_without_records_returns_after_its_time(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        world.create(topic)
        self.fill(world, Partition(topic, 0), 1)
        source = self.start(opened, world, topic)
        read(source, 1)
        began = time.monotonic()
        assert source.poll(0.4) == []
        assert 0.35 < time.monotonic() - began < 3
        began = time.monotonic()
        assert source.poll(0) == []
        assert time.monotonic() - began < 2

    def test_commits_of_the_handing_over_are_kept(self, world: World, topic: str, opened: list[Source]) -> None:
        at = Partition(topic, 0)

        class Committing(Follower):
            def on_revoked(self, partitions: Collection[Partition]) -> None:
                super().on_revoked(partitions)
                first.commit({at: 2})

        world.create(topic)
        self.fill(world, at, 4)
        first = self.start(opened, world, topic, Committing(), group=topic)
        read(first, 4)
        first.close()
        second = self.start(opened, world, topic, group=topic)
        assert eventually(lambda: second.committed([at]), within_seconds=PATIENCE) == {at: 2}

    def test_a_partition_of_another_member_is_not_committed(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        world.create(topic)
        self.fill(world, Partition(topic, 0), 1)
        source = self.start(opened, world, topic)
        read(source, 1)
        source.commit({Partition(f"{topic}.other", 0): 1, Partition(topic, 0): 1})
        mine = Partition(topic, 0)
        assert eventually(lambda: source.committed([mine]), within_seconds=PATIENCE) == {mine: 1}

    def test_members_that_join_and_leave_lose_nothing_and_read_nothing_twice(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        world.create(topic, 4)
        ledger: dict[Partition, int] = {}
        seen: list[tuple[int, int]] = []
        members: list[tuple[ReachingSource, Follower]] = []

        def join() -> None:
            follower = Follower(ledger)
            members.append(
                (self.start(opened, world, topic, follower, group=topic, max_poll_records=50), follower)
            )

        def go_round() -> int:
            for source, follower in members:
                records = source.poll(0.05)
                seen.extend((record.partition, record.offset) for record in records)
                follower.take(records)
            return len(seen)

        def shared_by(count: int) -> bool:
            go_round()
            owned = [follower.assigned for _source, follower in members if follower.assigned]
            return len(owned) == count and sum(map(len, owned)) == 4

        def write(start: int) -> None:
            for number in range(4):
                self.fill(world, Partition(topic, number), 100, start)

        join()
        write(0)
        eventually(lambda: shared_by(1), within_seconds=PATIENCE)
        join()
        write(100)
        eventually(lambda: shared_by(2), within_seconds=PATIENCE)
        write(200)
        members.pop(0)[0].close()
        eventually(lambda: shared_by(1), within_seconds=PATIENCE)
        write(300)
        eventually(lambda: go_round() >= 1600, within_seconds=PATIENCE)
        assert sorted(seen) == [(number, offset) for number in range(4) for offset in range(400)]

    def test_partitions_of_the_same_number_go_to_the_same_member(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        topics = [f"{topic}.bets", f"{topic}.wins"]
        for name in topics:
            world.create(name, 4)
        followers = [Follower(), Follower()]
        members = [self.start(opened, world, topics, each, group=topic) for each in followers]

        def shared() -> bool:
            for member in members:
                member.poll(0.05)
            return all(len(follower.assigned) == 4 for follower in followers)

        eventually(shared, within_seconds=PATIENCE)
        for follower in followers:
            numbers = [{at.number for at in follower.assigned if at.topic == name} for name in topics]
            assert numbers[0] == numbers[1]

    def test_a_group_settles_also_when_the_first_member_is_the_last_to_be_asked_again(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        world.create(topic, 6)
        followers = [Follower() for _ in range(3)]
        members: list[Source] = []

        def ask(*numbers: int) -> list[int]:
            for number in numbers:
                members[number].poll(0.02)
            return [len(follower.assigned) for follower in followers]

        members.append(self.start(opened, world, topic, followers[0], group=topic))
        eventually(lambda: ask(0) == [6, 0, 0], within_seconds=PATIENCE)
        members.append(self.start(opened, world, topic, followers[1], group=topic))
        eventually(lambda: ask(0, 1) == [3, 3, 0], within_seconds=PATIENCE)
        members.append(self.start(opened, world, topic, followers[2], group=topic))
        # The first member asks to join, and is answered while the second one is polled.
        told = len(followers[0].calls)
        eventually(lambda: (ask(2, 0), len(followers[0].calls) > told)[1], within_seconds=PATIENCE)
        eventually(lambda: ask(0, 1, 2) == [2, 2, 2], within_seconds=PATIENCE)

    def test_a_member_that_still_waits_for_the_others_closes_soon(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        world.create(topic)
        self.fill(world, Partition(topic, 0), 1)
        first = self.start(opened, world, topic, group=topic)
        read(first, 1)
        second = self.start(opened, world, topic, group=topic)
        for _poll in range(5):
            assert second.poll(0.2) == [], "the first member has not been asked to share yet"
        began = time.monotonic()
        second.close()
        assert time.monotonic() - began < 10  # librdkafka takes 5 s

    def test_a_partition_that_is_assigned_anew_is_not_paused(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        world.create(topic, 2)
        self.fill(world, Partition(topic, 0), 1)
        self.fill(world, Partition(topic, 1), 1)
        follower = Follower()
        first = self.start(opened, world, topic, follower, group=topic)
        follower.take(read(first, 2))
        first.pause([Partition(topic, 0), Partition(topic, 1)])
        other = Follower(follower.positions)
        second = self.start(opened, world, topic, other, group=topic)
        eventually(
            lambda: (first.poll(0.05), second.poll(0.05), len(follower.assigned) == len(other.assigned) == 1)[2],
            within_seconds=PATIENCE,
        )
        second.close()
        eventually(lambda: (first.poll(0.05), len(follower.assigned) == 2)[1], within_seconds=PATIENCE)
        self.fill(world, Partition(topic, 0), 1, 1)
        self.fill(world, Partition(topic, 1), 1, 1)
        assert sorted(values(read(first, 2)), key=str) == [b"0:1", b"1:1"]

    def test_new_partitions_are_read_from_their_first_record(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        world.create(topic, 1)
        self.fill(world, Partition(topic, 0), 1)
        follower = Follower()
        source = self.start(opened, world, topic, follower)
        follower.take(read(source, 1))
        world.create(topic, 2)
        self.fill(world, Partition(topic, 1), 3)
        assert values(read(source, 3)) == [b"1:0", b"1:1", b"1:2"]

    def test_new_partitions_come_also_when_no_poll_waits(
        self, world: World, topic: str, opened: list[Source]
    ) -> None:
        world.create(topic, 1)
        self.fill(world, Partition(topic, 0), 1)
        follower = Follower()
        source = self.start(opened, world, topic, follower)
        follower.take(read(source, 1))
        world.create(topic, 2)
        self.fill(world, Partition(topic, 1), 1)
        assert values(eventually(lambda: source.poll(0), within_seconds=PATIENCE)) == [b"1:0"]
