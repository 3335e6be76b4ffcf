"""What can be known of the image without building it."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.telemetry.http import Health, HealthServer
from bridge.telemetry.metrics import Metrics

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
INSTRUCTIONS = [
    line.partition(" ")[::2]
    for line in re.sub(r"\\\n\s*", "", re.sub(r"(?m)^\s*#.*\n", "", TEXT)).splitlines()
    if line
]
# What comes after the last FROM is what runs.
FINAL = INSTRUCTIONS[max(i for i, (word, _) in enumerate(INSTRUCTIONS) if word == "FROM") :]


def _final(word: str) -> list[str]:
    return [rest for instruction, rest in FINAL if instruction == word]


def test_it_is_built_in_stages_from_one_pinned_python() -> None:
    images = [rest.split()[0] for word, rest in INSTRUCTIONS if word == "FROM"]
    assert len(images) == 2
    assert len(set(images)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", images[0])


def test_it_runs_as_a_numeric_user_that_is_not_root() -> None:
    (user,) = _final("USER")
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)


def test_signals_reach_the_process() -> None:
    (entry,) = _final("ENTRYPOINT")
    assert json.loads(entry) == ["wallet-bridge"], "a shell in between would keep the signal"
    assert _final("STOPSIGNAL") == ["SIGTERM"]


def test_the_health_check_needs_no_shell_and_no_other_program() -> None:
    (check,) = _final("HEALTHCHECK")
    command = json.loads(check[check.index("CMD ") + 4 :])
    assert command[0] == "python"
    compile(command[2], "<health check>", "exec")
    assert "/health" in command[2]


def test_the_port_that_is_exposed_is_the_one_where_the_bridge_serves() -> None:
    (served,) = re.findall(r"BRIDGE_HTTP=0\.0\.0\.0:(\d+)", TEXT)
    assert _final("EXPOSE") == [served]


@pytest.mark.parametrize(("alive", "code"), [(True, 0), (False, 1)])
def test_health_is_asked_where_the_bridge_serves_it_and_of_nobody_between(*, alive: bool, code: int) -> None:
    everywhere = "0.0.0.0"  # noqa: S104 - as in the image
    server = HealthServer((everywhere, 0), Metrics("n", "1"), lambda: Health("degraded", alive=alive))
    _, port = server.start()
    try:
        assert _health_check(f"{everywhere}:{port}") == code
    finally:
        server.stop()


def test_a_bridge_that_does_not_serve_is_not_well_unless_it_was_told_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
    assert _health_check(f"127.0.0.1:{port}") == 1
    assert _health_check("off") == 0


def _health_check(served: str) -> int:
    """Return what the image's check says of a bridge whose `BRIDGE_HTTP` this is."""
    (check,) = _final("HEALTHCHECK")
    command = json.loads(check[check.index("CMD ") + 4 :])
    # Docker gives a container the proxies of its client.
    environment = {"BRIDGE_HTTP": served, "http_proxy": "http://127.0.0.1:9"}
    asked = subprocess.run([sys.executable, *command[1:]], env=environment, capture_output=True, check=False)
    return asked.returncode


def test_only_the_ledger_is_a_volume() -> None:
    (volume,) = _final("VOLUME")
    assert json.loads(volume) == ["/var/lib/wallet-bridge"]
    assert _final("WORKDIR") == ["/var/lib/wallet-bridge"]


def test_everything_is_installed_by_hash() -> None:
    for line in (rest for word, rest in INSTRUCTIONS if word == "RUN" and "pip install" in rest):
        for command in re.findall(r"pip install ([^&]*)", line):
            assert "--require-hashes" in command or "--no-index" in command


def test_what_builds_the_wheel_is_what_the_tests_were_built_with() -> None:
    """The image compiles with the mypy, and against the libraries, that the tests of the compiled build had."""
    pins = re.compile(r"^\S+==\S+", re.MULTILINE)
    locked = set(pins.findall((ROOT / "deploy" / "requirements-build.lock").read_text(encoding="utf-8")))
    assert {pin.partition("==")[0] for pin in locked} > {"mypy", "setuptools"}
    assert locked <= set(pins.findall((ROOT / "requirements-dev.lock").read_text(encoding="utf-8")))


def test_the_image_is_compiled() -> None:
    assert any(rest.startswith("WALLET_BRIDGE_COMPILE=1 ") for word, rest in INSTRUCTIONS if word == "RUN")


def test_nothing_secret_is_built_in() -> None:
    assert not re.search(r"PASS|SECRET|TOKEN", TEXT)
    assert not any(word in {"ADD", "ARG"} for word, _ in INSTRUCTIONS)


def test_only_what_is_named_gets_into_the_build() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    copied = {
        part.rstrip("/")
        for word, rest in INSTRUCTIONS
        if word == "COPY" and not rest.startswith("--from")
        for part in rest.split()[:-1]
    }
    assert copied == {rule[1:] for rule in rules if rule.startswith("!")}
