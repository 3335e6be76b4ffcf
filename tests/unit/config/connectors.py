"""A small connector, and ways to read changed ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bridge.config.connector import Connector
from bridge.config.loading import ConnectorFile, model_in

ENVIRONMENT: Final = {
    "KAFKA_BROKERS": "localhost:9092",
    "RABBITMQ_URL": "amqp://bridge:open-sesame@localhost:5672/",
}

CONNECTOR: Final = """\
version: 1
brand: northern-lights
source: {kafka: "${KAFKA_BROKERS}", topics: "wallet.public.{table}"}
target: {rabbitmq: "${RABBITMQ_URL}", exchange: fasttrack, routing_key: casino}
lookups:
  players: {key: id}
wait: {lookup: 10 minutes}
play:
  wallet_tx:
    rows: append-only
    key: id
    player: player_id
    skip:
      test player: players[player_id].is_test
    activities:
      bet: {type: Bet, when: kind == "bet"}
    event:
      activity_id: id
      wager_amount: units(amount, 2)
      game_type: {from: category, slot: Slots, 1: Live, else: category}
"""


def read(
    text: str = CONNECTOR, environment: Mapping[str, str] = ENVIRONMENT, file: str = "brand.yaml"
) -> ConnectorFile:
    """Return the connector that a text says."""
    return model_in(text, Path(file), Connector, environment)


def changed(old: str, new: str) -> str:
    """Return the small connector with one thing otherwise."""
    assert old in CONNECTOR
    return CONNECTOR.replace(old, new)
