"""Several instances of one brand on one Postgres ledger."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import msgspec
import psycopg
import pytest

from bridge.delivery.memory import Answer, MemoryOutbound
from bridge.errors import LedgerConflict, LedgerFenced, LedgerMismatch, LedgerUnavailable
from bridge.flow import Event
from bridge.intake.outbox import Outbox
from bridge.ledger import PostgresLedger, open_postgres
from bridge.records import HeldChange, Partition, SourceRecord

pytestmark = pytest.mark.integration

NOW_MS = 1_728_000_000_000
LEFT, RIGHT = Partition("play", 0), Partition("play", 1)

Join = Callable[[], PostgresLedger]


@pytest.fixture
def join(url: str) -> Iterator[Join]:
    """Return a function that starts one more instance."""
    opened: list[PostgresLedger] = []

    def open_another() -> PostgresLedger:
        opened.append(open_postgres(url, "northern", create=True, read_only=False, wait_seconds=5))
        return opened[-1]

    yield open_another
    for ledger in opened:
        ledger.close()


def send(ledger: PostgresLedger, partition: Partition, *names: str, position: int = 0) -> list[int]:
    """Commit one batch of a partition with events and return their numbers."""
    batch = ledger.begin(NOW_MS)
    for name in names:
        batch.add_event(Event(name, f"player of {name}", name.encode(), partition.number))
    batch.advance({partition: position})
    return [delivery.seq for delivery in batch.commit()]


def confirm(ledger: PostgresLedger, seq: int, ahead: Sequence[int] = ()) -> None:
    """Confirm in a batch of its own."""
    batch = ledger.begin(NOW_MS)
    batch.confirm(seq, ahead)
    batch.commit()


def names(ledger: PostgresLedger, after: int = 0) -> list[str]:
    """Return what the ledger would send."""
    return [each.message_id for each in ledger.unconfirmed(after, 1000)]


def waiting(partition: Partition) -> HeldChange:
    """Return a held change of a partition."""
    record = SourceRecord(partition.topic, partition.number, 1, None, None, (), 0)
    return HeldChange(held_id=0, record=record, table="t", player="p", waiting=b"", deadline_ms=0)


def test_each_instance_sends_its_own_lanes(join: Join) -> None:
    left, right = join(), join()
    left.claim([LEFT])
    right.claim([RIGHT])
    mine = send(left, LEFT, "l1")
    other = send(right, RIGHT, "r1")
    assert (names(left), names(right)) == (["l1"], ["r1"])
    confirm(right, other[0])
    assert (names(left), names(right)) == (["l1"], [])
    assert mine != other


def test_what_one_instance_remembers_another_finds_at_once(join: Join) -> None:
    left, right = join(), join()
    left.claim([LEFT])
    right.claim([RIGHT])
    for value in (b"a", b"b"):
        batch = left.begin(NOW_MS)
        batch.put("row:t", "1", value)
        seq = batch.add_event(Event("bet", "p", value, 0))
        batch.commit()
        reader = right.begin(NOW_MS)
        assert reader.get("row:t", "1") == value
        assert reader.body(seq) == value


@pytest.mark.parametrize("before", [None, b"stands"])
def test_of_two_instances_that_change_what_both_have_read_one_maps_anew(join: Join, before: bytes | None) -> None:
    left, right = join(), join()
    left.claim([LEFT])
    right.claim([RIGHT])
    if before is not None:
        first = left.begin(NOW_MS)
        first.put("row:t", "1", before)
        first.commit()
    batches = [(left.begin(NOW_MS), LEFT), (right.begin(NOW_MS), RIGHT)]
    for batch, at in batches:
        assert batch.get("row:t", "1") == before
        batch.put("row:t", "1", b"taken back")
        batch.add_event(Event("1/Rollback", "p", b"", at.number))
        batch.advance({at: 1})
    batches[0][0].commit()
    with pytest.raises(LedgerConflict):
        batches[1][0].commit()
    assert names(left) == ["1/Rollback"]
    assert names(right) == []
    assert right.positions() == {LEFT: 1}
    again = right.begin(NOW_MS)
    assert again.get("row:t", "1") == b"taken back"
    again.put("row:t", "1", b"more")
    again.commit()


def test_a_batch_finds_an_event_of_another_instance_whose_number_is_higher_than_its_own(join: Join) -> None:
    left, right = join(), join()
    left.claim([LEFT])
    right.claim([RIGHT])
    batch = left.begin(NOW_MS)
    own = batch.add_event(Event("own", "p", b"own", 0))
    (higher,) = send(right, RIGHT, "higher")
    assert higher > own
    assert batch.body(higher) == b"higher"
    assert batch.body(own) == b"own"


def test_an_instance_learns_without_writing_that_a_lane_was_claimed(join: Join) -> None:
    left, right = join(), join()
    left.claim([LEFT, RIGHT])
    left.require_claims()
    right.claim([RIGHT])
    with pytest.raises(LedgerFenced, match="lane 1"):
        left.require_claims()


def test_spaces_made_by_two_instances_at_once_stay_apart(join: Join) -> None:
    left, right = join(), join()
    first, second = left.begin(NOW_MS), right.begin(NOW_MS)
    for batch, mine in ((first, b"l"), (second, b"r")):
        batch.put("row:both", mine.decode(), mine)
        batch.put(f"row:{mine.decode()}", "1", mine)
        batch.commit()
    reader = join().begin(NOW_MS)
    pairs = [("row:both", "l"), ("row:both", "r"), ("row:l", "1"), ("row:r", "1")]
    assert [reader.get(*pair) for pair in pairs] == [b"l", b"r", b"l", b"r"]


def test_the_former_owner_of_a_lane_writes_nothing(join: Join) -> None:
    left, right = join(), join()
    left.claim([LEFT])
    send(left, LEFT, "before", position=1)
    late = left.begin(NOW_MS)
    late.put("row:t", "1", b"late")
    late.add_event(Event("late", "p", b"", 0))
    late.advance({LEFT: 2})
    assert right.claim([LEFT]) == {LEFT: 1}
    with pytest.raises(LedgerFenced, match=r"lane 0 of the ledger .* is now of instance"):
        late.commit()
    assert names(right) == ["before"]
    assert right.positions() == {LEFT: 1}
    assert right.begin(NOW_MS).get("row:t", "1") is None


def test_an_instance_goes_on_with_its_other_lanes_after_disclaiming(join: Join) -> None:
    left, right = join(), join()
    left.claim([LEFT, RIGHT])
    right.claim([LEFT])
    with pytest.raises(LedgerFenced):
        send(left, RIGHT, "fenced")
    left.disclaim([LEFT])
    send(left, RIGHT, "r1")
    assert names(left) == ["r1"]
    assert names(right) == []


@pytest.mark.parametrize("what", ["event", "position", "held"])
def test_nothing_is_written_for_a_lane_without_a_claim(join: Join, what: str) -> None:
    ledger = join()
    ledger.claim([LEFT])
    batch = ledger.begin(NOW_MS)
    if what == "event":
        batch.add_event(Event("e", "p", b"", 1))
    elif what == "position":
        batch.advance({RIGHT: 1})
    else:
        batch.hold(waiting(RIGHT))
    with pytest.raises(LedgerFenced, match="no claim to lane 1"):
        batch.commit()
    assert ledger.positions() == {}


def test_a_new_owner_sends_what_was_left_behind_its_own(join: Join) -> None:
    left, right = join(), join()
    left.claim([LEFT])
    right.claim([RIGHT])
    old = send(left, LEFT, "l1", "l2", "l3")
    confirm(left, old[0])
    last = send(right, RIGHT, "r1")[0]
    confirm(right, last)
    right.claim([LEFT])
    deliveries = right.unconfirmed(last, 10)
    assert [each.message_id for each in deliveries] == ["l2", "l3"]
    assert deliveries[0].seq > last
    later = send(right, LEFT, "l4")
    assert later[0] > deliveries[1].seq
    assert right.begin(NOW_MS).body(old[1]) == b"l2"
    confirm(right, deliveries[0].seq)
    assert names(right) == ["l3", "l4"]
    confirm(right, later[0])
    assert names(right) == []
    third = join()
    third.claim([LEFT, RIGHT])
    assert names(third) == []


def test_a_new_owner_does_not_send_what_was_confirmed_ahead(join: Join) -> None:
    left, right = join(), join()
    left.claim([LEFT])
    right.claim([RIGHT])
    old = send(left, LEFT, "l1", "l2", "l3", "l4")
    confirm(left, old[0], [old[2]])
    last = send(right, RIGHT, "r1")[0]
    right.claim([LEFT])
    assert names(right) == ["r1", "l2", "l4"]
    turns = [each.seq for each in right.unconfirmed(last, 10)]
    # An event of the other lane holds the watermark back: what the one before knew is not forgotten.
    confirm(right, 0, [*right.confirmed_ahead(), turns[0]])
    assert names(right) == ["r1", "l4"]
    third = join()
    third.claim([LEFT, RIGHT])
    assert set(third.confirmed_ahead()) == {old[2], turns[0]}
    assert names(third) == ["r1", "l4"]


def test_an_outbox_learns_what_a_former_owner_knew_to_be_confirmed(join: Join) -> None:
    left, right = join(), join()
    left.claim([LEFT])
    right.claim([RIGHT])
    outbound = MemoryOutbound(answer=lambda each: Answer.NACK if each.message_id == "r1" else Answer.ACK)
    outbox = Outbox(right, outbound, limit=100)
    send(right, RIGHT, "r1", "r2")
    old = send(left, LEFT, "l1", "l2", "l3")
    confirm(left, old[0], [old[2]])
    right.claim([LEFT])
    outbox.look_again()
    outbox.refill()
    confirmed = outbox.confirmed()
    assert confirmed is not None
    confirm(right, confirmed.seq, confirmed.ahead)
    right.disclaim([LEFT, RIGHT])
    third = join()
    third.claim([LEFT, RIGHT])
    assert sorted({"r1", *(each.message_id for each in outbound.taken)}) == ["l2", "r1", "r2"]
    assert names(third) == ["r1"]


def test_a_lane_that_comes_back_keeps_its_order(join: Join) -> None:
    left, right = join(), join()
    left.claim([LEFT])
    send(left, LEFT, "1")
    for owner, other, name in ((right, left, "2"), (left, right, "3"), (right, left, "4")):
        other.disclaim([LEFT])
        owner.claim([LEFT])
        send(owner, LEFT, name)
    assert names(right) == ["1", "2", "3", "4"]
    third = join()
    third.claim([LEFT])
    assert names(third) == ["1", "2", "3", "4"]
    confirm(third, third.unconfirmed(0, 10)[2].seq)
    assert names(third) == ["4"]


def test_a_former_owner_that_comes_back_numbers_behind_what_was_confirmed(join: Join) -> None:
    left, right = join(), join()
    left.claim([LEFT])
    send(left, LEFT, "1")
    left.disclaim([LEFT])
    right.claim([LEFT])
    last = send(right, LEFT, "2")[0]
    confirm(right, last)
    right.disclaim([LEFT])
    left.claim([LEFT])
    assert send(left, LEFT, "3")[0] > last
    assert names(left) == ["3"]


def test_left_behind_events_survive_pruning_until_they_are_confirmed(join: Join) -> None:
    left, right = join(), join()
    left.claim([LEFT])
    right.claim([RIGHT])
    send(left, LEFT, "l1", "l2")
    confirm(right, send(right, RIGHT, "r1")[0])
    right.claim([LEFT])
    assert right.prune("2100-01-01", 100) == 1
    assert names(right) == ["l1", "l2"]
    confirm(right, right.unconfirmed(0, 10)[-1].seq)
    assert right.prune("2100-01-01", 100) == 2


def test_held_changes_go_with_their_lane(join: Join) -> None:
    left, right = join(), join()
    left.claim([LEFT, RIGHT])
    batch = left.begin(NOW_MS)
    ids = [batch.hold(waiting(LEFT)), batch.hold(waiting(RIGHT))]
    batch.commit()
    left.disclaim([RIGHT])
    right.claim([RIGHT])
    assert list(left.held()) == [msgspec.structs.replace(waiting(LEFT), held_id=ids[0])]
    assert list(right.held()) == [msgspec.structs.replace(waiting(RIGHT), held_id=ids[1])]


def test_instances_that_start_at_once_make_one_ledger(url: str) -> None:
    opened: list[PostgresLedger] = []
    starts = [
        threading.Thread(
            target=lambda: opened.append(
                open_postgres(url, "northern", create=True, read_only=False, wait_seconds=5)
            )
        )
        for _ in range(4)
    ]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    assert len(opened) == 4
    for ledger in opened:
        assert ledger.positions() == {}
        ledger.close()


def test_a_ledger_of_another_brand_names_both(url: str, join: Join) -> None:
    join()
    with pytest.raises(LedgerMismatch, match="belongs to brand northern, not to southern"):
        open_postgres(url, "southern", create=True, read_only=False, wait_seconds=5)


def test_a_missing_ledger_is_not_made_unless_asked_for(url: str) -> None:
    with pytest.raises(LedgerMismatch, match=r"there is no ledger at .* for brand northern"):
        open_postgres(url, "northern", create=False, read_only=False, wait_seconds=5)


def test_a_ledger_of_an_older_schema_is_brought_up_to_date(url: str, join: Join) -> None:
    ledger = join()
    ledger.claim([LEFT])
    seqs = send(ledger, LEFT, "a", "b", "c")
    confirm(ledger, seqs[0])
    ledger.close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER TABLE lanes DROP COLUMN ahead")
        connection.execute("UPDATE meta SET value = '2' WHERE name = 'schema_version'")
    ledger = join()
    ledger.claim([LEFT])
    assert names(ledger) == ["b", "c"]
    confirm(ledger, seqs[0], [seqs[2]])
    assert names(ledger) == ["b"]


def test_a_newer_schema_is_refused(url: str, join: Join) -> None:
    join()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE name = 'schema_version'")
    with pytest.raises(LedgerMismatch, match="with schema 99"):
        open_postgres(url, "northern", create=False, read_only=False, wait_seconds=5)


def test_a_reader_needs_no_claim_and_writes_nothing(url: str, join: Join) -> None:
    owner = join()
    owner.claim([LEFT])
    send(owner, LEFT, "l1", position=3)
    reader = open_postgres(url, "northern", create=False, read_only=True, wait_seconds=5)
    assert reader.positions() == {LEFT: 3}
    batch = reader.begin(NOW_MS)
    batch.count("discarded", "t", "odd")
    with pytest.raises(LedgerUnavailable, match="read-only"):
        batch.commit()
    reader.close()
