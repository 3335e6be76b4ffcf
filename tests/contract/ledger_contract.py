"""What every ledger promises: each sentence of `bridge.contracts.Ledger` and of its transaction.

A storage gives a class that inherits `LedgerContract` (or `DurableLedgerContract`, when it outlives
its process) and a fixture `open_one` that opens the same empty ledger again and again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from bridge.contracts import Ledger
from bridge.flow import Delivery, Event
from bridge.ledger.transaction import Transaction
from bridge.memory import LedgerTransaction
from bridge.records import HeldChange, ParkedChange, Partition, SourceRecord
from tests.support.examples import examples

DAY_MS = 86_400_000
NOW_MS = 20_000 * DAY_MS + 5 * 3_600_000
"""2024-10-04, five in the morning."""
TODAY = "2024-10-04"
TOMORROW = "2024-10-05"
POISON = bytes(range(256))
# One ledger serves all examples, which begin by emptying it; each storage runs the test in its own class.
_SHARED_FIXTURES = (HealthCheck.function_scoped_fixture, HealthCheck.differing_executors)


class ParkingLedger(Ledger, Protocol):
    """A ledger with the methods that the command line uses beside the contract."""

    def begin(self, now_ms: int) -> Transaction: ...

    def parked_record(self, parked_id: int) -> ParkedChange | None: ...


OpenOne = Callable[[], ParkingLedger]
"""Closes what it opened before and opens the same ledger again."""


def event(name: str, player: str = "p1", lane: int = 0) -> Event:
    """Return an event whose body tells its name."""
    return Event(name, player, f'{{"id":"{name}"}}'.encode(), lane)


def record(offset: int = 7) -> SourceRecord:
    """Return a record with everything that could get lost on the way."""
    return SourceRecord("play", 3, offset, None, POISON, (("h", None), ("h", b"\xff\x00")), -1)


def held(held_id: int = 0, waiting: bytes = b"w\x00") -> HeldChange:
    """Return a change that waits."""
    return HeldChange(held_id=held_id, record=record(), table="t", player="pé", waiting=waiting, deadline_ms=2**41)


def parked(offset: int = 7) -> ParkedChange:
    """Return a change for a person."""
    return ParkedChange(
        parked_id=0,
        record=record(offset),
        table="public.tx",
        key="id=1",
        player="p1",
        code="unknown_kind",
        reason='it\'s "odd"',
        parked_at_ms=NOW_MS,
    )


def put(ledger: Ledger, space: str, key: str, value: bytes | None, now_ms: int = NOW_MS) -> None:
    """Put one value in a batch of its own."""
    batch = ledger.begin(now_ms)
    batch.put(space, key, value)
    batch.commit()


def get(ledger: Ledger, space: str, key: str) -> bytes | None:
    """Read one value in a batch of its own."""
    return ledger.begin(NOW_MS).get(space, key)


def send(ledger: Ledger, *names: str, now_ms: int = NOW_MS) -> list[int]:
    """Add events in one batch and return their numbers."""
    batch = ledger.begin(now_ms)
    seqs = [batch.add_event(event(name)) for name in names]
    batch.commit()
    return seqs


def confirm(ledger: Ledger, seq: int, ahead: Sequence[int] = ()) -> None:
    """Confirm in a batch of its own."""
    batch = ledger.begin(NOW_MS)
    batch.confirm(seq, ahead)
    batch.commit()


class LedgerContract:
    """Holds for every storage."""

    @pytest.fixture
    def ledger(self, open_one: OpenOne) -> ParkingLedger:
        return open_one()

    def test_a_new_ledger_is_empty(self, ledger: ParkingLedger) -> None:
        assert ledger.positions() == {}
        assert ledger.confirmed() == 0
        assert list(ledger.unconfirmed(0, 10)) == []
        assert list(ledger.held()) == []
        assert list(ledger.parked()) == []
        assert ledger.counters() == {}

    def test_a_key_without_a_value_reads_as_none(self, ledger: ParkingLedger) -> None:
        assert get(ledger, "row:t", "1") is None

    def test_a_transaction_sees_its_own_writes(self, ledger: ParkingLedger) -> None:
        batch = ledger.begin(NOW_MS)
        assert batch.get("row:t", "1") is None
        batch.put("row:t", "1", b"a")
        assert batch.get("row:t", "1") == b"a"
        batch.put("row:t", "1", None)
        assert batch.get("row:t", "1") is None

    def test_what_was_put_last_is_read_by_the_next_transaction(self, ledger: ParkingLedger) -> None:
        put(ledger, "row:t", "1", b"a")
        put(ledger, "row:t", "1", b"\x00b")
        assert get(ledger, "row:t", "1") == b"\x00b"

    def test_an_empty_value_is_a_value(self, ledger: ParkingLedger) -> None:
        put(ledger, "row:t", "1", b"")
        assert get(ledger, "row:t", "1") == b""

    def test_none_forgets(self, ledger: ParkingLedger) -> None:
        put(ledger, "row:t", "1", b"a")
        put(ledger, "row:t", "1", None)
        assert get(ledger, "row:t", "1") is None

    def test_the_same_key_in_two_spaces_is_two_things(self, ledger: ParkingLedger) -> None:
        put(ledger, "row:t", "1", b"a")
        put(ledger, "row:u", "1", b"b")
        assert (get(ledger, "row:t", "1"), get(ledger, "row:u", "1")) == (b"a", b"b")

    def test_keys_are_taken_to_the_letter(self, ledger: ParkingLedger) -> None:
        keys = ["a", "A", "ä", "a ", "", "%", "a_", "🎲", "x" * 500]
        batch = ledger.begin(NOW_MS)
        for key in keys:
            batch.put("row:t", key, key.encode())
        batch.commit()
        fresh = ledger.begin(NOW_MS)
        fresh.prefetch([("row:t", key) for key in keys])
        assert [fresh.get("row:t", key) for key in keys] == [key.encode() for key in keys]

    def test_prefetch_changes_nothing_that_is_read(self, ledger: ParkingLedger) -> None:
        put(ledger, "row:t", "1", b"a")
        batch = ledger.begin(NOW_MS)
        batch.put("row:t", "2", b"own")
        batch.put("row:t", "1", None)
        batch.prefetch([("row:t", "1"), ("row:t", "2"), ("row:t", "3"), ("row:never", "1"), ("row:t", "3")])
        assert [batch.get("row:t", key) for key in "123"] == [None, b"own", None]

    def test_a_prefetched_pair_can_still_be_put(self, ledger: ParkingLedger) -> None:
        batch = ledger.begin(NOW_MS)
        batch.prefetch([("row:t", "1")])
        batch.put("row:t", "1", b"a")
        assert batch.get("row:t", "1") == b"a"

    @pytest.mark.parametrize("number", [1, 255, 256, 257, 1000])
    def test_prefetch_finds_all_of_any_number(self, ledger: ParkingLedger, number: int) -> None:
        batch = ledger.begin(NOW_MS)
        for key in range(number):
            batch.put("row:t", str(key), b"%d" % key)
        batch.commit()
        fresh = ledger.begin(NOW_MS)
        fresh.prefetch(("row:t", str(key)) for key in range(number + 10))
        found = [fresh.get("row:t", str(key)) for key in range(number + 10)]
        assert found == [b"%d" % key for key in range(number)] + [None] * 10

    def test_rollback_leaves_nothing(self, ledger: ParkingLedger) -> None:
        batch = ledger.begin(NOW_MS)
        batch.put("row:t", "1", b"a")
        batch.add_event(event("e"))
        batch.hold(held())
        batch.park(parked())
        batch.count("sent", "t", "bet")
        batch.advance({Partition("play", 0): 5})
        batch.rollback()
        ledger.begin(NOW_MS).commit()
        assert get(ledger, "row:t", "1") is None
        self.test_a_new_ledger_is_empty(ledger)

    def test_a_batch_that_ended_cannot_be_committed(self, ledger: ParkingLedger) -> None:
        batch = ledger.begin(NOW_MS)
        batch.rollback()
        with pytest.raises(RuntimeError):
            batch.commit()

    def test_sequence_numbers_grow_with_each_event(self, ledger: ParkingLedger) -> None:
        seqs = [*send(ledger, "a", "b"), *send(ledger, "c")]
        assert seqs == sorted(set(seqs))
        assert seqs[0] > 0

    def test_sequence_numbers_grow_over_a_rollback(self, ledger: ParkingLedger) -> None:
        first = send(ledger, "a")
        batch = ledger.begin(NOW_MS)
        batch.add_event(event("lost"))
        batch.rollback()
        assert send(ledger, "b") > first
        assert [each.message_id for each in ledger.unconfirmed(0, 10)] == ["a", "b"]

    def test_commit_returns_the_events_in_order(self, ledger: ParkingLedger) -> None:
        batch = ledger.begin(NOW_MS)
        seqs = [batch.add_event(event(name, player)) for name, player in [("a", "p1"), ("b", "p2")]]
        deliveries = batch.commit()
        assert [(each.seq, each.message_id, each.player, each.body) for each in deliveries] == [
            (seqs[0], "a", "p1", b'{"id":"a"}'),
            (seqs[1], "b", "p2", b'{"id":"b"}'),
        ]

    def test_an_empty_batch_commits(self, ledger: ParkingLedger) -> None:
        assert list(ledger.begin(NOW_MS).commit()) == []

    def test_the_body_of_an_event_is_there_before_and_after_the_commit(self, ledger: ParkingLedger) -> None:
        old = send(ledger, "old")[0]
        batch = ledger.begin(NOW_MS)
        seq = batch.add_event(Event("raw", "p", POISON))
        assert (batch.body(seq), batch.body(old)) == (POISON, b'{"id":"old"}')
        batch.commit()
        assert ledger.begin(NOW_MS).body(seq) == POISON

    def test_an_event_that_was_never_added_has_no_body(self, ledger: ParkingLedger) -> None:
        seq = send(ledger, "a")[0]
        batch = ledger.begin(NOW_MS)
        batch.add_event(event("b"))
        assert batch.body(seq + 1000) is None

    def test_confirmed_events_keep_their_body(self, ledger: ParkingLedger) -> None:
        seq = send(ledger, "a")[0]
        confirm(ledger, seq)
        assert ledger.begin(NOW_MS).body(seq) == b'{"id":"a"}'

    def test_what_is_not_confirmed_is_handed_out_in_order(self, ledger: ParkingLedger) -> None:
        seqs = send(ledger, "a", "b", "c", "d")
        confirm(ledger, seqs[0])
        assert ledger.confirmed() == seqs[0]
        assert [each.message_id for each in ledger.unconfirmed(0, 2)] == ["b", "c"]
        assert [each.message_id for each in ledger.unconfirmed(seqs[2], 10)] == ["d"]
        confirm(ledger, seqs[3])
        assert list(ledger.unconfirmed(0, 10)) == []

    def test_what_is_confirmed_ahead_is_not_handed_out(self, ledger: ParkingLedger) -> None:
        seqs = send(ledger, "a", "b", "c", "d", "e")
        confirm(ledger, seqs[0], [seqs[2], seqs[3]])
        assert ledger.confirmed() == seqs[0]
        assert set(ledger.confirmed_ahead()) == {seqs[2], seqs[3]}
        assert [each.message_id for each in ledger.unconfirmed(0, 10)] == ["b", "e"]
        # Two that are confirmed fill a page: what comes behind them is not forgotten for that.
        assert [each.message_id for each in ledger.unconfirmed(seqs[1], 2)] == ["e"]
        confirm(ledger, seqs[0], [seqs[2], seqs[4]])
        assert [each.message_id for each in ledger.unconfirmed(0, 10)] == ["b", "d"]
        confirm(ledger, seqs[4])
        assert list(ledger.confirmed_ahead()) == []
        assert list(ledger.unconfirmed(0, 10)) == []

    def test_nothing_that_comes_later_is_confirmed_ahead(self, ledger: ParkingLedger) -> None:
        seq = send(ledger, "a", "b")[0]
        confirm(ledger, seq, range(seq + 2, seq + 100))
        send(ledger, "c")
        assert [each.message_id for each in ledger.unconfirmed(0, 10)] == ["b", "c"]

    def test_what_was_confirmed_ahead_in_a_batch_that_fails_is_not(self, ledger: ParkingLedger) -> None:
        seqs = send(ledger, "a", "b", "c")
        batch = ledger.begin(NOW_MS)
        batch.confirm(seqs[0], [seqs[2]])
        batch.rollback()
        assert [each.seq for each in ledger.unconfirmed(0, 10)] == seqs
        assert list(ledger.confirmed_ahead()) == []

    def test_pruning_keeps_what_is_confirmed_ahead(self, ledger: ParkingLedger) -> None:
        seqs = send(ledger, "a", "b", "c")
        confirm(ledger, seqs[0], [seqs[2]])
        assert ledger.prune(TOMORROW, 100) == 1
        assert ledger.begin(NOW_MS).body(seqs[2]) is not None
        assert [each.message_id for each in ledger.unconfirmed(0, 10)] == ["b"]

    def test_the_watermark_never_goes_back(self, ledger: ParkingLedger) -> None:
        seqs = send(ledger, "a", "b")
        confirm(ledger, seqs[1])
        confirm(ledger, seqs[0])
        assert ledger.confirmed() == seqs[1]

    def test_confirming_beyond_the_last_event_confirms_no_later_one(self, ledger: ParkingLedger) -> None:
        seq = send(ledger, "a")[0]
        confirm(ledger, seq + 1_000_000)
        send(ledger, "b")
        assert [each.message_id for each in ledger.unconfirmed(0, 10)] == ["b"]

    def test_confirming_is_part_of_the_batch(self, ledger: ParkingLedger) -> None:
        seq = send(ledger, "a")[0]
        batch = ledger.begin(NOW_MS)
        batch.confirm(seq)
        batch.rollback()
        assert ledger.confirmed() == 0

    def test_positions_are_kept_per_partition(self, ledger: ParkingLedger) -> None:
        batch = ledger.begin(NOW_MS)
        batch.advance({Partition("play", 0): 5, Partition("play", 1): 2**40})
        batch.advance({Partition("play", 0): 6})
        batch.commit()
        batch = ledger.begin(NOW_MS)
        batch.advance({Partition("games", 0): 1})
        batch.commit()
        expected = {Partition("play", 0): 6, Partition("play", 1): 2**40, Partition("games", 0): 1}
        assert ledger.positions() == expected

    def test_held_changes_come_back_whole_and_in_order(self, ledger: ParkingLedger) -> None:
        batch = ledger.begin(NOW_MS)
        ids = [batch.hold(held(waiting=b"%d" % number)) for number in range(12)]
        batch.commit()
        assert ids == sorted(set(ids))
        assert min(ids) > 0
        assert list(ledger.held()) == [held(each, b"%d" % number) for number, each in enumerate(ids)]

    def test_a_held_change_is_replaced_under_its_id(self, ledger: ParkingLedger) -> None:
        batch = ledger.begin(NOW_MS)
        held_id = batch.hold(held())
        batch.commit()
        batch = ledger.begin(NOW_MS)
        assert batch.hold(held(held_id, b"new")) == held_id
        batch.commit()
        assert list(ledger.held()) == [held(held_id, b"new")]

    def test_a_released_change_waits_no_longer(self, ledger: ParkingLedger) -> None:
        batch = ledger.begin(NOW_MS)
        first, second = batch.hold(held()), batch.hold(held())
        batch.release(second)
        batch.commit()
        batch = ledger.begin(NOW_MS)
        batch.release(first)
        third = batch.hold(held())
        batch.commit()
        assert [each.held_id for each in ledger.held()] == [third]
        assert third > second

    def test_parked_changes_come_back_byte_for_byte(self, ledger: ParkingLedger) -> None:
        batch = ledger.begin(NOW_MS)
        ids = [batch.park(parked(offset)) for offset in (1, 2)]
        batch.commit()
        expected = [msgspec.structs.replace(parked(offset), parked_id=ids[offset - 1]) for offset in (1, 2)]
        assert list(ledger.parked()) == expected
        assert ledger.parked_record(ids[1]) == expected[1]
        assert ledger.parked_record(ids[1] + 1) is None

    def test_a_change_is_unparked_to_be_replayed(self, ledger: ParkingLedger) -> None:
        batch = ledger.begin(NOW_MS)
        parked_id = batch.park(parked())
        batch.commit()
        batch = ledger.begin(NOW_MS)
        found = batch.unpark(parked_id)
        assert found is not None
        assert found.record == record()
        assert batch.unpark(parked_id) is None
        batch.commit()
        assert list(ledger.parked()) == []
        assert ledger.counters() == {}

    def test_a_discarded_change_leaves_a_note(self, ledger: ParkingLedger) -> None:
        batch = ledger.begin(NOW_MS)
        parked_id = batch.park(parked())
        batch.commit()
        batch = ledger.begin(NOW_MS)
        batch.discard(parked_id)
        assert batch.discard(parked_id) is None
        batch.commit()
        assert list(ledger.parked()) == []
        assert ledger.counters() == {("discarded", "public.tx", "unknown_kind"): 1}

    def test_counters_add_up_over_batches_and_days(self, ledger: ParkingLedger) -> None:
        for now_ms in (NOW_MS, NOW_MS, NOW_MS + DAY_MS):
            batch = ledger.begin(now_ms)
            batch.count("sent", "t", "bet")
            batch.count("sent", "t", "bet")
            batch.count("skipped", "t", "repeated")
            batch.commit()
        assert ledger.counters() == {("sent", "t", "bet"): 6, ("skipped", "t", "repeated"): 3}

    def test_pruning_forgets_what_was_not_touched_since_the_day(self, ledger: ParkingLedger) -> None:
        for space in ("row:t", "ref:t", "part:t", "lookup:t", "other"):
            put(ledger, space, "1", b"old")
            put(ledger, space, "2", b"old")
            put(ledger, space, "2", b"new", NOW_MS + DAY_MS)
        assert ledger.prune(TOMORROW, 100) == 3
        spaces = ("row:t", "ref:t", "part:t", "lookup:t", "other")
        assert [get(ledger, space, "1") for space in spaces] == [None, None, None, b"old", b"old"]
        assert {get(ledger, space, "2") for space in spaces} == {b"new"}
        assert ledger.prune(TOMORROW, 100) == 0

    def test_pruning_keeps_the_day_itself(self, ledger: ParkingLedger) -> None:
        put(ledger, "row:t", "1", b"a")
        seq = send(ledger, "a")[0]
        confirm(ledger, seq)
        assert ledger.prune(TODAY, 100) == 0
        assert get(ledger, "row:t", "1") == b"a"
        assert ledger.begin(NOW_MS).body(seq) is not None

    def test_pruning_never_touches_what_is_not_confirmed(self, ledger: ParkingLedger) -> None:
        seqs = send(ledger, "a", "b", "c")
        confirm(ledger, seqs[1])
        assert ledger.prune(TOMORROW, 100) == 2
        batch = ledger.begin(NOW_MS)
        assert [batch.body(seq) for seq in seqs] == [None, None, b'{"id":"c"}']
        assert [each.message_id for each in ledger.unconfirmed(0, 10)] == ["c"]

    def test_pruning_goes_in_slices(self, ledger: ParkingLedger) -> None:
        batch = ledger.begin(NOW_MS)
        for key in range(10):
            batch.put("row:t", str(key), b"v")
            batch.add_event(event(str(key)))
        last = batch.commit()[-1].seq
        confirm(ledger, last)
        assert [ledger.prune(TOMORROW, 7) for _ in range(4)] == [7, 7, 6, 0]
        assert [get(ledger, "row:t", str(key)) for key in range(10)] == [None] * 10

    def test_pruning_drops_counters_of_days_before(self, ledger: ParkingLedger) -> None:
        for now_ms in (NOW_MS, NOW_MS + DAY_MS):
            batch = ledger.begin(now_ms)
            batch.count("sent", "t", "bet")
            batch.commit()
        assert ledger.prune(TOMORROW, 100) == 1
        assert ledger.counters() == {("sent", "t", "bet"): 1}

    def test_a_number_is_not_given_again_after_all_was_pruned(self, open_one: OpenOne) -> None:
        ledger = open_one()
        seq = send(ledger, "a")[0]
        confirm(ledger, seq)
        ledger.prune(TOMORROW, 100)
        assert send(ledger, "b")[0] > seq

    def test_the_size_grows_with_what_is_kept(self, ledger: ParkingLedger) -> None:
        before = ledger.size_bytes()
        put(ledger, "row:t", "1", random.Random(1).randbytes(1_000_000))
        assert ledger.size_bytes() >= before + 990_000

    def test_a_commit_that_was_started_tells_its_events_once_and_becomes_durable(
        self, ledger: ParkingLedger
    ) -> None:
        told: list[Delivery] = []
        batch = ledger.begin(NOW_MS)
        seqs = [batch.add_event(event(name)) for name in "ab"]
        batch.advance({Partition("play", 0): 5})
        commit = batch.start_commit(told.extend)
        commit.wait()
        assert commit.over()
        assert [(each.seq, each.message_id) for each in told] == [(seqs[0], "a"), (seqs[1], "b")]
        assert list(ledger.unconfirmed(0, 10)) == told
        assert ledger.positions() == {Partition("play", 0): 5}

    def test_a_batch_sees_what_a_commit_under_way_has_written(self, ledger: ParkingLedger) -> None:
        put(ledger, "row:t", "gone", b"old")
        put(ledger, "row:t", "changed", b"old")
        put(ledger, "row:t", "left", b"old")
        old = send(ledger, "old")[0]
        first = ledger.begin(NOW_MS)
        first.put("row:t", "gone", None)
        first.put("row:t", "changed", b"new")
        first.put("row:new", "1", b"new")
        seq = first.add_event(event("a"))
        parked_id = first.park(parked())
        first.start_commit(lambda _: None)
        batch = ledger.begin(NOW_MS)
        keys = ("gone", "changed", "left")
        batch.prefetch([("row:t", key) for key in keys])
        assert [batch.get("row:t", key) for key in keys] == [None, b"new", b"old"]
        assert batch.get("row:new", "1") == b"new"
        assert (batch.body(seq), batch.body(old)) == (b'{"id":"a"}', b'{"id":"old"}')
        found = batch.unpark(parked_id)
        assert found is not None
        assert found.record == record()
        assert batch.unpark(parked_id) is None
        batch.put("row:t", "changed", b"newer")
        batch.commit()
        assert get(ledger, "row:t", "changed") == b"newer"
        assert list(ledger.parked()) == []

    def test_all_but_a_batch_waits_for_the_commit_under_way(self, ledger: ParkingLedger) -> None:
        old = send(ledger, "old")[0]
        for number in range(1, 6):
            batch = ledger.begin(NOW_MS)
            batch.confirm(old)
            batch.add_event(event(str(number)))
            batch.hold(held())
            batch.park(parked())
            batch.count("sent", "t", "bet")
            batch.advance({Partition("play", 0): number})
            batch.start_commit(lambda _: None)
            asked = number % 5
            assert asked != 1 or ledger.positions() == {Partition("play", 0): number}
            assert asked != 2 or len(ledger.unconfirmed(0, 10)) == number
            assert asked != 3 or len(list(ledger.held())) == number
            assert asked != 4 or len(list(ledger.parked())) == number
            assert asked != 0 or ledger.counters() == {("sent", "t", "bet"): number}
        batch = ledger.begin(NOW_MS)
        batch.confirm(batch.add_event(event("last")))
        batch.start_commit(lambda _: None)
        assert ledger.confirmed() > old
        assert list(ledger.unconfirmed(0, 10)) == []

    def test_pruning_waits_for_the_commit_under_way(self, ledger: ParkingLedger) -> None:
        seq = send(ledger, "a")[0]
        batch = ledger.begin(NOW_MS)
        batch.put("row:t", "1", b"a")
        batch.confirm(seq)
        batch.start_commit(lambda _: None)
        assert ledger.prune(TOMORROW, 100) == 2
        batch = ledger.begin(NOW_MS)
        assert (batch.get("row:t", "1"), batch.body(seq)) == (None, None)

    def test_close_can_be_called_twice(self, ledger: ParkingLedger) -> None:
        ledger.close()
        ledger.close()


class DurableLedgerContract(LedgerContract):
    """Holds for every storage that outlives the process."""

    def test_everything_is_there_after_reopening(self, open_one: OpenOne) -> None:
        ledger = open_one()
        batch = ledger.begin(NOW_MS)
        batch.put("row:t", "1", POISON)
        seqs = [batch.add_event(event(name)) for name in "abcd"]
        held_id, parked_id = batch.hold(held()), batch.park(parked())
        batch.count("sent", "t", "bet")
        batch.advance({Partition("play", 0): 5})
        batch.confirm(seqs[0], seqs[2:3])
        batch.commit()
        ledger = open_one()
        assert get(ledger, "row:t", "1") == POISON
        assert ledger.confirmed() == seqs[0]
        assert list(ledger.confirmed_ahead()) == seqs[2:3]
        assert [each.seq for each in ledger.unconfirmed(0, 10)] == [seqs[1], seqs[3]]
        assert [each.held_id for each in ledger.held()] == [held_id]
        assert [each.parked_id for each in ledger.parked()] == [parked_id]
        assert ledger.counters() == {("sent", "t", "bet"): 1}
        assert ledger.positions() == {Partition("play", 0): 5}

    def test_uncommitted_batches_are_lost_by_closing(self, open_one: OpenOne) -> None:
        ledger = open_one()
        batch = ledger.begin(NOW_MS)
        batch.put("row:t", "1", b"a")
        batch.add_event(event("a"))
        ledger = open_one()
        assert get(ledger, "row:t", "1") is None
        assert list(ledger.unconfirmed(0, 10)) == []

    def test_numbers_go_on_after_reopening(self, open_one: OpenOne) -> None:
        ledger = open_one()
        batch = ledger.begin(NOW_MS)
        first = (batch.add_event(event("a")), batch.hold(held()), batch.park(parked()))
        batch.commit()
        batch = ledger.begin(NOW_MS)
        batch.release(first[1])
        batch.unpark(first[2])
        batch.confirm(first[0])
        batch.commit()
        ledger.prune(TOMORROW, 100)
        batch = open_one().begin(NOW_MS)
        again = (batch.add_event(event("b")), batch.hold(held()), batch.park(parked()))
        assert all(new > old for new, old in zip(again, first, strict=True))

    def test_closing_lets_the_commit_under_way_come_to_its_end(self, open_one: OpenOne) -> None:
        ledger = open_one()
        told: list[Delivery] = []
        batch = ledger.begin(NOW_MS)
        batch.add_event(event("a"))
        batch.start_commit(told.extend)
        on_top = ledger.begin(NOW_MS)
        on_top.add_event(event("lost"))
        ledger = open_one()
        assert [each.message_id for each in ledger.unconfirmed(0, 10)] == ["a"]
        assert [each.message_id for each in told] == ["a"]

    @examples(1, unchecked=_SHARED_FIXTURES)
    @given(data=st.data())
    def test_any_sequence_of_calls_reads_like_a_dictionary(self, open_one: OpenOne, data: st.DataObject) -> None:
        spaces, keys = ("row:t", "lookup:t", "ref:t"), ("1", "2", "3", "4")
        ledger = open_one()
        batch: LedgerTransaction = ledger.begin(NOW_MS)
        for space in spaces:
            for key in keys:
                batch.put(space, key, None)  # what the example before this one left
        batch.commit()
        batch = ledger.begin(NOW_MS)
        kept: dict[tuple[str, str], bytes] = {}
        seen = dict(kept)
        steps = st.sampled_from(
            ["put", "put", "get", "get", "forget", "prefetch", "commit", "start", "start", "rollback", "reopen"]
        )
        for step in data.draw(st.lists(steps, max_size=30)):
            pair = (data.draw(st.sampled_from(spaces)), data.draw(st.sampled_from(keys)))
            if step == "put":
                seen[pair] = data.draw(st.binary(max_size=8))
                batch.put(*pair, seen[pair])
            elif step == "forget":
                seen.pop(pair, None)
                batch.put(*pair, None)
            elif step == "prefetch":
                batch.prefetch([pair, ("row:t", pair[1])])
            elif step in {"commit", "start"}:
                batch.commit() if step == "commit" else batch.start_commit(lambda _: None)
                kept = dict(seen)
                batch = ledger.begin(NOW_MS)
            elif step in {"rollback", "reopen"}:
                batch.rollback()
                ledger = open_one() if step == "reopen" else ledger
                seen = dict(kept)
                batch = ledger.begin(NOW_MS)
            assert batch.get(*pair) == seen.get(pair)
