"""Taking in while the disk makes the batch before durable, on a real ledger file whose COMMIT waits or fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.brand import load_brand
from bridge.delivery.memory import Answer, MemoryOutbound
from bridge.errors import LedgerUnavailable
from bridge.ledger import open_sqlite
from tests.support.eventually import eventually
from tests.support.overlap import BATCH, CONNECTOR, ENOUGH, PLAY, World, take_small_batches
from tests.support.slow_disk import SlowDisk


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    take_small_batches(monkeypatch)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "c.yaml").write_text(CONNECTOR)
    ledger = open_sqlite(str(tmp_path / "ledger"), "overlap", create=True)
    world = World(load_brand(tmp_path / "c.yaml", {}), ledger)
    world.game("dice")
    world.turn(2)
    assert world.intake.progress.taken == 1
    yield world
    world.intake.asked_to_stop = lambda: True
    ledger.close()


@pytest.fixture
def disk(world: World) -> Iterator[SlowDisk]:
    disk = SlowDisk(world.ledger)
    yield disk
    disk.go_on()
    disk.mend()


def test_the_next_batch_is_taken_in_while_the_disk_is_slow(world: World, disk: SlowDisk) -> None:
    world.bets(2 * BATCH)
    disk.hold()
    world.turn()
    turning = threading.Thread(target=world.turn, daemon=True)
    turning.start()
    eventually(lambda: world.source.reached()[PLAY] == 2 * BATCH, message="the second batch was not polled")
    # The thread that commits may be late; the second batch waits for it.
    eventually(lambda: disk.commits == 1, message="the first batch is not being committed")
    assert world.arrived() == [], "nothing is published before it is durable"
    assert PLAY not in world.intake.positions
    assert world.committed() == 0
    disk.go_on()
    turning.join(10)
    assert world.intake.drain(10)
    assert world.intake.positions[PLAY] == world.committed() == 2 * BATCH
    assert world.arrived() == [f"b{number}/Approved" for number in range(1, 2 * BATCH + 1)]


def test_events_are_offered_as_soon_as_they_are_durable(world: World, disk: SlowDisk) -> None:
    world.bets(BATCH)
    disk.hold()
    world.turn()
    assert world.arrived() == []
    disk.go_on()
    # Nothing turns meanwhile: a long mapping of the next batch must not keep them.
    eventually(lambda: len(world.arrived()) == BATCH, message="the events wait for taking in")


def test_few_records_are_durable_before_taking_in_goes_on(world: World) -> None:
    world.bets(ENOUGH - 1)
    world.turn()
    assert len(world.arrived()) == ENOUGH - 1
    assert world.intake.positions[PLAY] == ENOUGH - 1


def test_what_comes_while_there_is_little_to_do_goes_into_one_transaction(world: World, disk: SlowDisk) -> None:
    world.bets(ENOUGH)
    disk.hold()
    world.turn()
    world.bets(ENOUGH - 1)
    turning = threading.Thread(target=world.turn, daemon=True)
    turning.start()
    eventually(lambda: world.source.reached()[PLAY] == 2 * ENOUGH - 1, message="nothing was polled")
    world.bets(3)
    disk.go_on()
    turning.join(10)
    assert world.intake.drain(10)
    assert world.intake.positions[PLAY] == 2 * ENOUGH + 2
    assert disk.commits == 3, "one for each batch, and one that records what was confirmed"


def test_a_commit_that_fails_gives_both_batches_back(world: World, disk: SlowDisk) -> None:
    world.bets(BATCH)
    for number in range(1, BATCH + 1):
        world.row(f"v{number}", voids=f"b{number}")
    disk.fails = lambda: disk.commits in {1, 2}
    world.turn(3)
    assert world.intake.drain(10)
    assert disk.commits >= 3
    bets = [f"b{number}/Approved" for number in range(1, BATCH + 1)]
    assert world.arrived() == bets + [f"b{number}/Rollback" for number in range(1, BATCH + 1)]
    assert world.intake.positions[PLAY] == world.committed() == 2 * BATCH
    assert world.counted("sent") == 2 * BATCH
    progress = world.intake.progress
    assert (progress.taken, progress.sent, progress.last_error) == (2 * BATCH + 1, 2 * BATCH, "")


def test_a_read_that_fails_beside_a_commit_that_fails_changes_no_order(world: World, disk: SlowDisk) -> None:
    world.bets(1)
    world.turn()
    world.bets(BATCH)
    # The body of what it takes back lies on the disk; what new rows have is not looked for there.
    world.row("v1", voids="b1")
    world.bets(BATCH - 1)
    read_failed = threading.Event()

    def fails_once() -> bool:
        first = not read_failed.is_set()
        read_failed.set()
        return first

    disk.hold()
    disk.fails = lambda: disk.commits == 2
    disk.reads_fail = fails_once
    world.turn()
    turning = threading.Thread(target=world.turn, daemon=True)
    turning.start()
    assert read_failed.wait(10)
    disk.go_on()
    turning.join(10)
    assert world.intake.drain(10)
    bets = [f"b{row}/Approved" for row in range(1, 2 * BATCH + 2)]
    assert world.arrived() == [*bets[: BATCH + 1], "b1/Rollback", *bets[BATCH + 2 :]]


def test_what_waits_is_not_held_twice_when_its_commit_failed(world: World, disk: SlowDisk) -> None:
    for number in range(BATCH):
        world.row(f"l{number}", game="late")
    disk.fails = lambda: disk.commits == 1
    world.turn()
    world.turn()
    assert disk.commits == 2
    assert world.intake.progress.held == len(list(world.ledger.held())) == BATCH
    world.game("late")
    world.turn(2)
    assert world.intake.drain(10)
    assert world.arrived() == [f"l{number}/Approved" for number in range(BATCH)]
    assert world.counted("skipped") == 0
    assert list(world.ledger.held()) == []


def test_what_is_tried_again_is_not_counted_twice_towards_a_flood(world: World, disk: SlowDisk) -> None:
    limit = world.brand.connector.limits.parked_in_a_row
    for _ in range(limit // BATCH * BATCH):
        world.topics.append(PLAY, b"{}", b"no json")
    disk.fails = lambda: disk.commits % 2 == 1
    while world.source.reached()[PLAY] < world.source.ends([PLAY])[PLAY]:
        world.turn()
    world.turn()
    assert world.intake.drain(10)
    assert world.intake.progress.parked == limit // BATCH * BATCH


def test_a_commit_under_way_is_settled_before_partitions_go(world: World, disk: SlowDisk) -> None:
    world.bets(BATCH)
    disk.hold()
    world.turn()
    world.topics.create(PLAY.topic, 2)
    threading.Timer(0.05, disk.go_on).start()
    world.turn()
    assert len(world.arrived()) == BATCH
    assert world.committed() == BATCH


@pytest.mark.parametrize("how", ["lost", "revoked"])
def test_a_batch_that_could_not_be_kept_is_forgotten_with_its_partitions(
    world: World, disk: SlowDisk, how: str
) -> None:
    world.bets(BATCH)
    disk.fails = lambda: disk.commits == 1
    world.turn()
    if how == "lost":
        world.topics.expel(world.source)
    else:
        world.topics.create(PLAY.topic, 2)
    world.turn(3)
    assert world.intake.drain(10)
    assert world.arrived() == [f"b{number}/Approved" for number in range(1, BATCH + 1)]
    assert world.counted("sent") == BATCH
    assert world.counted("skipped") == 0, "no row was taken in twice"


def test_draining_records_what_was_confirmed_although_a_commit_fails(world: World, disk: SlowDisk) -> None:
    world.bets(BATCH)
    # The first is that of the bets, which is tried again; the third is that of their confirms.
    disk.fails = lambda: disk.commits in (1, 3)
    world.turn()
    assert world.intake.drain(10)
    assert disk.commits > 3
    assert len(world.arrived()) == BATCH
    assert list(world.ledger.unconfirmed(0, 1)) == []


def test_a_stop_while_the_disk_is_full_says_so_and_loses_nothing(world: World, disk: SlowDisk) -> None:
    world.bets(BATCH)
    disk.fails = lambda: True
    world.turn()
    world.intake.asked_to_stop = lambda: True
    with pytest.raises(LedgerUnavailable):
        world.intake.finish(10)
    assert world.arrived() == []
    world.source.close()
    disk.fails = lambda: False
    again = World(world.brand, world.ledger, topics=world.topics)
    again.turn(4)
    assert again.intake.drain(10)
    assert again.arrived() == [f"b{number}/Approved" for number in range(1, BATCH + 1)]


def test_the_world_reads_what_it_wrote(world: World) -> None:
    world.row("b")
    world.turn()
    assert [json.loads(one.body)["game_name"] for one in world.outbound.taken] == ["Dice"]


def test_a_ledger_that_cannot_be_read_for_a_while_ends_nothing(world: World) -> None:
    # No confirm is due to be recorded: that would go to the ledger as well, and be tried again.
    now = world.clock()
    world.clock = lambda: now
    world.bets(1)
    world.turn()
    assert world.arrived() == ["b1/Approved"]
    failed = 0

    def fails_once() -> bool:
        nonlocal failed
        failed += 1
        return failed == 1

    # What another instance left would be read from the ledger.
    world.intake._outbox.look_again()
    connection = world.ledger._link._connection
    connection.set_progress_handler(fails_once, 1)
    world.turn()
    assert failed == 1
    assert "interrupted" in world.intake.progress.last_error
    connection.set_progress_handler(None, 0)
    world.bets(1)
    world.turn()
    assert world.arrived() == ["b1/Approved", "b2/Approved"]
    assert world.intake.progress.last_error == ""


def test_what_is_confirmed_behind_a_refused_event_is_told(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CONNECTOR)
    ledger = open_sqlite(str(tmp_path / "ledger"), "overlap", create=True)
    outbound = MemoryOutbound(answer=lambda one: Answer.NACK if one.message_id.startswith("b0") else Answer.ACK)
    world = World(load_brand(tmp_path / "c.yaml", {}), ledger, outbound=outbound)
    offered: list[str] = []
    told: list[int] = []
    world.intake.on_sending(lambda found: offered.extend(one.message_id for one in found), told.extend)
    world.game("dice")
    for number in range(3):
        world.row(f"b{number}", player=f"p{number}")
    world.turn(4)
    assert not world.intake.drain(0.1)
    assert offered == ["b0/Approved", "b1/Approved", "b2/Approved"]
    assert told == [2, 3]
    ledger.close()


def test_what_waits_is_known_from_the_start(world: World) -> None:
    world.row("l", game="late")
    world.turn(2)
    assert world.intake.drain(10)
    world.source.close()
    again = World(world.brand, world.ledger, topics=world.topics, rows=world.rows)
    assert again.intake.progress.held == 1


def test_how_changes_end_is_counted_by_words_and_not_by_sentences(world: World) -> None:
    world.row("b1")
    world.row("b1")
    world.row("v1", voids=None, player="")
    world.topics.append(PLAY, b"{}", b'{"op": "x"}')
    world.row("l", game="late")
    world.turn(2)
    assert world.intake.drain(10)
    counted = world.intake.progress.outcomes
    assert counted == world.ledger.counters()
    assert counted["parked", "w.public.tx", "no_source"] == 1
    assert counted["skipped", "tx", "another row has its key"] == 1
    assert {outcome for outcome, _, _ in counted} == {"sent", "skipped", "parked", "lookup"}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("how", ["handing over", "stopping with a cause"])
def test_draining_waits_no_longer_than_it_may_for_a_ledger_that_is_away(
    world: World, disk: SlowDisk, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.intake._assignment, "revoke_seconds", 0.2)
    world.bets(ENOUGH - 1)
    world.turn()
    assert world.arrived() == ["b1/Approved"]
    # That it was confirmed is still to be recorded.
    disk.fails = lambda: True
    if how == "handing over":
        world.source.close()
    else:
        assert not world.intake.finish(0.2)
        world.source.close()
    disk.fails = lambda: False
    world.bets(1)
    again = World(world.brand, world.ledger, topics=world.topics, rows=world.rows)
    again.turn(4)
    assert again.intake.drain(10)
    assert again.arrived() == ["b1/Approved", "b2/Approved"]
