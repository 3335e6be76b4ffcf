"""What every recording needs: Connect's converters, the records of a topic, and the registry's schemas."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

import stack
from bridge.decoders.registry import Registry, RegistrySettings
from stack.packages import AVRO_CONVERTER

JSON_CONVERTER = "org.apache.kafka.connect.json.JsonConverter"

_SECONDS = 60


def converters(converter: str, fields: str) -> dict[str, str]:
    """Return Connect's settings for `inline`, `schemaless`, `avro`, or `flattened` with these metadata fields."""
    if converter == "avro":
        kind, settings = AVRO_CONVERTER, _avro()
    else:
        kind = JSON_CONVERTER
        settings = {"schemas.enable": str(converter == "inline").lower(), "replace.null.with.default": "false"}
    config = {}
    for part in ("key", "value"):
        config[f"{part}.converter"] = kind
        config |= {f"{part}.converter.{name}": value for name, value in settings.items()}
    if converter == "flattened":
        config |= {
            "transforms": "unwrap",
            "transforms.unwrap.type": "io.debezium.transforms.ExtractNewRecordState",
            "transforms.unwrap.delete.tombstone.handling.mode": "rewrite-with-tombstone",
            "transforms.unwrap.add.fields": fields,
            # The transform has a switch of its own; by default a null becomes the column's default.
            "transforms.unwrap.replace.null.with.default": "false",
        }
    return config


def _avro() -> dict[str, str]:
    return {
        "apicurio.registry.url": f"{stack.addresses().connect_registry_url}/apis/registry/v2",
        "apicurio.registry.auto-register": "true",
        "apicurio.registry.find-latest": "true",
        "apicurio.registry.as-confluent": "true",
        "apicurio.registry.headers.enabled": "false",
        "apicurio.registry.use-id": "contentId",
        "schemas.cache.config": "0",
    }


def read_until(
    topics: Sequence[str], enough: Callable[[Sequence[Mapping[str, Any]]], bool]
) -> list[dict[str, Any]]:
    """Return the records of topics of one partition; raises AssertionError when there are not enough in time."""
    consumer = Consumer({"bootstrap.servers": stack.addresses().kafka_bootstrap, "group.id": "golden"})
    consumer.assign([TopicPartition(topic, 0, 0) for topic in topics])
    found: list[dict[str, Any]] = []
    deadline = time.monotonic() + _SECONDS
    try:
        while not enough(found):
            assert time.monotonic() < deadline, f"only {len(found)} records came"
            message = consumer.poll(0.5)
            if message is not None and message.error() is None:
                found.append(_line(message))
    finally:
        consumer.close()
    return found


def read_all(topics: Sequence[str]) -> list[dict[str, Any]]:
    """Return the records of topics of one partition that nobody writes to, topic by topic."""
    consumer = Consumer({"bootstrap.servers": stack.addresses().kafka_bootstrap, "group.id": "golden"})
    try:
        ends = {topic: consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=30)[1] for topic in topics}
    finally:
        consumer.close()
    return [line for topic, end in ends.items() for line in _first(topic, end)]


def _first(topic: str, number: int) -> list[dict[str, Any]]:
    return read_until([topic], lambda found: len(found) == number)


def _line(message: Any) -> dict[str, Any]:
    line: dict[str, Any] = {
        "topic": message.topic(),
        "headers": [[name, value.decode()] for name, value in message.headers() or ()],
    }
    for part, data in (("key", message.key()), ("value", message.value())):
        if data is not None and data[:1] == b"\0":
            line[f"{part}_base64"] = base64.b64encode(data).decode()
        else:
            line[part] = None if data is None else data.decode()
    return line


def write(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """Write records, one in a line."""
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def delete_topics(topics: Sequence[str]) -> None:
    """Delete topics, so that the next recording does not begin with the records of this one."""
    admin = AdminClient({"bootstrap.servers": stack.addresses().kafka_bootstrap})
    for done in admin.delete_topics(list(topics)).values():
        done.result(timeout=30)


def keep_schemas(folder: Path) -> None:
    """Keep the registry's schemas that the Avro records of a folder name, by id."""
    registry = Registry(RegistrySettings(url=f"{stack.addresses().registry_url}/apis/ccompat/v7"))
    schemas: dict[str, str] = {}
    for path in sorted(folder.glob("avro.*.jsonl")):
        for line in path.read_text().splitlines():
            for data in _binary(json.loads(line)):
                schema_id = int.from_bytes(data[1:5], "big")
                schemas[str(schema_id)] = registry.schema(schema_id).schema
    (folder / "registry.json").write_text(json.dumps(schemas, indent=1, sort_keys=True) + "\n")


def _binary(line: Mapping[str, Any]) -> list[bytes]:
    return [base64.b64decode(line[name]) for name in ("key_base64", "value_base64") if name in line]
