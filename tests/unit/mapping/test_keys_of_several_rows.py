"""Several rows with one key: which is the first, how the others are called, and what finds them."""

from __future__ import annotations

from tests.support.trial import Make, Trial

OPERATIONS = """
play:
  tx:
    key: operation if ref == none else id
    indexes: {by_row: id}
    skip: {not play: kind == "deposit"}
    parts: {lines: {table: tx, one: line, of: operation if ref == none else id, until: count(lines) == size}}
    activities: {bet: {type: Bet, when: kind == "bet"}}
    event: {activity_id: operation, wager_amount: sum(lines.amount)}
    reverses: {when: kind == "cancel", original: "tx.by_row[ref]"}
"""

CALLS = """
play:
  tx:
    key: call
    indexes: {by_ticket: ticket}
    skip: {refused: amount == none}
    activities: {bet: {type: Bet, when: kind == "bet"}}
    event: {activity_id: call}
    reverses: {when: kind == "cancel", original: "tx.by_ticket[ref]"}
"""

IN_PLACE = """
play:
  tx:
    rows: mutable
    deleted: nothing
    activities: {bet: {type: Bet}}
"""


def line(run: Trial, key: int, operation: str, amount: int = 0, *, kind: str = "bet", ref: object = None) -> None:
    run.insert("tx", key, operation=operation, amount=amount, kind=kind, ref=ref, size=2)


def call(run: Trial, key: int, name: str, ticket: str, amount: int | None = 5) -> None:
    run.insert("tx", key, call=name, ticket=ticket, kind="bet", amount=amount, ref=None)


def cancel(run: Trial, key: int, ref: str) -> None:
    run.insert("tx", key, call=f"c{key}", ticket=f"c{key}", kind="cancel", amount=0, ref=ref)


def test_a_reversal_finds_what_it_takes_back_by_any_of_its_rows(trial: Make) -> None:
    run = trial(OPERATIONS)
    line(run, 1, "A", 6)
    line(run, 2, "A", 4)
    line(run, 3, "B", kind="cancel", ref=2)
    line(run, 4, "B", kind="cancel", ref=1)
    assert run.events() == ["Bet Approved A 10", "Bet Rollback A 10"]
    assert "repeated: what it takes back does not stand" in run.ended("skipped")
    assert (run.parked(), run.held) == ([], 0)


def test_a_reversal_that_came_first_is_found_by_any_of_its_rows(trial: Make) -> None:
    run = trial(OPERATIONS)
    line(run, 3, "B", kind="cancel", ref=2)
    run.restart()
    line(run, 1, "A", 6)
    assert run.held > 0
    run.restart()
    line(run, 2, "A", 4)
    assert run.events() == ["Bet Approved A 10", "Bet Rollback A 10"]
    assert (run.parked(), run.held) == ([], 0)


def test_a_reversal_finds_history_by_any_of_its_rows(trial: Make) -> None:
    run = trial(OPERATIONS)
    for key, amount in ((1, 6), (2, 4)):
        run.snapshot("tx", key, operation="A", amount=amount, kind="bet", ref=None, size=2)
    line(run, 3, "B", kind="cancel", ref=2)
    assert run.events() == ["Bet Rollback A 10"]


def test_a_row_of_several_is_told_as_one_of_them(trial: Make) -> None:
    run = trial(OPERATIONS)
    line(run, 1, "A", 6)
    line(run, 2, "A", 4)
    assert run.ended("skipped") == ["belongs to the row that came first"]


def test_a_call_that_is_repeated_under_another_number_is_told_from_a_record_that_is_read_again(
    trial: Make,
) -> None:
    run = trial(CALLS)
    call(run, 1, "A", "t1")
    call(run, 2, "A", "t1")
    assert run.events() == ["Bet Approved A 5"]
    assert run.ended("skipped")[0] == "another row has its key"


def test_what_leads_to_nothing_gives_the_names_of_its_rows_to_what_counts(trial: Make) -> None:
    run = trial(CALLS)
    call(run, 1, "A", "t1", None)
    call(run, 2, "B", "t2")
    call(run, 3, "B", "t1")
    cancel(run, 4, "t1")
    assert run.events() == ["Bet Approved B 5", "Bet Rollback B 5"]


def test_a_row_that_another_had_the_key_of_is_not_called_nothing_to_do(trial: Make) -> None:
    run = trial(IN_PLACE)
    run.insert("tx", "1", amount=10)
    run.delete("tx", "1")
    run.insert("tx", "1", amount=20, round="R2")
    run.update("tx", "1", amount=20, round="R2", note="seen")
    assert run.events() == ["Bet Approved 1 10"]
    assert run.ended("skipped") == ["row deleted", "another row has its key", "nothing to do"]
