"""Look-ups that no topic carries: files and queries."""

from __future__ import annotations

import sqlite3
import threading
import time
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.brand import Brand
from bridge.errors import ConfigError, MappingError, SourceUnavailable
from bridge.lookups import queries as lookup_queries
from bridge.lookups.files import read_rows
from bridge.lookups.queries import QUERY_THREAD
from bridge.lookups.tables import LookupTables
from bridge.mapping.mapper import Mapper
from bridge.mapping.state.lookups import values_of_table
from tests.support.eventually import eventually
from tests.support.trial import Trial, wallet

WALLET = """
lookups: {{rates: {{key: currency, {where}, columns: {{rate: decimal}}}}}}
play:
  tx:
    activities: {{bet: {{type: Bet}}}}
    event: {{exchange_rate: "rates[currency].rate"}}
"""


ALL_RATES = "sql: SELECT * FROM fx"


def brand_of(folder: Path, where: str) -> Brand:
    return wallet(folder, WALLET.format(where=where))


def load(run: Trial, tables: LookupTables) -> None:
    for name, rows in tables.load():
        give(run, name, rows)


def give(run: Trial, name: str, rows: object) -> None:
    ledger, mapper = run.play.ledger, run.play.mapper
    assert isinstance(mapper, Mapper)
    transaction = ledger.begin(0)
    mapper.begin(transaction, 0)
    mapper.load(name, rows)  # type: ignore[arg-type]
    transaction.commit()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("rates.csv", "currency,rate\nEUR,1\nSEK,0.0912\n"),
        ("rates.yaml", "- {currency: EUR, rate: 1}\n- {currency: SEK, rate: 0.0912}\n"),
    ],
)
def test_a_file_is_exact_and_followed(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).write_text(text)
    brand = brand_of(tmp_path, f"file: {file}")
    tables, run = LookupTables(brand.connector, tmp_path), Trial(brand)
    load(run, tables)
    run.insert("tx", "1", amount=1, currency="SEK")
    run.insert("tx", "2", amount=1, currency="NOK")
    assert run.bodies()[0]["exchange_rate"] == Decimal("0.0912")
    assert run.held == 1
    (tmp_path / file).write_text(text.replace("SEK", "NOK"))
    load(run, tables)
    assert (run.held, len(run.events())) == (0, 2)
    run.insert("tx", "3", amount=1, currency="SEK")
    assert run.held == 1


def test_a_query_is_read_again_in_a_thread(tmp_path: Path) -> None:
    database = tmp_path / "replica.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE fx (currency TEXT, rate TEXT)")
        connection.execute("INSERT INTO fx VALUES ('EUR', '1')")
    brand = brand_of(tmp_path, f"{ALL_RATES}, url: 'sqlite:///{database}', refresh: 1 second")
    tables, run = LookupTables(brand.connector, tmp_path), Trial(brand)
    load(run, tables)
    run.insert("tx", "1", amount=1, currency="EUR")
    run.insert("tx", "2", amount=1, currency="SEK")
    assert (len(run.events()), run.held) == (1, 1)
    tables.follow(lambda _, rows: rows)
    with sqlite3.connect(database) as connection:
        connection.execute("INSERT INTO fx VALUES ('SEK', '0.1')")

    def released() -> bool:
        for name, rows in tables.news():
            give(run, name, rows)
        return run.held == 0

    eventually(released, within_seconds=10)
    tables.close()
    assert run.bodies()[1]["exchange_rate"] == Decimal("0.1")


def test_a_query_that_fails_keeps_the_address_to_itself(tmp_path: Path) -> None:
    where = 'sql: "SELECT nothing", url: "sqlite:////nowhere/secret.db"'
    tables = LookupTables(brand_of(tmp_path, where).connector, tmp_path)
    with pytest.raises(SourceUnavailable) as failed:
        tables.load()
    assert "rates" in str(failed.value)
    assert "secret" not in str(failed.value)


def test_a_query_with_binary_floats_is_refused_with_a_hint(tmp_path: Path) -> None:
    database = tmp_path / "replica.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE fx (currency TEXT, rate REAL)")
        connection.execute("INSERT INTO fx VALUES ('EUR', 1.5)")
    brand = brand_of(tmp_path, f"{ALL_RATES}, url: 'sqlite:///{database}'")
    with pytest.raises(ConfigError, match="CAST"):
        LookupTables(brand.connector, tmp_path).load()


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a.csv", "x,y\n1,2\n3\n", "a.csv:3:1"),
        ("a.csv", "x,x\n1,2\n", "a.csv:1:1"),
        ("a.csv", "", "a.csv:1:1"),
        ("a.yaml", "x: 1\n", "a.yaml:1:1"),
        ("a.yaml", "- [1\n", "a.yaml:2:1"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(tmp_path: Path, name: str, text: str, place: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError) as failed:
        read_rows(tmp_path / name)
    assert place in str(failed.value)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_rows(tmp_path / "none.csv")


def test_versions_of_a_file_that_cannot_be_put_in_order_are_refused(tmp_path: Path) -> None:
    (tmp_path / "rates.csv").write_text("currency,since,rate\nEUR,2026-01-01,1\nEUR,,2\n")
    text = WALLET.format(where="file: rates.csv, as_of: since").replace("rates[currency]", "rates[currency, at]")
    brand = wallet(tmp_path, text)
    with pytest.raises(MappingError, match="since"):
        load(Trial(brand), LookupTables(brand.connector, tmp_path))


def test_rows_that_cannot_be_used_when_they_are_read_again_are_told_and_those_before_them_stay(
    tmp_path: Path,
) -> None:
    file = tmp_path / "rates.csv"
    file.write_text("currency,rate\nEUR,1\n")
    brand = brand_of(tmp_path, "file: rates.csv, refresh: 1 second")
    tables = LookupTables(brand.connector, tmp_path)
    tables.load()
    tables.follow(lambda name, rows: values_of_table(brand.plan.lookups[name], rows))
    try:
        file.write_text("currency,rate\nEUR,1\n,2\n")
        eventually(lambda: tables.problems, within_seconds=10)
        assert tables.problems == {"rates": "a row of the look-up rates has no key"}
        # What is put there only when all is well again.
        tables.news()
        file.write_text("currency,rate\nEUR,1\nSEK,2\n")
        eventually(lambda: not tables.problems, within_seconds=10)
        name, rows = tables.news()[-1]
        assert (name, [row["currency"] for row in rows]) == ("rates", ["EUR", "SEK"])
    finally:
        tables.close()


# Counts for minutes.
SLOW = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1e10) SELECT max(x) FROM n"


def slow_tables(folder: Path) -> LookupTables:
    brand = brand_of(folder, f'sql: "{SLOW}", url: "sqlite:///{folder / "replica.db"}", refresh: 1 second')
    return LookupTables(brand.connector, folder)


def queries() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == QUERY_THREAD]


def test_a_stop_while_a_start_waits_for_a_query_ends_both(tmp_path: Path) -> None:
    stop = threading.Event()
    stopping = threading.Timer(0.3, stop.set)
    stopping.start()
    began, told = time.monotonic(), list[str]()
    with pytest.raises(SourceUnavailable, match="stopped while the query of the look-up rates ran"):
        slow_tables(tmp_path).load(stop.is_set, told.append)
    assert told == ["the query of the look-up rates is asked"]
    assert time.monotonic() - began < 5
    eventually(lambda: not queries(), message="the query goes on")


def test_a_query_that_runs_is_ended_with_the_brand(tmp_path: Path) -> None:
    tables = slow_tables(tmp_path)
    tables.follow(lambda _, rows: rows)
    eventually(queries)
    tables.close()
    eventually(lambda: not queries(), message="the query goes on")


def test_a_query_that_does_not_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup_queries, "QUERY_SECONDS", 0.2)
    with pytest.raises(SourceUnavailable, match=r"the query of the look-up rates has not ended after 0\.2 s"):
        slow_tables(tmp_path).load()
    eventually(lambda: not queries(), message="the query goes on")


def test_a_query_that_fails_says_of_what_kind_the_trouble_is(tmp_path: Path) -> None:
    brand = brand_of(tmp_path, f"sql: SELECT nothing, url: 'sqlite:///{tmp_path / 'replica.db'}'")
    with pytest.raises(SourceUnavailable, match="the query of the look-up rates failed: OperationalError"):
        LookupTables(brand.connector, tmp_path).load()
