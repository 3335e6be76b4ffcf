"""The reference: fresh, complete, and every example true."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from bridge.config.connector import Connector
from bridge.config.shapes import alternatives, key_of, keys_at
from bridge.config.variables import Variables
from bridge.config.yaml_source import parse_yaml
from bridge.mapping.language.library import LIBRARY
from bridge.reference.examples import EXAMPLES
from bridge.reference.pages import connector_schema, pages

ROOT = Path(__file__).parents[3]
VARIABLES = {
    "KAFKA_BROKERS": "kafka.internal:9092",
    "RABBITMQ_URL": "amqp://guest@localhost",
    "KAFKA_PASSWORD": "x",
    "REGISTRY_PASSWORD": "x",
    "HOSTNAME": "bridge-1",
    "LEDGER_URL": "postgresql://ledger.internal/bridge",
    "REPLICA_URL": "postgresql://replica.internal/wallet",
}
KEYS = [(model, key) for model, examples in EXAMPLES.items() for key in examples]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return connector_schema()


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    return pages()


def _loaded(text: str) -> Any:
    document = parse_yaml(text.replace("${file:/run/secrets/bridge_key}", "x"), "f")
    Variables(VARIABLES, ROOT).fill(document)
    assert document.problems == []
    return document.data


@pytest.mark.parametrize("name", ["connector.md", "functions.md", "connector.schema.json"])
def test_the_page_in_the_repository_is_fresh(name: str, written: dict[str, str]) -> None:
    kept = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert kept == written[name], "run: python -m bridge.reference.pages docs/reference"


@pytest.mark.parametrize(("model", "key"), KEYS, ids=lambda part: getattr(part, "__name__", part))
def test_the_example_of_a_key_can_be_loaded(model: type[BaseModel], key: str) -> None:
    required = {key_of(name, field) for name, field in model.model_fields.items() if field.is_required()}
    together = {"certificate": "key", "key": "certificate", "key_password": "key", "sql": "url"}
    wanted = required | {key} | ({together[key], "key"} & set(EXAMPLES[model]) if key in together else set())
    if key == "key_password":
        wanted |= {"certificate"}
    text = "\n".join(f"{name}: {EXAMPLES[model][name]}" for name in sorted(wanted))
    loaded = model.model_validate(_loaded(text))
    name = next(name for name, field in model.model_fields.items() if key_of(name, field) == key)
    assert name in loaded.model_fields_set


def _models(shape: Any) -> set[type[BaseModel]]:
    found: set[type[BaseModel]] = set()
    waiting = [shape]
    while waiting:
        for part in alternatives(waiting.pop()):
            if isinstance(part, type) and issubclass(part, BaseModel) and part not in found:
                found.add(part)
                waiting += [field.annotation for field in part.model_fields.values()]
            waiting += getattr(part, "__args__", ())
    return found


def test_every_model_and_every_key_has_an_example() -> None:
    assert _models(Connector) == set(EXAMPLES)
    for model, examples in EXAMPLES.items():
        assert set(examples) == {key_of(name, field) for name, field in model.model_fields.items()}
        assert all(field.description for field in model.model_fields.values())


def test_every_function_is_on_its_page(written: dict[str, str]) -> None:
    assert re.findall(r"^### `(\w+)\(", written["functions.md"], re.MULTILINE) == list(LIBRARY)


def test_the_schema_allows_the_short_forms_and_names_the_fields_of_events(schema: dict[str, Any]) -> None:
    definitions = schema["$defs"]
    assert {"type": "string"} in definitions["Source"]["properties"]["kafka"]["anyOf"]
    assert {"type": "string"} in schema["properties"]["ledger"]["anyOf"]
    assert {"rabbitmq", "exchange", "routing_key"} <= set(definitions["Target"]["properties"])
    assert "wager_amount" in definitions["PlayTable"]["properties"]["event"]["propertyNames"]["enum"]
    assert "duration" not in str(schema)
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("path", sorted((ROOT / "connectors").rglob("*.yaml")), ids=lambda path: path.name)
def test_the_schema_knows_every_key_of_each_connector(path: Path, schema: dict[str, Any]) -> None:
    if not path.name.endswith(".test.yaml"):
        assert set(yaml.load(path.read_text(), yaml.CSafeLoader)) <= set(schema["properties"])


def test_the_keys_of_a_place_follow_its_models() -> None:
    assert keys_at(Connector, ("play", "any", "reverses", 0)) == sorted(EXAMPLES[_by_name("Reversal")])
    assert keys_at(Connector, ("wait",)) == ["lookup", "original", "parts"]
    assert keys_at(Connector, ("play",)) == []


def _by_name(name: str) -> type[BaseModel]:
    return next(model for model in EXAMPLES if model.__name__ == name)
