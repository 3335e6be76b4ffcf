"""Headers that were parked, and are replayed with the parts that came meanwhile, or had come before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bridge.records import SourceRecord
from tests.support.parking import World
from tests.support.trial import ROW, wallet

WALLET = """
source: {kafka: "${KAFKA_BROKERS}", topics: "db.public.{table}", transactions: db.transaction}
wait: {parts: 10 minutes}
play:
  tx:
    rows: mutable
    deleted: nothing
    park: {odd: state == "ODD"}
    parts: {legs: {table: leg, one: leg, of: tx, UNTIL}}
    activities: {bet: {type: Bet, when: kind == "bet", compare: sum(legs.amount)}}
    event: {wager_amount: sum(legs.amount)}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses: {when: kind == "void" and sum(legs.amount) > 1, original: "tx[ref]"}
"""
TRANSACTION = WALLET.replace("UNTIL", "until: transaction")


def written(world: World, kind: str = "bet", key: str = "1", **legs: str | None) -> list[SourceRecord]:
    """Return a header, its legs of 3, 4, ... with the headers that they name, and the end of their transaction."""
    database = world.trial.database
    database.transaction = 70 + database.commits
    row = {**ROW, "kind": kind, "ref": "1", "state": "", "count": len(legs)}
    found = [database.insert("tx", {"id": key}, row)]
    for at, (name, of) in enumerate(legs.items()):
        found.append(database.insert("leg", {"id": name}, {"tx": of, "other": key, "amount": 3 + at}))
    found.append(database.end(database.transaction, {"tx": 1, "leg": len(legs)}))
    database.transaction = None
    return found


@pytest.mark.parametrize("came", [0, 1, 2])
@pytest.mark.parametrize("until", ["until: transaction", "count: count"])
def test_a_bet_whose_legs_came_late_is_sent_with_all_of_them(tmp_path: Path, came: int, until: str) -> None:
    world = World(wallet(tmp_path, WALLET.replace("UNTIL", until)))
    run = world.trial
    header, *legs, end = written(world, a="1", b="1")
    for record in (end, header, *legs[:came]):
        if record is not end or came < 2:
            run.take(record)
    run.wait(minutes=11)
    for record in (end, *legs[came:]):
        run.take(record)
    world.replay()
    assert (run.events(), run.parked(), run.held) == (["Bet Approved 1 7"], [], 0)


def test_a_void_that_asks_its_legs_finds_them(tmp_path: Path) -> None:
    world = World(wallet(tmp_path, TRANSACTION))
    run = world.trial
    for record in written(world, a="1"):
        run.take(record)
    header, leg, end = written(world, "void", "2", b="2")
    for record in (header, end):
        run.take(record)
    run.wait(minutes=11)
    run.take(leg)
    world.replay()
    assert (run.events(), run.parked()) == (["Bet Approved 1 3", "Bet Rollback 1 3"], [])


@pytest.mark.parametrize("until", ["until: transaction", "count: count"])
def test_a_later_change_of_a_bet_is_judged_with_the_legs_that_it_had(tmp_path: Path, until: str) -> None:
    world = World(wallet(tmp_path, WALLET.replace("UNTIL", until)))
    run = world.trial
    for record in written(world, a="1", b="1"):
        run.take(record)
    run.database.transaction = 99
    run.update("tx", "1", kind="bet", ref="1", state="ODD", count=2)
    run.take(run.database.end(99, {"tx": 1}))
    assert run.parked() == [("1", "guard")]
    world.mend(wallet(tmp_path, WALLET.replace("UNTIL", until).replace("ODD", "none")))
    assert world.replay() == ["1 skipped: nothing to do"]
    assert run.events() == ["Bet Approved 1 7"]


@pytest.mark.parametrize("odd", ["a", "b", "c"])
@pytest.mark.parametrize("late", [False, True])
def test_a_leg_that_could_not_be_read_counts_once_the_connector_is_mended(
    tmp_path: Path, odd: str, *, late: bool
) -> None:
    world = World(wallet(tmp_path, TRANSACTION))
    run = world.trial
    legs: dict[str, Any] = {name: None if name == odd else "1" for name in "abc"}
    records = written(world, **legs)
    for record in records * 2:
        run.take(record)
    assert (run.events(), {code for _, code in run.parked()}) == ([], {"no_key"})
    if late:
        run.wait(minutes=11)
    world.mend(wallet(tmp_path, TRANSACTION.replace("of: tx", "of: tx or other")))
    world.replay()
    assert (run.events(), run.parked(), run.held) == (["Bet Approved 1 12"], [], 0)


def test_a_leg_that_is_parked_twice_does_not_stand_for_another(tmp_path: Path) -> None:
    world = World(wallet(tmp_path, TRANSACTION))
    run = world.trial
    header, _, second, third, end = written(world, a="1", b=None, c="1")
    for record in (header, second, second, third, end):
        run.take(record)
    world.mend(wallet(tmp_path, TRANSACTION.replace("of: tx", "of: tx or other")))
    world.replay()
    assert (run.events(), run.held) == ([], 3)
    run.wait(minutes=11)
    assert {code for _, code in run.parked()} == {"parts_missing", "header_parked"}
