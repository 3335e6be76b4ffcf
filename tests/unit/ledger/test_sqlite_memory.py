"""The memory of a ledger file against a dictionary: whatever waits for the index, and whatever fails or ends."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import uuid
from pathlib import Path
from random import Random

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bridge.errors import LedgerUnavailable
from bridge.ledger import SqliteLedger, open_sqlite
from tests.support.examples import examples

DAY_MS = 86_400_000
FIRST_DAY = 20_000
SPACES = ("row:t", "lookup:t", "ref:t")
KEYS = [str(uuid.UUID(int=number << 120)) for number in range(0, 256, 6)]
pairs = st.tuples(st.sampled_from(SPACES), st.sampled_from(KEYS))


def some(numbers: range) -> list[tuple[str, str]]:
    """Return pairs whose keys come in no order."""
    return [("row:t", str(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))) for number in numbers]


class Memory(RuleBasedStateMachine):
    """Puts, forgets, prunes, commits, failures and new starts at random, with room for few newest entries."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "ledger.db"
        self.kept: dict[tuple[str, str], tuple[bytes, int]] = {}
        self.day = FIRST_DAY

    @initialize(newest=st.integers(1, 20))
    def open(self, newest: int) -> None:
        self.newest = newest
        self.ledger = self.opened()
        self.begin()
        # What comes between these is far from each other, and waits.
        for space in SPACES:
            for key in KEYS[::2]:
                self.put((space, key), b"first")
        self.commit()

    def opened(self) -> SqliteLedger:
        return open_sqlite(str(self.path), "northern", create=True, recent_values=4, newest=self.newest)

    def begin(self) -> None:
        self.batch = self.ledger.begin(self.day * DAY_MS)
        self.seen = {pair: value for pair, (value, _) in self.kept.items()}
        self.written: dict[tuple[str, str], bytes | None] = {}

    @rule(pair=pairs, value=st.binary(max_size=4))
    def put(self, pair: tuple[str, str], value: bytes) -> None:
        self.batch.put(*pair, value)
        self.seen[pair] = self.written[pair] = value

    @rule(chance=st.randoms(use_true_random=False), batches=st.integers(1, 5))
    def write_batches(self, chance: Random, batches: int) -> None:
        """Commit batches that forget some pairs and put others, many of them anew."""
        for number in range(batches):
            for space in SPACES[:2]:
                for key in chance.sample(KEYS, 12):
                    if chance.random() < 0.5:
                        self.forget((space, key))
                    else:
                        self.put((space, key), b"%d" % number)
            self.commit(wait=chance.random() < 0.5)
            self.the_index_has_what_is_there_and_nothing_else()

    @rule(pair=pairs)
    def forget(self, pair: tuple[str, str]) -> None:
        self.batch.put(*pair, None)
        self.seen.pop(pair, None)
        self.written[pair] = None

    @rule(wanted=st.sets(pairs))
    def read(self, wanted: set[tuple[str, str]]) -> None:
        self.batch.prefetch(wanted)
        assert {pair: self.batch.get(*pair) for pair in wanted} == {pair: self.seen.get(pair) for pair in wanted}

    @rule(wait=st.booleans())
    def commit(self, wait: bool = True) -> None:
        """Commit, or let the next batch begin on top of the commit that is under way."""
        if wait:
            self.batch.commit()
        else:
            self.batch.start_commit(lambda _: None)
        for pair, value in self.written.items():
            if value is None:
                self.kept.pop(pair, None)
            else:
                self.kept[pair] = (value, self.day)
        self.begin()

    @precondition(lambda self: self.written)
    @rule(again=st.booleans())
    def fail(self, again: bool) -> None:
        self.ledger._link.rows("PRAGMA query_only = ON")
        with pytest.raises(LedgerUnavailable):
            self.batch.commit()
        self.ledger._link.rows("PRAGMA query_only = OFF")
        if again:
            self.commit()
        else:
            self.batch.rollback()
            self.begin()

    @rule(limit=st.integers(1, 8))
    def prune(self, limit: int) -> None:
        before = self.day
        self.batch.rollback()
        while self.ledger.prune(f"{2024}-10-{4 + before - FIRST_DAY:02}", limit) == limit:
            pass
        self.kept = {
            pair: (value, day)
            for pair, (value, day) in self.kept.items()
            if day >= before or pair[0] == "lookup:t"
        }
        self.begin()

    @precondition(lambda self: self.day < FIRST_DAY + 20)
    @rule()
    def next_day(self) -> None:
        self.batch.rollback()
        self.day += 1
        self.begin()

    @rule(newest=st.integers(1, 20))
    def start_again(self, newest: int) -> None:
        self.newest = newest
        self.ledger.close()
        self.ledger = self.opened()
        self.begin()

    @rule()
    def crash(self) -> None:
        """Go on with a copy of the files as they lie there."""
        folder = Path(tempfile.mkdtemp())
        for file in self.folder.iterdir():
            shutil.copy(file, folder)
        self.ledger.close()
        shutil.rmtree(self.folder)
        self.folder, self.path = folder, folder / "ledger.db"
        self.ledger = self.opened()
        self.begin()

    @rule()
    def look_beside(self) -> None:
        """A process that only reads sees what is committed, in the index or not."""
        reader = open_sqlite(str(self.path), "northern", create=False, read_only=True)
        batch = reader.begin(self.day * DAY_MS)
        batch.prefetch([(space, key) for space in SPACES for key in KEYS])
        found = {(space, key): batch.get(space, key) for space in SPACES for key in KEYS}
        reader.close()
        assert {pair: value for pair, value in found.items() if value is not None} == {
            pair: value for pair, (value, _) in self.kept.items()
        }

    @invariant()
    def the_index_has_what_is_there_and_nothing_else(self) -> None:
        if not self.path.exists():
            return
        link = self.ledger._link
        indexed = link.one("SELECT value FROM marks WHERE name = 'indexed'") or 0
        values = {(space, key): slot for space, key, slot in link.rows("SELECT space, key, slot FROM memory")}
        index = {(space, key): slot for space, key, slot in link.rows("SELECT space, key, slot FROM slots")}
        assert index.items() <= values.items()
        assert {slot for slot in values.values() if slot <= indexed} <= set(index.values())

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self.ledger.close()
        shutil.rmtree(self.folder)


TestMemory = Memory.TestCase
TestMemory.settings = examples(2, steps=40)


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
