"""A table of states: each row is a version of what the key names, and an older one means nothing."""

from __future__ import annotations

import re

import msgspec
import pytest

from bridge.records import SourceRecord
from tests.support.trial import ROW, Make, Trial

WALLET = """
play:
  states:
    rows: mutable
    deleted: nothing
    key: bet
    as_of: seq
    sent_before: state == "won"
    activities:
      stake: {type: Bet, event: {activity_id: {text: "{bet}:b"}}}
      prize:
        type: Win
        stands: state == "won"
        event: {activity_id: {text: "{bet}:w"}}
        again: {activity_id: {text: "{bet}:w{n}"}}
"""


def state(run: Trial, how: str, key: int, seq: int | None, state: str) -> None:
    """Write a row of the table of states of bet 9."""
    getattr(run, how)("states", key, bet="9", seq=seq, state=state, amount=5)


def test_each_row_is_the_newest_state(trial: Make) -> None:
    run = trial(WALLET)
    for key, name in enumerate(("open", "won", "lost", "won")):
        state(run, "insert", key, key, name)
    assert run.events() == [
        "Bet Approved 9:b 5", "Win Approved 9:w 5", "Win Rollback 9:w 5", "Win Approved 9:w2 5",
    ]  # fmt: skip


def test_an_older_row_that_is_updated_or_comes_late_is_skipped(trial: Make) -> None:
    run = trial(WALLET)
    state(run, "insert", 1, 1, "open")
    state(run, "insert", 3, 3, "won")
    state(run, "update", 1, 1, "open")
    state(run, "insert", 2, 2, "lost")
    state(run, "insert", 4, None, "lost")
    assert run.events() == ["Bet Approved 9:b 5", "Win Approved 9:w 5"]
    assert run.play.ledger.counters()[("skipped", "states", "row is an older version")] == 3


def test_the_newest_row_may_be_corrected(trial: Make) -> None:
    run = trial(WALLET)
    state(run, "insert", 1, 1, "open")
    state(run, "insert", 2, 2, "won")
    state(run, "update", 2, 2, "lost")
    assert run.events()[-1] == "Win Rollback 9:w 5"


def test_of_a_snapshot_the_newest_version_counts_in_whatever_order_it_shows_them(trial: Make) -> None:
    run = trial(WALLET)
    for seq, name in ((1, "open"), (3, "won"), (2, "lost")):
        state(run, "snapshot", seq, seq, name)
    assert run.events() == []
    state(run, "insert", 4, 4, "lost")
    assert run.events() == ["Win Rollback 9:w 5"]


UNTIL = """
play:
  states:
    rows: mutable
    deleted: nothing
    key: bet
    columns: {until: iso}
    with: {now: until > committed_at}
    activities: {stake: {type: Bet, stands: state == "open" if now else stake.stands}}
    event: {activity_id: bet, round_id: bet}
"""


def test_a_version_that_ends_at_infinity_is_the_one_that_counts(trial: Make) -> None:
    run = trial(UNTIL)
    run.insert("states", 1, bet="9", state="open", amount=5, until="infinity")
    run.update("states", 1, bet="9", state="open", amount=5, until="2025-01-01T00:00:00Z")
    run.insert("states", 2, bet="9", state="void", amount=5, until="infinity")
    run.update("states", 2, bet="9", state="void", amount=5, until="2025-01-01T00:00:00Z")
    assert run.events() == ["Bet Approved 9 5", "Bet Rollback 9 5"]


def test_infinity_is_no_moment_of_an_event(trial: Make) -> None:
    run = trial(UNTIL.replace("round_id: bet", "round_id: bet, timestamp: until"))
    run.insert("states", 1, bet="9", state="open", amount=5, until="infinity")
    assert (run.events(), [code for _, code in run.parked()]) == ([], ["wrong_type"])


def test_versions_of_different_kinds_are_parked(trial: Make) -> None:
    run = trial(WALLET)
    state(run, "insert", 1, 1, "open")
    run.insert("states", 2, bet="9", seq="two", state="won", amount=5)
    assert [code for _, code in run.parked()] == ["not_comparable"]


def test_an_older_row_that_waits_behind_a_newer_one_is_skipped_too(trial: Make) -> None:
    run = trial(
        "lookups: {games: {key: id}}\n"
        + WALLET.replace("    activities:", "    event: {game_name: 'games[game].name'}\n    activities:")
    )
    run.insert("states", 3, bet="9", seq=3, state="won", amount=5, game="g")
    run.insert("states", 2, bet="9", seq=2, state="lost", amount=5, game="g")
    run.insert("games", "g", name="Game")
    assert run.events() == ["Bet Approved 9:b 5", "Win Approved 9:w 5"]
    assert run.play.ledger.counters()[("skipped", "states", "row is an older version")] == 1


def test_an_old_state_that_is_deleted_says_nothing_and_the_newest_one_does(trial: Make) -> None:
    run = trial(WALLET.replace("deleted: nothing", "deleted: nothing stands"))
    state(run, "insert", 1, 1, "open")
    state(run, "insert", 2, 2, "won")
    state(run, "delete", 1, 1, "open")
    assert run.new() == ["Bet Approved 9:b 5", "Win Approved 9:w 5"]
    assert run.ended("skipped") == ["row is an older version"]
    state(run, "delete", 2, 2, "won")
    assert run.new() == ["Win Rollback 9:w 5", "Bet Rollback 9:b 5"]
    assert run.parked() == []


def test_a_row_without_the_column_that_numbers_versions_is_parked(trial: Make) -> None:
    run = trial(WALLET.replace("as_of: seq", "as_of: sequence"))
    state(run, "insert", 1, 1, "open")
    assert run.events() == []
    assert run.play.ledger.counters() == {("parked", "states", "missing_column"): 1}


COPIED = """
wait: {lookup: 10 minutes}
lookups: {games: {key: id}}
play:
  states:
    rows: mutable
    deleted: nothing
    key: bet
    as_of: seq
    skip: {not yet: state == "asked"}
    activities:
      stake: {type: Bet, event: {activity_id: {text: "{bet}:b"}}}
      prize: {type: Win, stands: state == "won", event: {activity_id: {text: "{bet}:w"}}}
    event: {game_name: "games[game].name"}
"""


@pytest.mark.parametrize("late", [False, True], ids=["at once", "when its game is there"])
@pytest.mark.parametrize("first", ["open", "asked"])
def test_versions_that_were_copied_in_share_one_place_in_the_log(trial: Make, first: str, late: bool) -> None:
    run = trial(COPIED)
    if not late:
        run.insert("games", "g", name="Dice")
    row = {**ROW, "bet": "9", "amount": 5, "game": "g"}
    rows = [
        run.database.insert("states", {"id": seq}, {**row, "seq": seq, "state": name})
        for seq, name in enumerate((first, "won"), start=1)
    ]
    place = _place_of(rows[0])
    for record in (*rows, *rows):
        assert record.value is not None
        run.take(msgspec.structs.replace(record, value=record.value.replace(_place_of(record), place)))
        run.restart()
    if late:
        run.insert("games", "g", name="Dice")
    assert run.events() == ["Bet Approved 9:b 5", "Win Approved 9:w 5"]
    assert (run.parked(), run.held) == ([], 0)


def _place_of(record: SourceRecord) -> bytes:
    """Return the part of a record's text that tells its place in the log."""
    assert record.value is not None
    found = re.search(rb'"lsn":\d+,"sequence":"[^}]*"', record.value)
    assert found is not None
    return found.group()
