"""A brand's rules at work on a ledger in memory: what previews and the tests beside connectors share.

Decoder, order, mapping and ledger are those of a run, so the events are the same, byte for byte.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from bridge.brand import Brand, load_brand
from bridge.config.yaml_source import LONGEST, parse_yaml
from bridge.flow import Delivery, Taken
from bridge.intake.merge import CommitOrder
from bridge.intake.taking import decoded, take_all
from bridge.ledger import open_ledger
from bridge.lookups.tables import UNSET, Loaded, LookupTables
from bridge.mapping.mapper import Mapper, Outcome
from bridge.memory import LedgerTransaction
from bridge.records import Partition, SourceRecord

BATCH: Final = 500
_EVERYTHING: Final = 1_000_000_000
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Rehearsal:
    """Takes changes in as a run does, in memory alone.  Time passes only when it is told to."""

    def __init__(
        self,
        brand: Brand,
        observe: Callable[[Outcome], None],
        now_ms: int = 0,
        *,
        tables: Sequence[Loaded] | None = None,
    ) -> None:
        """Begin with an empty ledger; `observe` is told how each change ends.

        `tables` are the look-ups that no topic carries; without them, those that are files.
        """
        self.ledger = open_ledger(":memory:", brand.connector.brand, create=True)
        self._mapper = Mapper(brand.plan, observe)
        self._now_ms = now_ms
        self.memory: LedgerTransaction = self.ledger.begin(now_ms)
        """The transaction of this batch, for whoever observes."""
        self.memory.rollback()
        if tables is None:
            tables = LookupTables(brand.connector, brand.path.parent).load_files()
        if tables:
            self._begin()
            for lookup, rows in tables:
                self._mapper.load(lookup, rows)
            self.memory.commit()

    @property
    def held(self) -> int:
        """Return how many changes wait."""
        return self._mapper.held

    def take(self, batch: Iterable[Taken]) -> None:
        """Take changes in, as one transaction."""
        self._begin()
        take_all(self._mapper, batch)
        self.memory.commit()

    def pass_time(self, milliseconds: int) -> None:
        """Let time pass: what has then waited long enough is parked, and releases what waited behind it."""
        self._now_ms += milliseconds
        self._begin()
        self._mapper.expire()
        self.memory.commit()

    def wait_out(self) -> None:
        """Let time pass until nothing waits any more."""
        while (deadline := self._mapper.next_deadline()) is not None:
            self.pass_time(max(0, deadline - self._now_ms))

    def events(self) -> Sequence[Delivery]:
        """Return every event, in the order of the outbox."""
        return self.ledger.unconfirmed(0, _EVERYTHING)

    def close(self) -> None:
        """Forget everything."""
        self.ledger.close()

    def _begin(self) -> None:
        self.memory = self.ledger.begin(self._now_ms)
        self._mapper.begin(self.memory, self._now_ms)


def in_order(brand: Brand, records: Iterable[SourceRecord]) -> Iterable[list[Taken]]:
    """Yield batches of decoded records in the order in which a run that finds them all there takes them in."""
    topics, decoder = brand.topics(), brand.decoder()
    order = CommitOrder(0)
    lanes: set[Partition] = set()
    for record in records:
        partition = Partition(record.topic, record.partition)
        if partition not in lanes:
            lanes.add(partition)
            holds = topics.orders_across() and topics.is_play(record.topic)
            order.assign(partition, 0, 0, holds=holds, first=not topics.is_play(record.topic))
        order.add(partition, [decoded(decoder, record)])
    merged = order.take(math.inf, _EVERYTHING)
    while batch := list(islice(merged, BATCH)):
        yield batch


def load_without_servers(path: Path) -> Brand:
    """Load a connector for use without servers: variables of its surroundings need not be set.

    Raises ConfigError with every problem at once.
    """
    return load_brand(path, {**_stand_ins(path), **os.environ})


def _stand_ins(path: Path) -> dict[str, str]:
    """Return values for the variables under `source`, `target` and of replicas: nothing will be connected to."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            places = parse_yaml(file.read(LONGEST), str(path)).places
    except (OSError, ValueError):
        return {}  # told by load_brand, with its place
    found: dict[str, str] = {}
    for keys, place in places.items():
        replica = keys[:1] == ("lookups",) and keys[-1:] == ("url",)
        known = replica or keys[:1] in (("source",), ("target",))
        for name in _VARIABLE.findall(place.text or "") if known else ():
            whole = place.text == f"${{{name}}}"
            url = "amqp://127.0.0.1:9" if keys[0] == "target" else "127.0.0.1:9"
            found.setdefault(name, (UNSET if replica else url) if whole else "9")
    return found
