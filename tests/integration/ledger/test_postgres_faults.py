"""A Postgres ledger whose connection is cut, stalled and refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from psycopg import conninfo

from bridge.errors import LedgerFenced, LedgerUnavailable
from bridge.flow import Event
from bridge.ledger import PostgresLedger, Transaction, open_postgres, postgres_link
from bridge.records import Partition
from tests.support.eventually import eventually
from tests.support.fault_proxy import FaultProxy, Way

pytestmark = pytest.mark.integration

NOW_MS = 1_728_000_000_000
PLAY = Partition("play", 0)


@dataclass
class Setting:
    """A ledger behind a proxy, and its server without one."""

    ledger: PostgresLedger
    proxy: FaultProxy
    url: str = field(repr=False)


@pytest.fixture
def setting(url: str) -> Iterator[Setting]:
    told = conninfo.conninfo_to_dict(url)
    with FaultProxy((str(told["host"]), int(str(told["port"])))) as proxy:
        through = url.replace(f":{told['port']}/", f":{proxy.port}/")
        ledger = open_postgres(through, "northern", create=True, read_only=False, wait_seconds=2)
        ledger.claim([PLAY])
        yield Setting(ledger, proxy, url)
        ledger.close()


def batch_of(ledger: PostgresLedger, position: int) -> Transaction:
    """Return a batch that is ready to be committed."""
    batch = ledger.begin(NOW_MS)
    batch.put("row:t", str(position), b"v")
    batch.add_event(Event(str(position), "p", b"b", 0))
    batch.count("sent", "t", "bet")
    batch.advance({PLAY: position})
    return batch


def check(setting: Setting, position: int) -> None:
    """Check from a second connection that exactly the batches up to `position` are there."""
    other = open_postgres(setting.url, "northern", create=False, read_only=True, wait_seconds=2)
    assert other.positions() == ({PLAY: position} if position else {})
    assert other.counters() == ({("sent", "t", "bet"): position} if position else {})
    other.close()
    assert [each.message_id for each in setting.ledger.unconfirmed(0, 100)] == [
        str(number) for number in range(1, position + 1)
    ]


def test_a_cut_connection_is_made_again_at_the_next_begin(setting: Setting) -> None:
    batch_of(setting.ledger, 1).commit()
    batch = batch_of(setting.ledger, 2)
    setting.proxy.cut()
    with pytest.raises(LedgerUnavailable, match=r"the ledger 127\.0\.0\.1:\d+/wallet does not answer"):
        batch.commit()
    batch_of(setting.ledger, 2).commit()
    check(setting, 2)


def test_a_batch_can_be_tried_again_until_the_server_is_back(setting: Setting) -> None:
    batch = batch_of(setting.ledger, 1)
    setting.proxy.refuse()
    setting.proxy.cut()
    for _ in range(3):
        with pytest.raises(LedgerUnavailable):
            batch.commit()
    setting.proxy.heal()
    batch.commit()
    check(setting, 1)


def test_a_password_never_shows(setting: Setting) -> None:
    setting.proxy.refuse()
    setting.proxy.cut()
    password = str(conninfo.conninfo_to_dict(setting.url)["password"])
    with pytest.raises(LedgerUnavailable) as raised:
        batch_of(setting.ledger, 1).commit()
    assert password not in str(raised.value)


def lose_the_answer_of_the_commit(setting: Setting, *, heal: bool) -> None:
    """Let the server take the next COMMIT and the client never hear of it; `heal` lets it connect again."""
    connection = setting.ledger._link._connection
    assert connection is not None
    pid = connection.info.backend_pid
    watcher = psycopg.connect(setting.url, autocommit=True)

    def is_over() -> bool:
        state = watcher.execute("SELECT state FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchall()
        return not state or state == [("idle",)]

    class Cut(psycopg.Cursor[Any]):
        """Cuts the line between the server's commit and its answer."""

        def execute(self, query: Any, params: Any = None, **options: Any) -> Cut:
            if query != "COMMIT":
                return super().execute(query, params, **options)
            setting.proxy.stall(Way.TO_CLIENT)
            self.connection.pgconn.send_query(b"COMMIT")
            self.connection.pgconn.flush()
            eventually(is_over, message="the server did not commit")
            watcher.close()
            setting.proxy.refuse()
            setting.proxy.cut()
            if heal:
                setting.proxy.heal()
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    connection.cursor_factory = Cut


def test_a_commit_whose_answer_is_lost_is_not_written_twice(setting: Setting) -> None:
    batch = batch_of(setting.ledger, 1)
    lose_the_answer_of_the_commit(setting, heal=True)
    assert [each.message_id for each in batch.commit()] == ["1"]
    batch_of(setting.ledger, 2).commit()
    check(setting, 2)


def test_a_kept_batch_whose_owner_was_told_otherwise_is_not_passed_over(setting: Setting) -> None:
    batch = batch_of(setting.ledger, 1)
    lose_the_answer_of_the_commit(setting, heal=False)
    with pytest.raises(LedgerUnavailable):
        batch.commit()
    batch.rollback()
    setting.proxy.heal()
    with pytest.raises(LedgerFenced, match="has been kept after all"):
        setting.ledger.begin(NOW_MS)
    assert setting.ledger.positions() == {PLAY: 1}
    batch_of(setting.ledger, 2).commit()
    check(setting, 2)


def test_a_lock_that_is_not_given_ends_the_batch_and_not_the_bridge(setting: Setting) -> None:
    batch = batch_of(setting.ledger, 1)
    assert setting.ledger._link._connection is not None
    setting.ledger._link._connection.execute("SET lock_timeout = '50ms'")
    with psycopg.connect(setting.url) as other:
        other.execute("LOCK TABLE positions IN EXCLUSIVE MODE")
        with pytest.raises(LedgerUnavailable, match="lock timeout"):
            batch.commit()
    batch.commit()
    check(setting, 1)


def test_a_terminated_backend_loses_nothing(setting: Setting) -> None:
    batch = batch_of(setting.ledger, 1)
    assert setting.ledger._link._connection is not None
    pid = setting.ledger._link._connection.info.backend_pid
    with psycopg.connect(setting.url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    with pytest.raises(LedgerUnavailable):
        batch.commit()
    batch.commit()
    check(setting, 1)


def test_a_server_that_says_nothing_any_more_is_not_waited_for_without_end(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_of(setting.ledger, 1).commit()
    batch = batch_of(setting.ledger, 2)
    monkeypatch.setattr(postgres_link, "ANSWER_SECONDS", 0.5)
    setting.proxy.stall(Way.TO_CLIENT)
    began = time.monotonic()
    with pytest.raises(LedgerUnavailable, match=r"does not answer: no answer for 0\.5 s"):
        batch.commit()
    with pytest.raises(LedgerUnavailable):
        setting.ledger.positions()
    assert time.monotonic() - began < 10
    setting.proxy.heal()
    batch.commit()
    check(setting, 2)
