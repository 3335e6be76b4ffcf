"""A schema registry that is away: what needs a schema that is not known yet waits, and nothing is parked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import stack
from stack.endpoints import Addresses
from tests.faults.registry.avro_wallet import CONFLUENT, AvroWallet, ReferringWallet
from tests.faults.steps.play import Arrive, Backlog, Play, Settled, Still
from tests.faults.steps.process import Ready, Start
from tests.faults.world import World, world
from tests.support.fault_proxy import FaultProxy

pytestmark = [pytest.mark.faults, pytest.mark.long, pytest.mark.timeout(300)]


@pytest.fixture
def registry(addresses: Addresses) -> Iterator[FaultProxy]:
    """Return the way to the real registry, which is started for these tests, and goes with the stack."""
    stack.ensure_up(with_registry=True)
    with FaultProxy(("127.0.0.1", int(addresses.registry_url.rpartition(":")[2]))) as proxy:
        yield proxy


@dataclass(frozen=True)
class Evolve:
    """Let the records have a new schema from now on."""

    def __call__(self, world: World) -> None:
        """See Step."""
        assert isinstance(world.wallet, AvroWallet)
        world.wallet.evolve()


@pytest.mark.parametrize("wallet", [AvroWallet, ReferringWallet])
def test_a_registry_that_is_away_is_waited_for(
    registry: FaultProxy, addresses: Addresses, tmp_path: Path, seed: int, wallet: type[AvroWallet]
) -> None:
    url = f"http://127.0.0.1:{registry.port}{CONFLUENT}"
    source = f"format: avro\n  registry: {{url: {url}}}"
    away = Ready(degraded="schema registry does not answer")
    with world(addresses, tmp_path, seed=seed, wallet=wallet, source=source) as w:
        registry.refuse()
        w.play([Backlog(500), Start(), away, Still(1)])
        registry.heal()
        w.play([Ready(), Settled()])
        # What is known goes on without it; what has a new schema waits.
        registry.refuse()
        w.play([Backlog(300), Settled(), Evolve(), Backlog(300), away, Still(1)])
        registry.heal()
        w.play([Ready(), Play(rate=300), Evolve(), Arrive(300)])
        w.finish(most_duplicates=0)
