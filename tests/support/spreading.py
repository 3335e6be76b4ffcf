"""How tests are spread over workers: those that start servers of their own for all share one worker.

The plug-in's own way, groups by mark, has no effect with this pytest: it changes names that are no longer read.
"""

from __future__ import annotations

import os

import pytest
from xdist.scheduler import LoadScopeScheduling

OWN_SERVERS = (
    "tests/stack/test_live.py",
    "tests/stack/test_connect_live.py",
    "tests/stack/test_setup_live.py",
)
SECURED_BROKER = ("tests/integration/sources/test_secured_kafka.py",)


class Spread(LoadScopeScheduling):  # type: ignore[misc]  # released without type information
    """Gives each test to the next free worker, the largest groups first and each to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def group(nodeid: str) -> str:
    """Return the name that tests of one group share, or the test's own."""
    module = nodeid.partition("::")[0]
    for modules in (OWN_SERVERS, SECURED_BROKER):
        if module in modules:
            return modules[0]
    return nodeid


def hold_to_one_worker(factory: pytest.TempPathFactory, what: str) -> None:
    """Raise an error in the second worker of a run that is about to start `what`."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        # The parent is the run's; each worker has its own below it.
        (factory.getbasetemp().parent / what).touch(exist_ok=False)
