"""The memory of a ledger file: what waits for the index, and what a start reads of it."""

from __future__ import annotations

import sqlite3
import uuid
from pathlib import Path

import pytest

from bridge.ledger import SqliteLedger, open_sqlite

DAY_MS = 86_400_000
FIRST_DAY = 20_000


def some(numbers: range) -> list[tuple[str, str]]:
    """Return pairs whose keys come in no order."""
    return [("row:t", str(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))) for number in numbers]


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "ledger.db")


def fill(ledger: SqliteLedger, numbers: range, *, at_once: int = 50) -> None:
    """Put values under random keys, in batches."""
    wanted = some(numbers)
    for start in range(0, len(wanted), at_once):
        batch = ledger.begin(FIRST_DAY * DAY_MS)
        for pair in wanted[start : start + at_once]:
            batch.put(*pair, pair[1].encode())
        batch.commit()


def in_index(ledger: SqliteLedger) -> int:
    """Return how many entries the index on the disk has."""
    return int(ledger._link.one("SELECT count(*) FROM slots"))


def test_entries_of_random_keys_wait_and_then_move_at_the_pace_of_new_ones(path: str) -> None:
    ledger = open_sqlite(path, "northern", create=True, newest=1000)
    waiting = []
    for number in range(40):
        fill(ledger, range(50 * number, 50 * number + 50))
        waiting.append(50 * number + 50 - in_index(ledger))
    assert waiting[10] > 300
    assert max(waiting) <= 1050
    assert waiting[-1] > 900
    ledger.close()


def test_ascending_keys_do_not_wait(path: str) -> None:
    ledger = open_sqlite(path, "northern", create=True, newest=1000)
    for start in range(100_000, 102_000, 50):
        batch = ledger.begin(FIRST_DAY * DAY_MS)
        for number in range(start, start + 50):
            batch.put("row:t", str(number), b"v")
        batch.commit()
    assert in_index(ledger) == 2000
    assert ledger._link.one("SELECT value FROM marks WHERE name = 'indexed'") == 2000
    ledger.close()


def test_a_start_reads_a_bounded_part_of_the_memory(path: str) -> None:
    ledger = open_sqlite(path, "northern", create=True, newest=200)
    behind = []
    for start in range(0, 5000, 50):
        fill(ledger, range(start, start + 50))
        slots, indexed = ledger._link.one("SELECT max(slot) FROM memory"), ledger._memory._index._newest.indexed
        behind.append(slots - indexed)
    assert 200 < max(behind) <= 4 * 200 + 50
    ledger.close()


@pytest.mark.parametrize("random", [50, 5])
def test_nor_does_it_grow_with_starts_however_often_they_come(path: str, random: int) -> None:
    """Else each life would begin with more to read, and hold more, than the one before."""
    behind, waiting = [], []
    for life in range(100):
        ledger = open_sqlite(path, "northern", create=True, newest=200)
        index = ledger._memory._index._newest
        waiting.append(index._number)
        behind.append((ledger._link.one("SELECT max(slot) FROM memory") or 0) - index.indexed)
        batch = ledger.begin(FIRST_DAY * DAY_MS)
        for pair in some(range(1000 * life, 1000 * life + random)):
            batch.put(*pair, b"v")
        for number in range(50 - random):
            batch.put("ref:t", f"{100 * life + number:06}", b"v")
        batch.commit()
        ledger.close()
    assert max(waiting) <= 200 + 50
    assert 200 < max(behind) <= 4 * 200 + 200 + 50


def test_few_random_keys_among_many_ascending_do_not_keep_the_mark_back(path: str) -> None:
    """Else a start would read all that was ever written behind it."""
    ledger = open_sqlite(path, "northern", create=True, newest=200)
    fill(ledger, range(300), at_once=100)
    assert in_index(ledger) < 300
    for start in range(100_000, 105_000, 50):
        batch = ledger.begin(FIRST_DAY * DAY_MS)
        for number in range(start, start + 50):
            batch.put("ref:t", str(number), b"v")
        batch.commit()
    slots = ledger._link.one("SELECT max(slot) FROM memory")
    assert ledger._link.one("SELECT value FROM marks WHERE name = 'indexed'") > slots - 2000
    ledger.close()


def test_after_a_start_all_keys_are_found_whether_the_filter_knows_them_or_not(path: str) -> None:
    ledger = open_sqlite(path, "northern", create=True, newest=300)
    fill(ledger, range(6000), at_once=500)
    ledger.close()
    ledger = open_sqlite(path, "northern", create=False, newest=300)
    for number in range(6):
        fill(ledger, range(10_000 + number, 10_001 + number))
        batch = ledger.begin(FIRST_DAY * DAY_MS)
        batch.prefetch(some(range(0, 6000, 7)))
        assert all(batch.get(*pair) == pair[1].encode() for pair in some(range(0, 6000, 7)))
        assert all(batch.get(*pair) is None for pair in some(range(20_000, 20_100)))
    ledger.close()


def test_a_slot_is_not_given_again(path: str) -> None:
    """What retention noted of a slot must not be true of another value."""
    ledger = open_sqlite(path, "northern", create=True)
    batch = ledger.begin(FIRST_DAY * DAY_MS)
    batch.put("row:t", "1", b"a")
    batch.commit()
    batch = ledger.begin(FIRST_DAY * DAY_MS)
    batch.put("row:t", "1", None)
    batch.commit()
    ledger.close()
    ledger = open_sqlite(path, "northern", create=False)
    batch = ledger.begin(FIRST_DAY * DAY_MS)
    batch.put("lookup:t", "1", b"b")
    batch.commit()
    ledger.prune("2024-10-05", 10)
    assert ledger.begin(FIRST_DAY * DAY_MS).get("lookup:t", "1") == b"b"
    ledger.close()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT space, key FROM slots WHERE (space, key) > (1, 'a') ORDER BY space, key LIMIT 5",
        """SELECT memory.key FROM slots CROSS JOIN memory ON memory.slot = slots.slot
        WHERE slots.space = 1 AND slots.key IN ('a', 'b')""",
        "SELECT space, key, slot FROM memory WHERE slot > 1 AND space = 2",
        "SELECT 1 FROM slots WHERE space = 1 AND key BETWEEN 'a' AND 'b' LIMIT 5",
    ],
)
def test_no_query_of_the_memory_walks_through_a_whole_table(path: str, query: str) -> None:
    open_sqlite(path, "northern", create=True).close()
    connection = sqlite3.connect(path)
    plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}"))
    connection.close()
    assert "SEARCH" in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan
