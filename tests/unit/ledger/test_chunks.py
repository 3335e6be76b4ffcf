"""Rows that are written several at a time."""

from __future__ import annotations

import sqlite3

import pytest

from bridge.ledger.chunks import ROWS_AT_ONCE, write_rows
from bridge.ledger.schema import OUTBOX
from bridge.ledger.tables import SQLITE


@pytest.mark.parametrize("number", [0, 1, ROWS_AT_ONCE - 1, ROWS_AT_ONCE, ROWS_AT_ONCE + 1, 3 * ROWS_AT_ONCE + 7])
def test_each_row_is_written_once_and_in_its_place(number: int) -> None:
    rows = [(seq, f"m{seq}", "player", 0, 1, bytes([seq % 256]) * 3) for seq in range(1, number + 1)]
    connection = sqlite3.connect(":memory:")
    connection.execute(OUTBOX.create(SQLITE))
    write_rows(connection.cursor(), OUTBOX.insert(SQLITE), OUTBOX.insert(SQLITE, ROWS_AT_ONCE), rows)
    assert connection.execute("SELECT * FROM outbox ORDER BY seq").fetchall() == rows
    connection.close()
