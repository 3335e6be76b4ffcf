"""A row that a guard has left out, and whose next change waits, has not ended: what names it waits for it."""

from __future__ import annotations

import pytest

from tests.support.trial import Make, Trial

WALLET = """
lookups: {games: {key: id}}
wait: {lookup: 10 minutes, original: 1 day}
play:
  tx:
    rows: mutable
    deleted: nothing
    skip: {not done yet: status == "pending"}
    with: {title: 'games[game].name'}
    activities: {bet: {type: Bet, when: kind == "bet"}}
    event: {game_name: title}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: kind == "undo", undoes: "tx[ref]"}
      - {when: kind == "rollback", original: "tx[ref]"}
  wins:
    rows: append-only
    after: tx[ref]
    activities: {win: {type: Win}}
  cancels:
    rows: append-only
    reverses: {when: true, round: round}
"""
DAY_MS = 86_400_000


@pytest.fixture
def run(trial: Make) -> Trial:
    return trial(WALLET)


def write(run: Trial, key: str, kind: str, ref: str | None = None, **more: object) -> None:
    run.insert("tx", key, **{"kind": kind, "ref": ref, "amount": 10, "status": "done", "game": "g", **more})


def write_pending(run: Trial, key: str, kind: str, ref: str | None = None) -> None:
    """Write a row as pending, and then as done."""
    write(run, key, kind, ref, status="pending")
    run.update("tx", key, kind=kind, ref=ref, amount=10, status="done", game="g")


@pytest.mark.parametrize("restart", [False, True])
def test_an_undo_waits_for_the_rollback(run: Trial, restart: bool) -> None:
    run.insert("games", "g", name="Dice")
    write_pending(run, "r", "rollback", "b")
    write(run, "u", "undo", "r")
    if restart:
        run.play.restart()
    write(run, "b", "bet")
    assert run.events() == ["Bet Approved b 10", "Bet Rollback b 10", "Bet Approved b:2 10"]


@pytest.mark.parametrize("restart", [False, True])
def test_a_rollback_and_a_win_of_another_queue_wait_for_the_bet(run: Trial, restart: bool) -> None:
    write_pending(run, "b", "bet")
    write(run, "r", "rollback", "b", player="b")
    run.insert("wins", "w", ref="b", amount=30, player="w")
    if restart:
        run.play.restart()
    assert run.events() == []
    run.insert("games", "g", name="Dice")
    assert sorted(run.events()) == ["Bet Approved b 10", "Bet Rollback b 10", "Win Approved w 30"]


@pytest.mark.parametrize("restart", [False, True])
def test_the_cancelling_of_its_round_waits_for_the_bet(run: Trial, restart: bool) -> None:
    write(run, "a", "bet", game="g2", player="p2")
    run.insert("games", "g2", name="Cards")
    write_pending(run, "b", "bet")
    run.insert("cancels", "c", player="c")
    if restart:
        run.play.restart()
    run.insert("games", "g", name="Dice")
    sent = ["Bet Approved a 10", "Bet Approved b 10"]
    assert run.events() == [*sent, "Bet Rollback b 10", "Bet Rollback a 10"]


def test_what_waits_goes_as_the_row_does_when_its_wait_is_over(run: Trial) -> None:
    write_pending(run, "b", "bet")
    write(run, "r", "rollback", "b", player="b")
    run.play.wait(2 * DAY_MS)
    assert (run.events(), run.parked()) == ([], [("b", "lookup_missing"), ("r", "original_parked")])


def test_what_is_left_out_all_the_same_leaves_out_what_names_it(run: Trial) -> None:
    write_pending(run, "r", "rollback", "b")
    write(run, "u", "undo", "r")
    write(run, "b", "bet", status="pending")
    assert (run.events(), run.parked()) == ([], [])
    assert run.play.mapper.held == 0


def test_a_delete_that_means_nothing_leaves_the_row_left_out(run: Trial) -> None:
    write(run, "b", "bet", status="pending")
    write(run, "x", "bet", game="later")
    run.delete("tx", "b")
    run.insert("games", "later", name="Dice")
    write(run, "r", "rollback", "b", player="b")
    assert run.events() == ["Bet Approved x 10"]
    assert run.play.mapper.held == 0


@pytest.mark.parametrize("restart", [False, True])
def test_a_rollback_waits_for_the_last_change_that_waits(run: Trial, restart: bool) -> None:
    write(run, "b", "bet", status="pending")
    write(run, "x", "bet", game="later")
    run.update("tx", "b", kind="bet", ref=None, amount=10, status="pending", game="g")
    run.update("tx", "b", kind="bet", ref=None, amount=10, status="done", game="g")
    write(run, "r", "rollback", "b", player="b")
    run.insert("games", "later", name="Dice")
    write(run, "r2", "rollback", "b", player="b")
    if restart:
        run.play.restart()
    run.insert("games", "g", name="Cards")
    assert run.events() == ["Bet Approved x 10", "Bet Approved b 10", "Bet Rollback b 10"]


def test_a_delete_that_was_behind_others_leaves_the_row_left_out(run: Trial) -> None:
    write(run, "b", "bet", status="pending")
    write(run, "r", "rollback", "b", player="b")
    write(run, "x", "bet", game="later")
    run.delete("tx", "b")
    run.insert("games", "later", name="Dice")
    write(run, "r2", "rollback", "b", player="b")
    assert run.events() == ["Bet Approved x 10"]
    assert run.play.mapper.held == 0
