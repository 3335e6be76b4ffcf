"""Rules that ask what was sent of their row before, on rows that were there before the bridge."""

from __future__ import annotations

import pytest

from tests.support.trial import Make, Trial

WALLET = """
lookups: {fx: {key: id}}
play:
  settlements:
    rows: mutable
    deleted: nothing
    key: bet
    with: {total: (win.amount if win.stands else 0) + delta}
    park: {more is booked back than was sent: total < 0}
    activities: {win: {type: Win, stands: total > 0, compare: id}}
    event: {activity_id: {text: "{bet}:w"}, wager_amount: total, exchange_rate: "fx[currency].rate"}
    again: {activity_id: {text: "{bet}:w{n}"}}
"""
BOOKS_ONCE = WALLET.replace("+ delta", '+ (delta if change_kind == "insert" or change_kind == "snapshot" else 0)')
NAMES_ITSELF = """
play:
  tx:
    indexes: {by_round: round}
    activities: {bet: {type: Bet, when: kind == "bet"}}
    event: {game_id: 'game or tx.by_round[round].bet.game_id'}
    reverses: {when: kind == "void", original: "tx[ref]"}
"""


def settled(run: Trial, *deltas: int, history: int) -> list[str]:
    for number, delta in enumerate(deltas):
        write = run.snapshot if number < history else run.insert
        write("settlements", str(number), bet="9", delta=delta, currency="EUR")
    return run.events()


@pytest.mark.parametrize("text", [WALLET, BOOKS_ONCE], ids=["each change", "each row"])
@pytest.mark.parametrize(
    ("deltas", "history", "events"),
    [
        ((25, -5), 1, ["Win Rollback 9:w 25", "Win Approved 9:w2 20"]),
        ((25, -5, -20), 2, ["Win Rollback 9:w 20"]),
        ((25, 10, 5), 2, ["Win Rollback 9:w 35", "Win Approved 9:w2 40"]),
        ((25, -25, 5), 2, ["Win Approved 9:w 5"]),
    ],
)
def test_a_sum_of_history_goes_on(
    trial: Make, deltas: tuple[int, ...], history: int, events: list[str], text: str
) -> None:
    run = trial(text)
    run.insert("fx", "EUR", rate=1)
    assert settled(run, *deltas, history=history) == events
    assert run.parked() == []


def test_a_sum_of_history_that_is_not_known_waits_for_a_person(trial: Make) -> None:
    run = trial(WALLET)
    settled(run, 25, -5, history=2)
    run.insert("fx", "EUR", rate=1)
    run.insert("settlements", "3", bet="9", delta=-1, currency="EUR")
    assert run.events() == []
    assert [code for _, code in run.parked()] == ["guard"]


def test_an_event_of_history_that_names_itself_ends_nothing(trial: Make) -> None:
    run = trial(NAMES_ITSELF)
    run.snapshot("tx", "1", kind="bet", amount=5, game=None, ref=None)
    run.insert("tx", "2", kind="void", amount=None, game=None, ref="1")
    assert [code for _, code in run.parked()] == ["missing_field"]


CORRECTED = """
play:
  calls:
    rows: mutable
    deleted: nothing
    key: corrects or id
    with: {done: state == "done"}
    activities: {win: {type: Win, stands: done or win.stands, compare: amount if done else win.amount}}
    event: {activity_id: corrects or id}
    again: {activity_id: {text: "{corrects or id}:{n}"}}
"""
WIN = {"amount": 4, "state": "done", "corrects": None}


@pytest.mark.parametrize("more", [[], [{"amount": 9, "state": "asked", "corrects": "1"}]])
def test_a_row_that_says_nothing_yet_leaves_history_as_it_was(trial: Make, more: list[dict[str, object]]) -> None:
    run = trial(CORRECTED)
    for number, row in enumerate([WIN, *more, {"amount": 6, "state": "asked", "corrects": "1"}], 1):
        run.snapshot("calls", str(number), **row)
    run.insert("calls", "8", amount=6, state="done", corrects="1")
    assert run.events() == ["Win Rollback 1 4", "Win Approved 1:2 6"]


def test_a_row_that_corrects_history_counts_from_then_on(trial: Make) -> None:
    run = trial(CORRECTED)
    run.snapshot("calls", "1", **WIN)
    run.snapshot("calls", "2", amount=6, state="done", corrects="1")
    run.snapshot("calls", "3", amount=7, state="asked", corrects="1")
    run.insert("calls", "8", amount=7, state="done", corrects="1")
    assert run.events() == ["Win Rollback 1 6", "Win Approved 1:2 7"]


FOLLOWS = """
play:
  bets:
    activities: {bet: {type: Bet}}
  results:
    rows: mutable
    deleted: nothing
    key: bet
    as_of: version
    after: bets[bet]
    park: {a win of a bet that was taken back: not win.stands and not original.bet.stands}
    activities: {win: {type: Win, stands: amount > 0, compare: amount}}
    event: {activity_id: {text: "w{bet}"}, user_id: original.sent.user_id}
    again: {activity_id: {text: "w{bet}:{n}"}}
"""


@pytest.mark.parametrize("versions", [1, 2, 3])
def test_an_event_of_history_that_reads_its_bet_is_made_with_it(trial: Make, versions: int) -> None:
    run = trial(FOLLOWS)
    run.snapshot("bets", "b", amount=5)
    for version in range(versions):
        run.snapshot("results", str(version), bet="b", version=version, amount=50 + version)
    run.insert("results", "9", bet="b", version=9, amount=0)
    assert (run.events(), run.parked()) == ([f"Win Rollback wb {49 + versions}"], [])


def test_an_event_of_history_whose_bet_is_read_later_is_left_to_a_person(trial: Make) -> None:
    run = trial(FOLLOWS)
    for version in range(2):
        run.snapshot("results", str(version), bet="b", version=version, amount=50 + version)
    run.snapshot("bets", "b", amount=5)
    run.insert("results", "9", bet="b", version=9, amount=0)
    assert (run.events(), run.parked()) == ([], [("b", "history_of_itself")])
