"""The JSON Schema in the documentation says what the encoder does."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from bridge.casino import decode, encode, json_schema
from tests.unit.casino.samples import Fields, good_events, sample

KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,), "boolean": (bool,), "number": (int, Decimal), "object": (dict,),
}  # fmt: skip
KNOWN = {
    "type", "enum", "pattern", "minLength", "minimum", "exclusiveMinimum", "format", "description", "title",
    "$schema", "properties", "required", "additionalProperties", "propertyNames",
}  # fmt: skip


def conforms(value: Any, schema: dict[str, Any]) -> bool:
    """Judge by the few keywords that our schema uses; one that is not known here is an error."""
    assert set(schema) <= KNOWN, set(schema) - KNOWN
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    right_kind = not kinds or any(
        isinstance(value, KINDS[kind]) and isinstance(value, bool) == (kind == "boolean") for kind in kinds
    )
    if not right_kind or ("enum" in schema and value not in schema["enum"]):
        return False
    if isinstance(value, str):
        return len(value) >= schema.get("minLength", 0) and re.search(schema.get("pattern", ""), value) is not None
    if isinstance(value, dict):
        return _object_conforms(value, schema)
    if "exclusiveMinimum" in schema:
        return bool(value > schema["exclusiveMinimum"])
    return bool(value >= schema.get("minimum", value))


def _object_conforms(value: dict[str, Any], schema: dict[str, Any]) -> bool:
    more = schema["additionalProperties"]
    for name, entry in value.items():
        entry_schema = schema.get("properties", {}).get(name, more)
        if entry_schema is False or not conforms(entry, entry_schema):
            return False
    return set(schema.get("required", ())) <= set(value) and all(
        conforms(name, schema.get("propertyNames", {})) for name in value
    )


@given(good_events)
def test_every_body_conforms_to_the_schema(fields: Fields) -> None:
    assert conforms(decode(encode(fields)), json_schema())


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "bet"}, {"currency": "eur"}, {"timestamp": "2015-03-02T8:27:58Z"}, {"amount": Decimal(-1)},
        {"exchange_rate": 0}, {"is_round_end": 1}, {"activity_id": ""}, {"user_id": 1}, {"unknown": 1},
        {"meta": {"a": {}}}, {"meta": {"": 1}}, {"origin": ...}, {"game_type": None}, {"wager_amount": "1"},
    ],
    ids=str,
)  # fmt: skip
def test_the_schema_refuses_what_the_contract_refuses(changes: Fields) -> None:
    body = {**decode(encode(sample())), **changes}
    assert not conforms({name: value for name, value in body.items() if value is not ...}, json_schema())
