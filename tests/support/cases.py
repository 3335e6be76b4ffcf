"""Plays recorded records through decoder, mapping and ledger, without any server."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from bridge.brand import Brand, load_brand
from bridge.contracts import Ledger
from bridge.flow import Change
from bridge.intake.taking import decoded, take_all, take_up
from bridge.ledger import open_ledger
from bridge.mapping.mapper import Mapper, Outcome
from bridge.records import SourceRecord
from bridge.sources.recorded import read_recorded

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests" / "cases"
EXAMPLES = ROOT / "connectors" / "examples"
NAMES = ("ledger-reference", "status-in-place", "bet-row-settled", "header-and-legs")
ENVIRONMENT = {"KAFKA_BROKERS": "127.0.0.1:9", "RABBITMQ_URL": "amqp://nobody:nothing@127.0.0.1:9/"}
DAY_MS = 86_400_000


@cache
def example(name: str) -> Brand:
    """Return the example connector of a case; it is loaded once, for a brand is frozen."""
    return load_brand(EXAMPLES / f"{name}.yaml", ENVIRONMENT)


def recorded(name: str) -> list[SourceRecord]:
    """Return the recorded records of a case, in the file's order."""
    return list(read_recorded(CASES / name / "recorded.jsonl"))


def expected(name: str) -> list[dict[str, Any]]:
    """Return the events that a case expects, with exact numbers."""
    lines = (CASES / name / "expected.jsonl").read_text().splitlines()
    return [json.loads(line, parse_float=Decimal) for line in lines]


@dataclass
class Play:
    """One run of records through a brand."""

    brand: Brand
    ledger: Ledger
    outcomes: list[Outcome] = field(default_factory=list)
    now_ms: int = 0
    batch: int = 20

    def __post_init__(self) -> None:
        self.decoder = self.brand.decoder()
        self.mapper = self._mapper()

    def _mapper(self) -> Mapper:
        mapper = Mapper(self.brand.plan, self.outcomes.append)
        take_up(mapper, self.ledger, self.decoder)
        return mapper

    def take(self, records: Sequence[SourceRecord]) -> None:
        """Take records in, in batches of one transaction each."""
        for start in range(0, len(records), self.batch):
            transaction = self.ledger.begin(self.now_ms)
            self.mapper.begin(transaction, self.now_ms)
            for record in records[start : start + self.batch]:
                self._take(record)
            transaction.commit()

    def take_in_vain(self, records: Sequence[SourceRecord]) -> None:
        """Take records in, and lose the transaction before it is committed."""
        transaction = self.ledger.begin(self.now_ms)
        self.mapper.begin(transaction, self.now_ms)
        for record in records:
            self._take(record)
        transaction.rollback()
        self.restart()

    def _take(self, record: SourceRecord) -> None:
        take_all(self.mapper, [decoded(self.decoder, record)])

    def wait(self, milliseconds: int) -> None:
        """Let time pass."""
        self.now_ms += milliseconds
        transaction = self.ledger.begin(self.now_ms)
        self.mapper.begin(transaction, self.now_ms)
        self.mapper.expire()
        transaction.commit()

    def restart(self) -> None:
        """Forget everything but the ledger, as a killed process does."""
        self.mapper = self._mapper()

    def events(self) -> list[dict[str, Any]]:
        """Return every event of the outbox, in order."""
        return [json.loads(d.body, parse_float=Decimal) for d in self.ledger.unconfirmed(0, 1_000_000)]

    def ended(self) -> Counter[tuple[str, str, str]]:
        """Return how many changes ended how: (outcome, table, reason)."""
        found: Counter[tuple[str, str, str]] = Counter()
        for outcome in self.outcomes:
            if outcome.kind != "held":
                found[outcome.kind, outcome.table.rpartition(".")[2], outcome.reason] += 1
        return found


def play(brand: Brand, records: Iterable[SourceRecord], *, batch: int = 20, days: int = 2) -> Play:
    """Take records in, and let time pass until nothing waits any more."""
    run = Play(brand, open_ledger(":memory:", brand.connector.brand, create=True), batch=batch)
    run.take(list(records))
    run.wait(days * DAY_MS)
    return run


def in_commit_order(brand: Brand, records: Iterable[SourceRecord]) -> list[SourceRecord]:
    """Return records sorted by source position; records without one stay behind their predecessor."""
    decoder = brand.decoder()
    keyed: list[tuple[tuple[Any, ...], SourceRecord]] = []
    last: dict[str, tuple[Any, ...]] = {}
    for record in records:
        change = decoded(decoder, record).decoded
        if isinstance(change, Change) and change.position is not None:
            last[record.topic] = (change.position.order, not change.snapshot)
        keyed.append((last.get(record.topic, ((), False)), record))
    return [record for _, record in sorted(keyed, key=lambda item: item[0])]


def comparable(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event with its timestamp as a moment, so that spellings of it do not matter."""
    moment = datetime.fromisoformat(event["timestamp"]).astimezone(UTC)
    return {**event, "timestamp": moment}


def per_player(events: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return events by player, in their order."""
    players: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        players.setdefault(event["user_id"], []).append(comparable(event))
    return players
