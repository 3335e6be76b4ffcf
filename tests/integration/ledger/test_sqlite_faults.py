"""A SQLite ledger whose process is killed, whose disk is full, and which others lock."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.errors import LedgerMismatch, LedgerUnavailable
from bridge.flow import Delivery, Event
from bridge.ledger import SqliteLedger, open_sqlite
from bridge.memory import Commit
from bridge.records import Partition
from tests.support.eventually import eventually
from tests.support.slow_disk import SlowDisk

NOW_MS = 1_728_000_000_000
PLAY = Partition("play", 0)
EVENTS = 40

WRITER = f"""
import sys
from bridge.ledger import open_sqlite
from bridge.flow import Event
from bridge.records import Partition
ledger = open_sqlite(sys.argv[1], "northern", create=True)
play = Partition("play", 0)
number = ledger.positions().get(play, 0)
while True:
    batch = ledger.begin({NOW_MS})
    for each in range({EVENTS}):
        batch.put("row:t", f"{{number}}:{{each}}", b"v" * 2000)
        seq = batch.add_event(Event(f"{{number}}:{{each}}", "p", b"b" * 2000))
    batch.count("sent", "t", "bet")
    number += 1
    batch.advance({{play: number}})
    batch.confirm(seq - {EVENTS})
    batch.commit()
    print(number, flush=True)
"""


def check(ledger: SqliteLedger, told: int) -> int:
    """Check that whole batches are there, all that were told of among them; return how many."""
    number = ledger.positions().get(PLAY, 0)
    assert number >= told
    names = [each.message_id for each in ledger.unconfirmed(0, 10 * EVENTS)]
    assert names == ([f"{number - 1}:{each}" for each in range(EVENTS)] if number else [])
    assert ledger.counters().get(("sent", "t", "bet"), 0) == number
    batch = ledger.begin(NOW_MS)
    for each in range(EVENTS):
        assert batch.get("row:t", f"{number}:{each}") is None
        assert number == 0 or batch.get("row:t", f"{number - 1}:{each}") == b"v" * 2000
    assert ledger._link.rows("PRAGMA integrity_check") == [("ok",)]
    return number


def test_a_process_killed_at_any_moment_leaves_whole_batches(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.db")
    moments = random.Random(20)
    for _ in range(6):
        with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            told = int(writer.stdout.readline())
            time.sleep(moments.uniform(0, 0.12))  # the random moment itself, not a wait for something
            writer.send_signal(signal.SIGKILL)
            told = max([told, *(int(line) for line in writer.stdout.read().split("\n")[:-1])])
        ledger = open_sqlite(path, "northern", create=False)
        check(ledger, told)
        ledger.close()


def test_the_lock_of_another_process_is_named_and_ends_with_it(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.db")
    with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        with pytest.raises(LedgerMismatch, match=f"in use by process {writer.pid}:"):
            open_sqlite(path, "northern", create=True)
        reader = open_sqlite(path, "northern", create=False, read_only=True)
        eventually(lambda: reader.positions()[PLAY] > 1, message="the reader saw no commit of the other process")
        reader.close()
        writer.kill()
        writer.stdout.read()
    open_sqlite(path, "northern", create=False).close()


@pytest.fixture
def ledger(tmp_path: Path) -> SqliteLedger:
    # Two values: nearly all that is read comes from the file.
    return open_sqlite(str(tmp_path / "ledger.db"), "northern", create=True, wait_seconds=0.05, recent_values=2)


def batch_of(ledger: SqliteLedger, number: int) -> None:
    """Commit one batch like the writer's."""
    batch = ledger.begin(NOW_MS)
    for each in range(EVENTS):
        batch.put("row:t", f"{number}:{each}", b"v" * 2000)
        batch.add_event(Event(f"{number}:{each}", "p", b"b" * 2000))
    batch.count("sent", "t", "bet")
    batch.advance({PLAY: number + 1})
    batch.commit()


def test_a_full_ledger_keeps_nothing_of_the_batch_and_takes_it_later(ledger: SqliteLedger) -> None:
    batch_of(ledger, 0)
    pages = ledger._link.one("PRAGMA page_count")
    ledger._link.one(f"PRAGMA max_page_count = {pages + 5}")
    batch = ledger.begin(NOW_MS)
    for each in range(EVENTS):
        batch.put("row:t", f"1:{each}", b"v" * 2000)
    batch.add_event(Event("1:0", "p", b"b"))
    batch.advance({PLAY: 2})
    for _ in range(2):
        with pytest.raises(LedgerUnavailable, match=r"ledger\.db does not answer: .*full; make room on its disk"):
            batch.commit()
        assert ledger.positions() == {PLAY: 1}
        assert ledger.begin(NOW_MS).get("row:t", "1:0") is None
    ledger._link.one("PRAGMA max_page_count = 1000000")
    assert [each.message_id for each in batch.commit()] == ["1:0"]
    assert ledger.positions() == {PLAY: 2}
    assert ledger.begin(NOW_MS).get("row:t", "1:0") == b"v" * 2000
    ledger.close()


def test_a_read_only_ledger_says_so_and_goes_on_when_it_is_not(ledger: SqliteLedger) -> None:
    ledger._link.rows("PRAGMA query_only = ON")
    with pytest.raises(LedgerUnavailable, match=r"ledger\.db does not answer: .*readonly"):
        batch_of(ledger, 0)
    ledger._link.rows("PRAGMA query_only = OFF")
    batch_of(ledger, 0)
    assert check(ledger, 1) == 1
    ledger.close()


def test_a_lock_of_another_program_is_waited_for_and_named(ledger: SqliteLedger) -> None:
    other = sqlite3.connect(ledger.place, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerUnavailable, match="locked; another program has locked the file"):
        batch_of(ledger, 0)
    other.execute("ROLLBACK")
    other.close()
    batch_of(ledger, 0)
    assert check(ledger, 1) == 1
    ledger.close()


def test_a_closed_ledger_says_so(ledger: SqliteLedger) -> None:
    ledger.close()
    with pytest.raises(LedgerUnavailable, match="has been closed"):
        batch_of(ledger, 0)


def test_closing_from_another_thread_ends_the_work_between_two_batches(ledger: SqliteLedger) -> None:
    raised: list[LedgerUnavailable] = []
    committed = 0

    def work() -> None:
        nonlocal committed
        try:
            while True:
                batch_of(ledger, committed)
                committed += 1
        except LedgerUnavailable as error:
            raised.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    eventually(lambda: committed > 3, message="nothing was committed")
    ledger.close()
    worker.join(10)
    assert "has been closed" in str(raised[0])
    again = open_sqlite(ledger.place, "northern", create=False)
    assert again.positions() == {PLAY: committed}
    again.close()


def test_the_log_stays_bounded(ledger: SqliteLedger) -> None:
    for number in range(150):
        batch_of(ledger, number)
    assert Path(ledger.place + "-wal").stat().st_size < 20_000_000
    ledger.close()


@pytest.fixture
def disk(ledger: SqliteLedger) -> Iterator[SlowDisk]:
    disk = SlowDisk(ledger)
    yield disk
    disk.go_on()
    disk.mend()
    ledger.close()


def started(ledger: SqliteLedger, number: int, told: list[Delivery]) -> Commit:
    """Start the commit of one batch."""
    batch = ledger.begin(NOW_MS)
    batch.put("row:t", "last", b"%d" % number)
    batch.put("row:t", f"{number}", b"v" * 2000)
    batch.add_event(Event(str(number), "p", b"b%d" % number))
    batch.count("sent", "t", "bet")
    batch.advance({PLAY: number + 1})
    return batch.start_commit(told.extend)


def test_a_batch_goes_on_while_the_disk_is_slow_and_nothing_is_told_before(
    ledger: SqliteLedger, disk: SlowDisk
) -> None:
    batch_of(ledger, 0)
    told: list[Delivery] = []
    disk.hold()
    commit = started(ledger, 1, told)
    batch = ledger.begin(NOW_MS)
    assert batch.get("row:t", "last") == b"1"
    assert batch.get("row:t", "0:3") == b"v" * 2000
    assert batch.body(1) == b"b" * 2000
    assert batch.get("row:t", "never") is None
    with sqlite3.connect(ledger.place) as other:
        assert other.execute("SELECT max(seq) FROM outbox").fetchone() == (EVENTS,)
    assert (commit.over(), told) == (False, [])
    disk.go_on()
    commit.wait()
    assert [each.message_id for each in told] == ["1"]
    assert ledger.positions() == {PLAY: 2}


def test_a_commit_that_fails_takes_what_was_begun_on_top_of_it_along(ledger: SqliteLedger, disk: SlowDisk) -> None:
    batch_of(ledger, 0)
    told: list[Delivery] = []
    disk.hold()
    disk.fails = lambda: disk.commits == 2
    commit = started(ledger, 1, told)
    on_top = ledger.begin(NOW_MS)
    on_top.put("row:t", "top", on_top.get("row:t", "last"))
    disk.go_on()
    for _ in range(2):
        with pytest.raises(LedgerUnavailable, match=r"ledger\.db does not answer: disk I/O error"):
            commit.wait()
        with pytest.raises(LedgerUnavailable, match=r"ledger\.db does not answer: disk I/O error"):
            on_top.commit()
        with pytest.raises(LedgerUnavailable, match=r"ledger\.db does not answer: disk I/O error"):
            on_top.start_commit(told.extend)
    assert told == []
    again = ledger.begin(NOW_MS)
    assert [again.get("row:t", key) for key in ("last", "1", "top")] == [None, None, None]
    assert (check(ledger, 1), ledger.positions()) == (1, {PLAY: 1})
    started(ledger, 1, told).wait()
    assert [each.body for each in told] == [b"b1"]
    assert ledger.begin(NOW_MS).get("row:t", "last") == b"1"


def test_closing_from_another_thread_waits_for_the_commit_under_way(ledger: SqliteLedger, disk: SlowDisk) -> None:
    told: list[Delivery] = []
    disk.hold()
    commit = started(ledger, 0, told)
    on_top = ledger.begin(NOW_MS)
    on_top.put("row:t", "top", b"lost")
    closer = threading.Thread(target=ledger.close)
    closer.start()
    eventually(lambda: disk.commits == 1, message="the commit did not begin")
    assert not commit.over()
    disk.go_on()
    closer.join(10)
    assert not closer.is_alive()
    commit.wait()
    with pytest.raises(LedgerUnavailable, match="has been closed"):
        on_top.commit()
    again = open_sqlite(ledger.place, "northern", create=False)
    assert again.positions() == {PLAY: 1}
    again.close()


def test_the_log_stays_bounded_while_batches_are_read_beside_commits(ledger: SqliteLedger) -> None:
    told: list[Delivery] = []
    for number in range(1, 200):
        batch = ledger.begin(NOW_MS)
        for each in range(EVENTS):
            batch.put("row:t", f"{number}:{each}", b"v" * 2000)
        batch.start_commit(told.extend)
        reading = ledger.begin(NOW_MS)
        assert number < 3 or reading.get("row:t", f"{number - 2}:0") is not None
    assert ledger.counters() == {}
    assert Path(ledger.place + "-wal").stat().st_size < 20_000_000
    ledger.close()
