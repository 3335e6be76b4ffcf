"""Legs that are complete with the end of their transaction: real records of Debezium, without the count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bridge.brand import load_brand
from tests.support.cases import ENVIRONMENT, EXAMPLES, expected, in_commit_order, per_player, play, recorded

NAME = "header-and-legs"
LEGS_IN_TWO_TRANSACTIONS = "1035"
"""The wallet wrote the second leg of this header later: a transaction's end cannot know of it."""

Events = dict[str, list[dict[str, Any]]]


def without(activity: str, players: Events) -> Events:
    """Return the events of all players but those of one activity."""
    return {
        player: [event for event in events if event["activity_id"] != activity]
        for player, events in players.items()
    }


def test_the_end_of_the_transaction_completes_what_the_count_does(tmp_path: Path) -> None:
    text = (EXAMPLES / f"{NAME}.yaml").read_text()
    text = text.replace("count: leg_count", "until: transaction")
    text = text.replace('{table}"}', '{table}", transactions: legs.transaction}')
    (tmp_path / "legs.yaml").write_text(text)
    brand = load_brand(tmp_path / "legs.yaml", ENVIRONMENT)
    run = play(brand, in_commit_order(brand, recorded(NAME)))
    assert per_player(run.events()) == without(LEGS_IN_TWO_TRANSACTIONS, per_player(expected(NAME)))
    assert run.ended()["parked", "txn", "debits and credits not equal"] > 1
