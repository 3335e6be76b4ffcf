"""Ledgers of former schemas are brought up to date by themselves, whole or not at all."""

from __future__ import annotations

import sqlite3
import uuid
from pathlib import Path

import msgspec
import pytest

from bridge.errors import LedgerMismatch, LedgerUnavailable
from bridge.ledger import meta as ledger_meta
from bridge.ledger import open_sqlite, opening
from bridge.ledger.schema import MIGRATIONS, SCHEMA_VERSION
from bridge.records import Partition
from tests.contract.ledger_contract import NOW_MS, held, parked, record

FILES = Path(__file__).parent / "files"
NEXT = SCHEMA_VERSION + 1


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Return a ledger as the first schema wrote it."""
    path = str(tmp_path / "ledger.db")
    connection = sqlite3.connect(path)
    connection.executescript((FILES / "version-1.sql").read_text(encoding="utf-8"))
    connection.close()
    return path


def meta(path: str, name: str) -> str:
    """Return what the file says about itself."""
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    connection.close()
    return str(found[0])


def test_a_ledger_of_the_first_schema_opens_with_all_that_is_in_it(path: str) -> None:
    ledger = open_sqlite(path, "northern", create=False)
    batch = ledger.begin(NOW_MS)
    assert batch.get("row:public.tx", "1") == b"\x81\xa1a\x01"
    assert batch.get("lookup:game", "7") == b"game"
    assert [(each.seq, each.message_id) for each in ledger.unconfirmed(0, 10)] == [(2, "b"), (3, "c")]
    assert batch.body(1) == b'{"id":"a"}'
    assert list(ledger.held()) == [held(1)]
    assert [(each.parked_id, each.record) for each in ledger.parked()] == [(1, record())]
    assert parked().reason == next(iter(ledger.parked())).reason
    assert ledger.counters() == {("sent", "public.tx", "bet"): 1}
    assert ledger.positions() == {Partition("play", 0): 42}
    ledger.close()
    assert meta(path, "schema_version") == str(SCHEMA_VERSION)


def test_what_the_first_schema_remembered_is_found_changed_and_forgotten(path: str) -> None:
    keys = [uuid.uuid5(uuid.NAMESPACE_OID, str(number)).hex for number in range(700)]
    connection = sqlite3.connect(path)
    connection.executemany("INSERT INTO memory VALUES (2, ?, ?, 20000)", [(key, key.encode()) for key in keys])
    touched = msgspec.msgpack.encode([(2, key) for key in keys])
    connection.execute("INSERT INTO touched VALUES (2, 20000, ?)", (touched,))
    connection.commit()
    connection.close()
    ledger = open_sqlite(path, "northern", create=False)
    later = ledger.begin(NOW_MS + 86_400_000)
    wanted = [("row:public.tx", key) for key in keys]
    later.prefetch(wanted)
    assert [later.get(*pair) for pair in wanted] == [key.encode() for key in keys]
    later.put("row:public.tx", keys[0], b"new")
    later.put("row:public.tx", keys[1], None)
    later.put("row:public.tx", "fresh", b"fresh")
    later.commit()
    while ledger.prune("2024-10-05", 100) == 100:
        pass
    ledger.close()
    ledger = open_sqlite(path, "northern", create=False)
    batch = ledger.begin(NOW_MS)
    found = [batch.get("row:public.tx", key) for key in [*keys, "fresh", "1"]]
    assert found == [b"new", *[None] * (len(keys) - 1), b"fresh", None]
    assert batch.get("lookup:game", "7") == b"game"
    assert (
        ledger._link.rows("SELECT count(*) FROM slots")
        == ledger._link.rows("SELECT count(*) FROM memory")
        == [(3,)]
    )
    ledger.close()


def test_every_version_has_its_step() -> None:
    assert sorted(MIGRATIONS) == list(range(2, SCHEMA_VERSION + 1))


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give this bridge one more schema version: a column more, and a second step after it."""
    for module in (opening, ledger_meta):
        monkeypatch.setattr(module, "SCHEMA_VERSION", NEXT)
    steps = ("ALTER TABLE held ADD COLUMN note TEXT", "UPDATE held SET note = 'kept'")
    monkeypatch.setitem(MIGRATIONS, NEXT, {"sqlite": steps})


@pytest.mark.usefixtures("newer")
def test_an_older_ledger_is_migrated_when_it_is_opened(path: str) -> None:
    open_sqlite(path, "northern", create=False).close()
    assert meta(path, "schema_version") == str(NEXT)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT note FROM held").fetchall() == [("kept",)]
    connection.close()


@pytest.mark.usefixtures("newer")
def test_a_migration_that_fails_leaves_the_ledger_as_it_was(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = ("ALTER TABLE held ADD COLUMN note TEXT", "UPDATE absent SET note = 1")
    monkeypatch.setitem(MIGRATIONS, NEXT, {"sqlite": steps})
    with pytest.raises(LedgerUnavailable, match="absent"):
        open_sqlite(path, "northern", create=False)
    assert meta(path, "schema_version") == "1"
    connection = sqlite3.connect(path)
    assert "note" not in [row[1] for row in connection.execute("PRAGMA table_info(held)")]
    connection.close()


@pytest.mark.usefixtures("newer")
def test_a_reader_does_not_migrate(path: str) -> None:
    with pytest.raises(LedgerMismatch, match="has schema 1: run this bridge on it once first"):
        open_sqlite(path, "northern", create=False, read_only=True)
