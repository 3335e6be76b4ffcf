"""Rows of history that name others by an index, in whatever order a snapshot shows them."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from tests.support.trial import Make

WALLET = """
play:
  bets:
    indexes: {by_code: code}
    activities: {bet: {type: Bet}}
    again: {activity_id: {text: "{id}:{n}"}}
  wins:
    after: bets.by_code[ref]
    activities: {win: {type: Win}}
    again: {activity_id: {text: "{id}:{n}"}}
  cancels:
    indexes: {by_code: code}
    reverses:
      - {when: kind == "cancel", original: "bets.by_code[ref]", followers: go}
      - {when: kind == "void", original: "bets.by_code[ref]"}
      - {when: kind == "undo", undoes: "cancels.by_code[ref]"}
"""
Row = tuple[str, str, dict[str, Any]]
BET: Row = ("bets", "b", {"code": "B", "amount": 5})
WIN: Row = ("wins", "w", {"ref": "B", "amount": 7})
VOID: Row = ("cancels", "v", {"kind": "void", "ref": "B", "code": "V"})
CANCEL: Row = ("cancels", "c", {"kind": "cancel", "ref": "B", "code": "C"})
UNDO: Row = ("cancels", "u", {"kind": "undo", "ref": "V", "code": "U"})


@pytest.mark.parametrize(
    ("history", "then", "sent"),
    [
        ([BET, WIN], [CANCEL], ["Win Rollback w 7", "Bet Rollback b 5"]),
        ([BET, VOID], [CANCEL], []),
        ([BET, VOID], [UNDO], ["Bet Approved b:2 5"]),
        ([BET, VOID, UNDO], [CANCEL], ["Bet Rollback b:2 5"]),
        ([BET, WIN, CANCEL], [VOID], []),
    ],
    ids=str,
)
def test_each_finds_what_it_names(trial: Make, history: list[Row], then: list[Row], sent: list[str]) -> None:
    for rows in permutations(history):
        run = trial(WALLET)
        for table, key, row in rows:
            run.snapshot(table, key, **row)
            run.restart()
        for table, key, row in then:
            run.insert(table, key, **row)
        assert (run.events(), run.parked()) == (sent, [])
