"""A small wallet on trial: YAML in, hand-made changes in, events and endings out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from bridge.brand import Brand, load_brand
from bridge.ledger import open_ledger
from bridge.records import SourceRecord
from tests.support.cases import ENVIRONMENT, Play
from tests.support.changes import Database

AT = "2026-01-01T10:00:00Z"

EVENT: dict[str, Any] = {
    "activity_id": "id",
    "user_id": "player",
    "round_id": "round",
    "timestamp": "at",
    "wager_amount": "amount",
    "currency": {"const": "EUR"},
    "exchange_rate": 1,
    "is_round_end": False,
    "game_id": {"const": "g"},
    "game_name": {"const": "Game"},
    "vendor_id": {"const": "v"},
    "vendor_name": {"const": "Vendor"},
    "origin": {"const": "play.example.com"},
}
"""Fields that a trial's events have unless its wallet says otherwise."""

ROW: dict[str, Any] = {"player": "p1", "round": "R1", "at": AT}
"""Columns that a trial's play rows have unless it says otherwise."""


def wallet(folder: Path, text: str, *, event: Mapping[str, Any] = EVENT) -> Brand:
    """Return the brand of a wallet's YAML, with whatever every connector needs filled in.

    What was compiled for one test serves the others too: a brand is frozen, and a process has one for life.
    """
    path = folder / "trial.yaml"
    connector = _filled_in(text, event)
    path.write_text(connector)
    if any(beside != path for beside in folder.iterdir()):
        return load_brand(path, ENVIRONMENT)
    if connector not in _COMPILED:
        _COMPILED[connector] = load_brand(path, ENVIRONMENT)
    return replace(_COMPILED[connector], path=path)


_COMPILED: dict[str, Brand] = {}
"""Brands by the whole text of their connectors; none has a file beside it."""


def _filled_in(text: str, event: Mapping[str, Any]) -> str:
    said = yaml.load(text, yaml.CSafeLoader)
    for table in said["play"].values():
        table["event"] = {**event, **table.get("event", {})}
        table.setdefault("key", "id")
        table.setdefault("player", "player")
        table.setdefault("rows", "append-only")
    connector = {
        "version": 1,
        "brand": "trial",
        "source": {"kafka": "${KAFKA_BROKERS}", "topics": "db.public.{table}"},
        "target": {"rabbitmq": "${RABBITMQ_URL}", "exchange": "fasttrack", "routing_key": "casino"},
        **said,
    }
    return str(yaml.dump(connector, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True))


class Trial:
    """One run of a small wallet; each change is taken in as it is made."""

    def __init__(self, brand: Brand) -> None:
        self.play = Play(brand, open_ledger(":memory:", brand.connector.brand, create=True))
        self.database = Database()
        self._told = 0

    # -- changes: `id` is the key of every table

    def insert(self, table: str, key: Any, /, **row: Any) -> SourceRecord:
        """Take in a new row."""
        return self.take(self.database.insert(table, {"id": key}, {**ROW, **row}))

    def update(
        self,
        table: str,
        key: Any,
        /,
        *,
        before: Mapping[str, Any] | None = None,
        **row: Any,
    ) -> SourceRecord:
        """Take in a changed row."""
        return self.take(self.database.update(table, {"id": key}, {**ROW, **row}, before))

    def delete(self, table: str, key: Any, /, **before: Any) -> SourceRecord:
        """Take in a deleted row."""
        return self.take(self.database.delete(table, {"id": key}, before))

    def snapshot(self, table: str, key: Any, /, **row: Any) -> SourceRecord:
        """Take in a row that a snapshot read."""
        return self.take(self.database.snapshot(table, {"id": key}, {**ROW, **row}))

    def rename(self, table: str, old: Any, new: Any, **row: Any) -> None:
        """Take in a row whose key changes."""
        for record in self.database.rename(table, {"id": old}, {"id": new}, {**ROW, **row}):
            self.take(record)

    def take(self, record: SourceRecord) -> SourceRecord:
        """Take in a record, and return it."""
        self.play.take([record])
        return record

    # -- what came of it

    def bodies(self) -> list[dict[str, Any]]:
        """Return every event, in order."""
        return self.play.events()

    def events(self) -> list[str]:
        """Return every event in short: type, status, id, amount."""
        return [_short(event) for event in self.bodies()]

    def new(self) -> list[str]:
        """Return the events since this was last asked, in short."""
        events = self.events()
        found, self._told = events[self._told :], len(events)
        return found

    def parked(self) -> list[tuple[str, str]]:
        """Return key and code of what is parked, in order."""
        return [(item.key, item.code) for item in self.play.ledger.parked()]

    def ended(self, kind: str) -> list[str]:
        """Return the reasons of the changes that ended in this way, in order."""
        return [outcome.reason for outcome in self.play.outcomes if outcome.kind == kind]

    @property
    def held(self) -> int:
        """Return how many changes wait."""
        return self.play.mapper.held

    def restart(self) -> None:
        """Forget everything but the ledger."""
        self.play.restart()

    def wait(self, *, minutes: int) -> None:
        """Let time pass."""
        self.play.wait(minutes * 60_000)


def _short(event: Mapping[str, Any]) -> str:
    amount = event["amount"]
    text = format(amount.normalize(), "f") if isinstance(amount, Decimal) else str(amount)
    return f"{event['type']} {event['status']} {event['activity_id']} {text}"


Make = Callable[[str], Trial]
"""Makes a trial of a wallet's YAML: what the fixture `trial` gives."""
