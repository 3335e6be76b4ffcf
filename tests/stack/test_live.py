"""The stack as processes, for real: what it promises to tests and to people."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pika
import psutil
import psycopg
import pytest
from psycopg import sql

import stack
from stack.native.server import NativeServer
from stack.native.stack import STOP_ORDER
from stack.processes import Process
from tests.stack.conftest import OwnStack
from tests.support.eventually import eventually

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(300),
]

NAMES = [name for group in STOP_ORDER for name in group if name != "registry"]
DATABASE = "probe"


@pytest.fixture(autouse=True)
def _use_own_stack(own_stack: OwnStack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in own_stack.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def addresses() -> stack.Addresses:
    return stack.addresses()


def _server(name: str) -> NativeServer:
    server = stack.server(name)
    assert isinstance(server, NativeServer)
    return server


def _pids() -> dict[str, int]:
    found = {}
    for name in NAMES:
        process = _server(name).process
        assert process is not None, name
        found[name] = process.pid
    return found


def test_up_of_a_stack_that_is_up_returns_at_once_and_touches_nothing(own_stack: OwnStack) -> None:
    before = _pids()
    began = time.monotonic()
    done = own_stack.run("up")
    assert done.returncode == 0
    assert "already up" in done.stderr
    assert time.monotonic() - began < 5
    assert _pids() == before


def test_ensure_up_says_that_it_started_nothing() -> None:
    assert not stack.ensure_up().started


def test_every_server_listens_on_loopback_only() -> None:
    families = [process for pid in _pids().values() if (process := Process.of(pid)) is not None]
    listening = [
        connection.laddr.ip
        for root in families
        for each in root.family()
        for connection in psutil.Process(each.pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 9
    assert {ip.removeprefix("::ffff:") for ip in listening} <= {"127.0.0.1", "::1"}


def test_env_prints_addresses_and_no_password(own_stack: OwnStack, addresses: stack.Addresses) -> None:
    printed = own_stack.run("env").stdout
    assert f"export KAFKA_BROKERS={addresses.kafka_bootstrap}\n" in printed
    for password in (
        addresses.postgres_password,
        addresses.debezium_password,
        addresses.rabbitmq_admin_password,
        addresses.rabbitmq_bridge_url.split(":")[2].split("@")[0],
    ):
        assert password not in printed


def test_no_password_stands_in_a_process_list_or_a_log(own_stack: OwnStack, addresses: stack.Addresses) -> None:
    lines = own_stack.processes()
    logs = "".join(path.read_text(errors="replace") for path in (own_stack.folder / "logs").iterdir())
    for password in (addresses.postgres_password, addresses.debezium_password, addresses.rabbitmq_admin_password):
        assert not [line for line in lines if password in line]
        assert password not in logs


@pytest.fixture
def exchange() -> Iterator[str]:
    api = stack.rabbitmq_api()
    api.declare("fasttrack.probe", "probe", "casino")
    api.call("PUT", "exchanges/%2F/other", {"type": "topic"})
    yield "fasttrack.probe"
    for path in ("exchanges/%2F/fasttrack.probe", "exchanges/%2F/other", "queues/%2F/probe"):
        api.call("DELETE", path)


def _as_bridge(addresses: stack.Addresses) -> Any:
    return closing(pika.BlockingConnection(pika.URLParameters(addresses.rabbitmq_bridge_url)))


def test_the_bridge_user_may_publish_to_fast_tracks_exchanges(exchange: str, addresses: stack.Addresses) -> None:
    with _as_bridge(addresses) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        # To ask whether the exchange is there needs no right: the bridge does so at its start.
        channel.exchange_declare(exchange, passive=True)
        channel.basic_publish(exchange, "casino", b"{}", mandatory=True)
    eventually(lambda: stack.rabbitmqctl("list_queues", "--silent", "name", "messages").split() == ["probe", "1"])


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("basic_publish", ("other", "casino", b"{}")),
        ("basic_publish", ("", "probe", b"{}")),
        ("exchange_declare", ("fasttrack.new", "topic")),
        ("exchange_delete", ("fasttrack.probe",)),
        ("queue_declare", ("new",)),
        ("queue_purge", ("probe",)),
        ("queue_bind", ("probe", "fasttrack.probe", "#")),
        ("basic_get", ("probe",)),
    ],
)
def test_the_bridge_user_may_do_nothing_else(
    exchange: str, addresses: stack.Addresses, method: str, arguments: tuple[Any, ...]
) -> None:
    assert exchange
    with _as_bridge(addresses) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"):
            getattr(channel, method)(*arguments)


def test_the_bridge_user_may_not_use_the_management_api(addresses: stack.Addresses) -> None:
    password = addresses.rabbitmq_bridge_url.split(":")[2].split("@")[0]
    api = stack.Management(addresses.rabbitmq_management_url, "bridge", password)
    with pytest.raises(stack.StackError, match="401"):
        api.call("GET", "overview")


def test_there_is_no_guest() -> None:
    users = stack.rabbitmqctl("list_users", "--silent").split("\n")
    assert sorted(line.split("\t")[0] for line in users if line) == ["admin", "bridge"]


@pytest.fixture
def database(addresses: stack.Addresses) -> Iterator[str]:
    """A database made after the start, with a table that the owner made in it."""
    with psycopg.connect(addresses.postgres_dsn, autocommit=True) as owner:
        owner.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        dsn = addresses.postgres_dsn.removesuffix(addresses.postgres_database) + DATABASE
        with psycopg.connect(dsn) as made:
            made.execute("CREATE TABLE wallet_tx (id int PRIMARY KEY)")
            made.execute("INSERT INTO wallet_tx VALUES (1)")
            made.execute("CREATE PUBLICATION wallet_cdc FOR TABLE wallet_tx")
        yield dsn
        owner.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(DATABASE)))


def _as_debezium(addresses: stack.Addresses) -> psycopg.Connection:
    return psycopg.connect(
        host=addresses.postgres_host,
        port=addresses.postgres_port,
        dbname=DATABASE,
        user=addresses.debezium_user,
        password=addresses.debezium_password,
        autocommit=True,
    )


@pytest.mark.usefixtures("database")
def test_debezium_may_read_tables_and_make_its_slot(addresses: stack.Addresses) -> None:
    with _as_debezium(addresses) as session:
        assert session.execute("SELECT id FROM wallet_tx").fetchall() == [(1,)]
        session.execute("SELECT pg_create_logical_replication_slot('probe', 'pgoutput')")
        session.execute("SELECT pg_drop_replication_slot('probe')")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO wallet_tx VALUES (2)",
        "UPDATE wallet_tx SET id = 3",
        "DELETE FROM wallet_tx",
        "TRUNCATE wallet_tx",
        "ALTER TABLE wallet_tx ADD COLUMN x int",
        "DROP TABLE wallet_tx",
        "CREATE TABLE other (id int)",
        "CREATE PUBLICATION other FOR TABLE wallet_tx",
        "CREATE ROLE other",
        "SELECT pg_read_file('/etc/passwd')",
    ],
)
@pytest.mark.usefixtures("database")
def test_debezium_may_not_change_anything(addresses: stack.Addresses, statement: str) -> None:
    with _as_debezium(addresses) as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute(statement)


@pytest.mark.parametrize("name", ["postgres", "rabbitmq", "kafka", "connect"])
def test_a_killed_server_starts_again(name: str) -> None:
    server = _server(name)
    server.kill()
    assert server.unwell() == "not running"
    server.start()
    assert server.unwell() is None


@pytest.mark.parametrize("name", ["postgres", "rabbitmq"])
def test_a_paused_server_keeps_its_process_and_does_not_answer(name: str) -> None:
    server = _server(name)
    before = server.process
    server.pause()
    try:
        assert server.unwell() not in {None, "not running", "no connection"}
    finally:
        server.resume()
    assert server.process == before
    assert server.unwell() is None


def test_a_start_that_fails_prints_the_end_of_the_right_log_and_leaves_the_others(own_stack: OwnStack) -> None:
    before = _pids()
    settings = own_stack.folder / "postgres" / "data" / "postgresql.auto.conf"
    kept = settings.read_text()
    _server("postgres").stop()
    try:
        settings.write_text("no_such_setting = 1\n")
        done = own_stack.run("up")
    finally:
        settings.write_text(kept)
    assert done.returncode == 1
    assert "postgres ended while it started" in done.stderr
    assert "no_such_setting" in done.stderr
    _server("postgres").start()
    assert {name: pid for name, pid in _pids().items() if name != "postgres"} == {
        name: pid for name, pid in before.items() if name != "postgres"
    }


def test_ctrl_c_takes_away_what_was_started_and_data_outlives_it(
    own_stack: OwnStack, addresses: stack.Addresses
) -> None:
    with psycopg.connect(addresses.postgres_dsn) as session:
        session.execute("CREATE TABLE kept (id int)")
    # While it stops: what had to start one server for a command stops them all behind it.
    _server("postgres").stop()
    stopping = own_stack.popen("run", "--", "true")
    eventually(lambda: not (own_stack.folder / "pids" / "connect.json").exists(), within_seconds=60)
    stopping.send_signal(signal.SIGINT)
    _, errors = stopping.communicate(timeout=60)
    assert stopping.returncode == 0, errors
    assert own_stack.processes() == []
    # While it starts.
    starting = own_stack.popen("up")
    eventually((own_stack.folder / "pids" / "kafka.json").exists, within_seconds=60)
    starting.send_signal(signal.SIGINT)
    _, errors = starting.communicate(timeout=60)
    assert starting.returncode == 130, errors
    assert own_stack.processes() == []
    assert own_stack.run("up").returncode == 0
    with psycopg.connect(addresses.postgres_dsn) as session:
        session.execute("DROP TABLE kept")


def test_a_process_of_someone_else_on_our_port_is_left_alone(own_stack: OwnStack) -> None:
    server = _server("rabbitmq")
    pid_file = own_stack.folder / "pids" / "rabbitmq.json"
    kept = pid_file.read_bytes()
    before = server.process
    pid_file.unlink()
    try:
        done = own_stack.run("up")
    finally:
        pid_file.write_bytes(kept)
    assert done.returncode == 1
    assert "rabbitmq: another program answers on its port" in done.stderr
    assert server.process == before


def test_logs_prints_the_end_of_a_log(own_stack: OwnStack) -> None:
    done = own_stack.run("logs", "kafka")
    assert done.returncode == 0
    assert str(own_stack.folder / "logs" / "kafka.log") in done.stdout


def test_a_server_that_is_none_is_named(own_stack: OwnStack) -> None:
    done = own_stack.run("logs", "redis")
    assert done.returncode == 1
    assert "'redis'" in done.stderr


def test_what_holds_secrets_is_for_its_owner_alone(own_stack: OwnStack) -> None:
    for path in (own_stack.folder / "postgres", own_stack.folder / "rabbitmq", own_stack.folder / "passwords"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert Path(own_stack.folder / "rabbitmq" / "rabbitmq.conf").stat().st_mode & 0o077 == 0
