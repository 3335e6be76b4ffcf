"""Snapshots with several rows of one key: all of them stand at one place in the log, and each counts once."""

from __future__ import annotations

import pytest

from tests.support.trial import Make, Trial

SUMS = """
play:
  stakes:
    rows: mutable
    deleted: nothing
    key: ticket
    with: {total: (win.amount if win.stands else 0) + (delta if change_kind != "update" else 0)}
    activities: {win: {type: Win, stands: total > 0, compare: total}}
    event: {activity_id: ticket, wager_amount: total}
    again: {activity_id: {text: "{ticket}:{n}"}}
"""
VERSIONS = """
play:
  versions:
    rows: mutable
    deleted: nothing
    key: ticket
    skip: {not ours: 'state == "refused"'}
    with: {now: until == none}
    activities:
      bet: {type: Bet, stands: state != "void" if now else bet.stands}
      win: {type: Win, stands: state == "won" if now else win.stands, event: {activity_id: {text: "{ticket}:w"}}}
    event: {activity_id: ticket}
"""
STATES = """
play:
  states:
    rows: mutable
    deleted: nothing
    key: ticket
    as_of: seq
    skip: {not yet: state == "asked"}
    activities: {bet: {type: Bet, stands: state != "void"}}
    event: {activity_id: ticket}
"""
CALLS = """
play:
  calls:
    key: call
    skip: {refused: not done}
    activities: {bet: {type: Bet, when: kind == "bet"}}
    event: {activity_id: call}
    reverses: {when: kind == "cancel", original: "calls[ref]"}
"""
ATTRIBUTES = """
lookups: {attr: {tables: attributes, key: [ticket, name], missing: none}}
play:
  attributes:
    rows: mutable
    deleted: nothing
    key: ticket
    with: {stake: 'number(attr[ticket, "stake"].value)'}
    skip: {a note: name == "note"}
    activities:
      bet: {type: Bet, stands: 'stake != none and attr[ticket, "state"].value == "placed"', compare: stake}
    event: {activity_id: ticket, wager_amount: stake}
"""


def summed(run: Trial, *deltas: int) -> None:
    for key, delta in enumerate(deltas, start=1):
        run.snapshot("stakes", key, ticket="b", delta=delta)


def version(run: Trial, key: int, state: str, until: int | None = None) -> None:
    run.snapshot("versions", key, ticket="b", state=state, until=until, amount=5)


@pytest.mark.parametrize("between", [False, True], ids=["begun anew", "later"])
@pytest.mark.parametrize("shown", [1, 2, 3])
def test_each_row_counts_once_however_often_snapshots_show_it(trial: Make, shown: int, between: bool) -> None:
    run = trial(SUMS)
    for _ in range(shown):
        summed(run, 10, -4, -1)
        run.restart()
        if between:
            run.insert("stakes", 8, ticket="c", delta=1)
    run.new()
    run.insert("stakes", 9, ticket="b", delta=-2)
    assert run.new() == ["Win Rollback b 5", "Win Approved b:2 3"]


def test_equal_rows_are_told_by_what_else_they_hold(trial: Make) -> None:
    run = trial(SUMS)
    summed(run, 5, 5, 5)
    run.insert("stakes", 9, ticket="b", delta=-15)
    assert run.events() == ["Win Rollback b 15"]


def test_a_column_that_was_added_meanwhile_does_not_make_another_row(trial: Make) -> None:
    run = trial(SUMS)
    summed(run, 10)
    run.snapshot("stakes", 1, ticket="b", delta=10, note=None)
    run.insert("stakes", 9, ticket="b", delta=-10)
    assert run.events() == ["Win Rollback b 10"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_of_versions_the_one_that_is_open_counts_wherever_it_is_read(trial: Make, order: tuple[int, ...]) -> None:
    run = trial(VERSIONS)
    rows: list[tuple[int, str, int | None]] = [(1, "placed", 1), (2, "won", 2), (3, "placed", None)]
    for at in order:
        version(run, *rows[at])
    run.insert("versions", 4, ticket="b", state="void", until=None, amount=5)
    assert run.events() == ["Bet Rollback b 5"]


def test_a_version_that_is_left_out_hides_none_that_comes_later(trial: Make) -> None:
    run = trial(VERSIONS)
    version(run, 1, "refused")
    version(run, 2, "placed")
    run.insert("versions", 4, ticket="b", state="void", until=None, amount=5)
    assert run.events() == ["Bet Rollback b 5"]


def test_an_early_state_that_is_left_out_hides_no_later_one(trial: Make) -> None:
    run = trial(STATES)
    run.snapshot("states", 1, ticket="b", seq=1, state="asked", amount=5)
    run.snapshot("states", 2, ticket="b", seq=2, state="placed", amount=5)
    run.snapshot("states", 1, ticket="b", seq=1, state="asked", amount=5)
    run.insert("states", 3, ticket="b", seq=3, state="void", amount=5)
    assert run.events() == ["Bet Rollback b 5"]


@pytest.mark.parametrize("history", [True, False])
def test_a_call_that_was_refused_and_tried_again_is_known(trial: Make, history: bool) -> None:
    run = trial(CALLS)
    write = run.snapshot if history else run.insert
    write("calls", 1, call="a", kind="bet", done=False, amount=5, ref=None)
    write("calls", 2, call="a", kind="bet", done=True, amount=5, ref=None)
    write("calls", 3, call="a", kind="bet", done=True, amount=5, ref=None)
    run.new()
    run.insert("calls", 4, call="x", kind="cancel", done=True, amount=5, ref="a")
    assert run.new() == ["Bet Rollback a 5"]


def test_what_the_log_left_out_stays_so_when_a_later_snapshot_says_otherwise(trial: Make) -> None:
    run = trial(CALLS)
    run.insert("calls", 1, call="a", kind="bet", done=False, amount=5, ref=None)
    run.snapshot("calls", 2, call="a", kind="bet", done=True, amount=5, ref=None)
    assert run.play.outcomes[-1].reason in ("repeated", "row of a later snapshot")
    run.insert("calls", 4, call="x", kind="cancel", done=True, amount=5, ref="a")
    assert run.events() == []


@pytest.mark.parametrize("names", ["state stake note", "note stake state", "stake note state note"])
def test_a_bet_of_several_rows_is_known_when_all_have_been_shown(trial: Make, names: str) -> None:
    run = trial(ATTRIBUTES)
    values = {"state": "placed", "stake": "5", "note": "seen"}
    for key, name in enumerate(names.split()):
        run.snapshot("attributes", key, ticket="b", name=name, value=values[name])
        run.restart()
    run.insert("attributes", 9, ticket="b", name="state", value="void")
    assert run.events() == ["Bet Rollback b 5"]


def test_a_bet_of_history_is_taken_back_with_the_amount_that_it_had_then(trial: Make) -> None:
    run = trial(ATTRIBUTES)
    run.snapshot("attributes", 1, ticket="b", name="state", value="placed")
    run.snapshot("attributes", 2, ticket="b", name="stake", value="5")
    run.update("attributes", 2, ticket="b", name="stake", value="7")
    run.restart()
    run.update("attributes", 1, ticket="b", name="state", value="void")
    assert run.events() == ["Bet Rollback b 5", "Bet Approved b 7", "Bet Rollback b 7"]


def test_a_state_that_is_left_out_takes_nothing_from_the_one_before(trial: Make) -> None:
    run = trial(STATES)
    run.snapshot("states", 1, ticket="b", seq=1, state="placed", amount=5)
    run.snapshot("states", 2, ticket="b", seq=2, state="asked", amount=5)
    run.insert("states", 3, ticket="b", seq=3, state="void", amount=5)
    assert run.events() == ["Bet Rollback b 5"]
