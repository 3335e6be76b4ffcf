"""Rows that go on for longer than the ledger remembers: what finds them lasts as long as they do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.changes import EPOCH_US
from tests.support.trial import Make, Trial

WALLET = """
ledger: {retention: 10 days}
play:
  bets:
    rows: mutable
    deleted: nothing
    stands: state == "ok"
    indexes: {by_code: code}
    activities: {bet: {type: Bet}}
  wins:
    rows: mutable
    deleted: nothing
    stands: state == "ok"
    after: bets[ref]
    activities: {win: {type: Win}}
  cancels:
    reverses:
      - {when: kind == "void", original: "bets.by_code[ref]", unknown: wait then skip}
      - {when: kind == "cancel", original: "bets[ref]", followers: go}
      - {when: kind == "round", round: ref}
"""
BET: dict[str, Any] = {"code": "c", "amount": 5}
WIN: dict[str, Any] = {"ref": "b", "amount": 7}


def on(run: Trial, day: int) -> None:
    """Let it be a later day, on which the ledger forgets what is due."""
    run.database.ahead_s = day * 86_400
    run.play.now_ms = EPOCH_US // 1000 + run.database.ahead_s * 1000
    before = datetime.fromtimestamp(EPOCH_US // 1_000_000, UTC) + timedelta(days=day - 10)
    run.play.ledger.prune(before.date().isoformat(), 1000)


@pytest.mark.parametrize(
    ("kind", "ref", "back"),
    [
        ("void", "c", ["Bet Rollback b 5"]),
        ("cancel", "b", ["Win Rollback w 7", "Bet Rollback b 5"]),
        ("round", "R1", ["Win Rollback w 7", "Bet Rollback new 1", "Bet Rollback b 5"]),
    ],
)
def test_what_has_changed_since_is_found(trial: Make, kind: str, ref: str, back: list[str]) -> None:
    run = trial(WALLET)
    on(run, 0)
    run.insert("bets", "b", **BET, state="pending")
    run.insert("wins", "w", **WIN, state="pending")
    for day in (5, 9):
        on(run, day)
        run.update("bets", "b", **BET, state="ok", note=day)
        run.update("wins", "w", **WIN, state="ok", note=day)
    on(run, 13)
    run.insert("bets", "new", code="d", amount=1, state="ok")
    run.new()
    run.insert("cancels", "x", kind=kind, ref=ref)
    assert (run.new(), run.held, run.parked()) == (back, 0, [])


def test_a_row_is_not_found_by_what_it_says_no_more(trial: Make) -> None:
    run = trial(WALLET)
    for day, code in ((0, "c"), (5, "d"), (9, "d")):
        on(run, day)
        run.update("bets", "b", code=code, amount=5, state="ok", note=day)
    on(run, 13)
    for code in ("c", "d"):
        run.insert("cancels", code, kind="void", ref=code)
    assert (run.events(), run.held) == (["Bet Approved b 5", "Bet Rollback b 5"], 1)
