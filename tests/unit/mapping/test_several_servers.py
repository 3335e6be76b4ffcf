"""Several servers of MySQL and MariaDB write one wallet, or the log of another one is read from now on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import msgspec
import pytest

from bridge.records import SourceRecord
from tests.support.trial import ROW, Make, Trial

WALLET = """
lookups: {games: {key: id}}
play:
  tx:
    rows: mutable
    deleted: nothing
    activities: {bet: {type: Bet}}
    stands: status == "done"
    event: {game_name: "games[game].title"}
    again: {activity_id: {text: "{id}:{n}"}}
"""
FIRST, SECOND = "3e11fa47-71ca-11e1-9e33-c80aa9429562", "7b2c1d90-71ca-11e1-9e33-c80aa9429562"


@dataclass(frozen=True)
class Place:
    """Where a change stands: in which log, and in which transaction of which server."""

    file: int = 450
    pos: int = 4
    server: int = 1
    gtid: str | None = f"{FIRST}:1"
    connector: str = "mysql"
    at_s: float = 0


_offsets = count()


def written(place: Place, op: str, row: Mapping[str, Any], table: str = "tx") -> SourceRecord:
    """Return the record of a row that was written there."""
    source = {
        "connector": place.connector,
        "name": "db",
        "db": "public",
        "table": table,
        "snapshot": "false",
        "ts_ms": 1_767_225_600_000 + int(place.at_s * 1000),
        "server_id": place.server,
        "gtid": place.gtid,
        "file": f"mysql-bin.{place.file:06}",
        "pos": place.pos,
        "row": 0,
    }
    value = {"op": op, "before": None, "after": {**ROW, **row}, "source": source}
    key = msgspec.json.encode({"id": row["id"]})
    return SourceRecord(f"db.public.{table}", 0, next(_offsets), key, msgspec.json.encode(value), (), 0)


def bet(place: Place, status: str, op: str = "u") -> SourceRecord:
    return written(place, op, {"id": 1, "status": status, "amount": 5, "game": "g"})


@pytest.fixture
def run(trial: Make) -> Trial:
    run = trial(WALLET)
    run.take(written(Place(gtid=f"{FIRST}:0"), "c", {"id": "g", "title": "Dice"}, "games"))
    return run


LATER = [
    Place(file=7, gtid=f"{FIRST}:2"),
    Place(file=7, gtid=f"{FIRST}:night:2"),
    Place(file=7, gtid="0-1-10", connector="mariadb"),
    Place(file=7, server=2, gtid=f"{SECOND}:1"),
]


@pytest.mark.parametrize("later", LATER, ids=["same server", "tagged", "MariaDB", "other server"])
def test_a_change_that_is_read_from_another_log_is_news(run: Trial, later: Place) -> None:
    """Debezium goes on by GTID with the log of another server, which has numbers of its own."""
    first = {"0-1-10": "0-1-9", f"{FIRST}:night:2": f"{FIRST}:night:1"}.get(later.gtid or "", f"{FIRST}:1")
    run.take(bet(Place(gtid=first, connector=later.connector), "done", "c"))
    run.take(bet(later, "void"))
    assert run.events() == ["Bet Approved 1 5", "Bet Rollback 1 5"]


def test_without_a_gtid_the_place_in_the_log_decides(run: Trial) -> None:
    run.take(bet(Place(gtid=None), "done", "c"))
    run.take(bet(Place(gtid=None, file=7), "void"))
    assert run.ended("skipped") == ["repeated"]


def test_a_transaction_of_another_source_does_not_tell_what_is_later(run: Trial) -> None:
    """A job has a domain of its own on MariaDB, whose numbers say nothing about the others."""
    place = Place(gtid="0-1-900", connector="mariadb")
    run.take(bet(place, "done", "c"))
    run.take(bet(replace(place, pos=90, gtid="7-1-5"), "void"))
    run.take(bet(place, "done", "c"))
    assert run.events() == ["Bet Approved 1 5", "Bet Rollback 1 5"]
    assert run.ended("skipped") == ["repeated"]


def test_a_repeat_is_known_although_another_server_has_written_the_row_since(run: Trial) -> None:
    here, there = Place(), Place(server=2, pos=90, gtid=f"{SECOND}:1")
    changes = [bet(here, "done", "c"), bet(there, "void"), bet(replace(here, pos=99, gtid=f"{FIRST}:2"), "void")]
    for record in changes:
        run.take(record)
    for record in changes:
        run.take(replace_offset(record))
    assert run.events() == ["Bet Approved 1 5", "Bet Rollback 1 5"]
    assert run.ended("skipped") == ["nothing to do", "repeated", "repeated", "repeated"]


def test_a_game_that_is_read_from_another_log_is_news(run: Trial) -> None:
    run.take(written(Place(file=7, gtid=f"{FIRST}:5"), "u", {"id": "g", "title": "Dice 2"}, "games"))
    run.take(bet(Place(file=7, pos=9, gtid=f"{FIRST}:6"), "done", "c"))
    assert [body["game_name"] for body in run.bodies()] == ["Dice 2"]


def replace_offset(record: SourceRecord) -> SourceRecord:
    """Return the record as Debezium repeats it."""
    return msgspec.structs.replace(record, offset=next(_offsets))


LEDGER = """
play:
  tx:
    rows: append-only
    activities: {bet: {type: Bet}}
"""


@pytest.mark.parametrize("other", [{"player": "p2"}, {"amount": 6}])
def test_a_row_of_another_server_that_says_something_else_is_no_repeat(trial: Make, other: dict[str, Any]) -> None:
    """Two shards count their ids from 1."""
    run = trial(LEDGER)
    run.take(written(Place(), "c", {"id": 1, "amount": 5}))
    run.take(written(Place(server=2, gtid=f"{SECOND}:1"), "c", {"id": 1, "amount": 5, **other}))
    assert run.events() == ["Bet Approved 1 5"]
    assert run.parked() == [("", "same_key")]


def test_a_row_that_is_copied_to_another_server_is_the_same(trial: Make) -> None:
    run = trial(LEDGER)
    here, there = Place(), Place(server=2, gtid=f"{SECOND}:1")
    for place in (here, there, here, there):
        run.take(written(place, "c", {"id": 1, "amount": 5}))
    assert run.events() == ["Bet Approved 1 5"]
    assert run.ended("skipped") == ["another row has its key", "repeated", "another row has its key"]


def test_a_call_that_one_server_refused_counts_when_another_takes_it(trial: Make) -> None:
    run = trial(LEDGER.replace("activities:", "skip: {refused: http == 503}\n    activities:"))
    here, there = Place(), Place(server=2, gtid=f"{SECOND}:1")
    calls = [
        written(here, "c", {"id": 1, "amount": 5, "http": 503}),
        written(there, "c", {"id": 1, "amount": 5, "http": 200}),
    ]
    for record in [*calls, *map(replace_offset, calls)]:
        run.take(record)
    assert run.events() == ["Bet Approved 1 5"]
    assert run.ended("skipped") == ["refused", "repeated", "repeated"]


@pytest.mark.parametrize(
    ("gtid", "code"), [(f"{FIRST}:1", ""), (f"{SECOND}:1", "log_began_anew"), (None, "log_began_anew")]
)
def test_a_statement_of_long_ago_may_be_written_last(run: Trial, gtid: str | None, code: str) -> None:
    """A night's job has the time at which it began; GTIDs tell that what it overtook is a repeat."""
    place = Place(at_s=300, gtid=gtid)
    run.take(bet(place, "done", "c"))
    run.take(bet(Place(pos=90, gtid=f"{FIRST}:2" if gtid else None), "done"))
    run.take(replace_offset(bet(place, "done", "c")))
    assert run.events() == ["Bet Approved 1 5"]
    assert [parked for _, parked in run.parked()] == ([code] if code else [])


def test_a_repeat_from_a_log_with_larger_numbers_is_known_as_one(run: Trial) -> None:
    """Debezium goes on with the log of another server from where it was before it stopped."""
    place = Place(gtid=f"{FIRST}:7", at_s=5)
    changes = [
        bet(replace(place, gtid=f"{FIRST}:6"), "done", "c"),
        bet(replace(place, pos=50), "void"),
        bet(replace(place, pos=90), "done"),
    ]
    repeats = [
        bet(Place(file=990, pos=4, gtid=f"{FIRST}:6", at_s=5), "done", "c"),
        bet(Place(file=990, pos=50, gtid=f"{FIRST}:7", at_s=5), "void"),
        bet(Place(file=990, pos=90, gtid=f"{FIRST}:7", at_s=5), "done"),
    ]
    for record in [*changes, *repeats]:
        run.take(record)
    assert run.events() == ["Bet Approved 1 5", "Bet Rollback 1 5", "Bet Approved 1:2 5"]
    assert run.ended("skipped") == ["repeated"] * 3


def test_a_member_of_a_group_may_be_given_smaller_numbers_later(run: Trial) -> None:
    """Group Replication numbers by one name, in a block for each member."""
    run.take(bet(Place(gtid=f"{FIRST}:2000007", at_s=5), "done", "c"))
    run.take(bet(Place(file=451, gtid=f"{FIRST}:501", at_s=6), "void"))
    assert run.events() == ["Bet Approved 1 5", "Bet Rollback 1 5"]


@pytest.mark.parametrize(
    ("at_s", "code"),
    [(7.5, "log_began_anew"), (5.5, ""), (4.5, ""), (7, "")],
    ids=["later", "the same", "earlier", "when a statement began"],
)
def test_numbers_that_begin_anew_are_told_by_the_time_of_the_commit(run: Trial, at_s: float, code: str) -> None:
    """RESET BINARY LOGS AND GTIDS: MySQL tells when a commit was, MariaDB when a statement began."""
    run.take(bet(Place(gtid=f"{FIRST}:7", at_s=5.5), "done", "c"))
    run.take(bet(Place(file=1, gtid=f"{FIRST}:2", at_s=at_s), "void"))
    assert run.events() == ["Bet Approved 1 5"]
    assert [parked for _, parked in run.parked()] == ([code] if code else [])
