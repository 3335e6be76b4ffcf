"""Sizes and seeds of the fault suite, small disks, and who may break the servers of all."""

from __future__ import annotations

import fcntl
import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stack.endpoints import Addresses
from tests.faults.steps.servers import heal


@pytest.fixture
def long(request: pytest.FixtureRequest) -> bool:
    """Return whether the long suite was asked for."""
    return bool(request.config.getoption("--faults") == "long")


@pytest.fixture
def seed() -> int:
    """Return a new seed; what fails prints it."""
    return random.SystemRandom().randrange(1_000_000)


@pytest.fixture(autouse=True)
def _beside_others(request: pytest.FixtureRequest) -> Iterator[None]:
    """Wait while a test of another worker breaks the servers; tests of the check alone need none."""
    names = request.fixturenames
    if "addresses" not in names or "alone" in names:
        yield
        return
    with _servers(request.getfixturevalue("addresses"), fcntl.LOCK_SH):
        yield


@pytest.fixture
def alone(addresses: Addresses) -> Iterator[None]:
    """Wait until no other test uses the servers, and keep others away: they may be broken.  Leaves them well."""
    with _servers(addresses, fcntl.LOCK_EX):
        try:
            yield
        finally:
            heal()


@contextmanager
def _servers(addresses: Addresses, how: int) -> Iterator[None]:
    with (addresses.folder / "faults.lock").open("w") as lock:
        fcntl.flock(lock, how)
        yield


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode:
        pytest.skip(
            "a small disk can only be mounted by a root that may mount; a limit of file sizes is tried too"
        )
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let those that want the servers alone come last: beside others they would only wait."""
    items.sort(key=lambda item: "alone" in getattr(item, "fixturenames", ()))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Collect the soak test only where its length is given: a test that never runs is no test."""
    if collection_path.name == "test_soak.py" and not config.getoption("--soak-minutes"):
        return True
    return None
