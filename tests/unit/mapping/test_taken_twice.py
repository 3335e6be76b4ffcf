"""A win that goes with its bet, or its round, and that a cancel of its own names as well."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.support.trial import Make, Trial

WALLET = """
play:
  bets:
    activities: {bet: {type: Bet}}
    again: {activity_id: {text: "{id}:{n}"}}
  wins:
    after: bets[bet]
    activities: {win: {type: Win}}
    again: {activity_id: {text: "{id}:{n}"}}
  cancels:
    reverses:
      - {when: kind == "bet", original: "bets[ref]", followers: go}
      - {when: kind == "round", round: ref}
      - {when: kind == "win", original: "wins[ref]"}
      - {when: kind == "undo", undoes: "cancels[ref]"}
"""
GONE = ["Bet Approved b 5", "Win Approved w 30", "Win Rollback w 30", "Bet Rollback b 5"]


@pytest.fixture(params=["bet", "round"])
def run(trial: Make, request: pytest.FixtureRequest) -> Trial:
    run = trial(WALLET)
    run.insert("bets", "b", amount=5)
    run.insert("wins", "w", bet="b", amount=30)
    cancel(run, "all", request.param, "b" if request.param == "bet" else "R1")
    assert run.new() == GONE
    cancel(run, "alone", "win", "w")
    run.restart()
    return run


def cancel(run: Trial, key: str, kind: str, ref: str) -> None:
    run.insert("cancels", key, kind=kind, ref=ref)


def test_it_stays_away_when_its_bet_comes_back(run: Trial) -> None:
    cancel(run, "u", "undo", "all")
    assert (run.new(), run.parked()) == (["Bet Approved b:2 5"], [])
    run.restart()
    cancel(run, "v", "undo", "alone")
    assert (run.new(), run.parked()) == (["Win Approved w:2 30"], [])


def test_it_comes_back_with_its_bet_when_its_own_cancel_was_undone_before(run: Trial) -> None:
    cancel(run, "v", "undo", "alone")
    assert (run.new(), run.parked()) == ([], [])
    run.restart()
    cancel(run, "u", "undo", "all")
    assert (run.new(), run.parked()) == (["Bet Approved b:2 5", "Win Approved w:2 30"], [])


def test_a_second_cancel_of_its_own_does_nothing(run: Trial) -> None:
    cancel(run, "again", "win", "w")
    cancel(run, "u", "undo", "all")
    cancel(run, "v", "undo", "alone")
    assert (run.new(), run.parked()) == (["Bet Approved b:2 5", "Win Approved w:2 30"], [])


def test_it_goes_again_after_all_that(run: Trial) -> None:
    cancel(run, "u", "undo", "all")
    cancel(run, "v", "undo", "alone")
    run.new()
    cancel(run, "alone2", "win", "w")
    cancel(run, "all2", "bet", "b")
    assert (run.new(), run.parked()) == (["Win Rollback w:2 30", "Bet Rollback b:2 5"], [])


def test_an_undo_that_is_undone_waits_for_a_person(run: Trial) -> None:
    cancel(run, "u", "undo", "all")
    cancel(run, "uu", "undo", "u")
    assert (run.new(), run.parked()) == (["Bet Approved b:2 5"], [("uu", "moved_on")])


@pytest.mark.parametrize(("kind", "ref"), [("bet", "b"), ("round", "R1")])
@pytest.mark.parametrize("first", ["alone", "all"])
def test_one_that_went_alone_does_not_come_back_without_its_bet(
    trial: Make, kind: str, ref: str, first: str
) -> None:
    run = trial(WALLET)
    run.insert("bets", "b", amount=5)
    run.insert("wins", "w", bet="b", amount=30)
    cancel(run, "alone", "win", "w")
    cancel(run, "all", kind, ref)
    run.restart()
    assert run.new() == GONE
    cancel(run, "u", "undo", first)
    assert run.new() == ([] if first == "alone" else ["Bet Approved b:2 5"])
    run.restart()
    cancel(run, "v", "undo", "all" if first == "alone" else "alone")
    back = ["Bet Approved b:2 5", "Win Approved w:2 30"]
    assert (run.new(), run.parked()) == (back if first == "alone" else back[1:], [])


@pytest.mark.parametrize("way", ["bet", "round"])
def test_a_cancel_of_its_own_also_holds_where_it_went_by_an_undo_of_an_undo(trial: Make, way: str) -> None:
    run = trial(WALLET)
    run.insert("bets", "b", amount=5)
    run.insert("wins", "w", bet="b", amount=30)
    cancel(run, "all", way, "b" if way == "bet" else "R1")
    cancel(run, "u", "undo", "all")
    cancel(run, "uu", "undo", "u")
    run.new()
    cancel(run, "alone", "win", "w")
    run.restart()
    cancel(run, "uuu", "undo", "uu")
    assert (run.new(), run.parked()) == (["Bet Approved b:3 5"], [])
    cancel(run, "v", "undo", "alone")
    assert (run.new(), run.parked()) == (["Win Approved w:3 30"], [])


@pytest.mark.parametrize("way", ["bet", "round"])
@pytest.mark.parametrize("before", [False, True])
def test_a_win_of_history_that_was_cancelled_alone_stays_with_its_bet(
    trial: Make, *, way: str, before: bool
) -> None:
    run = trial(WALLET)
    run.snapshot("bets", "b", amount=5)
    run.snapshot("wins", "w", bet="b", amount=30)
    if before:
        run.snapshot("cancels", "alone", kind="win", ref="w")
    else:
        cancel(run, "alone", "win", "w")
    cancel(run, "all", way, "b" if way == "bet" else "R1")
    assert run.new()[-1] == "Bet Rollback b 5"
    run.restart()
    cancel(run, "v", "undo", "alone")
    assert (run.new(), run.parked()) == ([], [])
    cancel(run, "u", "undo", "all")
    assert (run.new(), run.parked()) == (["Bet Approved b:2 5", "Win Approved w:2 30"], [])


FIRST_AND_SECOND = [("bet", "round"), ("round", "bet"), ("wins", "round"), ("bet", "wins")]


@pytest.mark.parametrize(("first", "second"), FIRST_AND_SECOND)
@pytest.mark.parametrize("another", [False, True])
@pytest.mark.parametrize("history", [False, True])
def test_what_a_bet_s_cancel_and_its_round_s_both_name_needs_the_undo_of_both(
    trial: Make, *, first: str, second: str, another: bool, history: bool
) -> None:
    run = trial(
        WALLET.replace("reverses:", "reverses:\n      - {when: kind == 'wins', round: ref, activity: win}")
    )
    write = run.snapshot if history else run.insert
    write("bets", "b", amount=5)
    write("wins", "w", bet="b", amount=30)
    if another:
        write("bets", "other", amount=7)
    for kind in (first, second):
        write("cancels", kind, kind=kind, ref="b" if kind == "bet" else "R1")
    run.restart()
    run.new()
    cancel(run, "u", "undo", first)
    assert [event for event in run.new() if "w:2" in event] == []
    run.restart()
    cancel(run, "v", "undo", second)
    assert run.new()[-1] == "Win Approved w:2 30"
    assert run.parked() == []


def test_a_bet_whose_round_is_cancelled_too_does_not_come_back_when_its_own_cancel_is_undone(trial: Make) -> None:
    run = trial(WALLET.replace("followers: go", "followers: stay"))
    run.insert("bets", "b", amount=5)
    cancel(run, "own", "bet", "b")
    cancel(run, "all", "round", "R1")
    cancel(run, "again", "round", "R1")
    assert run.ended("skipped") == ["repeated: what it takes back does not stand"] * 2
    cancel(run, "u", "undo", "own")
    assert run.new() == ["Bet Approved b 5", "Bet Rollback b 5"]
    run.restart()
    cancel(run, "v", "undo", "all")
    assert (run.new(), run.parked()) == (["Bet Approved b:2 5"], [])


THREE = {"own": ("win", "w"), "bet": ("bet", "b"), "round": ("round", "R1")}


@pytest.mark.parametrize("order", list(permutations(THREE)))
@pytest.mark.parametrize("history", [0, 1, 2, 3])
def test_of_three_cancels_each_keeps_a_win_away_until_its_own_undo(
    trial: Make, *, order: tuple[str, ...], history: int
) -> None:
    run = trial(WALLET)
    write = run.snapshot if history else run.insert
    write("bets", "b", amount=5)
    write("wins", "w", bet="b", amount=30)
    for number, name in enumerate(order):
        kind, ref = THREE[name]
        (run.snapshot if number < history else run.insert)("cancels", name, kind=kind, ref=ref)
    run.restart()
    run.new()
    for undone in order[:2]:
        cancel(run, f"u-{undone}", "undo", undone)
        assert [event for event in run.new() if "w:2" in event] == []
        run.restart()
    cancel(run, "last", "undo", order[2])
    assert (run.new()[-1], run.parked()) == ("Win Approved w:2 30", [])


@pytest.mark.parametrize("third", ["own", "bet"])
def test_a_cancel_holds_that_came_while_only_the_second_did(trial: Make, third: str) -> None:
    run = trial(WALLET)
    run.insert("bets", "b", amount=5)
    run.insert("wins", "w", bet="b", amount=30)
    for name in ("bet" if third == "own" else "own", "round"):
        cancel(run, name, *THREE[name])
    cancel(run, "u", "undo", "bet" if third == "own" else "own")
    cancel(run, "third", *THREE[third])
    run.restart()
    cancel(run, "v", "undo", "round")
    run.new()
    assert "Win Approved w:2 30" not in run.events()
    cancel(run, "w", "undo", "third")
    assert (run.new()[-1], run.parked()) == ("Win Approved w:2 30", [])


def test_a_row_s_cancel_holds_for_a_win_of_it_that_went_alone_before(trial: Make) -> None:
    run = trial("""
play:
  bets:
    activities:
      bet: {type: Bet, event: {activity_id: {text: "{id}b"}}, again: {activity_id: {text: "{id}b:{n}"}}}
      win:
        type: Win
        event: {activity_id: {text: "{id}w"}, wager_amount: won}
        again: {activity_id: {text: "{id}w:{n}"}}
  cancels:
    reverses:
      - {when: kind == "wins", round: ref, activity: win}
      - {when: kind == "bet", original: "bets[ref]"}
      - {when: kind == "undo", undoes: "cancels[ref]"}
""")
    run.insert("bets", "b", amount=5, won=30)
    cancel(run, "wins", "wins", "R1")
    cancel(run, "all", "bet", "b")
    run.new()
    cancel(run, "u", "undo", "wins")
    assert run.new() == []
    cancel(run, "v", "undo", "all")
    assert (run.new(), run.parked()) == (["Bet Approved bb:2 5", "Win Approved bw:2 30"], [])


SHARES = """
play:
  bets:
    activities: {bet: {type: Bet, share: amount}}
    event: {wager_amount: left}
    again: {activity_id: {text: "{id}:{n}"}}
  cancels:
    reverses:
      - {when: kind == "part", original: "bets[ref]", takes: amount, partial: PARTIAL}
      - {when: kind == "void", original: "bets[ref]"}
      - {when: kind == "round", round: ref}
      - {when: kind == "undo", undoes: "cancels[ref]"}
"""


@pytest.mark.parametrize("first", ["void", "round"])
@pytest.mark.parametrize("order", list(permutations(["void", "round", "part"])))
def test_of_a_bet_with_a_share_each_cancel_holds_too_and_all_of_it_comes_back(
    trial: Make, first: str, order: tuple[str, ...]
) -> None:
    run = trial(SHARES.replace("PARTIAL", "replace"))
    run.insert("bets", "b", amount=10)
    run.insert("cancels", "part", kind="part", ref="b", amount=3)
    for kind in (first, "round" if first == "void" else "void"):
        cancel(run, kind, kind, "b" if kind == "void" else "R1")
    run.restart()
    whole = []
    for number, one in enumerate(order):
        cancel(run, f"u{number}", "undo", one)
        run.restart()
        whole.append(sum(e["amount"] if e["status"] == "Approved" else -e["amount"] for e in run.bodies()))
    assert run.parked() == []
    assert whole[-1] == 10
    # What a part's undo gives back counts, also where the rest was taken before that.
    until = 1 if order[1] == "part" else max(order.index("void"), order.index("round"))
    assert all(much == 0 for much in whole[:until])


@pytest.mark.parametrize("first", ["void", "round"])
@pytest.mark.parametrize("third", [False, True])
@pytest.mark.parametrize("before", [1, 2])
def test_of_a_bet_of_history_with_a_share_each_cancel_holds(
    trial: Make, *, first: str, third: bool, before: int
) -> None:
    run = trial(
        SHARES.replace("PARTIAL", "replace").replace(
            "reverses:", "reverses:\n      - {when: kind == 'bet', original: 'bets[ref]', followers: go}"
        )
    )
    run.snapshot("bets", "b", amount=10)
    kinds = [first, "round" if first == "void" else "void", *(["bet"] if third else [])]
    for number, kind in enumerate(kinds):
        write = run.snapshot if number < before else run.insert
        write("cancels", kind, kind=kind, ref="R1" if kind == "round" else "b")
    run.restart()
    shown = run.new()
    for kind in kinds[:-1]:
        cancel(run, f"u-{kind}", "undo", kind)
        run.restart()
        assert (run.new(), run.parked()) == ([], [])
    cancel(run, "last", "undo", kinds[-1])
    assert (shown, run.new(), run.parked()) == ([], ["Bet Approved b:2 10"], [])


@pytest.mark.parametrize("undone", ["first", "second", "third"])
def test_whichever_cancel_of_a_round_is_judged_first_the_undo_of_the_first_that_was_written_counts(
    trial: Make, undone: str
) -> None:
    """Cancels that another player's rows write do not wait behind the bet that the round waits for."""
    run = trial("""
lookups: {games: {key: id}}
play:
  bets:
    activities: {bet: {type: Bet}}
    event: {game_name: "games[game].name"}
    again: {activity_id: {text: "{id}:{n}"}}
  cancels:
    reverses:
      - {when: kind == "round", round: ref}
      - {when: kind == "undo", undoes: "cancels[ref]"}
""")
    run.insert("games", "here", name="Game")
    run.insert("bets", "b", amount=5, game="here")
    run.insert("bets", "late", amount=7, game="late")
    run.insert("cancels", "first", kind="round", ref="R1")
    run.insert("cancels", "second", kind="round", ref="R1", player="p2")
    run.insert("cancels", "third", kind="round", ref="R1", player="p2")
    run.insert("games", "late", name="Game")
    gone = run.new()
    run.restart()
    cancel(run, "u", "undo", undone)
    assert (len(gone), run.held, run.parked()) == (4, 0, [])
    assert run.new() == (["Bet Approved b:2 5", "Bet Approved late:2 7"] if undone == "first" else [])
