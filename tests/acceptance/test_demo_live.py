"""`wallet-bridge demo` as a process on the real servers: what it shows, when it fails, what it leaves behind."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pika
import psycopg
import pytest
from confluent_kafka.admin import AdminClient

import stack
from bridge.demo.brands import BRANDS
from stack.endpoints import Addresses, exports
from tests.support.cases import ROOT
from tests.support.eventually import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

QUEUE = re.compile(r"fasttrack\.(demo-[0-9a-f]{8})-northern-lights")


class OnTerminal:
    """A command on a terminal of its own, where keys can be pressed."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        self._shown = b""
        self.process = subprocess.Popen(
            # What runs the tests may have been started with Ctrl-C ignored, as background jobs are.
            ["setsid", "--ctty", "env", "--default-signal=INT", *command],
            cwd=ROOT,
            env={**os.environ, "TERM": "xterm", **environment},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)

    def text(self) -> str:
        # Reading fails once nobody has the other end any more.
        with suppress(OSError):
            while self._ours >= 0 and select.select([self._ours], [], [], 0)[0]:
                self._shown += os.read(self._ours, 65_536)
        return self._shown.decode(errors="replace")

    def shows(self, words: str) -> None:
        def shown() -> bool:
            assert words in self.text() or self.process.poll() is None, self.text()
            return words in self.text()

        eventually(shown, within_seconds=90, message=f"the terminal never showed {words!r}")

    def press(self, key: bytes) -> None:
        os.write(self._ours, key)

    def wait(self) -> int:
        def ended() -> bool:
            self.text()
            return self.process.poll() is not None

        eventually(ended, within_seconds=60, message="it did not end")
        return self.process.returncode

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.text()
        os.close(self._ours)
        self._ours = -1


class Demo:
    """The demo, running, with its output in a file."""

    def __init__(self, folder: Path, *options: str, **environment: str) -> None:
        self._out = folder / "demo.out"
        with self._out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bridge.cli", "demo", *options],
                env={**os.environ, **exports(), "TMPDIR": str(folder), **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def text(self) -> str:
        return self._out.read_text()

    def says(self, words: str, within_seconds: float = 90) -> None:
        def said() -> bool:
            assert words in self.text() or self.process.poll() is None, self.text()
            return words in self.text()

        eventually(said, within_seconds=within_seconds, message=f"the demo never said {words!r}")

    def run_name(self) -> str:
        found = QUEUE.search(self.text())
        assert found is not None, self.text()
        return found[1]

    def wait(self) -> int:
        try:
            return self.process.wait(200)
        finally:
            self.process.kill()


def remains(addresses: Addresses, run: str) -> list[str]:
    """Return what is left of a run on any server."""
    with psycopg.connect(addresses.postgres_dsn) as connection:
        questions = (
            "SELECT datname FROM pg_database WHERE datname = %s",
            "SELECT slot_name FROM pg_replication_slots WHERE slot_name LIKE %s || '%%'",
        )
        found = [row[0] for one in questions for row in connection.execute(one, [run.replace("-", "_")])]
    found += [f"{run}-{brand.name}" for brand in BRANDS if stack.connect.status(f"{run}-{brand.name}") is not None]
    topics = AdminClient({"bootstrap.servers": addresses.kafka_bootstrap}).list_topics(timeout=10).topics
    found += [name for name in topics if run in name]
    for kind in ("queues", "exchanges"):
        found += [each["name"] for each in stack.rabbitmq_api().call("GET", f"{kind}/%2F") if run in each["name"]]
    return found


def processes(folder: Path) -> list[str]:
    """Return the command lines of all processes that were given this folder, whatever session they are in."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"TMPDIR={folder}\0".encode() in (entry / "environ").read_bytes():
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def take_one_away(addresses: Addresses, queue: str) -> bytes:
    """Be a second consumer of a queue, for one message alone."""
    connection = pika.BlockingConnection(pika.URLParameters(addresses.rabbitmq_admin_url))
    channel = connection.channel()
    taken: list[tuple[int, bytes]] = []
    channel.basic_qos(prefetch_count=1)
    tag = channel.basic_consume(queue, lambda _, method, __, body: taken.append((method.delivery_tag, body)))
    try:
        for _ in range(60):
            connection.process_data_events(time_limit=1)
            if taken:
                # Cancelled first: with one message unacknowledged, no other has been sent to this consumer.
                channel.basic_cancel(tag)
                channel.basic_ack(taken[0][0])
                return taken[0][1]
        raise AssertionError("the broker gave nothing to the second consumer")
    finally:
        connection.close()


def test_the_demo_comes_out_the_same_on_both_sides_through_a_sigkill(addresses: Addresses, tmp_path: Path) -> None:
    demo = Demo(tmp_path, "--rate", "100", "--seconds", "8")
    code = demo.wait()
    text = demo.text()
    assert code == 0, text
    assert "SIGKILL: the bridge is dead" in text
    assert "and started again: pid " in text
    assert "\nSAME  All " in text
    for kind in ("Bet Approved", "Bet Rollback", "Win Approved", "parked for a person", "skipped, rightly"):
        assert kind in text
    assert "\x1b" not in text
    assert "\r" not in text
    assert remains(addresses, demo.run_name()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["demo.out"]


def test_one_event_that_somebody_takes_away_makes_the_demo_fail(addresses: Addresses, tmp_path: Path) -> None:
    demo = Demo(tmp_path, "--rate", "60", "--seconds", "6")
    demo.says("the bridge runs")
    stolen = json.loads(take_one_away(addresses, f"fasttrack.{demo.run_name()}-northern-lights"))
    code = demo.wait()
    text = demo.text()
    assert code == 1, text
    assert "DIFFERENT  northern-lights: 1 event did not arrive" in text
    assert f"the sums of {stolen['type']} {stolen['status']} in {stolen['currency']} differ" in text
    assert "harbour: " not in "".join(line for line in text.splitlines() if line.startswith("DIFFERENT"))
    assert remains(addresses, demo.run_name()) == []


def test_an_interrupted_demo_leaves_nothing_behind(addresses: Addresses, tmp_path: Path) -> None:
    demo = Demo(tmp_path, "--rate", "60", "--seconds", "60")
    demo.says("the bridge runs")
    run = demo.run_name()
    assert remains(addresses, run), "the demo has made something by now"
    demo.process.send_signal(signal.SIGTERM)
    assert demo.wait() == 130, demo.text()
    assert "interrupted" in demo.text()
    assert remains(addresses, run) == []
    assert [path.name for path in tmp_path.iterdir()] == ["demo.out"]


def test_ctrl_c_while_make_demo_starts_the_bridge_again_leaves_nothing_behind(
    addresses: Addresses, tmp_path: Path
) -> None:
    demo = OnTerminal(
        ["make", "-o", f"{sys.prefix}/.installed", f"VENV={sys.prefix}", "demo", "ARGS=--rate 60 --seconds 6"],
        {"TMPDIR": str(tmp_path)},
    )
    try:
        demo.shows("SIGKILL")
        run = QUEUE.search(demo.text())
        assert run is not None, demo.text()
        assert processes(tmp_path), "what the demo started can be told by its folder"
        demo.press(b"\x03")
        assert demo.wait() != 0, demo.text()
    finally:
        demo.close()
    assert "interrupted; everything that the demo made has been taken away" in demo.text()
    assert processes(tmp_path) == []
    assert remains(addresses, run[1]) == []
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_does_not_answer_is_named_and_nothing_stays(addresses: Addresses, tmp_path: Path) -> None:
    demo = Demo(tmp_path, CONNECT_URL="http://127.0.0.1:9")
    assert demo.wait() == 75
    last = demo.text().splitlines()[-1]
    assert last.startswith("Kafka Connect does not answer at http://127.0.0.1:9")
    assert "make demo" in last
    assert remains(addresses, demo.run_name()) == []
