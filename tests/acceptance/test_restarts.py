"""A bridge that is killed, and surroundings that change while it runs, on the real servers."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from urllib.parse import quote

import pytest

import stack
from tests.acceptance.conftest import RecordedTopics
from tests.acceptance.shell import started, wallet_bridge
from tests.support.eventually import eventually
from tests.support.live import queue

pytestmark = pytest.mark.integration

TABLE = "wallet_tx"


def test_after_a_kill_the_next_start_reads_within_seconds(topics: RecordedTopics, tmp_path: Path) -> None:
    topics.add()
    with queue(topics.addresses, "accept") as arrived:
        path = topics.connector(tmp_path, exchange=arrived.exchange)
        arguments = ("run", path, "--state", tmp_path, "--http", "off")
        with started(tmp_path, *arguments, **topics.environment) as bridge:
            bridge.until("partitions_assigned")
            eventually(lambda: len(arrived.take()) >= 20, within_seconds=60, message="nothing arrives")
            bridge.process.kill()
            bridge.process.wait()
        killed = time.monotonic()
        with started(tmp_path, *arguments, **topics.environment) as bridge:
            bridge.until("partitions_assigned", within_seconds=20)
            # Kafka would wait 45 s for a member without a name.
            assert time.monotonic() - killed < 20


def test_a_rotated_password_of_rabbitmq_is_found_by_a_running_bridge(
    topics: RecordedTopics, tmp_path: Path
) -> None:
    topics.add(without=TABLE)
    topics.world.create(topics.topic(TABLE), 1)
    user, api = f"bridge-{secrets.token_hex(4)}", stack.rabbitmq_api()
    place = topics.addresses

    def rotate(password: str) -> None:
        api.call("PUT", f"users/{user}", {"password": password, "tags": ""})
        url = f"amqp://{user}:{password}@{place.rabbitmq_host}:{place.rabbitmq_port}/"
        (tmp_path / "rabbitmq-url").write_text(url)

    def connections() -> set[str]:
        return {connection["name"] for connection in api.call("GET", f"connections/username/{user}")}

    def closed(names: set[str]) -> bool:
        # The API can close a connection only some seconds after it lists it.
        for name in names & connections():
            api.call("DELETE", f"connections/{quote(name, safe='')}")
        return bool(connections() - names)

    rotate("first-password")
    api.call("PUT", f"permissions/%2F/{user}", {"configure": "^$", "write": "^fasttrack", "read": "^$"})
    try:
        with queue(place, "accept") as arrived:
            path = topics.connector(
                tmp_path, ('"${RABBITMQ_URL}"', '"${file:rabbitmq-url}"'), exchange=arrived.exchange
            )
            arguments = ("run", path, "--state", tmp_path, "--http", "off")
            with started(tmp_path, *arguments, **topics.environment) as bridge:
                bridge.until("partitions_assigned")
                before = eventually(connections, message="not connected")
                rotate("second-password")
                eventually(lambda: closed(before), within_seconds=30, message=bridge.text())
                topics.play(TABLE)
                eventually(lambda: len(arrived.take()) >= 20, within_seconds=20, message=bridge.text())
                assert "-password" not in bridge.text()
    finally:
        api.call("DELETE", f"users/{user}")


def test_a_topic_that_was_made_anew_with_more_records_stops_the_start(
    topics: RecordedTopics, tmp_path: Path
) -> None:
    topics.add()
    with queue(topics.addresses, "accept") as arrived:
        path = topics.connector(tmp_path, exchange=arrived.exchange)
        arguments = ("run", path, "--state", tmp_path, "--http", "off")
        with started(tmp_path, *arguments, **topics.environment) as bridge:
            eventually(lambda: len(arrived.take()) >= 20, within_seconds=60, message="nothing arrives")
            bridge.process.terminate()
            assert bridge.wait() == 0
        topic = topics.topic(TABLE)
        topics.world.delete(topic)
        topics.world.create(topic, 4)
        for _ in range(3):
            topics.play(TABLE)
        said = wallet_bridge(*arguments, **topics.environment)
    assert said.code == 70
    assert f"the topic {topic} was deleted and made again" in said.err.splitlines()[-1]
