"""Kafka through confluent-kafka (librdkafka), the default client."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from sys import intern
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from bridge.contracts import AssignmentListener
from bridge.errors import SourceUnavailable
from bridge.records import Partition, SourceRecord
from bridge.sources.adapter import KafkaAdapter
from bridge.sources.confluent_brokers import LOG, ConfluentBrokers
from bridge.sources.confluent_naming import NamedStart
from bridge.sources.confluent_standing import ConfluentStanding
from bridge.sources.librdkafka import consumer_config
from bridge.sources.positions import check_position, lost_end, not_given, position_error
from bridge.sources.sentences import group_of
from bridge.sources.settings import KafkaSettings
from bridge.sources.subscription import Subscription

_NOWHERE = 1 << 63
# A restarted broker that has forgotten the group answers the next commit of a named member like this.
_SHUT_OUT = (KafkaError._FATAL, KafkaError.FENCED_INSTANCE_ID)  # noqa: SLF001
_TRUNCATED = KafkaError(KafkaError._LOG_TRUNCATION).str()  # noqa: SLF001
_SHORTEST_SECONDS = 0.001
"""librdkafka counts in whole milliseconds: asked to wait for less, it does not wait at all."""


class ConfluentSource(KafkaAdapter):
    """See `bridge.contracts.Source`, and `KafkaSource` for what is beyond it.

    An error that the listener raises comes out of `poll`, again each time: close the source then.
    """

    def __init__(self, settings: KafkaSettings, topics: Sequence[str], patterns: Sequence[str] = ()) -> None:
        """Nothing is connected before `open` or `attach`.  Raises ConfigError for an unusable pattern."""
        super().__init__(settings, topics, patterns)
        self._brokers: ConfluentBrokers = ConfluentBrokers(settings)
        self._standing: ConfluentStanding = ConfluentStanding(settings)
        self._start = NamedStart(settings, self._brokers)

    def open(self, listener: AssignmentListener) -> None:
        """See `Source.open`.  Blocks for at most `request_timeout`, and 5 s more for missing topics."""
        group_of(self._settings)
        subscription = self._begin(listener)
        self._consumer = self._new_consumer()
        self._start.begin()
        self._subscribe(subscription)

    def _subscribe(self, subscription: Subscription) -> None:
        self._opened().subscribe(
            [*subscription.topics, *subscription.posix_patterns],
            on_assign=self._on_assigned,
            on_revoke=self._on_revoked,
            on_lost=self._on_lost,
        )

    def _look_for_what_nobody_reads(self, consumer: Consumer, subscription: Subscription) -> None:
        if self._start.leaves_out(subscription, self.reached()):
            consumer.unsubscribe()
            self._subscribe(subscription)

    def attach(self, positions: Mapping[Partition, int]) -> None:
        """See `KafkaSource.attach`."""
        self._brokers.connect()
        self._consumer = self._new_consumer()
        self._positions = {(at.topic, at.number): position for at, position in positions.items()}
        self._consumer.assign([TopicPartition(*at, position) for at, position in positions.items()])

    def close(self) -> None:
        """See `Source.close`.  Closing again does nothing."""
        before = self._failure
        try:
            if self._consumer is not None:
                self._consumer.close()
            if self._failure is not before:
                self._raise_failure()
        finally:
            self._consumer = None
            self._positions = {}
            self._brokers.close()

    def _new_consumer(self) -> Consumer:
        config = consumer_config(self._settings, self._settings.group or "wallet-bridge-preview")
        callbacks = {"error_cb": self._on_error, "stats_cb": self._standing.look, "on_commit": self._on_commit}
        return Consumer(config | callbacks, logger=LOG)

    def poll(self, timeout_seconds: float) -> Sequence[SourceRecord]:
        """See `Source.poll`."""
        consumer = self._opened()
        self._raise_failure()
        if self._start.due and self._subscription is not None:
            self._look_for_what_nobody_reads(consumer, self._subscription)
        try:
            # `consume` with a timeout waits until it is full: so take what is there, and wait for one only.
            records = self._records(consumer.consume(self._settings.max_poll_records, 0))
            if not records:
                records = self._wait(consumer, timeout_seconds)
        except KafkaException as error:
            self._raise_failure()
            raise self._brokers.unavailable(error) from error
        self._raise_failure()
        if not records:
            self._standing.check_limit()
        return records

    def _wait(self, consumer: Consumer, timeout_seconds: float) -> list[SourceRecord]:
        deadline = time.monotonic() + timeout_seconds
        more = self._settings.max_poll_records - 1
        while self._failure is None:
            left = deadline - time.monotonic()
            message = consumer.poll(max(left, _SHORTEST_SECONDS) if left > 0 else 0.0)
            if message is not None:
                rest = consumer.consume(more, 0) if more and message.error() is None else []
                records = self._records([message, *rest])
                if records:
                    return records
            if time.monotonic() >= deadline:
                break
        return []

    def _records(self, messages: list[Message]) -> list[SourceRecord]:
        records: list[SourceRecord] = []
        # Messages come in runs of one partition.  Each brings the topic's name as a text of its own; the
        # records of all share one.
        topic, number, position, last = "", -1, _NOWHERE, None
        for message in messages:
            if message.error() is not None:
                self._read_to(topic, number, position, last)
                self._on_event(message)
                number = -1
                continue
            if message.partition() != number or message.topic() != topic:
                self._read_to(topic, number, position, last)
                topic, number = intern(message.topic() or ""), message.partition() or 0
                position, last = self._positions.get((topic, number), _NOWHERE), None
            offset: Any = message.offset()
            # Behind a rebalance or a resume librdkafka may hand out what it has handed out before.
            if offset < position:
                continue
            position, last = offset + 1, message
            headers: Any = message.headers()
            key: Any = message.key()
            value: Any = message.value()
            records.append(
                SourceRecord(
                    topic, number, offset, key, value, tuple(headers) if headers else (), message.timestamp()[1]
                )
            )
        self._read_to(topic, number, position, last)
        if records:
            self._standing.comes_back()
        return records

    def _read_to(self, topic: str, number: int, position: int, last: Message | None) -> None:
        if (topic, number) in self._positions:
            self._positions[topic, number] = position
            if last is not None:
                self._note_epoch((topic, number), last.leader_epoch())

    def _on_event(self, message: Message) -> None:
        error = message.error()
        if error is None:
            return
        here = Partition(message.topic() or "", message.partition() or 0)
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's local codes are spelt so
            if here in self._positions:
                self._positions[here] = max(self._positions[here], message.offset() or 0)
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:  # noqa: SLF001
            self._on_out_of_range(here, error)
        else:
            self._on_error(error)

    def _on_out_of_range(self, partition: Partition, error: KafkaError) -> None:
        position = self._positions.get(partition)
        if position is None:
            return
        try:
            first, end = self._brokers.ranges([partition])[partition]
        except SourceUnavailable:
            # The broker has just refused the position; only the range stays unsaid.
            first, end = position, position
        # librdkafka gives one code to all that it cannot go on from, and the cause in words.
        said = lost_end if _TRUNCATED in error.str() else not_given
        self._failure = position_error(partition, position, first, end) or said(partition, position)

    def _on_assigned(self, consumer: Consumer, given: list[TopicPartition]) -> None:
        partitions = [Partition(at.topic, at.partition) for at in given]
        self._start.given()
        try:
            positions = self._start_positions(partitions)
        except BaseException as error:  # noqa: BLE001 - `poll` raises it
            # The client keeps what is raised here for good (seen with 2.16.1), and by its traceback all of us.
            self._failure = error
            # Without an assignment of ours the client would start where the group last committed.
            consumer.assign([])
            return
        self._positions = {(at.topic, at.number): positions.get(at, 0) for at in partitions}
        consumer.assign([TopicPartition(*at, positions.get(at, OFFSET_BEGINNING)) for at in partitions])
        self._validate(consumer, positions)
        # librdkafka remembers that a partition was paused when it was here before.
        consumer.resume([TopicPartition(*at) for at in partitions])

    def _start_positions(self, partitions: list[Partition]) -> dict[Partition, int]:
        if not partitions or self._listener is None:
            return {}
        wanted = self._listener.on_assigned(partitions)
        positions = {at: wanted[at] for at in partitions if at in wanted}
        self._learn_epochs(self._listener, partitions)
        try:
            ranges = self._brokers.ranges(positions)
        except SourceUnavailable as error:
            # The broker checks each position again when it is fetched.
            LOG.warning("positions are not checked at assignment: %s", error)
            return positions
        for at, position in positions.items():
            check_position(at, position, *ranges[at])
        return positions

    def _validate(self, consumer: Consumer, positions: Mapping[Partition, int]) -> None:
        """Have librdkafka ask whether what lies before each position is what was read.

        It asks behind a `seek` with a leader epoch; behind `assign` with one it does not (2.16.0).
        """
        for at, position in positions.items():
            epoch = self._epochs.get(at)
            if epoch is not None:
                try:
                    consumer.seek(TopicPartition(*at, position, leader_epoch=epoch))
                except KafkaException as error:
                    LOG.warning("the position of %s/%d is not validated: %s", *at, error)

    def _on_revoked(self, consumer: Consumer, _taken: list[TopicPartition]) -> None:
        self._hand_over(consumer, self._listener.on_revoked if self._listener else None)

    def _on_lost(self, consumer: Consumer, _taken: list[TopicPartition]) -> None:
        self._hand_over(consumer, self._listener.on_lost if self._listener else None)

    def _hand_over(self, consumer: Consumer, tell: Callable[[Collection[Partition]], None] | None) -> None:
        try:
            if self._positions and tell is not None:
                tell([Partition(*at) for at in self._positions])
        except BaseException as error:  # noqa: BLE001 - `poll` raises it, or `close`
            self._failure = error
        finally:
            self._positions = {}
            consumer.unassign()

    def pause(self, partitions: Collection[Partition]) -> None:
        """See `Source.pause`.  A partition that is assigned anew is not paused."""
        self._opened().pause(self._assigned(partitions))

    def resume(self, partitions: Collection[Partition]) -> None:
        """See `Source.resume`."""
        self._opened().resume(self._assigned(partitions))

    def _assigned(self, partitions: Collection[Partition]) -> list[TopicPartition]:
        return [TopicPartition(*at) for at in partitions if at in self._positions]

    def reached(self) -> Mapping[Partition, int]:
        """See `KafkaSource.reached`."""
        return {Partition(*at): position for at, position in self._positions.items()}

    def committed(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """See `Source.committed`.  Raises SourceUnavailable after `request_timeout`."""
        asked = [TopicPartition(*at) for at in partitions]
        try:
            found = self._opened().committed(asked, timeout=self._settings.request_timeout.total_seconds())
        except KafkaException as error:
            raise self._brokers.unavailable(error) from error
        for at in found:
            if at.error is not None:
                raise self._brokers.unavailable(KafkaException(at.error))
        return {Partition(at.topic, at.partition): at.offset for at in found if at.offset >= 0}

    def commit(self, positions: Mapping[Partition, int]) -> None:
        """See `Source.commit`.  Partitions that are not assigned are left out: their owner commits them."""
        offsets = [TopicPartition(*at, position) for at, position in positions.items() if at in self._positions]
        if not offsets:
            return
        try:
            self._opened().commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            self._on_commit(error.args[0], offsets)

    def _on_commit(self, error: KafkaError | None, _positions: list[TopicPartition]) -> None:
        if error is not None:
            self._commit_failures += 1
            LOG.warning("positions are not committed: %s", error.str())
            self._look_whether_shut_out(error)

    def _on_error(self, error: KafkaError) -> None:
        self._standing.hear(error)
        self._look_whether_shut_out(error)

    def _look_whether_shut_out(self, error: KafkaError) -> None:
        """A consumer that Kafka fenced gives nothing any more, without a word; only a new one does."""
        if error.fatal() or error.code() in _SHUT_OUT:
            self._failure = SourceUnavailable(
                f"Kafka at {self._settings.brokers} shut this member out, which joins anew; if that repeats, "
                f"another process has its name (source.kafka.member): {error.str()}"
            )
