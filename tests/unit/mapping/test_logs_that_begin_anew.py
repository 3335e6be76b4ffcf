"""A database that was restored or moved counts its log anew: nothing orders its changes, and none is a repeat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.records import SourceRecord
from tests.support.changes import Database
from tests.support.trial import ROW, Make, Trial

WALLET = """
play:
  tx:
    rows: mutable
    deleted: nothing
    activities: {bet: {type: Bet}}
    stands: status == "done"
    again: {activity_id: {text: "{id}:{n}"}}
"""


def change(database: Database, op: str, status: str) -> SourceRecord:
    row = {**ROW, "status": status, "amount": 5}
    return (database.insert if op == "c" else database.update)("tx", {"id": 1}, row)


def moved(database: Database, seconds: int) -> Database:
    """Return the database as another that has its rows and a log of its own; it goes on so much later."""
    return replace(database, commits=0, ahead_s=database.commits + seconds, offsets=dict(database.offsets))


@pytest.fixture
def run(trial: Make) -> Trial:
    run = trial(WALLET)
    run.database.commits = 50
    run.take(change(run.database, "c", "done"))
    return run


def test_a_change_of_a_new_log_is_parked_and_not_passed_over(run: Trial) -> None:
    run.take(change(moved(run.database, seconds=600), "u", "void"))
    assert run.events() == ["Bet Approved 1 5"]
    assert run.parked() == [("", "log_began_anew")]


def test_a_repeat_is_a_repeat(run: Trial) -> None:
    first = change(run.database, "u", "void")
    later = change(run.database, "u", "done")
    for record in (first, later, first, later):
        run.take(record)
    assert run.ended("skipped") == ["repeated", "repeated"]
    assert run.parked() == []


def test_two_commits_that_were_nearly_at_one_time_tell_nothing(run: Trial) -> None:
    """Of two rows with one key, the one that comes first in the log may have the later time."""
    run.take(change(moved(run.database, seconds=1), "u", "void"))
    assert run.ended("skipped") == ["repeated"]


def test_a_new_prefix_is_a_new_log(run: Trial) -> None:
    run.take(change(replace(moved(run.database, seconds=600), name="db2"), "u", "void"))
    assert run.events() == ["Bet Approved 1 5", "Bet Rollback 1 5"]
