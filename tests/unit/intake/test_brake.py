"""Reading that waits for the sender: a moment without a poll, then with its partitions paused."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pytest

from bridge.brand import load_brand
from bridge.delivery.memory import Answer, MemoryOutbound
from bridge.flow import Delivery
from bridge.intake.brake import HOLD_SECONDS
from bridge.ledger import open_sqlite
from bridge.records import Partition, SourceRecord
from tests.support.overlap import BATCH, CONNECTOR, GAMES, PLAY, World, take_small_batches

LIMIT = 100
"""The least that a connector may say."""


class Trial:
    """A world whose broker refuses until it is told to take, and whose time passes when a test says so."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = world
        self.polls = 0
        self.paused: set[Partition] = set()
        self.resumed = 0
        poll, pause, resume = world.source.poll, world.source.pause, world.source.resume

        def polled(seconds: float) -> Sequence[SourceRecord]:
            self.polls += 1
            return poll(seconds)

        def paused(partitions: Collection[Partition]) -> None:
            self.paused.update(partitions)
            pause(partitions)

        def resumed(partitions: Collection[Partition]) -> None:
            self.paused.difference_update(partitions)
            self.resumed += 1
            resume(partitions)

        monkeypatch.setattr(world.source, "poll", polled)
        monkeypatch.setattr(world.source, "pause", paused)
        monkeypatch.setattr(world.source, "resume", resumed)

    def fill_up(self) -> None:
        """Let the outbox have as much as it may have."""
        while self.world.outbound.pending() < LIMIT:
            self.world.turn()
        self.world.turn()


class Broker:
    """Takes so many events, and refuses the rest."""

    takes = 0
    now = 0.0

    def answer(self, _delivery: Delivery) -> Answer:
        self.takes -= 1
        return Answer.ACK if self.takes >= 0 else Answer.NACK

    def clock(self) -> float:
        return self.now


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def trial(tmp_path: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    take_small_batches(monkeypatch)
    (tmp_path / "c.yaml").write_text(CONNECTOR + f"limits: {{outbox: {LIMIT}}}\n")
    ledger = open_sqlite(str(tmp_path / "ledger"), "overlap", create=True)
    outbound = MemoryOutbound(answer=broker.answer)
    world = World(load_brand(tmp_path / "c.yaml", {}), ledger, outbound=outbound, clock=broker.clock)
    world.game("dice")
    world.turn(2)
    # Each of another player: the broker is asked for all of them.
    for number in range(3 * LIMIT):
        world.row(f"b{number}", player=f"p{number}")
    yield Trial(world, monkeypatch)
    world.intake.asked_to_stop = lambda: True
    ledger.close()


def test_a_full_outbox_stops_reading_without_a_pause_that_would_throw_away_what_was_fetched(trial: Trial) -> None:
    trial.fill_up()
    polls, read = trial.polls, trial.world.source.reached()[PLAY]
    trial.world.turn(5)
    assert trial.polls == polls
    assert trial.world.source.reached()[PLAY] == read
    assert trial.paused == set()


def test_what_the_broker_takes_of_a_full_outbox_is_read_again_at_once(trial: Trial, broker: Broker) -> None:
    trial.fill_up()
    read = trial.world.source.reached()[PLAY]
    broker.takes = 2 * BATCH
    trial.world.outbound.retry()
    trial.world.turn(3)
    assert trial.world.source.reached()[PLAY] > read
    assert trial.world.outbound.pending() >= LIMIT - BATCH, "it is kept full, not let run dry"
    assert trial.paused == set()


def test_an_outbox_that_stays_full_pauses_reading_and_polls_again_to_stay_in_the_group(
    trial: Trial, broker: Broker
) -> None:
    trial.fill_up()
    polls = trial.polls
    broker.now += HOLD_SECONDS
    trial.world.turn()
    assert trial.paused == {PLAY, GAMES}
    assert trial.polls > polls


def test_a_pause_lasts_until_half_is_sent(trial: Trial, broker: Broker) -> None:
    trial.fill_up()
    broker.now += HOLD_SECONDS
    trial.world.turn()
    read = trial.world.source.reached()[PLAY]
    broker.takes = LIMIT // 4
    trial.world.outbound.retry()
    trial.world.turn(3)
    assert trial.paused == {PLAY, GAMES}
    assert trial.world.source.reached()[PLAY] == read
    broker.takes = LIMIT // 2
    trial.world.outbound.retry()
    trial.world.turn(2)
    assert (trial.paused, trial.resumed) == (set(), 1)
    assert trial.world.source.reached()[PLAY] > read
