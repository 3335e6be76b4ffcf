"""Rows that tell no key or no player: a guard may skip them all the same, and nothing else goes on with them."""

from __future__ import annotations

import json

import pytest

from bridge.records import SourceRecord
from tests.support.trial import Make

WALLET = """
play:
  calls:
    key: transaction
    player: player
    skip: {no play: 'method == "balance"'}
    activities: {bet: {type: Bet, when: 'method == "debit"'}}
    event: {activity_id: transaction}
"""


@pytest.mark.parametrize(
    "missing", [{"transaction": None}, {"player": None}, {"transaction": None, "player": None}]
)
def test_a_row_that_a_guard_skips_needs_neither_key_nor_player(trial: Make, missing: dict[str, None]) -> None:
    run = trial(WALLET)
    run.insert("calls", 1, **{"method": "balance", "transaction": "t1", "amount": 1, **missing})
    assert run.play.ledger.counters() == {("skipped", "calls", "no play"): 1}
    assert run.parked() == []


@pytest.mark.parametrize(("missing", "code"), [({"transaction": None}, "no_key"), ({"player": None}, "no_player")])
def test_another_row_without_one_is_parked(trial: Make, missing: dict[str, None], code: str) -> None:
    run = trial(WALLET)
    run.insert("calls", 1, **{"method": "debit", "transaction": "t1", "amount": 1, **missing})
    assert [found for _, found in run.parked()] == [code]
    assert run.events() == []


ERASED = """
play:
  calls:
    rows: mutable
    deleted: nothing
    key: transaction
    player: player
    skip: {no play: 'method == "balance"'}
    activities: {bet: {type: Bet}}
    stands: state != "void"
    event: {activity_id: transaction, user_id: player}
    HOLDS
"""


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("holds", ["", "holds: round\n    round: round"])
def test_a_player_who_is_erased_from_old_rows_changes_nothing_and_they_can_be_taken_back(
    trial: Make, holds: str, restarts: bool
) -> None:
    run = trial(ERASED.replace("HOLDS", holds))
    run.insert("calls", 1, method="debit", transaction="t1", amount=1, state="done")
    for state in ("done", "done", "void"):
        run.update("calls", 1, method="balance", transaction="t1", amount=1, player=None, state=state)
        if restarts:
            run.play.restart()
    assert run.parked() == []
    assert run.events() == ["Bet Approved t1 1", "Bet Rollback t1 1"]
    assert run.bodies()[0]["user_id"] == run.bodies()[1]["user_id"]


def test_of_an_erased_player_nothing_new_is_sent(trial: Make) -> None:
    run = trial(ERASED.replace("HOLDS", ""))
    run.insert("calls", 1, method="debit", transaction="t1", amount=1, state="void")
    run.update("calls", 1, method="debit", transaction="t1", amount=1, player=None, state="done")
    assert (run.events(), [found for _, found in run.parked()]) == ([], ["missing_field"])


NATURAL = """
play:
  tx:
    rows: mutable
    deleted: nothing
    key: [provider, ref]
    activities: {bet: {type: Bet}}
"""


@pytest.mark.parametrize("before", [{}, {"provider": None, "ref": None}])
def test_a_delete_that_means_nothing_need_not_tell_the_key(trial: Make, before: dict[str, None]) -> None:
    """An archive job deletes thousands; under REPLICA IDENTITY DEFAULT a record tells the primary key alone."""
    run = trial(NATURAL)
    run.insert("tx", 1, provider="acme", ref="x", amount=5)
    run.take(run.database.delete("tx", {"id": 1}, before))
    assert (run.events(), run.parked()) == (["Bet Approved 1 5"], [])
    assert run.ended("skipped") == ["row deleted"]


def test_a_delete_that_voids_must_tell_it(trial: Make) -> None:
    run = trial(NATURAL.replace("deleted: nothing", "deleted: nothing stands"))
    run.insert("tx", 1, provider="acme", ref="x", amount=5)
    run.take(run.database.delete("tx", {"id": 1}, {"provider": None, "ref": None}))
    assert run.parked() == [("", "no_key")]


SOURCE = {"connector": "postgresql", "schema": "public", "table": "calls", "lsn": 99}
DELETED = SourceRecord(
    "db.public.calls", 0, 9, None, json.dumps({"op": "d", "source": SOURCE, "before": None}).encode(), (), 0
)
"""A delete with neither a key nor the row before."""


def test_a_delete_that_does_not_tell_its_row_says_what_to_do(trial: Make) -> None:
    run = trial(WALLET.replace("    key:", "    rows: mutable\n    deleted: nothing stands\n    key:"))
    run.insert("calls", 1, method="debit", transaction="t1", amount=1)
    run.take(DELETED)
    (parked,) = run.play.ledger.parked()
    assert parked.code == "no_identity"
    assert "REPLICA IDENTITY" in parked.reason


def test_an_append_only_table_needs_no_deletes(trial: Make) -> None:
    run = trial(WALLET)
    run.take(DELETED)
    assert run.play.ledger.counters() == {("skipped", "calls", "row deleted"): 1}
