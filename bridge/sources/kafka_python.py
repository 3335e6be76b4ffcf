"""Kafka through kafka-python, the second client."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from kafka import KafkaConsumer
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import (
    FencedInstanceIdError,
    KafkaError,
    LogTruncationError,
    OffsetOutOfRangeError,
    UnknownTopicOrPartitionError,
)
from kafka.structs import MemberState, OffsetAndMetadata, TopicPartition

from bridge.contracts import AssignmentListener
from bridge.errors import FatalError, SourceUnavailable
from bridge.records import Partition, SourceRecord
from bridge.sources.adapter import KafkaAdapter
from bridge.sources.kafka_python_brokers import KafkaPythonBrokers, made
from bridge.sources.kafka_python_config import consumer_config
from bridge.sources.kafka_python_repairs import free_resumed, keep_joins, seek
from bridge.sources.kafka_python_standing import LOG, KafkaPythonStanding
from bridge.sources.kafka_python_thread import LibraryThread, Told
from bridge.sources.positions import check_position, lost_end, not_given, position_error
from bridge.sources.sentences import group_of
from bridge.sources.settings import KafkaSettings

_NOWHERE = 1 << 63


class KafkaPythonSource(KafkaAdapter):
    """See `bridge.contracts.Source`, and `KafkaSource` for what is beyond it.

    The library polls in a thread of our own, so that the caller's thread can answer the group meanwhile.
    An error that the listener raises comes out of `poll`, again each time: close the source then.
    """

    def __init__(self, settings: KafkaSettings, topics: Sequence[str], patterns: Sequence[str] = ()) -> None:
        """Nothing is connected before `open` or `attach`.  Raises ConfigError for an unusable pattern."""
        super().__init__(settings, topics, patterns)
        self._brokers: KafkaPythonBrokers = KafkaPythonBrokers(settings)
        self._library = LibraryThread(self._answer)
        self._handing_over = False
        self._standing: KafkaPythonStanding = KafkaPythonStanding(settings, self._brokers.unavailable)

    def open(self, listener: AssignmentListener) -> None:
        """See `Source.open`.  Blocks for at most `request_timeout`, and 5 s more for missing topics."""
        group = group_of(self._settings)
        subscription = self._begin(listener)
        self._start(group)
        relay = self._library.relay(self)
        if subscription.posix_patterns:
            self._consumer.subscribe(pattern=f"^(?:{subscription.python_pattern})$", listener=relay)
        else:
            self._consumer.subscribe(topics=list(subscription.topics), listener=relay)
        self._learn_partitions()

    def _learn_partitions(self) -> None:
        # A group that it leads before it knows the partitions would stay without any.
        try:
            self._consumer.topics()
        except UnknownTopicOrPartitionError:
            # The only topic is still waited for.
            return
        except KafkaError as error:
            raise self._brokers.unavailable(error) from error

    def attach(self, positions: Mapping[Partition, int]) -> None:
        """See `KafkaSource.attach`."""
        self._brokers.connect()
        self._start(None)
        self._consumer.assign([TopicPartition(*at) for at in positions])
        self._seek(positions)

    def _start(self, group: str | None) -> None:
        try:
            assignor = {"partition_assignment_strategy": (RangePartitionAssignor,)}
            self._consumer = made(KafkaConsumer, consumer_config(self._settings, group) | assignor)
        except KafkaError as error:
            raise self._brokers.unavailable(error) from error
        free_resumed(self._consumer)
        if group is not None:
            keep_joins(self._consumer, self._settings.session_timeout.total_seconds() / 2)
        self._library.start()

    def close(self) -> None:
        """See `Source.close`.  Closing again does nothing."""
        try:
            if self._consumer is not None:
                self._leave_a_join()
                timeout = milliseconds_of(self._settings)
                self._library.run(lambda: self._consumer.close(autocommit=False, timeout_ms=timeout))
        except KafkaError as error:
            LOG.warning("the group was not left in order: %s", error)
        finally:
            self._library.stop()
            self._consumer = None
            self._positions = {}
            self._brokers.close()

    def _leave_a_join(self) -> None:
        # Kafka answers one request of a connection after the other: behind a join that waits for other members,
        # which this thread may have to poll, the library's own leaving would wait for its whole timeout.
        member = self._consumer.group_metadata()
        if member.state != MemberState.REBALANCING or not member.member_id or self._settings.member is not None:
            return
        try:
            self._brokers.remove_member(member.group_id, member.member_id)
        except SourceUnavailable as error:
            LOG.warning("the group was not left while joining: %s", error)

    def poll(self, timeout_seconds: float) -> Sequence[SourceRecord]:
        """See `Source.poll`."""
        consumer = self._opened()
        self._raise_failure()
        try:
            fetched = self._library.run(lambda: consumer.poll(timeout_ms=math.ceil(timeout_seconds * 1000)))
        except KafkaError as error:
            self._hear(error)
            fetched = {}
        records = self._records(fetched)
        if not records:
            self._raise_failure()
            self._standing.look(self._connections)
        return records

    def _hear(self, error: KafkaError) -> None:
        # Any call of the library can raise what a request in its background was answered.
        if isinstance(error, OffsetOutOfRangeError):
            self._on_out_of_range(error)
        elif isinstance(error, LogTruncationError):
            raise self._lost_end(error) from error
        elif isinstance(error, FencedInstanceIdError):
            raise FatalError(f"another instance runs as member {self._settings.member}") from error
        else:
            self._raise_failure()
            self._standing.hear(error)

    def _answer(self, told: Told) -> None:
        try:
            if self._failure is None:
                told.handle(told.partitions)
        except BaseException as error:  # noqa: BLE001 - raised by `poll`, behind the library's own code
            self._failure = error
        finally:
            told.answer.success(None)
            # The library's loop sleeps; any call that runs in it wakes it.
            self._consumer.bootstrap(timeout_ms=milliseconds_of(self._settings))

    def _records(self, fetched: Mapping[Any, Sequence[Any]]) -> list[SourceRecord]:
        records: list[SourceRecord] = []
        for at, messages in fetched.items():
            topic, number = here = (at.topic, at.partition)
            position = self._positions.get(here, _NOWHERE)
            for message in messages:
                if message.offset < position:
                    continue
                position = message.offset + 1
                headers = tuple(message.headers)
                timestamp = -1 if message.timestamp is None else message.timestamp
                records.append(
                    SourceRecord(topic, number, message.offset, message.key, message.value, headers, timestamp)
                )
            if here in self._positions:
                self._positions[here] = position
                self._note_epoch(here, messages[-1].leader_epoch if messages else None)
        if records:
            self._standing.comes_back()
        return records

    def _on_out_of_range(self, error: OffsetOutOfRangeError) -> None:
        for at in error.args[0]:
            partition = Partition(at.topic, at.partition)
            position = self._positions.get(partition, 0)
            first, end = self._brokers.ranges([partition])[partition]
            self._failure = position_error(partition, position, first, end) or not_given(partition, position)

    def _lost_end(self, error: LogTruncationError) -> FatalError:
        at = next(iter(error.divergent_offsets))
        self._failure = lost_end(
            Partition(at.topic, at.partition), self._positions.get((at.topic, at.partition), 0)
        )
        return self._failure

    def take_over(self, partitions: list[Partition]) -> None:
        """Answer the group: these partitions are ours from now on."""
        if not partitions or self._listener is None:
            return
        wanted = self._listener.on_assigned(partitions)
        ranges = self._brokers.ranges(partitions)
        positions = {at: wanted.get(at, ranges[at].first) for at in partitions}
        for at, position in positions.items():
            check_position(at, position, *ranges[at])
        self._learn_epochs(self._listener, partitions)
        self._seek(positions)

    def _seek(self, positions: Mapping[Partition, int]) -> None:
        for at, position in positions.items():
            seek(self._consumer, TopicPartition(*at), position, self._epochs.get((at.topic, at.number)))
        # The library remembers that a partition was paused when it was here before.
        self._consumer.resume(*[TopicPartition(*at) for at in positions])
        self._positions = {(at.topic, at.number): position for at, position in positions.items()}

    def hand_over(self, _partitions: list[Partition]) -> None:
        """Answer the group: the partitions go to others."""
        self._handing_over = True
        try:
            if self._positions and self._listener is not None:
                self._listener.on_revoked([Partition(*at) for at in self._positions])
        finally:
            self._handing_over = False
            self._positions = {}

    def forget(self, _partitions: list[Partition]) -> None:
        """Answer the group: the partitions went to others."""
        try:
            if self._positions and self._listener is not None:
                self._listener.on_lost([Partition(*at) for at in self._positions])
        finally:
            self._positions = {}

    def pause(self, partitions: Collection[Partition]) -> None:
        """See `Source.pause`.  A partition that is assigned anew is not paused."""
        self._opened().pause(*self._assigned(partitions))

    def resume(self, partitions: Collection[Partition]) -> None:
        """See `Source.resume`."""
        self._opened().resume(*self._assigned(partitions))

    def _assigned(self, partitions: Collection[Partition]) -> list[Any]:
        return [TopicPartition(*at) for at in partitions if at in self._positions]

    def reached(self) -> Mapping[Partition, int]:
        """See `KafkaSource.reached`."""
        consumer = self._opened()
        try:
            for here, position in self._positions.items():
                # The library's own position also passes what is no record.
                self._positions[here] = max(position, consumer.position(TopicPartition(*here), timeout_ms=0) or 0)
        except KafkaError as error:
            self._hear(error)
        return {Partition(*at): position for at, position in self._positions.items()}

    def committed(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """See `Source.committed`.  Raises SourceUnavailable after `request_timeout`."""
        consumer = self._opened()
        timeout = milliseconds_of(self._settings)
        try:
            found = {at: consumer.committed(TopicPartition(*at), timeout_ms=timeout) for at in partitions}
        except KafkaError as error:
            raise self._brokers.unavailable(error) from error
        return {at: position for at, position in found.items() if position is not None}

    def commit(self, positions: Mapping[Partition, int]) -> None:
        """See `Source.commit`.  Partitions that are not assigned are left out: their owner commits them.

        While partitions are handed over it waits for the answer: the library would join before it came.
        """
        offsets = {
            TopicPartition(*at): OffsetAndMetadata(position, "", -1)
            for at, position in positions.items()
            if at in self._positions
        }
        if not offsets:
            return
        try:
            if self._handing_over:
                self._opened().commit(offsets, timeout_ms=milliseconds_of(self._settings))
            else:
                self._opened().commit_async(offsets, callback=self._on_commit)
        except KafkaError as error:
            self._on_commit(offsets, error)

    def _on_commit(self, _offsets: object, answer: object) -> None:
        if isinstance(answer, Exception):
            self._commit_failures += 1
            LOG.warning("positions are not committed: %s", answer)

    def _connections(self) -> float:
        metrics = self._opened().metrics()
        return float(metrics.get("consumer-metrics", {}).get("connection-count", 0))


def milliseconds_of(settings: KafkaSettings) -> int:
    """Return how long a question to the brokers may take, in milliseconds."""
    return max(1, int(settings.request_timeout.total_seconds() * 1000))
