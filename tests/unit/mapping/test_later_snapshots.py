"""Snapshots that come after records of the log: what is known stays as it is, and what is news has a name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from bridge.mapping.snapshots import LATER_SNAPSHOT
from tests.support.trial import ROW, Make, Trial

STATUS = """
wait: {lookup: 10 minutes}
lookups: {games: {key: id}, users: {key: id}}
play:
  tx:
    rows: mutable
    deleted: nothing
    skip: {test player: "users[player].is_test"}
    activities: {bet: {type: Bet}}
    stands: status == "done"
    event: {game_name: "games[game].name or none"}
    again: {activity_id: {text: "{id}:{n}"}}
"""

LEDGER = """
play:
  tx:
    starts: at > "2026-01-01T10:00:00Z"
    activities: {bet: {type: Bet}}
"""


@pytest.fixture
def status(trial: Make) -> Trial:
    run = trial(STATUS)
    for player in ("p1", "p2"):
        run.snapshot("users", player, is_test=player == "p2")
    run.snapshot("games", "g", name="Dice")
    return run


def tx(run: Trial, key: str, state: str, **row: Any) -> None:
    """Take in a row of the log: a new one, or one that has changed."""
    known = any(outcome.key == key for outcome in run.play.outcomes)
    columns: dict[str, Any] = {"status": state, "amount": 5, "game": "g"} | row
    if known:
        run.update("tx", key, **columns)
    else:
        run.insert("tx", key, **columns)


def shown(run: Trial, key: str, state: str, **row: Any) -> str:
    """Take in a row of a snapshot, and return what it is called."""
    run.snapshot("tx", key, **{"status": state, "amount": 5, "game": "g"} | row)
    return run.play.outcomes[-1].reason


class TestRowsThatTheLogHasToldOf:
    def test_what_was_sent_of_a_row_is_what_is_taken_back(self, status: Trial) -> None:
        for state in ("done", "void", "done"):
            tx(status, "a", state)
        assert shown(status, "a", "done") == "repeated"
        tx(status, "a", "void")
        assert status.events()[-2:] == ["Bet Approved a:2 5", "Bet Rollback a:2 5"]

    def test_a_change_that_only_the_snapshot_shows_has_a_name_and_is_made_up_for_by_the_next(
        self, status: Trial
    ) -> None:
        tx(status, "a", "pending")
        assert shown(status, "a", "done") == LATER_SNAPSHOT
        assert status.events() == []
        tx(status, "a", "done")
        assert status.events() == ["Bet Approved a 5"]

    def test_a_row_that_waits_still_comes_to_its_end(self, status: Trial) -> None:
        tx(status, "a", "done", game="new")
        assert shown(status, "a", "done", game="new") == LATER_SNAPSHOT
        status.snapshot("games", "new", name="New")
        assert (status.events(), status.held) == (["Bet Approved a 5"], 0)

    def test_a_parked_row_is_not_parked_again(self, status: Trial) -> None:
        tx(status, "a", "done", amount=-1)
        assert shown(status, "a", "done", amount=-1) == "repeated"
        assert len(status.parked()) == 1

    def test_a_skipped_row_stays_skipped(self, status: Trial) -> None:
        tx(status, "a", "done", player="p2")
        assert shown(status, "a", "done", player="p2") == "repeated"


class TestRowsThatOnlyALaterSnapshotTellsOf:
    def test_they_have_a_name_of_their_own_and_are_remembered_as_history(self, status: Trial) -> None:
        tx(status, "a", "done")
        assert shown(status, "b", "done") == LATER_SNAPSHOT
        assert status.play.ledger.counters()["skipped", "tx", LATER_SNAPSHOT] == 1
        tx(status, "b", "void")
        assert status.events() == ["Bet Approved a 5", "Bet Rollback b 5"]

    def test_the_first_snapshot_is_history(self, status: Trial) -> None:
        assert shown(status, "a", "done") == "history"
        assert shown(status, "b", "done", player="p2") == "history: test player"

    def test_a_row_that_a_guard_skips_is_not_missed(self, status: Trial) -> None:
        tx(status, "a", "done")
        assert shown(status, "b", "done", player="p2") == "history: test player"

    def test_a_row_of_the_first_snapshot_is_history_in_the_second_too(self, status: Trial) -> None:
        shown(status, "b", "done")
        tx(status, "a", "done")
        assert shown(status, "b", "done") == "history"

    def test_the_ledger_knows_it_after_a_restart(self, status: Trial) -> None:
        tx(status, "a", "done")
        status.restart()
        assert shown(status, "b", "done") == LATER_SNAPSHOT

    def test_a_record_of_a_batch_that_was_lost_does_not_count(self, status: Trial) -> None:
        record = status.database.insert("tx", {"id": "a"}, {**ROW, "status": "done", "amount": 5, "game": "g"})
        status.play.take_in_vain([record])
        assert shown(status, "b", "done") == "history"

    def test_partitions_are_read_at_their_own_pace(self, status: Trial) -> None:
        tx(status, "a", "done")
        row = {**ROW, "status": "done", "amount": 5, "game": "g"}
        other = status.database.snapshot("tx", {"id": "b"}, row)
        status.take(msgspec.structs.replace(other, partition=1))
        assert status.ended("history") == ["history"]

    def test_play_from_before_the_start_is_not_missed(self, trial: Make) -> None:
        run = trial(LEDGER)
        run.insert("tx", "a", amount=5, at="2026-01-01T11:00:00Z")
        run.snapshot("tx", "b", amount=5)
        run.snapshot("tx", "c", amount=5, at="2026-01-01T11:00:00Z")
        assert run.ended("history") == ["history", LATER_SNAPSHOT]

    def test_a_guard_that_cannot_be_told_yet_is_no_excuse(self, status: Trial) -> None:
        tx(status, "a", "done")
        assert shown(status, "b", "done", player="p9") == LATER_SNAPSHOT


def test_a_reversal_that_two_snapshots_show_takes_back_once(trial: Make) -> None:
    """Mutable rows: a snapshot's row at a later position is no repeat."""
    run = trial(
        """
play:
  tx:
    rows: mutable
    deleted: nothing
    activities: {bet: {type: Bet, when: kind == "bet", share: amount}}
    event: {wager_amount: left}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses: {when: kind == "refund", original: "tx[ref]", takes: amount, event: {timestamp: at}}
"""
    )
    for _ in range(2):
        run.snapshot("tx", "a", kind="bet", amount=10, ref=None)
        run.snapshot("tx", "b", kind="refund", amount=3, ref="a")
    run.insert("tx", "c", kind="refund", amount=7, ref="a")
    assert (run.parked(), [event.split()[1] for event in run.events()]) == ([], ["Rollback"])
