"""The memory of a ledger file against a dictionary: whatever waits for the index, and whatever fails or ends."""

from __future__ import annotations

import shutil
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
