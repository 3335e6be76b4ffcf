"""Waits that run out in the middle: what was parked for them is right once it is replayed, whenever that is."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from bridge.ledger import SqliteLedger
from bridge.parked import ParkedChanges
from bridge.records import SourceRecord
from tests.properties.mapping.test_kinds_of_cancels import BACK, PLAY, WALLET, Model, nothing_between, sums_of
from tests.support.examples import examples
from tests.support.trial import Make, Trial

SHORT = WALLET.replace("{lookup: 1 day, original: 10 days}", "{lookup: 10 minutes, original: 10 minutes}")
SHARES = (
    SHORT.replace("{type: Bet}", "{type: Bet, share: amount}")
    .replace("{type: Win}", "{type: Win, share: amount}")
    .replace(
        'event: {game_name: "games[game].name"}', 'event: {game_name: "games[game].name", wager_amount: left}'
    )
)
MEANWHILE = st.tuples(st.sampled_from(["wait", "replay", "restart", "game"]))


def replay(run: Trial) -> None:
    """Judge all anew that is parked, and start the bridge again."""
    ledger = run.play.ledger
    assert isinstance(ledger, SqliteLedger)
    changes = ParkedChanges(run.play.brand, ledger, run.play.now_ms)
    changes.replay(changes.all)
    run.restart()


def replay_until_nothing_changes(run: Trial) -> None:
    """Replay what is parked, and once more what was parked for that."""
    before: list[tuple[str, str]] = []
    while (parked := run.parked()) != before:
        before = parked
        replay(run)


def end_as_told(run: Trial, records: Iterable[SourceRecord]) -> None:
    """Replay all, now and when waits are over, and take all in again: nothing waits, is parked or sent twice."""
    for minutes in (0, 20):
        run.wait(minutes=minutes)
        replay_until_nothing_changes(run)
    for record in records:
        run.take(record)
    assert (run.held, run.parked()) == (0, [])
    ids = [delivery.message_id for delivery in run.play.ledger.unconfirmed(0, 100_000)]
    assert len(ids) == len(set(ids))


def meanwhile(run: Trial, what: str) -> None:
    """Let something happen between two changes."""
    match what:
        case "wait":
            run.wait(minutes=20)
        case "replay":
            replay(run)
        case "restart":
            run.restart()
        case _:
            run.update("games", "late", name="Game")


@pytest.mark.parametrize("wallet", [SHORT, SHARES], ids=["whole", "shares"])
@examples(1, unchecked=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.one_of(PLAY, BACK, BACK, MEANWHILE), min_size=2, max_size=12))
def test_what_no_cancel_names_stands_once_all_is_replayed(
    trial: Make, wallet: str, steps: list[tuple[str, int, str] | tuple[str]]
) -> None:
    run, model = trial(wallet), Model()
    run.insert("games", "here", name="Game")
    records: list[SourceRecord] = []
    for step in steps:
        if len(step) == 1:
            meanwhile(run, *step)
            continue
        there = len(model.writes)
        model.step(*step)
        records += [run.insert(table, key, **row) for table, key, row in model.writes[there:]]
    run.update("games", "late", name="Game")
    end_as_told(run, records)
    assert nothing_between(sums_of(run), model.sums())
