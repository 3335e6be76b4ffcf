"""Another row of an append-only table with the key of a known one: a retry, or a key that tells too little."""

from __future__ import annotations

import pytest

from tests.support.trial import Make, Trial

WALLET = """
wait: {lookup: 10 minutes}
lookups: {games: {key: id}}
play:
  tx:
    key: provider_tx
    skip: {refused: http == 503}
    activities:
      bet: {type: Bet, when: kind == "bet", share: amount}
      win: {type: Win, when: kind == "win", share: amount}
    event: {activity_id: provider_tx, game_name: "games[game].title", wager_amount: left}
    again: {activity_id: {text: "{provider_tx}:{n}"}}
    reverses:
      - {when: kind == "rollback", original: "tx[ref]"}
      - {when: kind == "refund", original: "tx[ref]", takes: amount}
"""


@pytest.fixture
def run(trial: Make) -> Trial:
    run = trial(WALLET)
    run.insert("games", "g", title="Dice")
    return run


def row(run: Trial, number: int, tx: str, **columns: object) -> None:
    said = {"kind": "bet", "amount": 5, "player": "7", "game": "g", "ref": None, "http": 200}
    run.insert("tx", str(number), provider_tx=tx, **{**said, **columns})


@pytest.mark.parametrize(
    "other",
    [
        {"player": "8"},
        {"kind": "win"},
        {"amount": 6},
        {"kind": "rollback", "ref": "A"},
    ],
)
def test_one_that_says_something_else_is_no_retry(run: Trial, other: dict[str, object]) -> None:
    row(run, 1, "A")
    row(run, 2, "A", **other)
    row(run, 3, "B", kind="rollback", ref="A")
    assert run.parked() == [("", "same_key")]
    assert run.events() == ["Bet Approved A 5", "Bet Rollback A 5"]


@pytest.mark.parametrize("status", [200, 503])
def test_a_retry_is_a_repeat(run: Trial, status: int) -> None:
    row(run, 1, "A")
    row(run, 2, "A", note="again", http=status)
    assert run.ended("skipped") == ["another row has its key"]
    assert run.parked() == []


def test_so_is_one_of_what_was_taken_back_in_part_or_whole(run: Trial) -> None:
    row(run, 1, "A")
    row(run, 2, "R", kind="refund", ref="A", amount=2)
    row(run, 3, "A")
    row(run, 4, "S", kind="rollback", ref="A")
    row(run, 5, "A")
    row(run, 6, "S", kind="rollback", ref="A")
    row(run, 7, "R", kind="refund", ref="A", amount=2)
    assert run.ended("skipped") == ["another row has its key"] * 4
    assert run.parked() == []


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"kind": "refund", "amount": 2}, {"kind": "refund", "amount": 1}),
        ({"kind": "refund", "amount": 2}, {"kind": "rollback"}),
        ({"kind": "rollback"}, {"kind": "refund", "amount": 2}),
        ({"kind": "cancel", "round": "R1"}, {"kind": "cancel", "round": "R2"}),
        ({"kind": "cancel", "round": "R1"}, {"kind": "rollback"}),
    ],
)
def test_a_reversal_that_takes_something_else_is_none(
    trial: Make, first: dict[str, object], second: dict[str, object], *, waits: bool
) -> None:
    """A provider gives each of two part refunds the id of its bet: the second would be lost as a repeat."""
    cancel = '- {when: kind == "cancel", round: round}\n      - {when: kind == "rollback"'
    run = trial(WALLET.replace('- {when: kind == "rollback"', cancel))
    run.insert("games", "g", title="Dice")
    bets = [(1, "A", "R1"), (2, "B", "R2")]
    for number, tx, of in () if waits else bets:
        row(run, number, tx, round=of)
    row(run, 3, "R", **{"ref": "A", **first})
    row(run, 4, "R", **{"ref": "A", **second})
    for number, tx, of in bets if waits else ():
        row(run, number, tx, round=of)
    assert run.parked() == [("", "same_key")]


def test_so_is_one_while_the_first_waits(run: Trial) -> None:
    row(run, 1, "A", game="new")
    row(run, 2, "A", game="new")
    run.insert("games", "new", title="New")
    assert run.ended("skipped") == ["another row has its key"]
    assert run.events() == ["Bet Approved A 5"]


def test_another_player_s_is_none_while_the_first_waits(run: Trial) -> None:
    row(run, 1, "A", game="new")
    row(run, 2, "A", player="8")
    assert run.parked() == [("", "same_key")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"amount": 6}),
        ({}, {"kind": "win"}),
        ({}, {"kind": "rollback", "ref": "B"}),
        ({"kind": "rollback", "ref": "B"}, {}),
        ({"kind": "rollback", "ref": "B"}, {"kind": "rollback", "ref": "C"}),
    ],
)
@pytest.mark.parametrize("behind", [False, True], ids=["waits itself", "waits behind another"])
def test_nor_is_one_that_says_something_else(
    run: Trial, first: dict[str, object], second: dict[str, object], behind: bool
) -> None:
    """The first is not judged yet, so both rows are compared."""
    if behind:
        row(run, 0, "Z", game="new")
    row(run, 1, "A", **{"game": "new", **first})
    row(run, 2, "A", **{"game": "g", **second})
    assert run.parked() == [("", "same_key")]


def test_a_retry_of_a_rollback_that_waits_for_its_bet_is_a_repeat(run: Trial) -> None:
    row(run, 1, "R", kind="rollback", ref="A")
    row(run, 2, "R", kind="rollback", ref="A")
    row(run, 3, "A")
    assert run.ended("skipped") == ["another row has its key"]
    assert run.events() == ["Bet Approved A 5", "Bet Rollback A 5"]


def test_one_that_was_pending_is_not_lost_when_it_is_written_anew(trial: Make) -> None:
    run = trial("""
play:
  tx:
    key: provider_tx
    stands: status == "done"
    activities: {bet: {type: Bet}}
    event: {activity_id: provider_tx}
""")
    run.insert("tx", "1", provider_tx="A", status="pending")
    run.insert("tx", "2", provider_tx="A", status="pending")
    run.insert("tx", "3", provider_tx="A", status="done")
    assert run.parked() == [("", "same_key")]


def test_a_reversal_with_the_id_of_another_that_names_another_row(run: Trial) -> None:
    row(run, 1, "A")
    row(run, 2, "B")
    row(run, 3, "R", kind="rollback", ref="A")
    row(run, 4, "R", kind="rollback", ref="B")
    assert run.parked() == [("", "same_key")]


def test_the_same_row_read_again_is_a_repeat_whatever_has_changed_since(run: Trial) -> None:
    row(run, 1, "A")
    record = run.insert("tx", "2", provider_tx="B", kind="bet", amount=6, player="7", game="g", ref=None, http=200)
    run.take(record)
    assert run.ended("skipped") == ["repeated"]


LIST = """
play:
  calls:
    each: {action: json(payload)}
    key: action.id
    activities: {bet: {type: Bet}}
    event: {activity_id: action.id, wager_amount: action.amount}
"""


def test_two_items_of_one_list_that_say_different_things(trial: Make) -> None:
    run = trial(LIST)
    run.insert(
        "calls", "1", payload='[{"id": "a", "amount": 1}, {"id": "a", "amount": 2}, {"id": "b", "amount": 3}]'
    )
    assert run.parked() == [("", "same_key")]
    assert run.events() == ["Bet Approved a 1", "Bet Approved b 3"]


def test_two_items_of_one_list_that_say_the_same(trial: Make) -> None:
    run = trial(LIST)
    record = run.insert("calls", "1", payload='[{"id": "a", "amount": 1}, {"id": "a", "amount": 1}]')
    run.take(record)
    assert run.parked() == []
    assert run.events() == ["Bet Approved a 1"]


MUTABLE = """
play:
  tx:
    rows: mutable
    deleted: nothing
    key: provider_tx
    skip: {deposit: kind == "deposit"}
    activities:
      bet: {type: Bet, when: kind == "bet"}
      win: {type: Win, when: kind == "win"}
    stands: status == "done"
    event: {activity_id: {text: "{kind}-{provider_tx}"}}
"""


def test_a_win_with_the_key_of_a_bet_in_a_table_of_rows_that_change(trial: Make) -> None:
    """It took the bet back, and stood in its place."""
    run = trial(MUTABLE)
    run.insert("tx", "1", provider_tx="A", kind="bet", status="done", amount=5)
    run.insert("tx", "2", provider_tx="A", kind="win", status="done", amount=9)
    run.update("tx", "1", provider_tx="A", kind="bet", status="void", amount=5)
    assert run.parked() == [("", "same_key")]
    assert run.events() == ["Bet Approved bet-A 5", "Bet Rollback bet-A 5"]


def test_one_of_its_own_kind_is_its_next_state(trial: Make) -> None:
    run = trial(MUTABLE)
    run.insert("tx", "1", provider_tx="A", kind="bet", status="done", amount=5)
    run.insert("tx", "2", provider_tx="A", kind="bet", status="void", amount=5)
    assert run.events() == ["Bet Approved bet-A 5", "Bet Rollback bet-A 5"]
    assert run.parked() == []


@pytest.mark.parametrize("takes", ["original.bet.amount - amount", "over", "first.sent.amount - amount"])
def test_a_retry_of_a_correction_to_another_amount_is_a_repeat(trial: Make, takes: str) -> None:
    """What it takes depends on what is left: the second time that is nothing."""
    names = "with: {first: 'tx[ref]', over: first.bet.amount - amount}\n    skip: {refused"
    text = WALLET.replace("skip: {refused", names).replace("takes: amount", f"takes: {takes}")
    run = trial(text)
    run.insert("games", "g", title="Dice")
    row(run, 1, "A")
    row(run, 2, "R", kind="refund", ref="A", amount=3)
    row(run, 3, "R", kind="refund", ref="A", amount=3)
    assert (run.ended("skipped"), run.parked()) == (["another row has its key"], [])
    assert run.events() == ["Bet Approved A 5", "Bet Rollback A 5", "Bet Approved A:2 3"]
