"""The supervisor: a process for each brand, whatever becomes of the others."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from structlog.testing import capture_logs

from bridge.running.supervisor import BrandProcess, Supervisor
from tests.support.eventually import eventually

# It does not exit in the handler: what that raises is lost where it interrupts the end of a file.
DRAINS = """
import signal, time
asked = []
signal.signal(signal.SIGTERM, lambda number, frame: asked.append(number))
with open({said!r}, "a") as file: file.write("up\\n")
while not asked: time.sleep(0.05)
with open({said!r}, "a") as file: file.write("asked\\n")
"""
STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, lambda number, frame: None)
open({said!r}, "a").write(f"{{os.getpid()}}\\n")
while True: time.sleep(0.05)
"""
COUNTS = "open({said!r}, 'a').write('up\\n'); import os, signal; {end}"


def brand(name: str, code: str, said: Path, **values: str) -> BrandProcess:
    return BrandProcess(name, [sys.executable, "-S", "-c", code.format(said=str(said), **values)])


def lines(said: Path) -> list[str]:
    return said.read_text().splitlines() if said.exists() else []


@contextmanager
def running(*brands: BrandProcess) -> Iterator[tuple[Supervisor, list[int]]]:
    supervisor = Supervisor(brands, first_wait_seconds=0.05, longest_wait_seconds=0.2)
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(supervisor.run()))
    thread.start()
    try:
        yield supervisor, codes
    finally:
        supervisor.stop()
        supervisor.stop()
        thread.join(20)
        assert not thread.is_alive()


def test_all_are_started_and_drain_when_asked(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    with running(brand("first", DRAINS, first), brand("second", DRAINS, second)) as (supervisor, codes):
        eventually(lambda: lines(first) and lines(second), message="not both are up")
        supervisor.stop()
        eventually(lambda: codes, message="the supervisor did not end")
    assert codes == [0]
    assert (lines(first), lines(second)) == (["up", "asked"], ["up", "asked"])


def test_one_that_falls_is_started_again_and_the_others_go_on(tmp_path: Path) -> None:
    steady, killed, away = tmp_path / "steady", tmp_path / "killed", tmp_path / "away"
    with running(
        brand("steady", DRAINS, steady),
        brand("killed", COUNTS, killed, end="os.kill(os.getpid(), signal.SIGKILL)"),
        brand("away", COUNTS, away, end="os._exit(75)"),
    ):
        eventually(lambda: len(lines(killed)) > 2 and len(lines(away)) > 2, message="they are not started again")
        assert lines(steady) == ["up"]


def test_what_would_end_the_same_way_stays_down(tmp_path: Path) -> None:
    fatal, wrong, steady = tmp_path / "fatal", tmp_path / "wrong", tmp_path / "steady"
    with running(
        brand("fatal", COUNTS, fatal, end="os._exit(70)"),
        brand("wrong", COUNTS, wrong, end="os._exit(78)"),
        brand("steady", DRAINS, steady),
    ) as (supervisor, codes):
        eventually(lambda: lines(fatal) and lines(wrong) and lines(steady), message="not all were started")
        again = tmp_path / "again"
        with running(brand("again", COUNTS, again, end="os._exit(75)")):
            eventually(lambda: len(lines(again)) > 2, message="time did not pass")
        assert (lines(fatal), lines(wrong), codes) == (["up"], ["up"], [])
        supervisor.stop()
        eventually(lambda: codes, message="the supervisor did not end")
    assert codes == [70]


def test_the_second_request_ends_all_at_once(tmp_path: Path) -> None:
    said = tmp_path / "stubborn"
    with running(brand("stubborn", STUBBORN, said)) as (supervisor, codes):
        eventually(lambda: lines(said), message="it is not up")
        supervisor.stop()
        supervisor.stop()
        eventually(lambda: codes, message="the supervisor did not end")
    assert codes == [130]
    assert not Path("/proc", lines(said)[0]).exists()


def test_one_that_waits_for_its_start_is_not_started_when_all_stop(tmp_path: Path) -> None:
    said = tmp_path / "said"
    supervisor = Supervisor([brand("b", COUNTS, said, end="os._exit(75)")], first_wait_seconds=3_600)
    codes: list[int] = []
    with capture_logs() as logged:
        thread = threading.Thread(target=lambda: codes.append(supervisor.run()))
        thread.start()
        # Not before the supervisor says so: one that falls while all stop counts as fallen, with its own code.
        eventually(lambda: "brand_starts_again" in [line["event"] for line in logged], message="it did not end")
        supervisor.stop()
        thread.join(10)
    assert codes == [0]
    assert lines(said) == ["up"]
