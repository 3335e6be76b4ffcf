"""Kafka in its bad days: what can come back is waited for, what is gone stops the brand."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.errors import FatalError, OffsetExpired
from stack.endpoints import Addresses
from tests.faults.steps.play import Arrive, Backlog, Play, Settled
from tests.faults.steps.process import Ends, Ready, Start, Terminate
from tests.faults.steps.servers import Server
from tests.faults.world import World, world
from tests.support.eventually import eventually

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600, func_only=True)]


@dataclass(frozen=True)
class Expire:
    """Let the records that lie in the topic of play be over: retention has taken them."""

    def __call__(self, world: World) -> None:
        """See Step."""
        world.wallet.expire()


@dataclass(frozen=True)
class MakeAnew:
    """Delete the topics and make them again."""

    def __call__(self, world: World) -> None:
        """See Step."""
        world.wallet.drop_topics()
        eventually(lambda: not world.wallet.topics_there(), within_seconds=30)
        world.wallet.make_topics()
        # The old producer may have heard meanwhile that the topics are not there.
        world.wallet.write_as_another()


def test_what_is_gone_stops_the_brand_and_sends_nothing(addresses: Addresses, tmp_path: Path, seed: int) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Backlog(500), Start(), Ready(), Settled(), Terminate()])
        arrived = len(w.inbox.take())
        kept = tmp_path / "kept"
        shutil.copy(w.ledger_path, kept)
        w.ledger_path.unlink()
        w.play([Start(), Ends(FatalError.exit_code, "the ledger knows nothing of it")])
        shutil.move(kept, w.ledger_path)
        w.play([Backlog(300), Expire(), Start(), Ends(OffsetExpired.exit_code, w.wallet.topic)])
        # It does not jump over the gap when it is started again.
        w.play([Start(), Ends(OffsetExpired.exit_code, w.wallet.topic)])
        w.play([MakeAnew(), Backlog(100), Start(), Ends(FatalError.exit_code, "was deleted and made again")])
        assert f"{w.wallet.unique}.public." in w.bridge.tail(1), w.bridge.tail(1)
        assert len(w.inbox.take()) == arrived


@pytest.mark.long
def test_topics_that_are_made_anew_while_they_are_read_stop_the_brand(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Backlog(500), Start(), Ready(), Settled(), MakeAnew(), Backlog(1000)])
        assert w.bridge.wait(90) == FatalError.exit_code, w.bridge.tail()
        assert w.wallet.unique in w.bridge.tail(1), w.bridge.tail(1)
        # Until it knows, it may read the new topic from the old one's position on: nothing twice, nothing else.
        w.check(most_duplicates=0, so_far=True)
        arrived = len(w.inbox.take())
        w.play([Start()])
        assert w.bridge.wait(90) == FatalError.exit_code, w.bridge.tail()
        assert len(w.inbox.take()) == arrived, "it jumped over the gap when it was started again"


@pytest.mark.usefixtures("alone")
@pytest.mark.long
@pytest.mark.parametrize(("how", "seconds"), [("kill", 2), ("kill", 150), ("pause", 60), ("stop", 2)])
def test_a_broker_that_is_away_loses_nothing(
    how: str, seconds: float, addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Backlog(1000), Play(rate=300), Start(), Arrive(200), Server("kafka", how, seconds), Arrive(500)])
        w.finish(within_seconds=180)


@pytest.mark.long
def test_partitions_that_are_added_are_read_from_their_first_record(
    addresses: Addresses, tmp_path: Path, seed: int
) -> None:
    with world(addresses, tmp_path, seed=seed) as w:
        w.play([Backlog(500), Start(), Ready()])
        w.add_partitions(4)
        w.play([Backlog(500)])
        w.finish(most_duplicates=0)
