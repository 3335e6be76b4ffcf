"""The compose file's one-shot, run against real servers as the container would."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

import stack
from stack import services
from tests.stack.conftest import ROOT, OwnStack
from tests.support.eventually import eventually

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(300),
]

WALLETS = ROOT / "bridge" / "demo" / "wallets"
NAMES = ("demo-harbour", "demo-northern-lights")


@pytest.fixture
def environment(own_stack: OwnStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """What the compose file gives to the one-shot, with a database that holds the demo's tables."""
    for name, value in own_stack.environment.items():
        monkeypatch.setenv(name, value)
    found = stack.addresses()
    with psycopg.connect(found.postgres_dsn, autocommit=True) as owner:
        owner.execute("CREATE DATABASE set_up")
        dsn = found.postgres_dsn.removesuffix(found.postgres_database) + "set_up"
        with psycopg.connect(dsn) as tables:
            for file in sorted(WALLETS.glob("*.sql")):
                tables.execute(file.read_bytes())
        yield {
            "SETUP_RABBITMQ_MANAGEMENT_URL": found.rabbitmq_management_url,
            "SETUP_CONNECT_URL": found.connect_url,
            "SETUP_DEBEZIUM_CONNECTORS": str(WALLETS),
            "BRIDGE_RABBITMQ_ADMIN_PASSWORD": found.rabbitmq_admin_password,
            "BRIDGE_RABBITMQ_BRIDGE_PASSWORD": found.rabbitmq_bridge_url.split(":")[2].split("@")[0],
            "DB_HOST": found.connect_postgres_host,
            "DB_PORT": str(found.connect_postgres_port),
            "DB_NAME": "set_up",
            "DB_USER": found.debezium_user,
            "DB_PASSWORD": found.debezium_password,
        }
        for name in NAMES:
            stack.connect.delete(name)
        _drop(owner)
    api = stack.rabbitmq_api()
    for path in (f"queues/%2F/{services.QUEUE}", f"exchanges/%2F/{services.EXCHANGE}"):
        api.call("DELETE", path)


def _drop(owner: psycopg.Connection) -> None:
    def free() -> bool:
        row = owner.execute("SELECT count(*) FROM pg_replication_slots WHERE active").fetchone()
        return row == (0,)

    eventually(free, within_seconds=20)
    owner.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")
    owner.execute("DROP DATABASE set_up WITH (FORCE)")


def _set_up(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    # Isolated from the checkout's environment, as in its container: the standard library must do.
    command = [sys.executable, "-S", "-m", "stack.setup"]
    return subprocess.run(
        command, cwd=ROOT, env={"PATH": os.defpath, **environment}, capture_output=True, text=True, check=False
    )


def test_the_one_shot_makes_exchange_queue_and_connector_and_may_run_again(environment: dict[str, str]) -> None:
    for _ in range(2):
        done = _set_up(environment)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
    api = stack.rabbitmq_api()
    assert api.call("GET", f"exchanges/%2F/{services.EXCHANGE}")["durable"]
    bindings = api.call("GET", f"queues/%2F/{services.QUEUE}/bindings")
    assert [b["routing_key"] for b in bindings if b["source"] == services.EXCHANGE] == [services.ROUTING_KEY]
    for name in NAMES:
        status = stack.connect.status(name)
        assert status is not None
        assert [task["state"] for task in status["tasks"]] == ["RUNNING"]


def test_a_one_shot_that_cannot_log_in_says_so_and_fails(environment: dict[str, str]) -> None:
    done = _set_up({**environment, "BRIDGE_RABBITMQ_ADMIN_PASSWORD": "wrong"})
    assert done.returncode == 1
    assert "401" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_demos_files_are_where_the_compose_file_mounts_them() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert text.count(f"./{WALLETS.relative_to(ROOT)}:") == 2
    # Where another folder is named for the bridge, this is what it takes the place of.
    assert f":-./{WALLETS.relative_to(ROOT)}}}:" in text
    tables = (ROOT / "stack" / "config" / "postgres" / "tables.sql").read_text(encoding="utf-8")
    for name in ("northern-lights.sql", "harbour.sql"):
        assert (WALLETS / name).exists()
        assert f"\\i /wallet/{name}\n" in tables
