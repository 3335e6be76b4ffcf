"""Partitions whose leader is away: nothing is known of their positions, and nothing wrong is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from bridge.errors import SourceUnavailable
from bridge.records import Partition
from bridge.sources import KafkaSettings, open_source
from bridge.sources.settings import Client
from tests.support.garbage import FORGOTTEN_SOCKETS
from tests.support.kafka_nodes import cluster

TOPIC = "wallet.public.tx"

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300, func_only=True), FORGOTTEN_SOCKETS]


def test_a_question_for_positions_without_a_leader_is_not_answered(tmp_path: Path) -> None:
    """For what it was not answered in time, librdkafka gives -1001, as if that were a position."""
    with cluster(tmp_path) as brokers:
        admin = AdminClient({"bootstrap.servers": brokers.brokers, "log_level": 2})
        admin.create_topics([NewTopic(TOPIC, 6, 1)])[TOPIC].result(60)
        there = [Partition(TOPIC, number) for number in range(6)]
        brokers.nodes["two"].kill()
        for client in Client:
            settings = KafkaSettings(brokers=brokers.brokers, group="group", client=client, request_timeout="2 s")
            source = open_source(settings, [TOPIC])
            with pytest.raises(SourceUnavailable, match=brokers.brokers):
                source.ranges(there)
            with pytest.raises(SourceUnavailable, match=brokers.brokers):
                source.ends(there)
            source.close()
