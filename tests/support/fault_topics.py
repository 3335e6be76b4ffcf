"""The topics of a wallet without a database, and the group that reads them."""

from __future__ import annotations

import time

from confluent_kafka import Consumer, ConsumerGroupState, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from bridge.records import Partition


class FaultTopics:
    """Makes, drops and shortens them, and asks how far the group has read."""

    def __init__(self, brokers: str, unique: str, partitions: int) -> None:
        self.unique = unique
        """The group, and the prefix of the topics."""
        self._brokers = brokers
        self._partitions = partitions
        self._admin = AdminClient({"bootstrap.servers": brokers, "log_level": 2})

    @property
    def topic(self) -> str:
        """Return the topic of play."""
        return f"{self.unique}.public.wallet_tx"

    @property
    def partitions(self) -> list[Partition]:
        """Return every partition that the bridge reads."""
        play = [Partition(self.topic, number) for number in range(self._partitions)]
        return [Partition(f"{self.unique}.public.games", 0), *play]

    def make_topics(self) -> None:
        """Create the topics, with as many copies as the brokers keep, and wait until they are there."""
        wanted = [NewTopic(f"{self.unique}.public.games", 1), NewTopic(self.topic, self._partitions)]
        for done in self._admin.create_topics(wanted).values():
            done.result(30)

    def topics_there(self) -> bool:
        """Return whether any of the topics is there."""
        return any(name.startswith(self.unique) for name in self._admin.list_topics(timeout=30).topics)

    def drop_topics(self) -> None:
        """Delete the topics."""
        for done in self._admin.delete_topics([f"{self.unique}.public.games", self.topic]).values():
            done.result(30)

    def expire(self) -> None:
        """Let Kafka delete every record of play, as it does when they are older than the topic keeps them."""
        ends = self.ends()
        gone = [TopicPartition(at.topic, at.number, end) for at, end in ends.items() if at.topic == self.topic]
        for done in self._admin.delete_records(gone).values():
            done.result(30)

    def visit_group(self, within_seconds: float = 30.0) -> None:
        """Join the bridge's group, take partitions from it, read nothing, and leave: two rebalances."""
        config = {"bootstrap.servers": self._brokers, "group.id": self.unique, "enable.auto.commit": False}
        visitor = Consumer(config | {"log_level": 2, "partition.assignment.strategy": "range"})
        given: list[TopicPartition] = []
        visitor.subscribe([self.topic], on_assign=lambda _, partitions: given.extend(partitions))
        end = time.monotonic() + within_seconds
        while not given:
            assert time.monotonic() < end, "the group gives the visitor nothing"
            visitor.poll(0.1)
        visitor.close()

    def rebalancing(self) -> bool:
        """Return whether the bridge's group waits for a member to give up what it had, or to come."""
        group = self._admin.describe_consumer_groups([self.unique])[self.unique].result(30)
        return bool(group.state == ConsumerGroupState.PREPARING_REBALANCING)

    def ends(self) -> dict[Partition, int]:
        """Return the position behind the last record of each partition that has one."""
        with _asking(self._brokers, self.unique) as consumer:
            ends = {at: consumer.get_watermark_offsets(TopicPartition(*at), 30)[1] for at in self.partitions}
        return {at: end for at, end in ends.items() if end}

    def committed(self) -> dict[Partition, int]:
        """Return the positions that the bridge's group has committed."""
        with _asking(self._brokers, self.unique) as consumer:
            found = consumer.committed([TopicPartition(*at) for at in self.partitions], 30)
            return {Partition(at.topic, at.partition): at.offset for at in found if at.offset >= 0}


class _asking:  # noqa: N801 - read as a word
    """A consumer that only asks, and joins no group."""

    def __init__(self, brokers: str, group: str) -> None:
        self._consumer = Consumer({"bootstrap.servers": brokers, "group.id": group, "log_level": 2})

    def __enter__(self) -> Consumer:
        return self._consumer

    def __exit__(self, *_: object) -> None:
        self._consumer.close()
