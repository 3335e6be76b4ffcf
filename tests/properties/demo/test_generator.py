"""The generator's truth against its own rows, judged anew from what each statement holds."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.demo.play import Dealer, Table, wallets
from bridge.demo.truth import Play, Truth, Write, heard, sums
from tests.support.examples import examples

START = datetime(2026, 5, 1, tzinfo=UTC)
SEEDS = st.integers(min_value=0, max_value=2**32)
COLUMNS = ["tx_uuid", "ref_uuid", "kind", "player", "game", "round", "amount", "currency", "closes", "free", "at"]
TRANSACTION = ["id", "user", "type", "status", "amount", "bonus", "currency"]


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def played(seed: int, rate: float = 50.0, seconds: float = 8.0) -> tuple[Table, dict[str, list[Write]]]:
    """Play without a database; return the table, and what it wrote."""
    clock = Clock()
    written: dict[str, list[Write]] = {"northern-lights": [], "harbour": []}
    dealers = [Dealer(one, random.Random(seed)) for one in wallets(seed)]
    table = Table(dealers, lambda brand, write: written[brand].append(write), rate, seconds, clock, clock.sleep)
    table.run(lambda: None)
    return table, written


def northern_lights(writes: list[Write]) -> Iterator[Play]:
    """Yield what a ledger of these rows means, from the rows alone."""
    history = "00000000-0000-4000-8000-000000000001"
    plays: dict[Any, Play] = {history: Play(history, "Bet", "Approved", Decimal("12.5"), "SEK")}
    early: set[Any] = set()
    gone: set[Any] = set()
    for write in writes:
        row = dict(zip(COLUMNS, write.values, strict=False))
        if "wallet_tx" not in write.statement or row["player"] == 1099:
            continue
        if row["kind"] in ("bet", "win"):
            amount = Decimal(row["amount"]) / 10_000
            play = Play(str(row["tx_uuid"]), row["kind"].title(), "Approved", amount, row["currency"])
            plays[str(row["tx_uuid"])] = play
            yield play
            if str(row["tx_uuid"]) in early:
                gone.add(str(row["tx_uuid"]))
                yield play._replace(status="Rollback")
        elif row["kind"] == "rollback":
            original = str(row["ref_uuid"])
            if original not in plays:
                early.add(original)
            elif original not in gone:
                gone.add(original)
                yield plays[original]._replace(status="Rollback")


def harbour(writes: list[Write]) -> Iterator[Play]:
    """Yield what these inserts and changes of a status mean, from the rows alone."""
    rows: dict[int, dict[str, Any]] = {
        7203685477580100001: {
            "type": "wager", "status": "done", "amount": Decimal("-12.5"), "currency": "EUR", "times": 1,
        },
    }  # fmt: skip
    for write in writes:
        if write.statement.startswith("INSERT INTO harbour.transactions"):
            row = dict(zip(TRANSACTION, write.values, strict=False)) | {"times": 0}
            identity, before = write.values[0], "new"
            if row["user"] == 599 or row["type"] not in ("wager", "payout"):
                continue
            rows[identity] = row
        elif "SET status" in write.statement:
            identity = write.values[2]
            row, before = rows[identity], rows[identity]["status"]
            row["status"] = write.values[0]
        else:
            continue
        is_now, was = row["status"] == "done", before == "done"
        row["times"] += is_now
        suffix = f":{row['times']}" if row["times"] > 1 else ""
        kind = "Bet" if row["type"] == "wager" else "Win"
        if is_now != was:
            status = "Approved" if is_now else "Rollback"
            yield Play(f"{identity}{suffix}", kind, status, abs(row["amount"]), row["currency"])


@pytest.mark.parametrize("judge", [northern_lights, harbour])
@examples(0.5)
@given(seed=SEEDS)
def test_the_truth_is_what_the_rows_mean(judge: Callable[[list[Write]], Iterator[Play]], seed: int) -> None:
    table, written = played(seed)
    brand = judge.__name__.replace("_", "-")
    meant = list(judge(written[brand]))
    assert sums(table.truths[brand].plays()) == sums(meant)
    assert Counter(table.truths[brand].plays()) == Counter(meant)


@examples(0.5)
@given(seed=SEEDS)
def test_every_situation_is_played_and_every_begun_round_ends(seed: int) -> None:
    table, written = played(seed, rate=40.0)
    for brand, truth in table.truths.items():
        assert truth.endings["parked"], brand
        assert truth.endings["skipped"], brand
        assert truth.waited >= 2, brand
        assert truth.rows == sum(write.ending != "lookup" for write in written[brand])
        kinds = {play.kind for play in truth.plays()}
        assert {"Bet Approved", "Bet Rollback", "Win Approved"} <= kinds
    assert any(":2" in play.activity_id for play in table.truths["harbour"].plays())
    history = {"00000000-0000-4000-8000-000000000001", "7203685477580100001"}
    everything = [play for truth in table.truths.values() for play in truth.plays()]
    assert {play.activity_id for play in everything if play.activity_id in history} == history


def test_the_rate_counts_statements_over_both_brands() -> None:
    table, written = played(7, rate=100.0, seconds=10.0)
    assert sum(map(len, written.values())) == table.written
    assert 1000 <= table.written <= 1010


@examples(0.5)
@given(seed=SEEDS)
def test_rows_are_written_in_the_order_of_their_times(seed: int) -> None:
    _, written = played(seed)
    rollbacks = {
        str(w.values[1]): at for at, w in enumerate(written["northern-lights"]) if w.values[1] is not None
    }
    rows = {str(w.values[0]): at for at, w in enumerate(written["northern-lights"])}
    assert any(at < rows.get(original, -1) for original, at in rollbacks.items()), "a rollback before its bet"
    assert any(at > rows.get(original, at) for original, at in rollbacks.items()), "a rollback after its bet"


def test_the_same_seed_plays_the_same_rounds() -> None:
    first, second = played(3), played(3)
    assert [w.events for w in first[1]["harbour"]] == [w.events for w in second[1]["harbour"]]


@examples(0.5)
@given(seed=SEEDS)
def test_what_a_recording_keeps_of_the_truth_is_the_truth(seed: int) -> None:
    table, _ = played(seed, seconds=3.0)
    for truth in table.truths.values():
        again: Truth = heard(truth.said())
        assert (again.rows, again.waited, again.endings) == (truth.rows, truth.waited, truth.endings)
        assert list(again.plays()) == list(truth.plays())
