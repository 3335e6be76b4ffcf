"""What becomes of what follows a bet that is taken back: it stays, goes with it, or a person decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.errors import ConfigError
from tests.support.trial import Make, Trial, wallet

BETS = """
lookups: {{games: {{key: id}}}}
play:
  bets:
    {rows}
    indexes: {{by_ticket: ticket}}
    skip: {{demo: is_demo}}
    activities: {{bet: {{type: Bet, stands: state != "failed"}}}}
    again: {{activity_id: {{text: "{{id}}:{{n}}"}}}}
  wins:
    rows: append-only
    after: bets[bet]
    park: {{a win of a bet that was taken back: not original.bet.stands}}
    activities: {{win: {{type: Win}}}}
    event: {{game_name: "games[game].name"}}
    again: {{activity_id: {{text: "{{id}}:{{n}}"}}}}
  cancels:
    rows: mutable
    deleted: nothing
    reverses:
      - {{when: kind == "cancel", original: "bets[bet]", followers: {followers}}}
      - {{when: kind == "undo", undoes: "cancels[bet]"}}
"""
ONCE = "rows: append-only"
MUTABLE = "{rows: mutable, deleted: nothing}"


def trial_of(trial: Make, followers: str = "go", rows: str = "rows: append-only") -> Trial:
    run = trial(BETS.format(followers=followers, rows=rows))
    run.insert("games", "g", name="Game")
    return run


def bet(run: Trial, key: str, **row: object) -> None:
    run.insert("bets", key, **{"amount": 5, "is_demo": False, "state": "done", "ticket": f"t{key}", **row})


def win(run: Trial, key: str, of: str, amount: int = 30, game: str = "g") -> None:
    run.insert("wins", key, bet=of, amount=amount, game=game)


def cancel(run: Trial, key: str, of: str, kind: str = "cancel") -> None:
    run.insert("cancels", key, bet=of, kind=kind)


GONE = [
    "Bet Approved b1 5",
    "Win Approved w1 30",
    "Win Approved w2 7",
    "Win Rollback w2 7",
    "Win Rollback w1 30",
    "Bet Rollback b1 5",
]


@pytest.mark.parametrize("restarted", [False, True])
def test_the_wins_of_a_bet_go_with_it_and_no_other_bet_of_its_round(trial: Make, *, restarted: bool) -> None:
    run = trial_of(trial)
    bet(run, "b1")
    win(run, "w1", "b1")
    win(run, "w2", "b1", 7)
    bet(run, "b2")
    win(run, "w3", "b2", 9)
    if restarted:
        run.restart()
    cancel(run, "c1", "b1")
    cancel(run, "c2", "b1")
    others = ["Bet Approved b2 5", "Win Approved w3 9"]
    assert [event for event in run.events() if event not in others] == GONE
    assert run.ended("skipped") == ["repeated: what it takes back does not stand"]


def test_what_is_said_again_does_nothing_more(trial: Make) -> None:
    run = trial_of(trial)
    bet(run, "b1")
    win(run, "w1", "b1")
    cancel(run, "c1", "b1")
    run.update("cancels", "c1", bet="b1", kind="cancel", note="seen")
    assert len(run.events()) == 4
    assert (run.ended("skipped"), run.parked()) == (["nothing to do"], [])


def test_a_guard_is_not_asked_again_of_a_cancel_that_has_done_its_work(trial: Make) -> None:
    text = BETS.format(followers="go", rows="rows: append-only")
    guard = "followers: go, park: {the bet is gone: not original.bet.stands}"
    run = trial(text.replace("followers: go", guard))
    run.insert("games", "g", name="Game")
    bet(run, "b1")
    cancel(run, "c1", "b1")
    run.update("cancels", "c1", bet="b1", kind="cancel", note="seen")
    assert (run.ended("skipped"), run.parked()) == (["nothing to do"], [])


def test_a_cancel_that_comes_first_waits_and_holds_nothing(trial: Make) -> None:
    run = trial_of(trial)
    cancel(run, "c1", "b1")
    bet(run, "b2")
    bet(run, "b1")
    win(run, "w1", "b1")
    assert run.events() == ["Bet Approved b2 5", "Bet Approved b1 5", "Bet Rollback b1 5"]
    assert run.parked() == [("w1", "guard")]


def test_a_win_and_a_cancel_that_both_came_before_their_bet(trial: Make) -> None:
    run = trial_of(trial)
    cancel(run, "c1", "b1")
    win(run, "w1", "b1")
    run.restart()
    bet(run, "b1")
    assert sorted(run.events()) == sorted(
        ["Bet Approved b1 5", "Win Approved w1 30", "Win Rollback w1 30", "Bet Rollback b1 5"]
    )
    assert (run.held, run.parked()) == (0, [])


def test_a_win_that_waits_is_waited_for(trial: Make) -> None:
    run = trial_of(trial)
    bet(run, "b1")
    win(run, "w1", "b1", game="late")
    cancel(run, "c1", "b1")
    assert run.new() == ["Bet Approved b1 5"]
    run.restart()
    run.insert("games", "late", name="Late")
    assert run.new() == ["Win Approved w1 30", "Win Rollback w1 30", "Bet Rollback b1 5"]


def test_a_win_that_was_written_after_the_cancel_is_none_of_it_though_both_wait(trial: Make) -> None:
    run = trial_of(trial)
    bet(run, "b1")
    win(run, "w1", "b1", game="late")
    cancel(run, "c1", "b1")
    win(run, "w2", "b1", 7, game="later")
    run.restart()
    run.insert("games", "late", name="Late")
    run.insert("games", "later", name="Later")
    assert run.events() == [GONE[0], GONE[1], *GONE[4:]]
    assert (run.parked(), run.held) == ([("w2", "guard")], 0)


def test_a_win_that_was_written_after_the_cancel_does_not_park_that(trial: Make) -> None:
    run = trial_of(trial, "park")
    bet(run, "b1")
    bet(run, "b2")
    win(run, "w2", "b2", game="late")
    cancel(run, "c1", "b1")
    win(run, "w1", "b1")
    run.insert("games", "late", name="Late")
    assert run.events()[2:] == ["Win Approved w2 30", "Bet Rollback b1 5"]
    assert (run.parked(), run.held) == ([("w1", "guard")], 0)


def test_an_undo_restores_all_that_went(trial: Make) -> None:
    run = trial_of(trial)
    bet(run, "b1")
    win(run, "w1", "b1")
    cancel(run, "c1", "b1")
    cancel(run, "u1", "c1", "undo")
    assert run.events()[4:] == ["Bet Approved b1:2 5", "Win Approved w1:2 30"]


@pytest.mark.parametrize("restarted", [False, True])
def test_a_win_that_comes_after_an_undo_goes_too_when_that_is_undone(trial: Make, *, restarted: bool) -> None:
    run = trial_of(trial)
    bet(run, "b1")
    win(run, "w1", "b1")
    cancel(run, "c1", "b1")
    cancel(run, "u1", "c1", "undo")
    win(run, "w2", "b1", 7)
    run.new()
    if restarted:
        run.restart()
    cancel(run, "u2", "u1", "undo")
    assert run.new() == ["Win Rollback w2 7", "Win Rollback w1:2 30", "Bet Rollback b1:2 5"]
    cancel(run, "u3", "u2", "undo")
    assert run.new() == ["Bet Approved b1:3 5", "Win Approved w1:3 30", "Win Approved w2:2 7"]
    cancel(run, "u4", "u3", "undo")
    assert run.new() == ["Win Rollback w2:2 7", "Win Rollback w1:3 30", "Bet Rollback b1:3 5"]


def test_what_is_skipped_takes_its_followers_with_it_in_silence(trial: Make) -> None:
    run = trial_of(trial)
    bet(run, "b1", is_demo=True)
    win(run, "w1", "b1")
    cancel(run, "c1", "b1")
    assert (run.events(), run.parked(), run.held) == ([], [], 0)


def test_the_wins_of_a_bet_whose_own_row_said_no_go_too(trial: Make) -> None:
    run = trial_of(trial, rows="rows: mutable\n    deleted: nothing")
    bet(run, "b1")
    win(run, "w1", "b1")
    run.update("bets", "b1", amount=5, is_demo=False, state="failed", ticket="t")
    cancel(run, "c1", "b1")
    assert run.events()[2:] == ["Bet Rollback b1 5", "Win Rollback w1 30"]


def test_a_bet_whose_key_has_changed_keeps_its_wins(trial: Make) -> None:
    run = trial_of(trial, rows="rows: mutable\n    deleted: nothing")
    bet(run, "b1")
    win(run, "w1", "b1")
    run.rename("bets", "b1", "b9", amount=5, is_demo=False, state="done", ticket="t")
    win(run, "w2", "b9", 7)
    cancel(run, "c1", "b9")
    assert sorted(run.events()[3:]) == ["Bet Rollback b1 5", "Win Rollback w1 30", "Win Rollback w2 7"]


@pytest.mark.parametrize("order", ["bwc", "bcw", "cbw", "wbc", "cwb", "wcb"])
def test_history_goes_in_silence_in_whatever_order_it_is_read(trial: Make, order: str) -> None:
    run = trial_of(trial)
    for which in order:
        if which == "b":
            run.snapshot("bets", "b1", amount=5, is_demo=False, state="done", ticket="t")
        elif which == "w":
            run.snapshot("wins", "w1", bet="b1", amount=30, game="g")
        else:
            run.snapshot("cancels", "c1", bet="b1", kind="cancel")
    cancel(run, "c2", "b1")
    assert run.new() == []
    cancel(run, "u1", "c1", "undo")
    assert run.new() == ["Bet Approved b1:2 5", "Win Approved w1:2 30"]


def test_history_goes_with_a_cancel_that_comes_now(trial: Make) -> None:
    run = trial_of(trial)
    run.snapshot("bets", "b1", amount=5, is_demo=False, state="done", ticket="t")
    run.snapshot("wins", "w1", bet="b1", amount=30, game="g")
    cancel(run, "c1", "b1")
    assert run.events() == ["Win Rollback w1 30", "Bet Rollback b1 5"]


def test_a_bet_that_was_sent_before_anybody_asked_for_followers_goes(trial: Make, tmp_path: Path) -> None:
    run = trial_of(trial, "stay")
    bet(run, "b1")
    run.play.brand = wallet(tmp_path, BETS.format(followers="go", rows="rows: append-only"))
    run.restart()
    win(run, "w1", "b1")
    cancel(run, "c1", "b1")
    assert run.events()[2:] == ["Win Rollback w1 30", "Bet Rollback b1 5"]
    bet(run, "b2")
    assert run.parked() == []


def test_followers_stay_where_the_wallet_says_so(trial: Make) -> None:
    run = trial_of(trial, "stay")
    bet(run, "b1")
    win(run, "w1", "b1")
    cancel(run, "c1", "b1")
    assert run.events() == ["Bet Approved b1 5", "Win Approved w1 30", "Bet Rollback b1 5"]


def test_a_person_sees_a_cancel_of_a_bet_whose_win_stands(trial: Make) -> None:
    run = trial_of(trial, "park")
    for key in ("b1", "b2"):
        bet(run, key)
    win(run, "w1", "b1")
    cancel(run, "c1", "b1")
    cancel(run, "c2", "b2")
    assert run.events()[3:] == ["Bet Rollback b2 5"]
    assert run.parked() == [("c1", "follower_stands")]


@pytest.mark.parametrize(
    "said", ["round: bet, followers: go", "original: 'bets[bet]', activity: bet, followers: go"]
)
def test_followers_are_those_of_a_row_as_a_whole(tmp_path: Path, said: str) -> None:
    text = f"play: {{bets: {{activities: {{bet: {{type: Bet}}}}}}, cancels: {{reverses: {{when: true, {said}}}}}}}"
    with pytest.raises(ConfigError, match="followers"):
        wallet(tmp_path, text)


def test_a_win_of_a_bet_that_does_not_count_yet_says_what_is_not_there(trial: Make) -> None:
    run = trial("""
play:
  bets:
    rows: mutable
    deleted: nothing
    stands: state == "placed"
    activities: {bet: {type: Bet}}
  wins:
    rows: append-only
    after: bets[bet]
    activities: {win: {type: Win}}
    event: {user_id: original.sent.user_id}
""")
    run.insert("bets", "b1", amount=5, state="pending")
    win(run, "w1", "b1")
    reason = "user_id is missing: of the row that it follows, nothing has been sent yet"
    assert run.ended("parked") == [reason]
    run.update("bets", "b1", amount=5, state="placed")
    assert run.events() == ["Bet Approved b1 5"]


def test_a_column_that_the_row_it_names_has_not_is_told_of_that_table(trial: Make) -> None:
    run = trial("""
play:
  bets: {activities: {bet: {type: Bet}}}
  wins: {after: "bets[bet]", activities: {win: {type: Win}}, event: {round_id: original.rond}}
""")
    run.insert("bets", "b1", amount=5)
    win(run, "w1", "b1")
    assert run.ended("parked") == ["round_id: the row of bets that it names has no column rond"]
