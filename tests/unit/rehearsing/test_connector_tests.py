"""Tests beside a connector: what their changes mean as records."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.config.connector_tests import End, Pause, Step, connector_of, read_tests, steps_of
from bridge.config.loading import LoadedFile
from bridge.config.written_values import differences
from bridge.decoders import COLUMN_TYPES, parse_column_type
from bridge.errors import ConfigError, DecodeError
from bridge.rehearsing.connector_tests import run_tests
from tests.support.trial import wallet

FILE = """\
table: bets
columns:
  bets: {currency: EUR, stake: 5.00, placed_at: 2026-11-21T23:00:00Z}
rows:
  users: [{id: 7, name: A}]
cases:
  a bet is settled, deleted and moved:
    rows:
      games: [{code: g, on: 2026-11-21}]
    given:
      - {insert: {id: 1, state: open}}
      - {wait: 10 minutes}
      - {update: {id: 1, state: settled}, times: 2}
      - {update: {id: 1, stake: 6}, before: {}}
      - {update: {id: 1, note: {text: 2026-11-21}}, before: {id: 1}, at: 2026-11-22T00:00:00+01:00}
      - {rename: {from: {id: 1}, to: {id: 2}}}
      - {delete: {id: 2}}
      - {table: other, snapshot: {id: 3}}
    expect:
      - {type: Bet, wager_amount: 5}
"""


def _read(folder: Path, text: str) -> LoadedFile[Any]:
    path = folder / "brand.test.yaml"
    path.write_text(text)
    return read_tests(path)


def _steps(folder: Path) -> list[Step | End | Pause]:
    tests = _read(folder, FILE).model
    return list(
        steps_of(
            tests, "a bet is settled, deleted and moved", lambda table: ["code" if table == "games" else "id"]
        )
    )


def test_look_up_rows_come_first_as_a_snapshot(tmp_path: Path) -> None:
    users, games, *_ = _steps(tmp_path)
    assert isinstance(users, Step)
    assert isinstance(games, Step)
    assert (users.table, users.op, users.key, users.after) == ("users", "r", {"id": 7}, {"id": 7, "name": "A"})
    assert games.after == {"code": "g", "on": date(2026, 11, 21)}


def test_rows_are_full_and_stand_as_the_case_left_them(tmp_path: Path) -> None:
    _, _, insert, pause, settled, again, *rest = _steps(tmp_path)
    placed = datetime(2026, 11, 21, 23, tzinfo=UTC)
    opened = {"currency": "EUR", "stake": Decimal("5.00"), "placed_at": placed, "id": 1, "state": "open"}
    assert isinstance(insert, Step)
    assert isinstance(settled, Step)
    assert (insert.op, insert.before, insert.after) == ("c", None, opened)
    assert pause == Pause(timedelta(minutes=10))
    assert (settled.op, settled.before, settled.after) == ("u", opened, {**opened, "state": "settled"})
    assert settled.committed_at - insert.committed_at == timedelta(minutes=10, seconds=1)
    assert again is settled
    unknown, told, *_ = rest
    assert isinstance(unknown, Step)
    assert isinstance(told, Step)
    assert unknown.before is None
    assert told.before == {"id": 1}
    assert told.after is not None
    assert (told.after["note"], told.after["stake"]) == ("2026-11-21", 6)
    assert told.committed_at == datetime(2026, 11, 21, 23, tzinfo=UTC)


def test_a_column_of_the_key_may_be_one_that_the_file_gives_its_table(tmp_path: Path) -> None:
    text = "table: tx\ncolumns: {tx: {provider: P}}\ncases: {a: {given: [GIVEN]}}\n"
    given = "{insert: {no: 1, state: open}}, {update: {provider: P, no: 1, note: x}}, {delete: {no: 1}}"
    tests = _read(tmp_path, text.replace("GIVEN", given)).model
    insert, update, delete = steps_of(tests, "a", lambda _: ["provider", "no"])
    assert isinstance(insert, Step)
    assert isinstance(update, Step)
    assert isinstance(delete, Step)
    assert insert.key == update.key == delete.key == {"provider": "P", "no": 1}
    assert (update.before, delete.before) == (insert.after, update.after)


def test_a_changed_key_takes_the_row_along(tmp_path: Path) -> None:
    *_, renamed, deleted, other = _steps(tmp_path)
    assert isinstance(renamed, Step)
    assert isinstance(deleted, Step)
    assert isinstance(other, Step)
    assert (renamed.old_key, renamed.key) == ({"id": 1}, {"id": 2})
    assert renamed.after is not None
    assert (renamed.after["state"], renamed.after["id"]) == ("settled", 2)
    assert (deleted.op, deleted.before, deleted.after) == ("d", renamed.after, None)
    assert (other.table, other.op, other.after) == ("other", "r", {"id": 3})
    assert other.number == renamed.number + 2


def test_a_delete_of_a_row_that_the_case_never_had_tells_its_key_alone(tmp_path: Path) -> None:
    tests = _read(tmp_path, "table: t\ncases: {x: {given: [{delete: {id: 9}}]}}").model
    (step,) = steps_of(tests, "x", lambda _: ["id"])
    assert isinstance(step, Step)
    assert (step.before, step.after) == ({"id": 9}, None)


TRANSACTIONS = """\
table: bets
cases:
  two rows of one transaction:
    given:
      - {insert: {id: 1}, transaction: A}
      - {end: A, times: 2}
      - {table: legs, insert: {id: 7}, transaction: A, times: 2}
      - {table: legs, insert: {id: 8}, transaction: B}
      - {insert: {id: 2}}
      - {end: B, counts: {legs: 3}}
"""


def test_a_key_may_be_written_as_a_record_has_it_a_structure_too(tmp_path: Path) -> None:
    number = '{scale: 1, value: "Cg=="}'
    given = f"- insert: {{id: {number}, state: open}}\n      - update: {{id: {number}, state: settled}}"
    text = FILE.split("    given:", maxsplit=1)[0] + f"    given:\n      {given}\n"
    steps = list(steps_of(_read(tmp_path, text).model, "a bet is settled, deleted and moved", lambda _: ["id"]))
    last = steps[-1]
    assert isinstance(last, Step)
    assert last.after is not None
    assert (last.after["state"], last.after["currency"]) == ("settled", "EUR")
    assert last.after["id"] == last.key["id"] == {"scale": 1, "value": "Cg=="}


def test_the_end_of_a_transaction_counts_its_changes_before_and_after(tmp_path: Path) -> None:
    tests = _read(tmp_path, TRANSACTIONS).model
    steps = list(steps_of(tests, "two rows of one transaction", lambda _: ["id"]))
    ends = [step for step in steps if isinstance(step, End)]
    assert ends == [
        End("A", {"bets": 1, "legs": 1}),
        End("A", {"bets": 1, "legs": 1}),
        End("B", {"legs": 3}),
    ]
    assert [step.transaction for step in steps if isinstance(step, Step)] == ["A", "A", "A", "B", None]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{end: A, times: 2}", "{end: Z}", "given.1.end: no change of this case is of a transaction Z"),
        ("{end: A, times: 2}", "{end: A, transaction: A}", "transaction is said of a change"),
        ("{insert: {id: 2}}", "{insert: {id: 2}, counts: {legs: 1}}", "counts is said with `end`"),
        ("{insert: {id: 2}}", "{insert: {id: 2}, end: A}", "one of these is expected"),
    ],
)
def test_what_cannot_be_said_of_a_transaction(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        _read(tmp_path, TRANSACTIONS.replace(old, new))
    assert message in str(raised.value)


def test_the_connector_lies_beside_its_tests(tmp_path: Path) -> None:
    assert connector_of(_read(tmp_path, FILE)) == tmp_path / "brand.yaml"
    assert connector_of(_read(tmp_path, f"connector: other.yaml\n{FILE}")) == tmp_path / "other.yaml"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("table: bets\n", "", ":10:9: cases.a bet is settled, deleted and moved.given.0: the change has no table"),
        (
            "{wait: 10 minutes}",
            "{wait: soon}",
            ":12:16: cases.a bet is settled, deleted and moved.given.1.wait: 'soon'",
        ),
        (
            "{delete: {id: 2}}",
            "{delete: {id: 2}, insert: {}}",
            "given.6: one of these is expected: insert, update",
        ),
        ("{delete: {id: 2}}", "{}", "given.6: one of these is expected: insert, update"),
        ("at: 2026-11-22T00:00:00+01:00", "at: noon", "given.4: at is a moment such as"),
        ("expect:", "expekt:", "expekt is not a key here (did you mean expect?)"),
    ],
)
def test_a_wrong_test_file_says_where(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _read(tmp_path, FILE.replace(old, new))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("expected", "event", "exact", "found"),
    [
        ({"a": 5}, {"a": Decimal("5.00"), "b": 1}, False, []),
        ({"a": 5}, {"a": Decimal("5.00"), "b": 1}, True, ["b was not expected"]),
        ({"a": 5}, {"a": 6}, False, ["a is 6, expected 5"]),
        ({"a": True}, {"a": 1}, False, ["a is 1, expected True"]),
        ({"a": "5"}, {"a": 5}, False, ["a is 5, expected '5'"]),
        ({"a": "x"}, {}, False, ["a is None, expected 'x'"]),
        ({"a": None}, {}, False, []),
        ({"at": "2026-11-22T00:00:00+01:00"}, {"at": "2026-11-21T23:00:00Z"}, True, []),
        (
            {"meta": {"x": 1.0}},
            {"meta": {"x": 1, "y": 2}},
            False,
            ["meta is {'x': 1, 'y': 2}, expected {'x': 1.0}"],
        ),
    ],
)
def test_an_event_is_compared_by_value(
    expected: dict[str, Any], event: dict[str, Any], exact: bool, found: list[str]
) -> None:
    assert differences(expected, event, exact=exact) == found


WRITTEN = """\
version: 1
brand: trial
source: {kafka: "k:1", topics: "db.public.{table}"}
target: {rabbitmq: "${RABBITMQ_URL}", exchange: fasttrack, routing_key: casino}
play:
  tx:
    rows: append-only
    key: id
    player: id
    columns:
      at: local Europe/Malta first
      amount: decimal base64 2
      details: json
      free: boolean
    activities: {bet: {type: Bet}}
    event:
      activity_id: id
      user_id: id
      round_id: details.round
      timestamp: at
      wager_amount: 0 if free else amount
      currency: {const: EUR}
      exchange_rate: 1
      is_round_end: free
      game_id: id
      game_name: id
      vendor_id: id
      vendor_name: id
      origin: {text: www.example.com}
"""
WRITTEN_TESTS = """\
table: tx
cases:
  as a record has them:
    given: [insert: {id: 1, at: "2026-10-25T02:30:00", amount: "BNI=", details: '{"round": "R1"}', free: 0}]
    expect: [{timestamp: 2026-10-25T00:30:00Z, amount: 12.34, round_id: R1, is_round_end: false}]
  as they are meant:
    given: [insert: {id: 1, at: 2026-10-25T00:30:00Z, amount: 12.34, details: {round: R1}, free: false}]
    expect: [{timestamp: 2026-10-25T00:30:00Z, amount: 12.34, round_id: R1, is_round_end: false}]
  as neither:
    given: [insert: {id: 1, at: soon, amount: 12.34, details: {round: R1}, free: false}]
    parked: {schema_conflict: 1}
"""


def test_a_column_of_a_declared_type_is_written_as_a_record_has_it_or_as_it_is_meant(tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").write_text(WRITTEN)
    (tmp_path / "trial.test.yaml").write_text(WRITTEN_TESTS)
    results = run_tests(tmp_path / "trial.test.yaml")
    assert [(result.name, result.differences) for result in results if not result.passed] == []


@pytest.mark.parametrize("kind", [kind.example for kind in COLUMN_TYPES])
@pytest.mark.parametrize(
    "value", [0, -1, 2**70, True, Decimal("1.5"), "", "x", [1], {"a": 1}, b"x", datetime(2026, 1, 1, tzinfo=UTC)]
)
def test_what_no_column_of_a_type_can_hold_is_refused_as_a_value(kind: str, value: Any) -> None:
    with contextlib.suppress(DecodeError):
        parse_column_type(kind).convert(value)


@pytest.mark.parametrize(
    ("skipped", "notes"),
    [("", ["skipped: tx: row changed"]), ("    skipped: {row changed: 1}\n", [])],
)
def test_a_case_that_fails_tells_what_was_skipped_where_it_does_not_say(
    tmp_path: Path, skipped: str, notes: list[str]
) -> None:
    wallet(tmp_path, "play: {tx: {activities: {bet: {type: Bet}}}}")
    (tmp_path / "trial.test.yaml").write_text(
        "table: tx\n"
        "columns: {tx: {player: p1, round: R1, at: 2026-01-01T10:00:00Z, amount: 5}}\n"
        "cases:\n  a correction:\n    given:\n      - insert: {id: 1}\n      - update: {id: 1, amount: 7}\n"
        "    expect: [{amount: 5}, {amount: 7}]\n" + skipped
    )
    (result,) = run_tests(tmp_path / "trial.test.yaml")
    assert (result.passed, result.notes) == (False, notes)
