"""Updates of rows that the ledger has forgotten, or never knew: an old bet is not sent as a new one."""

from __future__ import annotations

import pytest

from tests.support.trial import Make

MUTABLE = """
play:
  tx:
    rows: mutable
    deleted: nothing
    stands: state == "ok"
    activities:
      bet: {type: Bet, when: kind == "bet"}
"""
STARTS = (
    MUTABLE
    + """
    starts: bet.stands or committed_at < later(moment(at), "100 days")
    rollback: {timestamp: at}
"""
)
LONG_KEPT = MUTABLE + "ledger: {retention: 900 days}\n"
OLD = "2025-08-01T10:00:00Z"
"""Five months before the changes of a trial are committed."""


def test_an_update_of_a_row_that_is_not_known_does_not_send_what_is_older_than_the_memory(trial: Make) -> None:
    run = trial(MUTABLE)
    run.update("tx", "1", kind="bet", amount=5, state="ok", archived=True, at=OLD)
    assert (run.events(), run.parked()) == ([], [("1", "row_forgotten")])


def test_what_comes_later_of_it_is_parked_too(trial: Make) -> None:
    run = trial(MUTABLE)
    run.update("tx", "1", kind="bet", amount=5, state="ok", at=OLD)
    run.update("tx", "1", kind="bet", amount=5, state="void", at=OLD)
    assert (run.events(), run.parked()) == ([], [("1", "row_forgotten"), ("1", "row_parked")])


def test_nor_is_it_silent_of_what_should_take_that_back(trial: Make) -> None:
    run = trial(MUTABLE)
    run.update("tx", "1", kind="bet", amount=5, state="void", at=OLD)
    run.update("tx", "2", kind="bet", amount=5, state="void", at="2025-10-01T10:00:00Z")
    run.update("tx", "3", kind="bet", amount=5, state="void", at=None)
    run.insert("tx", "4", kind="bet", amount=5, state="pending", at=OLD)
    assert (run.events(), run.parked()) == ([], [("1", "row_forgotten")])


def test_what_the_memory_reaches_back_to_is_sent(trial: Make) -> None:
    run = trial(MUTABLE)
    run.update("tx", "1", kind="bet", amount=5, state="ok", at="2025-10-01T10:00:00Z")
    assert run.events() == ["Bet Approved 1 5"]


def test_the_memory_is_as_long_as_the_connector_says(trial: Make) -> None:
    run = trial(LONG_KEPT)
    run.update("tx", "1", kind="bet", amount=5, state="ok", at=OLD)
    assert run.events() == ["Bet Approved 1 5"]


def test_an_old_row_that_is_known_is_sent_when_it_counts(trial: Make) -> None:
    run = trial(MUTABLE)
    run.insert("tx", "1", kind="bet", amount=5, state="pending", at=OLD)
    run.update("tx", "1", kind="bet", amount=5, state="ok", at=OLD)
    assert run.events() == ["Bet Approved 1 5"]


def test_an_old_row_that_is_inserted_now_is_sent(trial: Make) -> None:
    run = trial(MUTABLE)
    run.insert("tx", "1", kind="bet", amount=5, state="ok", at=OLD)
    assert run.events() == ["Bet Approved 1 5"]


@pytest.mark.parametrize("state", ["ok", "void"])
def test_starts_decides_where_the_connector_has_it(trial: Make, state: str) -> None:
    run = trial(STARTS)
    run.update("tx", "1", kind="bet", amount=5, state=state, at=OLD)
    assert (run.events(), run.parked(), run.ended("history")) == ([], [], ["history"])
