"""The events of each case stay the same in whatever order, how often and in what pieces records are read."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bridge.ledger import open_ledger
from bridge.records import SourceRecord
from tests.support.cases import NAMES, Play, example, expected, in_commit_order, per_player, play, recorded
from tests.wallets.orders import (
    by_partition,
    finish,
    interleaved_tables,
    is_dated,
    is_play,
    merged_backlog,
    merged_feed,
    subscribed,
)

SEEDS = range(12)


def assert_right(run: Play, name: str) -> None:
    """Fail unless a run led to the events that the case expects."""
    found, wanted = per_player(run.events()), per_player(expected(name))
    assert sorted(found) == sorted(wanted)
    for player, events in wanted.items():
        assert found[player] == events, player


def fresh(name: str, *, batch: int = 20) -> tuple[Play, list[SourceRecord]]:
    """Return a run that has not begun, and the case's records in commit order."""
    brand = example(name)
    run = Play(brand, open_ledger(":memory:", brand.connector.brand, create=True), batch=batch)
    return run, in_commit_order(brand, recorded(name))


@pytest.mark.parametrize("name", NAMES)
def test_look_ups_that_are_read_after_all_play_change_nothing(name: str) -> None:
    brand = example(name)
    records = in_commit_order(brand, recorded(name))
    early = [record for record in records if is_dated(brand, record)]
    late = [record for record in records if not is_play(brand, record) and not is_dated(brand, record)]
    assert_right(play(brand, [*early, *filter(lambda r: is_play(brand, r), records), *late]), name)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", NAMES)
def test_topics_interleaved_at_random_change_nothing(name: str, seed: int) -> None:
    brand = example(name)
    records = interleaved_tables(brand, recorded(name), random.Random(seed))
    assert_right(play(brand, records), name)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_backlog_read_partition_by_partition_comes_out_in_commit_order(name: str, seed: int) -> None:
    brand = example(name)
    lanes = by_partition(subscribed(brand, recorded(name)))
    assert_right(play(brand, merged_backlog(brand, lanes, random.Random(seed))), name)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_live_feed_whose_topics_lag_comes_out_in_commit_order(name: str, seed: int) -> None:
    brand = example(name)
    lanes = by_partition(subscribed(brand, recorded(name)))
    assert_right(play(brand, merged_feed(brand, lanes, random.Random(seed), 0.5)), name)


@pytest.mark.parametrize("name", NAMES)
def test_each_record_read_twice_in_a_row_changes_nothing(name: str) -> None:
    run, records = fresh(name)
    run.take([record for record in records for _ in range(2)])
    assert_right(finish(run), name)


@pytest.mark.parametrize("name", NAMES)
def test_the_whole_topic_read_a_second_time_changes_nothing(name: str) -> None:
    run, records = fresh(name)
    run.take([*records, *records])
    assert_right(finish(run), name)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", NAMES)
def test_stretches_that_debezium_repeats_after_its_restarts_change_nothing(name: str, seed: int) -> None:
    run, records = fresh(name)
    dice = random.Random(seed)
    at = 0
    while at < len(records):
        to = min(at + dice.randrange(1, 30), len(records))
        run.take(records[at:to])
        at = to if dice.random() < 0.5 else max(at + 1, to - dice.randrange(0, 15))
    assert_right(finish(run), name)


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 50, 1_000])
@pytest.mark.parametrize("name", NAMES)
def test_the_size_of_the_ledger_s_batches_changes_nothing(name: str, batch: int) -> None:
    run, records = fresh(name, batch=batch)
    run.take(records)
    assert_right(finish(run), name)


@pytest.mark.parametrize("every", [1, 2, 3, 5, 11, 40])
@pytest.mark.parametrize("name", NAMES)
def test_a_restart_after_every_few_records_changes_nothing(name: str, every: int) -> None:
    run, records = fresh(name)
    for start in range(0, len(records), every):
        run.take(records[start : start + every])
        run.restart()
    assert_right(finish(run), name)


@pytest.mark.parametrize("every", [1, 4, 13])
@pytest.mark.parametrize("name", NAMES)
def test_batches_that_are_rolled_back_and_taken_again_change_nothing(name: str, every: int) -> None:
    run, records = fresh(name)
    for start in range(0, len(records), every):
        run.take_in_vain(records[start : start + every])
        run.take(records[start : start + every])
    assert_right(finish(run), name)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", NAMES)
def test_restarts_repeats_and_interleaved_topics_together_change_nothing(name: str, seed: int) -> None:
    dice = random.Random(1_000 + seed)
    run, _ = fresh(name, batch=dice.choice((1, 3, 20)))
    records = interleaved_tables(run.brand, recorded(name), dice)
    at = 0
    while at < len(records):
        to = min(at + dice.randrange(1, 40), len(records))
        if dice.random() < 0.3:
            run.take_in_vain(records[at:to])
        run.take(records[at:to])
        if dice.random() < 0.5:
            run.restart()
        at = to if dice.random() < 0.6 else max(at + 1, to - dice.randrange(0, 20))
    assert_right(finish(run), name)


@pytest.mark.parametrize("name", NAMES)
def test_a_ledger_on_disk_that_is_closed_and_opened_again_changes_nothing(name: str, tmp_path: Path) -> None:
    brand = example(name)
    records = in_commit_order(brand, recorded(name))
    path = str(tmp_path / "ledger.db")
    for start in range(0, len(records), 17):
        run = Play(brand, open_ledger(path, brand.connector.brand, create=start == 0), batch=5)
        run.take(records[start : start + 17])
        run.ledger.close()
    run = finish(Play(brand, open_ledger(path, brand.connector.brand, create=False)))
    assert_right(run, name)
    run.ledger.close()
