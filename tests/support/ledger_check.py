"""The check that ends every fault: what the database said against what the broker got."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Expected:
    """One event that the rows lead to, as far as it is known before it is sent."""

    message_id: str
    activity_id: str
    type: str
    status: str
    amount: Decimal
    currency: str
    player: str

    def taken_back(self) -> Expected:
        """Return the event that takes this one back."""
        return replace(self, message_id=f"{self.activity_id}/Rollback", status="Rollback")


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it lay in the queue."""

    message_id: str
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """Return the body, with exact numbers."""
        event: dict[str, Any] = json.loads(self.body, parse_float=Decimal)
        return event


SHOWN = 5
"""So many of one kind of finding are named; the rest are only counted."""


def check(expected: Sequence[Expected], arrived: Sequence[Message], *, most_duplicates: int) -> None:
    """Hold what arrived, oldest first, against what was expected, in the order of the rows of each player.

    Raises AssertionError with every kind of finding: lost, invented, out of order, changed, too many
    duplicates, sums of money that differ.
    """
    findings = [finding for finding in _findings(expected, arrived, most_duplicates) if finding]
    assert not findings, "\n".join(findings)


def duplicates(arrived: Sequence[Message]) -> int:
    """Return how many messages were there before."""
    return len(arrived) - len({message.message_id for message in arrived})


def _findings(expected: Sequence[Expected], arrived: Sequence[Message], most_duplicates: int) -> Iterator[str]:
    wanted = {one.message_id: one for one in expected}
    assert len(wanted) == len(expected), "the truth itself names a message twice"
    first: dict[str, Message] = {}
    changed = [one.message_id for one in arrived if first.setdefault(one.message_id, one).body != one.body]
    yield _named("lost", [one.message_id for one in expected if one.message_id not in first])
    yield _named("invented", [each for each in first if each not in wanted])
    yield _named("sent again with another body", changed)
    yield _named("not as the row says", _wrong(wanted, first.values()))
    yield _named("out of order, players", _out_of_order(wanted, expected, first.values()))
    yield _sums(expected, first.values())
    repeated = len(arrived) - len(first)
    if repeated > most_duplicates:
        yield f"{repeated} duplicates, more than the {most_duplicates} that the kills explain"


def _wrong(wanted: dict[str, Expected], messages: Iterable[Message]) -> list[str]:
    return [
        message.message_id
        for message in messages
        if message.message_id in wanted and _said(message) != wanted[message.message_id]
    ]


def _said(message: Message) -> Expected:
    event = message.event
    return Expected(
        message.message_id,
        event["activity_id"],
        event["type"],
        event["status"],
        Decimal(event["amount"]),
        event["currency"],
        event["user_id"],
    )


def _out_of_order(
    wanted: dict[str, Expected], expected: Sequence[Expected], messages: Iterable[Message]
) -> list[str]:
    """Return the players whose messages came in another order; what is lost is left out on both sides."""
    came: dict[str, list[str]] = defaultdict(list)
    for message in messages:
        if message.message_id in wanted:
            came[wanted[message.message_id].player].append(message.message_id)
    there = {message_id for ids in came.values() for message_id in ids}
    due: dict[str, list[str]] = defaultdict(list)
    for one in expected:
        if one.message_id in there:
            due[one.player].append(one.message_id)
    return [player for player, ids in due.items() if came[player] != ids]


def _sums(expected: Sequence[Expected], messages: Iterable[Message]) -> str:
    due: Counter[tuple[str, str, str]] = Counter()
    came: Counter[tuple[str, str, str]] = Counter()
    for one in expected:
        due[one.currency, one.type, one.status] += one.amount  # type: ignore[assignment]
    for message in messages:
        event = message.event
        came[event["currency"], event["type"], event["status"]] += event["amount"]
    differing = [key for key in due.keys() | came.keys() if due[key] != came[key]]
    return _named("sums differ", [f"{'/'.join(key)}: {due[key]} != {came[key]}" for key in differing])


def _named(what: str, found: Sequence[str]) -> str:
    if not found:
        return ""
    more = ", …" if len(found) > SHOWN else ""
    return f"{what}: {len(found)} ({', '.join(found[:SHOWN])}{more})"
