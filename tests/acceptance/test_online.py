"""`check --online` and `preview` on the real servers."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from bridge.records import Partition
from bridge.sources.recorded import encode_line
from tests.acceptance.conftest import CASE, RecordedTopics
from tests.acceptance.shell import wallet_bridge
from tests.support.cases import example, expected, in_commit_order, per_player, play, recorded
from tests.support.live import queue

pytestmark = pytest.mark.integration


def test_a_brand_whose_surroundings_are_well_passes(topics: RecordedTopics, tmp_path: Path) -> None:
    topics.add()
    topics.world.configure(topics.topic("wallet_tx"), {"retention.ms": "-1"})
    for table in ("sites", "players", "providers", "games", "fx_rates"):
        topics.world.configure(topics.topic(table), {"cleanup.policy": "compact"})
    with queue(topics.addresses, "accept") as arrived:
        path = topics.connector(tmp_path, exchange=arrived.exchange)
        said = wallet_bridge("check", "--online", path, "--state", tmp_path, **topics.environment)
    assert (said.code, said.err) == (0, "")
    assert "brand vintervik is well" in said.out


def test_what_is_missing_is_named_with_what_to_do(topics: RecordedTopics, tmp_path: Path) -> None:
    topics.add(without="wallet_tx")
    path = topics.connector(tmp_path, exchange="fasttrack.nowhere")
    said = wallet_bridge("check", "--online", path, "--state", tmp_path, **topics.environment)
    lines = said.err.splitlines()
    assert said.code == 78
    missing = f"vintervik: topic {topics.topic('wallet_tx')}: there is no such topic at "
    assert any(line.startswith(missing) and "check the name" in line for line in lines), said.err
    assert any(line.startswith("vintervik: RabbitMQ: ") and "fasttrack.nowhere" in line for line in lines), (
        said.err
    )


def test_an_exchange_that_the_user_may_not_write_to_is_named(topics: RecordedTopics, tmp_path: Path) -> None:
    path = topics.connector(tmp_path, exchange="amq.topic")
    said = wallet_bridge("check", "--online", path, "--state", tmp_path, **topics.environment)
    assert said.code == 78
    assert any("amq.topic" in line for line in said.err.splitlines() if "RabbitMQ" in line), said.err


def test_servers_that_are_away_and_passwords_that_are_wrong_are_named(
    topics: RecordedTopics, tmp_path: Path
) -> None:
    path = topics.connector(tmp_path, ('group: "', 'request_timeout: 1s, group: "'))
    wrong = topics.environment["RABBITMQ_URL"].replace("://bridge:", "://bridge:not-")
    said = wallet_bridge("check", "--online", path, KAFKA_BROKERS="127.0.0.1:9", RABBITMQ_URL=wrong)
    assert said.code == 78
    kafka, rabbitmq = said.err.splitlines()
    assert kafka.startswith("vintervik: Kafka at 127.0.0.1:9 does not answer (Connection refused); ")
    assert rabbitmq.startswith("vintervik: RabbitMQ at ")
    assert "refuse" in rabbitmq
    assert "not-" not in said.err


def test_records_of_one_player_in_two_partitions_are_found(topics: RecordedTopics, tmp_path: Path) -> None:
    topics.add()
    topic = topics.topic("wallet_tx")
    topics.world.create(topic, 4)
    for record in recorded(CASE):
        if record.topic.endswith("wallet_tx"):
            topics.world.append(Partition(topic, 3), record.key, record.value, record.headers, -1)
    topics.world.flush()
    topics.world.configure(topic, {"cleanup.policy": "compact"})
    path = topics.connector(tmp_path)
    said = wallet_bridge("check", "--online", "--json", path, "--state", tmp_path, **topics.environment)
    found = [item for item in map(json.loads, said.out.splitlines()) if item["key"] == f"topic {topic}"]
    assert said.code == 78
    assert [item["severity"] for item in found] == ["problem", "problem"]
    assert "cleanup.policy has compact" in found[0]["message"]
    assert found[1]["message"].startswith("rows of one player lie in several partitions")
    assert "message.key.columns" in found[1]["hint"]


def test_a_preview_of_topics_gives_the_events_of_a_run_and_joins_no_group(
    topics: RecordedTopics, tmp_path: Path
) -> None:
    topics.add()
    path = topics.connector(tmp_path)
    before = set(tmp_path.iterdir())
    said = wallet_bridge("preview", path, "--limit", "1000", "--wait-out", "--json", **topics.environment)
    assert (said.code, said.err) == (0, "")
    *changes, _ = [json.loads(line, parse_float=Decimal) for line in said.out.splitlines()]
    events: list[dict[str, Any]] = [event["body"] for change in changes for event in change["events"]]
    assert per_player(events) == per_player(expected(CASE))
    brand = example(CASE)
    run = play(brand, in_commit_order(brand, recorded(CASE)))
    assert events == run.events()
    admin = AdminClient({"bootstrap.servers": topics.addresses.kafka_bootstrap})
    groups = {group.group_id for group in admin.list_consumer_groups().result(10).valid}
    assert not [group for group in groups if topics.prefix in group or "preview" in group]
    assert set(tmp_path.iterdir()) == before


def test_a_preview_reads_look_ups_whole_and_so_much_play_as_was_asked_for(
    topics: RecordedTopics, tmp_path: Path
) -> None:
    topics.add()
    path = topics.connector(tmp_path)
    said = wallet_bridge("preview", path, "--from", "end", "--limit", "3", "--json", **topics.environment)
    *changes, counts = [json.loads(line) for line in said.out.splitlines()]
    play_places = {(change["partition"], change["offset"]) for change in changes}
    assert len(play_places) == 3
    looked_up = sum(item["changes"] for item in counts["counts"] if item["outcome"] == "lookup")
    whole = sum(1 for record in recorded(CASE) if not record.topic.endswith("wallet_tx") and record.value)
    assert looked_up == whole


def test_a_preview_of_a_topic_that_is_not_there_says_so(topics: RecordedTopics, tmp_path: Path) -> None:
    topics.add(without="games")
    said = wallet_bridge("preview", topics.connector(tmp_path), **topics.environment)
    assert (said.code, said.out) == (78, "")
    assert f"there is no topic {topics.topic('games')}" in said.err


def test_records_of_a_file_can_be_shown_with_the_look_ups_of_the_topics(
    topics: RecordedTopics, tmp_path: Path
) -> None:
    topics.add(without="wallet_tx")
    file = tmp_path / "play.jsonl"
    play_records = [record for record in recorded(CASE) if record.topic.endswith("wallet_tx")]
    file.write_bytes(b"\n".join(map(encode_line, play_records)))
    path = topics.connector(tmp_path)
    said = wallet_bridge(
        "preview", path, "--file", file, "--lookups", "--wait-out", "--json", **topics.environment
    )
    *changes, _ = [json.loads(line, parse_float=Decimal) for line in said.out.splitlines()]
    events = [event["body"] for change in changes for event in change["events"]]
    assert per_player(events) == per_player(expected(CASE))


PATTERN = ("  wallet_tx:\n", "  wallet_tx:\n    tables: wallet_(tx|old)\n")


def test_topics_that_a_pattern_finds_are_previewed_and_checked(topics: RecordedTopics, tmp_path: Path) -> None:
    topics.add()
    path = topics.connector(tmp_path, PATTERN)
    said = wallet_bridge("preview", path, "--limit", "1000", "--wait-out", "--json", **topics.environment)
    assert (said.code, said.err) == (0, "")
    *changes, _ = [json.loads(line, parse_float=Decimal) for line in said.out.splitlines()]
    events: list[dict[str, Any]] = [event["body"] for change in changes for event in change["events"]]
    assert per_player(events) == per_player(expected(CASE))
    topics.world.configure(topics.topic("wallet_tx"), {"cleanup.policy": "compact"})
    said = wallet_bridge("check", "--online", path, "--state", tmp_path, **topics.environment)
    assert said.code == 78
    assert f"topic {topics.topic('wallet_tx')}: cleanup.policy has compact" in said.err


def test_a_pattern_that_finds_no_topic_is_named(topics: RecordedTopics, tmp_path: Path) -> None:
    topics.add(without="wallet_tx")
    path = topics.connector(tmp_path, PATTERN)
    said = wallet_bridge("preview", path, **topics.environment)
    assert said.code == 78
    assert "no topic matches the pattern" in said.err
    said = wallet_bridge("check", "--online", path, "--state", tmp_path, **topics.environment)
    assert said.code == 78
    assert "vintervik: Kafka: no topic matches ^" in said.err
