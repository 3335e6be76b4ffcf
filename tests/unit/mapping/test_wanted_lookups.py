"""A look-up row that was asked for beforehand is taken in as one that was not, and its key is worked out once."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.flow import Change
from bridge.ledger import open_ledger
from bridge.records import SourceRecord
from tests.support.cases import Play
from tests.support.trial import ROW, Make, Trial
from tests.unit.decoders.building import envelope
from tests.unit.decoders.building import record as built

WALLET = """
lookups: {rates: {key: currency, as_of: since}, games: {key: code}}
play:
  tx:
    activities: {bet: {type: Bet}}
    event: {exchange_rate: "rates[currency, moment(at)].rate", game_name: "games[game].title"}
"""


def records(trial: Trial) -> list[SourceRecord]:
    """Return look-up rows that are new, changed, repeated, deleted, and such whose key cannot be told."""
    database = trial.database
    game = database.insert("games", {"code": "a"}, {"code": "a", "title": "A"})
    return [
        game,
        database.update("games", {"code": "a"}, {"code": "a", "title": "B"}, None),
        game,
        database.insert("games", {"code": "b"}, {"code": None, "title": "none"}),
        database.insert("games", {"id": 3}, {"title": "no column"}),
        database.insert("rates", {"id": 1}, {"currency": "EUR", "since": 1, "rate": 2}),
        database.insert("rates", {"id": 2}, {"currency": "EUR", "since": 2, "rate": 3}),
        database.insert("rates", {"id": 3}, {"currency": "EUR", "rate": 3}),
        database.delete("games", {"code": "a"}, {"code": "a"}),
        built(envelope("t", source={"table": "games"})),
        database.insert("tx", {"id": 1}, {**ROW, "id": 1}),
    ]


def taken(play: Play, taken_in: list[SourceRecord], *, asks: bool) -> tuple[list[Any], list[Any]]:
    """Take records in as one batch; return how they ended, and what was asked for."""
    changes = [change for change in map(play.decoder.decode, taken_in) if isinstance(change, Change)]
    transaction = play.ledger.begin(0)
    play.mapper.begin(transaction, 0)
    wanted = [list(play.mapper.wants(change)) for change in changes] if asks else []
    transaction.prefetch([place for places in wanted for place in places])
    for change in changes:
        play.mapper.take(change)
    transaction.commit()
    return [(one.kind, one.table, one.key, one.reason) for one in play.outcomes], wanted


def test_a_row_that_was_asked_for_ends_as_one_that_was_not(trial: Make) -> None:
    run = trial(WALLET)
    brand, taken_in = run.play.brand, records(run)
    ends = [
        taken(Play(brand, open_ledger(":memory:", brand.connector.brand, create=True)), taken_in, asks=asks)
        for asks in (False, True)
    ]

    assert ends[0][0] == ends[1][0]
    assert [len(places) for places in ends[1][1]] == [1, 1, 1, 0, 0, 1, 1, 0, 1, 0, 1]
    reasons = " ".join(reason for _, _, _, reason in ends[1][0])
    assert all(said in reasons for said in ("key is null", "has no column code", "no column since", "truncated"))


def test_its_key_is_worked_out_once(trial: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    run = trial(WALLET)
    plan, _, _ = run.play.brand.plan.of_table("public.games")
    assert plan is not None
    seen: list[str | None] = []
    key = plan.key

    def noted(row: Any) -> str | None:
        seen.append(key(row))
        return seen[-1]

    monkeypatch.setattr(plan, "key", noted)

    taken(run.play, records(run)[:1], asks=True)

    assert seen == ["a"]
