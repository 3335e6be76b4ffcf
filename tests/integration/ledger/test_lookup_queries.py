"""A query of a look-up on a real replica: it only reads, ends when asked to, and keeps its address to itself."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest

from bridge.errors import SourceUnavailable
from bridge.lookups import queries as lookup_queries
from bridge.lookups.queries import query_rows
from tests.support.eventually import eventually

pytestmark = pytest.mark.integration

SLOW = "SELECT pg_sleep(120)::text AS slept"


def running(url: str) -> int:
    """Return how many slow queries the server works on."""
    with psycopg.connect(url, autocommit=True) as connection:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE query = %s AND state = 'active'"
        return int(connection.execute(asked, (SLOW,)).fetchall()[0][0])


def test_a_stop_ends_the_query_on_the_server_too(url: str) -> None:
    stop = threading.Event()

    def stop_once_it_runs() -> None:
        eventually(lambda: running(url) == 1)
        stop.set()

    watching = threading.Thread(target=stop_once_it_runs)
    watching.start()
    with pytest.raises(SourceUnavailable, match="stopped while the query of the look-up rates ran"):
        query_rows(url, SLOW, "rates", stop.is_set)
    watching.join()
    eventually(lambda: running(url) == 0, message="the server goes on with it")


def test_a_query_that_takes_too_long_is_ended(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup_queries, "QUERY_SECONDS", 0.5)
    began = time.monotonic()
    with pytest.raises(SourceUnavailable, match=r"QueryCanceled|has not ended after"):
        query_rows(url, SLOW, "rates")
    assert time.monotonic() - began < 10
    eventually(lambda: running(url) == 0, message="the server goes on with it")


def test_a_query_may_write_nothing(url: str) -> None:
    with pytest.raises(SourceUnavailable, match="failed: ReadOnlySqlTransaction"):
        query_rows(url, "CREATE TABLE other (id int)", "rates")


@pytest.mark.parametrize(
    ("sql", "kind"),
    [("SELECT nothing", "UndefinedColumn"), ("SELECT 'hunter2'::numeric", "InvalidTextRepresentation")],
)
def test_what_is_wrong_is_told_by_its_kind_and_without_a_value(url: str, sql: str, kind: str) -> None:
    with pytest.raises(SourceUnavailable) as raised:
        query_rows(url, sql, "rates")
    assert str(raised.value) == f"the query of the look-up rates failed: {kind}"
