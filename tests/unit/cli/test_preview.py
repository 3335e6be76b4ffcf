"""`preview`: the same events as a run, with the rule and the origin of each value."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.rehearsing.preview import Preview
from bridge.rehearsing.rehearsal import load_without_servers
from bridge.sources.recorded import encode_line
from tests.support.cases import CASES, EXAMPLES, NAMES, expected, in_commit_order, per_player, play, recorded
from tests.support.changes import Database
from tests.support.trial import ROW, wallet
from tests.unit.cli.conftest import Command, changed


@pytest.mark.parametrize("name", NAMES)
def test_a_preview_gives_the_bytes_of_a_run_and_the_events_of_the_case(name: str) -> None:
    brand = load_without_servers(EXAMPLES / f"{name}.yaml")
    shown = [e for change in Preview(brand).of(recorded(name), wait_out=True) for e in change.events]
    run = play(brand, in_commit_order(brand, recorded(name)))
    assert [event.body for event in shown] == [item.body for item in run.ledger.unconfirmed(0, 1_000_000)]
    assert per_player(event.fields for event in shown) == per_player(expected(name))


@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_every_event_has_an_origin_that_can_be_read_at_its_line(name: str) -> None:
    path = EXAMPLES / f"{name}.yaml"
    lines = path.read_text().splitlines()
    named = 0
    for change in Preview(load_without_servers(path), why=True).of(recorded(name), wait_out=True):
        for event in change.events:
            assert set(event.why) == set(event.fields)
            for origin in event.why.values():
                if origin.line:
                    named += 1
                    assert origin.key.rpartition(".")[2] in lines[origin.line - 1]
    assert named > 100


def _lines(command: Command, *arguments: str | Path) -> list[dict[str, Any]]:
    said = command("preview", "--json", *arguments)
    assert (said.code, said.err) == (0, "")
    return [json.loads(line, parse_float=Decimal) for line in said.out.splitlines()]


def test_json_names_the_rule_and_the_origin_of_each_value(command: Command) -> None:
    recording = CASES / "ledger-reference" / "recorded.jsonl"
    *changes, counts = _lines(
        command, EXAMPLES / "ledger-reference.yaml", "--file", recording, "--why", "--wait-out"
    )
    rollback = next(c for c in changes for e in c["events"] if e["body"]["status"] == "Rollback")
    assert rollback["rule"]["key"] == "play.wallet_tx.reverses"
    why = rollback["events"][0]["why"]
    assert why["timestamp"]["text"] == "created_at"
    assert why["timestamp"]["key"] == "play.wallet_tx.reverses.event.timestamp"
    assert why["amount"]["text"] == "as it was sent"
    skipped = next(c for c in changes if c["reason"] == "test player")
    assert skipped["rule"]["key"] == "play.wallet_tx.skip.test player"
    parked = next(c for c in changes if c["reason"] == "rollback of another player's row")
    assert parked["rule"]["text"] == "original.player_id != player_id"
    assert counts["events"] == len(expected("ledger-reference"))
    assert counts["waiting"] == 0
    assert {"outcome": "skipped", "table": "wallet_tx", "reason": "test player", "changes": 2} in counts["counts"]


def test_of_several_kinds_of_reversal_the_one_that_applied_is_named(command: Command, connector: Path) -> None:
    text = connector.read_text()
    head, reverses = text[: text.index("    reverses:")], text[text.index("      when: kind ==") :]
    first = '      - {when: kind == "void", original: "wallet_tx[ref_uuid]"}\n'
    second = "      - " + reverses.replace("\n      ", "\n        ").lstrip()
    connector.write_text(f"{head}    reverses:\n{first}{second}")
    changes = _lines(command, connector, "--file", CASES / "ledger-reference" / "recorded.jsonl")
    rules = {c["rule"]["key"] for c in changes[:-1] for e in c["events"] if e["body"]["status"] == "Rollback"}
    assert rules == {"play.wallet_tx.reverses.1"}


def test_a_person_reads_events_reasons_places_and_counts(command: Command) -> None:
    path = EXAMPLES / "ledger-reference.yaml"
    said = command("preview", path, "--file", CASES / "ledger-reference" / "recorded.jsonl", "--why")
    assert said.code == 0
    line = 1 + path.read_text().splitlines().index("      test player: player.is_test")
    assert f"(insert): test player  {path}:{line}" in said.out
    assert "0 if is_free else money" in said.out
    assert "(snapshot): history" in said.out
    assert "How the changes ended" in said.out
    assert said.out.splitlines()[-1].endswith("changes still wait")
    assert "\x1b" not in said.out


def test_a_line_that_is_no_record_is_named(command: Command, tmp_path: Path) -> None:
    broken = tmp_path / "records.jsonl"
    broken.write_text('{"topic": "t"}\n')
    said = command("preview", EXAMPLES / "ledger-reference.yaml", "--file", broken)
    assert said.code == 78
    assert f"{broken}:1:1: not a recorded record" in said.err


def test_a_recording_without_records_is_said_to_be_one(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.touch()
    said = command("preview", EXAMPLES / "ledger-reference.yaml", "--file", path)
    assert "no change was read" in said.out
    assert "How the changes ended" not in said.out


def test_a_recording_may_come_through_a_pipe(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector, path = EXAMPLES / "ledger-reference.yaml", CASES / "ledger-reference" / "recorded.jsonl"
    monkeypatch.setattr("bridge.cli.preview.STANDARD_INPUT", path, raising=False)
    said = command("preview", connector, "--file", "-")
    assert said.code == 0
    assert said.out == command("preview", connector, "--file", path).out


def test_where_to_begin_is_start_end_or_an_offset(command: Command) -> None:
    said = command("preview", EXAMPLES / "ledger-reference.yaml", "--from", "yesterday")
    assert said.code == 2
    assert "yesterday is neither start nor end nor an offset" in said.err


def test_where_to_begin_is_not_asked_of_a_file(command: Command) -> None:
    records = CASES / "ledger-reference" / "recorded.jsonl"
    said = command("preview", EXAMPLES / "ledger-reference.yaml", "--file", records, "--from", "end")
    assert (said.code, said.out) == (2, "")
    assert "a file is read whole" in said.err


def test_what_an_event_breaks_of_the_stricter_profile_is_shown_and_counted(
    command: Command, connector: Path
) -> None:
    changed(connector, ("brand: vintervik\n", "brand: vintervik\nprofile: rewards\n"))
    recording = CASES / "ledger-reference" / "recorded.jsonl"
    *changes, counts = _lines(command, connector, "--file", recording, "--wait-out")
    warned = [event for change in changes for event in change["events"] if "warnings" in event]
    assert warned
    assert {str(event["body"]["amount"]) for event in warned if "amount" in event["warnings"][0]} == {"0"}
    assert counts["warnings"] == {"amount is not above 0": len(warned)}
    said = command("preview", connector, "--file", recording, "--wait-out")
    assert "outside the profile: amount is not above 0" in said.out
    assert said.out.splitlines()[-1] == f"{len(warned)} events are outside the profile: amount is not above 0"


QUERY = """
lookups:
  rates: {key: currency, sql: SELECT * FROM fx, url: its address, columns: {rate: decimal}}
play:
  tx:
    activities: {bet: {type: Bet}}
    event: {exchange_rate: "rates[currency].rate"}
"""


@pytest.fixture
def query(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str | Path]:
    """Return a connector with a look-up on a replica, and a record that needs it."""
    replica = tmp_path / "replica.db"
    with closing(sqlite3.connect(replica)) as database:
        database.execute("CREATE TABLE fx (currency TEXT, rate TEXT)")
        database.execute("INSERT INTO fx VALUES ('SEK', '0.09')")
        database.commit()
    monkeypatch.setenv("REPLICA", f"sqlite:///{replica}")
    brand = wallet(tmp_path, QUERY)
    changed(brand.path, ("its address", "${REPLICA}"))
    record = Database().insert("tx", {"id": "1"}, {**ROW, "amount": 5, "currency": "SEK"})
    (tmp_path / "tx.jsonl").write_bytes(encode_line(record) + b"\n")
    return [brand.path, "--file", tmp_path / "tx.jsonl"]


def test_a_query_is_asked_where_look_ups_are_read(
    command: Command, query: list[str | Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.cli.preview.look_ups_of", lambda _: ())  # there is no Kafka here
    sent, counts = _lines(command, *query, "--lookups")
    assert sent["events"][0]["body"]["exchange_rate"] == Decimal("0.09")
    assert "missing_lookups" not in counts


def test_a_query_that_was_not_asked_is_named_with_what_waits_for_it(
    command: Command, query: list[str | Path]
) -> None:
    held, counts = _lines(command, *query)
    assert (held["outcome"], held["reason"]) == (
        "held",
        "waits for lookup rates: its database is not asked here",
    )
    assert counts["missing_lookups"] == {"rates": "its database is not asked here"}
    assert "the rows of rates are missing: its database is not asked here" in command("preview", *query).out


def test_a_query_without_an_answer_stops_nothing_and_says_so(
    command: Command, query: list[str | Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.cli.preview.look_ups_of", lambda _: ())
    monkeypatch.setenv("REPLICA", "sqlite:////nowhere/replica.db")
    held, counts = _lines(command, *query, "--lookups")
    assert held["reason"] == "waits for lookup rates: the query of the look-up rates failed: OperationalError"
    assert list(counts["missing_lookups"]) == ["rates"]


def test_no_variable_of_a_replica_need_be_set_where_it_is_not_asked(
    command: Command, query: list[str | Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REPLICA")
    assert _lines(command, *query)[-1]["waiting"] == 1


def test_what_the_records_show_together_is_printed_and_stands_in_json(command: Command, connector: Path) -> None:
    text = connector.read_text().replace('when: kind == "rollback"', 'when: kind == "ROLLBACK"')
    connector.write_text(text.replace("activity_id: tx_uuid", "activity_id: round"))
    recording = CASES / "ledger-reference" / "recorded.jsonl"
    said = command("preview", connector, "--file", recording).out
    assert "No record came to these rules" in said
    assert "  play.wallet_tx.reverses  " in said
    assert (
        "look at this: 1 event of wallet_tx.bet had the activity_id of another bet or win (to Fast Track" in said
    )
    counts = json.loads(command("preview", connector, "--file", recording, "--json").out.splitlines()[-1])
    assert [rule["key"] for rule in counts["unmet"]] == ["play.wallet_tx.reverses"]
    assert counts["notices"][0]["sentence"] == "1 event of wallet_tx.bet had the activity_id of another bet or win"


def test_a_rule_that_asks_what_the_row_was_is_named_by_what_the_row_was(tmp_path: Path) -> None:
    said = """
play:
  rounds:
    rows: mutable
    deleted: nothing
    activities: {bet: {type: Bet}}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - {when: state == "void", original: "rounds[id]"}
      - {when: was.state == "void" and state != "void", undoes: "rounds[id]"}
"""
    database = Database()
    records = [database.insert("rounds", {"id": 1}, {**ROW, "amount": 5, "state": "open"})]
    records += [database.update("rounds", {"id": 1}, {**ROW, "amount": 5, "state": s}) for s in ("void", "open")]
    shown = Preview(wallet(tmp_path, said))
    rules = [change.rule.key for change in shown.of(records) if change.rule is not None]
    assert rules == ["play.rounds.activities.bet", "play.rounds.reverses.0", "play.rounds.reverses.1"]
    assert shown.counts.unmet == []
