"""A case's recorded records in topics of its own, for commands that read them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.records import Partition, SourceRecord
from bridge.sources.settings import Client
from stack.endpoints import Addresses
from tests.contract.kafka_world import KafkaWorld
from tests.support.cases import EXAMPLES, recorded

CASE = "ledger-reference"


@dataclass
class RecordedTopics:
    """The records of the case, under a prefix of its own."""

    world: KafkaWorld
    prefix: str
    addresses: Addresses

    def connector(self, folder: Path, *replacements: tuple[str, str], exchange: str = "fasttrack") -> Path:
        """Write the case's connector for these topics; each text that is replaced must be there."""
        text = (EXAMPLES / f"{CASE}.yaml").read_text()
        kafka = f'{{brokers: "${{KAFKA_BROKERS}}", group: "bridge.{self.prefix}"}}'
        for old, new in (
            (f'"{CASE}.public.', f'"{self.prefix}.public.'),
            ("exchange: fasttrack", f"exchange: {exchange}"),
            ('"${KAFKA_BROKERS}"', kafka),
            *replacements,
        ):
            assert old in text, old
            text = text.replace(old, new)
        path = folder / "brand.yaml"
        path.write_text(text)
        return path

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables of the connector."""
        return {
            "KAFKA_BROKERS": self.addresses.kafka_bootstrap,
            "RABBITMQ_URL": self.addresses.rabbitmq_bridge_url,
        }

    def topic(self, table: str) -> str:
        """Return the topic of a table."""
        return f"{self.prefix}.public.{table}"

    def add(self, *, without: str | None = None) -> None:
        """Make the topics and write the records, stamped with this hour: older ones would soon be removed."""
        records = [record for record in recorded(CASE) if without is None or not record.topic.endswith(without)]
        for topic in sorted({record.topic for record in records}):
            last = max(record.partition for record in records if record.topic == topic)
            self.world.create(topic.replace(CASE, self.prefix, 1), last + 1)
        self._write(records)

    def play(self, table: str) -> None:
        """Write the records of one table, whose topic is there."""
        self._write([record for record in recorded(CASE) if record.topic.endswith(table)])

    def _write(self, records: Sequence[SourceRecord]) -> None:
        now = time.time_ns() // 1_000_000
        for at, record in enumerate(records):
            place = Partition(record.topic.replace(CASE, self.prefix, 1), record.partition)
            self.world.append(place, record.key, record.value, record.headers, now + at)
        self.world.flush()


@pytest.fixture
def topics(addresses: Addresses) -> Iterator[RecordedTopics]:
    """Yield topics that are not there yet."""
    world = KafkaWorld(addresses.kafka_bootstrap, Client.CONFLUENT)
    try:
        yield RecordedTopics(world, f"accept-{uuid.uuid4().hex[:8]}", addresses)
    finally:
        world.close()
