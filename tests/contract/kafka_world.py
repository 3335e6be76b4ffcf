"""A world whose records lie in the real Kafka of the stack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from confluent_kafka import Producer, TopicPartition
from confluent_kafka import admin as kafka_admin
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic  # type: ignore[attr-defined]

from bridge.records import Partition
from bridge.sources import KafkaSettings, KafkaSource, open_source
from bridge.sources.settings import Client
from tests.contract.source_contract import PATIENCE, Headers
from tests.support.eventually import eventually


class KafkaWorld:
    """Topics are deleted at the end."""

    def __init__(self, brokers: str, client: Client) -> None:
        self.brokers = brokers
        self._client = client
        self._topics: dict[str, int] = {}
        self._admin = AdminClient({"bootstrap.servers": brokers})
        # One request at a time: a new partition may refuse the first as not yet its leader and take the second,
        # and then calls the first, sent again, a duplicate; librdkafka reports that as delivered.
        asks = {"linger.ms": 0, "enable.idempotence": True, "max.in.flight": 1}
        self._producer = Producer({"bootstrap.servers": brokers, **asks})

    def create(self, topic: str, partitions: int = 1) -> None:
        if topic in self._topics:
            asked = self._admin.create_partitions([NewPartitions(topic, partitions)])
        else:
            asked = self._admin.create_topics([NewTopic(topic, partitions, 1)])
        asked[topic].result(60)
        self._topics[topic] = partitions
        eventually(lambda: self._knows(self._admin, topic, partitions), within_seconds=PATIENCE)
        eventually(lambda: self._knows(self._producer, topic, partitions), within_seconds=PATIENCE)

    @staticmethod
    def _knows(client: AdminClient | Producer, topic: str, partitions: int) -> bool:
        return len(client.list_topics(topic, timeout=30).topics[topic].partitions) == partitions

    def append(
        self, at: Partition, key: bytes | None, value: bytes | None, headers: Headers = (), timestamp_ms: int = 0
    ) -> None:
        self._producer.produce(at.topic, value, key, at.number, headers=list(headers), timestamp=timestamp_ms)

    def flush(self) -> None:
        assert self._producer.flush(60) == 0

    def trim(self, at: Partition, first: int) -> None:
        self.flush()
        place = TopicPartition(*at, first)
        self._admin.delete_records([place])[place].result(60)

    def configure(self, topic: str, said: dict[str, str]) -> None:
        library: Any = kafka_admin
        how = library.AlterConfigOpType.SET
        entries = [library.ConfigEntry(name, value, incremental_operation=how) for name, value in said.items()]
        resource = library.ConfigResource(library.ResourceType.TOPIC, topic, incremental_configs=entries)
        self._admin.incremental_alter_configs([resource])[resource].result(60)

    def settings(self, group: str, **others: object) -> KafkaSettings:
        said = {"brokers": self.brokers, "group": group, "client": self._client, "metadata_refresh": "1 s"}
        return KafkaSettings.model_validate(said | others)

    def source(
        self, group: str, topics: Sequence[str], patterns: Sequence[str] = (), *, max_poll_records: int = 500
    ) -> KafkaSource:
        self.flush()
        return open_source(self.settings(group, max_poll_records=max_poll_records), topics, patterns)

    def delete(self, topic: str) -> None:
        self._admin.delete_topics([topic])[topic].result(60)
        del self._topics[topic]
        eventually(lambda: topic not in self._admin.list_topics(timeout=30).topics, within_seconds=PATIENCE)

    def close(self) -> None:
        self.flush()
        for answer in self._admin.delete_topics(list(self._topics)).values() if self._topics else ():
            answer.result(60)
