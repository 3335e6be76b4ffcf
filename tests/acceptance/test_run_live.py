"""`run` on the real servers: bad surroundings, signals, several brands."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from bridge.sources.settings import Client
from stack.endpoints import Addresses
from tests.acceptance.conftest import CASE, RecordedTopics
from tests.acceptance.shell import COMMAND, environment, started, wallet_bridge
from tests.support.cases import ROOT, expected
from tests.support.eventually import eventually
from tests.support.live import Queue, queue

pytestmark = pytest.mark.integration


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2) as answer:
            return bool(json.load(answer)["state"] == "ok")
    except (urllib.error.URLError, OSError):
        return False


def test_a_topic_that_is_not_there_ends_the_start_with_its_name(topics: RecordedTopics, tmp_path: Path) -> None:
    topics.add(without="wallet_tx")
    path = topics.connector(tmp_path)
    said = wallet_bridge("run", path, "--state", tmp_path, "--http", "127.0.0.1:0", **topics.environment)
    assert said.code == 78
    last = said.err.splitlines()[-1]
    assert f"there is no topic {topics.topic('wallet_tx')}" in last
    assert "check the name" in last


@pytest.mark.parametrize(
    ("name", "url", "words"),
    [
        ("an exchange that is not there", "{url}", "fasttrack.nowhere"),
        ("a wrong password", "amqp://bridge:wrong-one@{host}:{port}/", "refuse"),
        ("a closed port", "amqp://bridge:x@127.0.0.1:9/", "127.0.0.1:9"),
    ],
)
def test_trouble_with_rabbitmq_is_named_and_waited_for(
    topics: RecordedTopics, tmp_path: Path, name: str, url: str, words: str
) -> None:
    topics.add()
    place = topics.addresses
    url = url.format(url=place.rabbitmq_bridge_url, host=place.rabbitmq_host, port=place.rabbitmq_port)
    path = topics.connector(tmp_path, exchange="fasttrack.nowhere")
    changes = topics.environment | {"RABBITMQ_URL": url}
    with started(tmp_path, "run", path, "--state", tmp_path, "--http", "127.0.0.1:0", **changes) as bridge:
        bridge.until("started")
        told = eventually(
            lambda: [line for line in bridge.events("trouble") if words in line["reason"]],
            within_seconds=20,
            message=f"{name} is not named",
        )
        assert {line["level"] for line in told} == {"warning"}
        assert "wrong-one" not in bridge.text()
        status = ("status", path, "--state", tmp_path, "--json")
        kept = eventually(
            lambda: json.loads(wallet_bridge(*status, **changes).out)["unconfirmed"], within_seconds=30
        )
        bridge.signal(signal.SIGTERM)
        bridge.signal(signal.SIGINT)
        assert bridge.wait(10) == 130
    assert json.loads(wallet_bridge(*status, **changes).out)["unconfirmed"] >= kept, "what was not sent is kept"


def test_an_exchange_that_comes_late_is_found(topics: RecordedTopics, tmp_path: Path) -> None:
    topics.add()
    exchange = f"fasttrack.{topics.prefix}"
    path = topics.connector(tmp_path, exchange=exchange)
    with started(tmp_path, "run", path, "--state", tmp_path, "--http", "off", **topics.environment) as bridge:
        bridge.until("started")
        arrived = Queue(topics.addresses, exchange, exchange)
        try:
            eventually(lambda: len(arrived.take()) >= 30, within_seconds=60, message="nothing arrives")
            bridge.signal(signal.SIGTERM)
            assert bridge.wait() == 0
        finally:
            arrived.close()


def test_sigterm_drains_and_the_next_start_sends_nothing_twice(topics: RecordedTopics, tmp_path: Path) -> None:
    topics.add()
    # Nothing that waits would end within the test: hold only what the case's ten minutes let go.
    with queue(topics.addresses, "accept") as arrived:
        path = topics.connector(
            tmp_path,
            ("wait: {lookup: 10 minutes, original: 1 day}", "wait: {lookup: 5s, original: 6s}"),
            exchange=arrived.exchange,
        )
        arguments = ("run", path, "--state", tmp_path, "--http", "127.0.0.1:0")
        with started(tmp_path, *arguments, **topics.environment) as bridge:
            eventually(lambda: len(arrived.take()) >= 20, within_seconds=60, message="nothing arrives")
            bridge.signal(signal.SIGTERM)
            assert bridge.wait() == 0
            assert bridge.events("drained")
        with started(tmp_path, *arguments, **topics.environment) as bridge:
            wanted = len(expected(CASE))
            eventually(lambda: len(arrived.take()) >= wanted, within_seconds=60, message="not all arrive")
            bridge.signal(signal.SIGTERM)
            assert bridge.wait() == 0
        ids = [one.message_id for one in arrived.take()]
        assert len(ids) == len(set(ids)) == wanted
    said = wallet_bridge("status", path, "--state", tmp_path, "--json", **topics.environment)
    status = json.loads(said.out)
    assert (status["confirmed"], status["unconfirmed"]) == (wanted, 0)
    assert len(status["parked"]) > 0


@pytest.mark.parametrize("client", list(Client))
def test_topics_that_a_pattern_finds_are_read(topics: RecordedTopics, tmp_path: Path, client: Client) -> None:
    topics.add()
    with queue(topics.addresses, "accept") as arrived:
        path = topics.connector(
            tmp_path,
            ("  wallet_tx:\n", "  wallet_tx:\n    tables: wallet_(tx|old)\n"),
            ('group: "', f'client: {client}, group: "'),
            exchange=arrived.exchange,
        )
        with started(tmp_path, "run", path, "--state", tmp_path, "--http", "off", **topics.environment) as bridge:
            eventually(lambda: len(arrived.take()) >= 30, within_seconds=60, message=bridge.text())
            bridge.signal(signal.SIGTERM)
            assert bridge.wait() == 0


def test_a_folder_runs_each_brand_as_a_process_that_is_started_again(
    topics: RecordedTopics, tmp_path: Path, addresses: Addresses
) -> None:
    topics.add()
    folder, state = tmp_path / "connectors", tmp_path / "state"
    folder.mkdir()
    with queue(addresses, "accept") as arrived:
        text = topics.connector(tmp_path, exchange=arrived.exchange).read_text()
        for brand in ("north", "south"):
            named = text.replace("brand: vintervik\n", f"brand: {brand}\n")
            # Whom a kill took away is missed after the session's time.
            group = f'group: "{topics.prefix}.{brand}", session_timeout: 6s'
            (folder / f"{brand}.yaml").write_text(named.replace(f'group: "bridge.{topics.prefix}"', group))
        port = 20_000 + os.getpid() % 10_000
        arguments = ("run", folder, "--state", state, "--http", f"127.0.0.1:{port}")
        with started(tmp_path, *arguments, **topics.environment) as bridge:
            first, second = bridge.until("brand_started", 2)
            assert {first["brand"], second["brand"]} == {"north", "south"}
            eventually(lambda: _ready(port) and _ready(port + 1), within_seconds=60, message=bridge.text())
            os.kill(first["pid"], signal.SIGKILL)
            [fell] = bridge.until("brand_starts_again")
            assert (fell["brand"], fell["cause"]) == (first["brand"], "signal SIGKILL")
            *_, again = bridge.until("brand_started", 3)
            assert again["brand"] == first["brand"]
            eventually(lambda: _ready(port) and _ready(port + 1), within_seconds=60, message=bridge.text())
            lines = [json.loads(line) for line in bridge.text().splitlines() if line.startswith("{")]
            assert {line.get("brand") for line in lines} == {"north", "south"}
            bridge.signal(signal.SIGTERM)
            assert bridge.wait() == 0
        for pid in (first["pid"], second["pid"], again["pid"]):
            assert not Path(f"/proc/{pid}").exists()
    assert sorted(path.name for path in state.glob("*.ledger")) == ["north.ledger", "south.ledger"]


def test_brands_drain_when_their_supervisor_is_killed(topics: RecordedTopics, tmp_path: Path) -> None:
    topics.add()
    folder = tmp_path / "connectors"
    folder.mkdir()
    with queue(topics.addresses, "accept") as arrived:
        topics.connector(folder, exchange=arrived.exchange)
        arguments = ("run", folder, "--state", tmp_path, "--http", "off")
        with started(tmp_path, *arguments, **topics.environment) as bridge:
            [brand] = bridge.until("brand_started")
            bridge.until("started")
            bridge.process.kill()
            bridge.process.wait()
            gone = Path(f"/proc/{brand['pid']}/cmdline")
            eventually(
                lambda: not gone.exists() or not gone.read_bytes(), within_seconds=30, message="it still runs"
            )
            eventually(lambda: bridge.events("drained"), message=bridge.text())


def test_on_a_terminal_a_line_of_status_stands_below_the_log(topics: RecordedTopics, tmp_path: Path) -> None:
    topics.add()
    ours, theirs = pty.openpty()
    shown = bytearray()

    def read() -> bytearray:
        while select.select([ours], [], [], 0)[0]:
            shown.extend(os.read(ours, 65_536))
        return shown

    with queue(topics.addresses, "accept") as arrived:
        path = topics.connector(tmp_path, exchange=arrived.exchange)
        command = [*COMMAND, "run", str(path), "--state", str(tmp_path), "--http", "off"]
        process = subprocess.Popen(command, stderr=theirs, env=environment(**topics.environment), cwd=ROOT)
        os.close(theirs)
        try:
            wanted = b"parked 5  unconfirmed 0"
            eventually(lambda: wanted in read(), within_seconds=60, message=f"no line of status: {shown!r}")
            process.send_signal(signal.SIGINT)
            assert process.wait(45) == 0
        finally:
            process.kill()
            process.wait()
            read_all = bytes(shown)
            os.close(ours)
    assert b"events/s  lag " in read_all
    assert b"partitions_assigned" in read_all
