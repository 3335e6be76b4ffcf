"""What is missing is fetched once and whole, or said in one sentence."""

from __future__ import annotations

import os
import tarfile
import threading
from pathlib import Path

import pytest

import stack
from stack import packages
from stack.__main__ import UNAVAILABLE, main
from stack.engine import marked_engine
from stack.errors import StackError, Unavailable
from stack.packages import Program
from stack.progress import Progress

QUIET = Progress(quiet=True)
MISSING = Program("no-such-package", "no-such-program-anywhere")


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_without_root_a_missing_package_is_named_with_the_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Unavailable, match=r"no-such-package.*demo --embedded"):
        packages.require([MISSING], QUIET)


def test_without_root_what_compiles_is_named(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", "")
    assert main(["compiler"]) == UNAVAILABLE
    assert "apt-get install gcc" in capfd.readouterr().err


def test_of_several_callers_one_installs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    brought = tmp_path / "brought"
    tool = tmp_path / "apt-get"
    tool.write_text(
        f'#!/bin/sh\necho "$3" >> {tmp_path}/asked\n[ "$3" = update ] || touch {brought}\n', encoding="ascii"
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(packages, "POLICY", tmp_path / "policy-rc.d")
    callers = [
        threading.Thread(target=packages.require, args=([Program("some", str(brought))], QUIET)) for _ in range(4)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert (tmp_path / "asked").read_text().split() == ["update", "install"]


def test_a_package_that_cannot_be_installed_is_an_error_in_its_tools_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "apt-get"
    tool.write_text("#!/bin/sh\necho 'Unable to locate it' >&2\nexit 100\n", encoding="ascii")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(packages, "POLICY", tmp_path / "policy-rc.d")
    with pytest.raises(StackError, match=r"(?s)apt-get update failed with status 100.*Unable to locate it"):
        packages.require([MISSING], QUIET)
    assert not (tmp_path / "policy-rc.d").exists()


def test_packages_do_not_start_their_servers_while_they_are_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy-rc.d"
    tool = tmp_path / "apt-get"
    tool.write_text(f'#!/bin/sh\n"{policy}" && exit 1\necho "$?" >> "{tmp_path}/asked"\n', encoding="ascii")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(packages, "POLICY", policy)
    packages.require([MISSING], QUIET)
    # 101 forbids the action (invoke-rc.d), asked during update and install.
    assert (tmp_path / "asked").read_text().split() == ["101", "101"]
    assert not policy.exists()


def test_a_policy_of_the_machine_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("theirs", encoding="ascii")
    monkeypatch.setattr(packages, "POLICY", policy)
    with packages.no_service_starts():
        assert policy.read_text(encoding="ascii") == "theirs"
    assert policy.read_text(encoding="ascii") == "theirs"


@pytest.mark.parametrize("versions", [("9", "15"), ("15", "9")])
def test_the_newest_version_is_taken(tmp_path: Path, versions: tuple[str, str]) -> None:
    for version in versions:
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "postgres").touch()
    found = Program("postgresql", f"{tmp_path}/*/bin/postgres").find()
    assert found == tmp_path / "15" / "bin" / "postgres"


def test_what_was_fetched_is_not_fetched_again() -> None:
    calls = []

    def fetch(folder: Path) -> None:
        calls.append(folder)
        (folder / "file").touch()

    first = packages.cached("thing", b"recipe", fetch, QUIET)
    assert packages.cached("thing", b"recipe", fetch, QUIET) == first
    assert (first / "file").exists()
    assert len(calls) == 1


def test_an_archive_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "connector.jar").write_text("code", encoding="ascii")

    def download(arguments: list[str], *_: str) -> None:
        with tarfile.open(arguments[-1].removeprefix("-Ddest="), "w:gz") as content:
            content.add(tmp_path / "connector.jar", "plugin/connector.jar")

    monkeypatch.setattr(packages, "_maven", download)
    folder = packages.archive("thing", "group:thing:1.0:tar.gz", QUIET)
    assert (folder / "plugin" / "connector.jar").read_text(encoding="ascii") == "code"


def test_another_recipe_is_fetched_anew() -> None:
    first = packages.cached("thing", b"1.0", lambda _: None, QUIET)
    assert packages.cached("thing", b"1.1", lambda _: None, QUIET) != first


def test_a_fetch_that_fails_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    def fetch(folder: Path) -> None:
        (folder / "half").touch()
        raise StackError("the network is away")

    with pytest.raises(StackError):
        packages.cached("thing", b"recipe", fetch, QUIET)
    assert [path.name for path in (tmp_path / "cache" / "wallet-bridge").iterdir()] == ["lock"]


def test_two_at_once_fetch_once() -> None:
    calls = []

    def fetch(folder: Path) -> None:
        calls.append(folder)

    threads = [threading.Thread(target=packages.cached, args=("thing", b"recipe", fetch, QUIET)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1


def test_a_start_that_led_nowhere_leaves_the_choice_of_engine_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_STACK_DIR", str(tmp_path))
    monkeypatch.setenv("BRIDGE_STACK_ENGINE", "native")
    # Reachable or not is not the question here.
    monkeypatch.setattr("stack.control.make_run_folder", lambda folder: folder.mkdir(exist_ok=True))
    monkeypatch.setattr(packages, "RABBITMQ", MISSING)
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner or 1000)
    with pytest.raises(Unavailable):
        stack.ensure_up(progress=QUIET)
    assert marked_engine(tmp_path) is None
