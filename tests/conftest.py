"""Fixtures that all tests share: the real servers, started once and stopped if this run started them."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer

import stack
from bridge import compiled
from stack.endpoints import Addresses
from tests.support import examples
from tests.support.spreading import Spread

TESTS = Path(__file__).parent
WITHOUT_SERVERS = ("unit", "properties", "processes")
ON_SERVERS = ("integration", "faults")

examples.register()
# Tests make very many small objects and few cycles: looked at less often, a run takes a sixth less.
gc.set_threshold(20_000, 20, 20)


def pytest_configure() -> None:
    """See that what is tested as shipped is what ships: another `bridge` on the path would pass as well."""
    if os.environ.get("WALLET_BRIDGE_AS_SHIPPED") and not compiled():
        raise pytest.UsageError("the bridge on the path is not compiled: make compiled")


@pytest.fixture(scope="session")
def addresses() -> Iterator[Addresses]:
    """Return the addresses of the real servers; start them where they do not run.

    On a laptop a machine that cannot have them skips, with the reason; in CI that is a failure.
    """
    try:
        up = stack.ensure_up()
    except stack.StackError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"the servers cannot be had here: {error}")
    yield up.addresses
    if up.started:
        stack.down()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Spread | None:
    """Spread tests in our own way for `--dist loadscope`."""
    return Spread(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the sizes of the fault suite."""
    parser.addoption("--faults", choices=("short", "long"), default="short", help="size of the fault suite")
    parser.addoption("--soak-minutes", type=float, default=0.0, help="collect the soak test, so long")


def pytest_collection_finish() -> None:
    """Let the collector pass over what lives as long as the run: thousands of tests, modules, schemas."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep servers out of where none are, begin with what takes long, and leave long faults to `make faults`."""
    for item in items:
        here = any(item.path.is_relative_to(TESTS / folder) for folder in WITHOUT_SERVERS)
        if here and set(ON_SERVERS) & {mark.name for mark in item.iter_markers()}:
            raise pytest.UsageError(f"{item.nodeid}: a test that needs servers has no place here")
    # What begins last and takes long would leave one worker at work and the others idle.
    items.sort(key=lambda item: not item.path.is_relative_to(TESTS / "acceptance"))
    if config.getoption("--faults") == "long":
        return
    long = [item for item in items if item.get_closest_marker("long")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
