"""Tables of one kind that are many, such as one a month, whose ids may begin anew in each."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.support.trial import ROW, Make

WALLET = r"""
play:
  tx:
    tables: tx_\d{6}
    rows: mutable
    deleted: nothing stands
    key: [table_name, id]
    snapshot: remember
    activities: {bet: {type: Bet, stands: 'state == "ok"'}}
    event: {activity_id: {text: "{table_name}:{id}"}}
"""


def test_the_same_id_in_two_months_is_two_rows(trial: Make) -> None:
    run = trial(WALLET)
    run.insert("tx_202610", 1, state="ok", amount=5)
    run.insert("tx_202611", 1, state="ok", amount=6)
    run.update("tx_202610", 1, state="void", amount=5)
    run.delete("tx_202611", 1)
    assert run.events() == [
        "Bet Approved tx_202610:1 5",
        "Bet Approved tx_202611:1 6",
        "Bet Rollback tx_202610:1 5",
        "Bet Rollback tx_202611:1 6",
    ]


def test_a_row_of_history_is_still_known_by_its_table(trial: Make) -> None:
    run = trial(WALLET)
    run.snapshot("tx_202610", 1, state="ok", amount=5)
    run.update("tx_202610", 1, state="void", amount=5)
    assert run.events() == ["Bet Rollback tx_202610:1 5"]


@pytest.mark.parametrize(("pattern", "expected"), [(True, "own"), (False, "own")])
def test_a_column_of_that_name_is_the_column(trial: Make, pattern: bool, expected: str) -> None:
    run = trial(WALLET if pattern else WALLET.replace(r"    tables: tx_\d{6}" + "\n", ""))
    run.insert("tx_202610" if pattern else "tx", 1, state="ok", amount=5, table_name="own")
    assert run.events() == [f"Bet Approved {expected}:1 5"]


def test_a_single_table_does_not_name_itself(trial: Make) -> None:
    run = trial(WALLET.replace(r"    tables: tx_\d{6}" + "\n", ""))
    run.insert("tx", 1, state="ok", amount=5)
    assert [code for _, code in run.parked()] == ["missing_column"]


def test_a_key_of_several_parts_is_shown_with_commas(trial: Make) -> None:
    run = trial(WALLET)
    run.insert("tx_202610", 1, state="ok", amount=5)
    assert [outcome.shown_key for outcome in run.play.outcomes] == ["tx_202610, 1"]


SHARDS = (
    WALLET.replace(r"tx_\d{6}", r"'(public|shard_\d)\.tx'")
    .replace("table_name, id", "schema_name, id")
    .replace("{table_name}", "{schema_name}")
)


def test_the_same_id_in_two_schemas_is_two_rows(trial: Make) -> None:
    run = trial(SHARDS)
    for schema, amount in (("public", 5), ("shard_1", 6)):
        record = run.database.insert("tx", {"id": 1}, {**ROW, "state": "ok", "amount": amount})
        value = (record.value or b"").replace(b'"schema":"public"', f'"schema":"{schema}"'.encode())
        run.take(replace(record, value=value))
    run.delete("tx", 1)
    assert run.events() == [
        "Bet Approved public:1 5",
        "Bet Approved shard_1:1 6",
        "Bet Rollback public:1 5",
    ]
