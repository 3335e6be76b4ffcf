"""Partitions merged by commit order: what waits for what, and for how long."""

from __future__ import annotations

from bridge.flow import Taken
from bridge.intake.merge import CommitOrder
from bridge.records import Partition, Skipped, SourcePosition, SourceRecord

BETS, VOIDS, GAMES = Partition("bets", 0), Partition("voids", 0), Partition("games", 0)
WAIT = 0.5


def add(order: CommitOrder, at: Partition, offset: int, commit: int | None, now: float = 0.0) -> None:
    record = SourceRecord(at.topic, at.number, offset, None, b"", (), 0)
    position = SourcePosition("db", (commit, 0)) if commit is not None else None
    order.add(at, [Taken(record, Skipped("any"), position, now)])


def taken(order: CommitOrder, now: float, limit: int = 100) -> list[tuple[str, int]]:
    return [(item.record.topic, item.record.offset) for item in order.take(now, limit)]


def two_tables(*, ends: int = 0) -> CommitOrder:
    order = CommitOrder(WAIT)
    for partition in (BETS, VOIDS):
        order.assign(partition, 0, ends, holds=True, first=False)
    return order


def test_records_come_out_in_commit_order() -> None:
    order = two_tables()
    for offset, commit in enumerate((10, 30)):
        add(order, BETS, offset, commit)
    for offset, commit in enumerate((20, 40)):
        add(order, VOIDS, offset, commit)
    assert taken(order, WAIT) == [("bets", 0), ("voids", 0), ("bets", 1), ("voids", 1)]


def test_servers_that_write_one_log_are_merged_by_their_places_in_it() -> None:
    """Debezium tells who wrote a change; what it reads is one log (Galera, two primaries)."""
    order = two_tables()
    for at, offset, place, server in ((BETS, 0, 10, 2), (BETS, 1, 30, 1), (VOIDS, 0, 20, 1), (VOIDS, 1, 40, 2)):
        record = SourceRecord(at.topic, at.number, offset, None, b"", (), 0)
        position = SourcePosition(f"mariadb:wallet:{server}", (7, place, 0))
        order.add(at, [Taken(record, Skipped("any"), position, 0.0)])
    assert taken(order, 0.0) == [("bets", 0), ("voids", 0), ("bets", 1)]
    assert taken(order, WAIT) == [("voids", 1)]


def put(order: CommitOrder, at: Partition, offset: int, position: SourcePosition) -> None:
    record = SourceRecord(at.topic, at.number, offset, None, b"", (), 0)
    order.add(at, [Taken(record, Skipped("any"), position, 0.0)])


def mysql(file: int, server: str, number: int, second: float) -> SourcePosition:
    """Return the place of a transaction that a server wrote, numbered and committed."""
    return SourcePosition(f"mysql:wallet:{server}", (file, 4, 0), server, number, int(second * 1_000_000))


def test_a_backlog_over_a_switch_to_the_log_of_another_server_comes_out_as_it_was_written() -> None:
    order = two_tables(ends=3)
    put(order, BETS, 0, mysql(450, "a", 5, 10))
    put(order, BETS, 1, mysql(450, "a", 8, 20))
    put(order, BETS, 2, mysql(7, "b", 2, 31))
    put(order, VOIDS, 0, mysql(7, "a", 7, 15))
    put(order, VOIDS, 1, mysql(7, "b", 1, 30))
    put(order, VOIDS, 2, mysql(7, "b", 3, 32))
    wanted = [("bets", 0), ("voids", 0), ("bets", 1), ("voids", 1), ("bets", 2), ("voids", 2)]
    assert taken(order, WAIT) == wanted


def test_between_servers_that_write_one_log_times_that_clocks_cannot_tell_apart_leave_it_to_the_place() -> None:
    order = two_tables(ends=2)
    put(order, BETS, 0, mysql(7, "a", 5, 10.4))
    put(order, BETS, 1, mysql(9, "a", 6, 10.5))
    put(order, VOIDS, 0, mysql(8, "b", 900, 10.1))
    put(order, VOIDS, 1, mysql(9, "b", 901, 10.2))
    assert taken(order, 0.0) == [("bets", 0), ("voids", 0), ("bets", 1), ("voids", 1)]


def test_a_partition_whose_last_record_lies_in_the_log_of_the_server_before_is_not_past_what_is_new() -> None:
    order = two_tables()
    put(order, VOIDS, 0, mysql(450, "a", 8, 20))
    assert taken(order, WAIT) == [("voids", 0)]
    put(order, BETS, 0, mysql(7, "b", 1, 30))
    assert (taken(order, 0.0), taken(order, WAIT)) == ([], [("bets", 0)])


def test_between_two_logs_the_time_decides() -> None:
    """Bets and voids lie in two databases: a backlog of both is read as it was written, not one by one."""
    order = two_tables()
    for at, log, placed in (
        (BETS, "postgresql:b", ((0, 90, 1), (1, 91, 4))),
        (VOIDS, "mysql:a:1", ((0, 7, 2), (1, 8, 3))),
    ):
        for offset, place, second in placed:
            record = SourceRecord(at.topic, at.number, offset, None, b"", (), second * 1000)
            order.add(at, [Taken(record, Skipped("any"), SourcePosition(log, (place, 0)), 0.0)])
    assert taken(order, WAIT) == [("bets", 0), ("voids", 0), ("voids", 1), ("bets", 1)]


def test_what_another_server_wrote_shows_too_that_a_partition_is_past() -> None:
    order = two_tables()
    found = []
    for at, place, server in ((VOIDS, 40, 1), (BETS, 30, 2)):
        record = SourceRecord(at.topic, at.number, 0, None, b"", (), 0)
        order.add(at, [Taken(record, Skipped("any"), SourcePosition(f"mysql:wallet:{server}", (7, place)), WAIT)])
        found.append(taken(order, 2 * WAIT if at is VOIDS else WAIT))
    assert found == [[("voids", 0)], [("bets", 0)]]


def test_a_partition_that_is_behind_its_end_holds_the_others_however_long_that_takes() -> None:
    order = two_tables(ends=1)
    add(order, BETS, 0, 10)
    assert (taken(order, 1_000.0), order.behind()) == ([], [VOIDS])
    add(order, VOIDS, 0, 5)
    assert taken(order, 1_000.0) == [("voids", 0), ("bets", 0)]


def test_an_end_that_no_record_reaches_is_reached_by_position() -> None:
    order = two_tables(ends=1)
    add(order, BETS, 0, 10)
    order.reached(VOIDS, 1)
    assert taken(order, WAIT) == [("bets", 0)]


def test_a_silent_partition_holds_the_others_no_longer_than_the_setting() -> None:
    order = two_tables()
    add(order, BETS, 0, 10, now=7.0)
    assert (taken(order, 7.49), order.due(7.0)) == ([], WAIT)
    assert taken(order, 7.5) == [("bets", 0)]


def test_what_may_be_taken_now_is_due_now_and_nothing_else_is() -> None:
    """Taking in waits for records as long as this says: with 0 for nothing it would spin."""
    order = two_tables()
    order.assign(GAMES, 0, 0, holds=True, first=False)
    add(order, BETS, 0, 20, now=0.0)
    add(order, VOIDS, 0, 10, now=0.4)
    assert (taken(order, 0.6), order.due(0.6)) == ([], 0.4 + WAIT - 0.6), "the earlier bet waits for the void"
    add(order, GAMES, 0, 30, now=0.6)
    assert order.due(0.6) == 0.0
    assert taken(order, 0.6, limit=1) == [("voids", 0)]


def test_nothing_is_due_while_play_waits_but_look_up_rows() -> None:
    order = two_tables()
    order.assign(GAMES, 0, 1, holds=False, first=True)
    add(order, BETS, 0, 10)
    assert (order.due(9.0), order.due(9.0, play=False)) == (None, None)
    add(order, GAMES, 0, 20, now=9.0)
    assert (order.due(9.0), order.due(9.0, play=False)) == (0.0, 0.0)


def test_a_partition_that_has_shown_something_later_holds_nothing() -> None:
    order = two_tables()
    add(order, BETS, 0, 10)
    add(order, VOIDS, 0, 20)
    assert taken(order, WAIT) == [("bets", 0), ("voids", 0)]
    add(order, BETS, 1, 15, now=1.0)
    assert taken(order, 1.0) == [("bets", 1)]


def test_look_ups_are_read_to_their_end_before_play_and_hold_nothing_later() -> None:
    order = CommitOrder(WAIT)
    order.assign(BETS, 0, 1, holds=False, first=False)
    order.assign(GAMES, 0, 1, holds=False, first=True)
    add(order, BETS, 0, 10)
    assert taken(order, 100.0) == []
    add(order, GAMES, 0, 20)
    assert sorted(taken(order, 100.0)) == [("bets", 0), ("games", 0)]
    add(order, BETS, 1, 30, now=100.0)
    assert taken(order, 100.0) == [("bets", 1)]


def test_the_order_within_a_partition_is_never_changed() -> None:
    order = two_tables()
    add(order, BETS, 0, 30)
    add(order, BETS, 1, None)
    add(order, BETS, 2, 10)
    assert taken(order, WAIT) == [("bets", 0), ("bets", 1), ("bets", 2)]


def test_a_revoked_partition_is_dropped_with_what_waits_in_it() -> None:
    order = two_tables()
    add(order, BETS, 0, 10)
    order.revoke([BETS])
    add(order, BETS, 1, 11)
    assert (order.waiting(), taken(order, WAIT)) == (0, [])


def test_a_limit_leaves_the_rest_for_the_next_time() -> None:
    order = two_tables()
    for offset in range(3):
        add(order, BETS, offset, offset)
    assert taken(order, WAIT, limit=2) == [("bets", 0), ("bets", 1)]
    assert order.deep(0) == [BETS]
    assert taken(order, WAIT) == [("bets", 2)]
