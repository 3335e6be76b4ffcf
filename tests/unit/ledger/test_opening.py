"""Opening a ledger file: whose it is, which schema it has, who may use it."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from bridge.errors import LedgerMismatch, LedgerUnavailable
from bridge.ledger import open_sqlite
from bridge.ledger.schema import SCHEMA_VERSION

NOW_MS = 1_728_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def fill(path: Path) -> None:
    """Leave a ledger with one value behind."""
    ledger = open_sqlite(str(path), "northern", create=True)
    batch = ledger.begin(NOW_MS)
    batch.put("row:t", "1", b"a")
    batch.commit()
    ledger.close()


def change_meta(path: Path, name: str, value: str) -> None:
    """Make the file say something else about itself."""
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE name = ?", (value, name))
    connection.close()


def test_only_the_owner_can_read_the_files(path: Path) -> None:
    path.touch(0o644)
    ledger = open_sqlite(str(path), "northern", create=True)
    batch = ledger.begin(NOW_MS)
    batch.put("row:t", "1", b"a")
    batch.commit()
    files = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    ledger.close()
    assert files == {f"ledger.db{ending}": 0o600 for ending in ("", "-wal", "-shm", ".lock")}


def test_a_missing_file_is_not_made_unless_asked_for(path: Path) -> None:
    with pytest.raises(LedgerMismatch, match=r"there is no ledger at .*ledger\.db for brand northern"):
        open_sqlite(str(path), "northern", create=False)
    assert list(path.parent.iterdir()) == []


def test_who_misses_a_ledger_reads_how_a_new_one_is_allowed(path: Path) -> None:
    with pytest.raises(LedgerMismatch) as refused:
        open_sqlite(str(path), "northern", create=False)
    assert str(refused.value) == (
        f"there is no ledger at {path} for brand northern: its first `run` makes it; if there was one, put "
        "it back, or mend `ledger` in the connector: with a new one, rows that were sent before would be "
        "taken for new, so `run` takes a new one only with a consumer group that has read nothing yet (set "
        "source.kafka.group anew)"
    )


def test_an_empty_file_is_a_missing_ledger(path: Path) -> None:
    path.touch()
    with pytest.raises(LedgerMismatch, match="there is no ledger"):
        open_sqlite(str(path), "northern", create=False)


def test_a_ledger_of_another_brand_names_both(path: Path) -> None:
    fill(path)
    with pytest.raises(LedgerMismatch, match="belongs to brand northern, not to southern"):
        open_sqlite(str(path), "southern", create=True)


def test_a_second_opening_names_the_process_and_says_what_to_do(path: Path) -> None:
    ledger = open_sqlite(str(path), "northern", create=True)
    with pytest.raises(LedgerMismatch, match=f"in use by process {os.getpid()}: stop that process") as raised:
        open_sqlite(str(path), "northern", create=True)
    assert "postgresql://" in str(raised.value)
    ledger.close()
    open_sqlite(str(path), "northern", create=False).close()


def test_a_failed_opening_keeps_no_lock(path: Path) -> None:
    fill(path)
    with pytest.raises(LedgerMismatch):
        open_sqlite(str(path), "southern", create=True)
    open_sqlite(str(path), "northern", create=False).close()


def test_a_newer_schema_is_refused_with_both_versions(path: Path) -> None:
    fill(path)
    change_meta(path, "schema_version", "99")
    with pytest.raises(
        LedgerMismatch, match=f"with schema 99, and bridge .* knows schemas up to {SCHEMA_VERSION}"
    ):
        open_sqlite(str(path), "northern", create=False)


def test_a_file_that_is_no_ledger_is_refused(path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(LedgerMismatch, match=r"ledger\.db is damaged or is no ledger"):
        open_sqlite(str(path), "northern", create=True)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable, match="absent"):
        open_sqlite(str(tmp_path / "absent" / "ledger.db"), "northern", create=True)


def test_a_place_that_cannot_be_opened_is_named_with_what_to_look_at(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable, match=r"ledger .*: unable to open database file; check .* this user"):
        open_sqlite(str(tmp_path), "northern", create=False, read_only=True)


def test_a_place_that_cannot_be_looked_at_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable, match=r"the ledger .* cannot be looked at: File name too long"):
        open_sqlite(str(tmp_path / ("x" * 300)), "northern", create=False, read_only=True)


def test_a_reader_sees_what_the_owner_commits_and_can_write_nothing(path: Path) -> None:
    ledger = open_sqlite(str(path), "northern", create=True)
    reader = open_sqlite(str(path), "northern", create=False, read_only=True)
    batch = ledger.begin(NOW_MS)
    batch.put("row:t", "1", b"a")
    batch.commit()
    assert reader.begin(NOW_MS).get("row:t", "1") == b"a"
    attempt = reader.begin(NOW_MS)
    attempt.put("row:t", "1", b"b")
    with pytest.raises(LedgerUnavailable, match="readonly"):
        attempt.commit()
    assert ledger.begin(NOW_MS).get("row:t", "1") == b"a"
    reader.close()
    ledger.close()


def test_a_reader_makes_no_ledger(path: Path) -> None:
    with pytest.raises(LedgerMismatch, match="there is no ledger"):
        open_sqlite(str(path), "northern", create=True, read_only=True)


def test_a_sqlite_address_names_a_file(path: Path) -> None:
    open_sqlite(f"sqlite:///{path}", "northern", create=True).close()
    assert path.exists()


def test_commits_are_synced_to_the_disk(path: Path) -> None:
    ledger = open_sqlite(str(path), "northern", create=True)
    settings = [ledger._link.one(f"PRAGMA {name}") for name in ("journal_mode", "synchronous")]
    ledger.close()
    assert settings == ["wal", 2]
