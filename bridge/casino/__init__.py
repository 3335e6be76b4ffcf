"""The CASINO contract: its fields, its check and encoder, its model and its stricter profile."""

from bridge.casino.body import MAX_BODY_BYTES, check_field, decode, encode, type_and_status
from bridge.casino.fields import FIELDS, PARTS_OF_AMOUNT, ContractBreach, FieldDoc
from bridge.casino.model import CasinoEvent, json_schema
from bridge.casino.rewards import rewards_breaches

__all__ = [
    "FIELDS",
    "MAX_BODY_BYTES",
    "PARTS_OF_AMOUNT",
    "CasinoEvent",
    "ContractBreach",
    "FieldDoc",
    "check_field",
    "decode",
    "encode",
    "json_schema",
    "rewards_breaches",
    "type_and_status",
]
