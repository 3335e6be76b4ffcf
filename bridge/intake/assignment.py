"""Partitions that come and go: what is done before one is read, and before another instance has it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import structlog

from bridge.brand import Brand
from bridge.contracts import Source
from bridge.errors import LedgerUnavailable
from bridge.intake.batches import Batches
from bridge.intake.epochs import LeaderEpochs
from bridge.intake.lanes import Lanes
from bridge.intake.outbox import Outbox
from bridge.intake.progress import Progress
from bridge.intake.sharing import BrandLedger, LookupsElsewhere, check_partition_counts
from bridge.records import Partition

LOG = structlog.get_logger(__name__)

REVOKE_SECONDS = 10.0


class Assignment:
    """The partitions that the group has given to this instance, and whether it may still act for them.

    The source tells it what comes and goes, in the thread that takes in: see AssignmentListener.
    """

    def __init__(
        self,
        brand: Brand,
        source: Source,
        ledger: BrandLedger,
        *,
        lanes: Lanes,
        batches: Batches,
        outbox: Outbox,
        progress: Progress,
        epochs: LeaderEpochs,
        partitions_of: Callable[[Collection[str]], Mapping[str, Sequence[Partition]]],
        clock: Callable[[], float],
        settle: Callable[[], None],
        drain: Callable[[float], bool],
    ) -> None:
        """`settle` waits for the commit under way; `drain` sends out for at most so many seconds.

        `drain` returns whether everything that was sent has been confirmed and recorded.
        """
        self._brand_name = brand.connector.brand
        self._topics = brand.topics()
        self._source = source
        self._ledger = ledger
        self._lanes = lanes
        self._batches = batches
        self._outbox = outbox
        self._progress = progress
        self._epochs = epochs
        self._partitions_of = partitions_of
        self._clock = clock
        self._settle = settle
        self._drain = drain
        self.permit: Callable[[float], None] = lambda _: None
        """Told until when, on the monotonic clock, the sender may send: see `RabbitMQOutbound.permit`."""
        # Kafka gives partitions away after the whole of the shorter of these.
        settings = brand.connector.source.kafka
        self._permit_seconds = min(settings.session_timeout, settings.max_poll_interval).total_seconds() / 2
        self._permitted_until = math.inf
        self._lookups_elsewhere = LookupsElsewhere(ledger.positions)
        self.revoke_seconds = REVOKE_SECONDS
        """For how long what partitions led to is sent out before another instance has them."""
        self.halted = False
        """Another instance may send what this one still has: nothing is sent or written any more."""

    def on_assigned(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """See AssignmentListener.  Positions come from the ledger, never from the group."""
        self._progress.rebalances += 1
        self._settle()
        known = self._ledger.claim(partitions)
        plays = [partition for partition in partitions if self._topics.is_play(partition.topic)]
        self._lanes.assign(partitions, known, plays=plays, holds=self._topics.orders_across())
        if self._ledger.shared:
            self._look_at_others()
        # What a former owner left unsent or held is ours to finish now.
        self.take_up_what_waits()
        self._outbox.look_again()
        LOG.info("partitions_assigned", brand=self._brand_name, partitions=_names(partitions))
        return known

    def leader_epochs(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """See AssignmentListener.  Raises LedgerUnavailable."""
        return self._epochs.of(partitions)

    def on_revoked(self, partitions: Collection[Partition]) -> None:
        """See AssignmentListener.  What the partitions led to is sent out first, within a budget."""
        self._let_go(partitions)
        clean = self._drain(self.revoke_seconds)
        self._give_up(partitions, clean=clean)
        LOG.info("partitions_revoked", brand=self._brand_name, partitions=_names(partitions))

    def on_lost(self, partitions: Collection[Partition]) -> None:
        """See AssignmentListener."""
        self._let_go(partitions)
        self._give_up(partitions, clean=not self._outbox.busy)
        LOG.warning("partitions_lost", brand=self._brand_name, partitions=_names(partitions))

    def take_up_what_waits(self) -> None:
        """Map on from what the ledger holds: with what waits there, where that is ours.

        Raises as `Batches.restart`.
        """
        # Before its first partition, and between two, an instance of several takes care of nothing that waits.
        self._batches.restart(with_held=not self._ledger.shared or bool(self._lanes.assigned()))

    def waits_for_lookups(self, now: float) -> bool:
        """Return whether play waits for look-up rows that other instances read."""
        return self._lookups_elsewhere.waits(now)

    def renew(self) -> None:
        """Let the sender go on, for as long as nobody else can have been given our partitions."""
        if not self._ledger.shared or self.halted:
            return
        now = self._clock()
        if now >= self._permitted_until:
            # This process stood still.  Who is given partitions claims them before it sends.
            try:
                self._ledger.require_claims()
            except LedgerUnavailable:
                return
        self._permitted_until = now + self._permit_seconds
        self.permit(self._permitted_until)

    def halt(self) -> None:
        """Send and write nothing any more: what is left is another instance's."""
        self.permit(0.0)
        self.halted = True
        self._settle()

    def _let_go(self, partitions: Collection[Partition]) -> None:
        """Drop what was read of partitions and is not durable: whoever has them then reads it again."""
        self._lanes.order.revoke(partitions)
        self._settle()
        self._batches.forget(partitions)

    def _give_up(self, partitions: Collection[Partition], *, clean: bool) -> None:
        self._progress.rebalances += 1
        if self._ledger.shared and not clean:
            self.halt()
        self._ledger.disclaim(partitions)
        self._lanes.forget(partitions)
        if self._ledger.shared:
            self.take_up_what_waits()

    def _look_at_others(self) -> None:
        """See which look-up rows other instances read: play waits for them as it does for our own."""
        found = self._partitions_of(self._topics.names)
        check_partition_counts(found, self._topics.plays)
        lookups = {at for topic, several in found.items() if not self._topics.is_play(topic) for at in several}
        self._lookups_elsewhere.begin(self._source.ends(lookups - self._lanes.assigned()), self._clock())


def _names(partitions: Iterable[Partition]) -> list[str]:
    return sorted(f"{partition.topic}/{partition.number}" for partition in partitions)
