"""From records to the mapper: what a run and a rehearsal do alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bridge.contracts import Decoder, Ledger
from bridge.errors import FatalError, PoisonRecord
from bridge.flow import Change, Taken
from bridge.mapping.mapper import Mapper
from bridge.records import Partition, Skipped, SourceRecord, TransactionEnd


def decoded(decoder: Decoder, record: SourceRecord, arrived: float = 0.0) -> Taken:
    """Return a record with what it decodes to, or why it cannot be decoded.

    Raises SourceUnavailable when a schema registry is away.
    """
    try:
        found = decoder.decode(record)
    except PoisonRecord as poison:
        return Taken(record, poison, None, arrived)
    return Taken(record, found, found.position if isinstance(found, Change) else None, arrived)


def decode_all(
    decoder: Decoder, records: Sequence[SourceRecord], arrived: float
) -> Iterator[tuple[Partition, list[Taken]]]:
    """Yield runs of records of one partition, with what each decodes to.  Raises as `decoded`."""
    at, run = Partition("", -1), list[Taken]()
    for record in records:
        if record.partition != at.number or record.topic != at.topic:
            if run:
                yield at, run
            at, run = Partition(record.topic, record.partition), []
        run.append(decoded(decoder, record, arrived))
    if run:
        yield at, run


def wants_of(mapper: Mapper, batch: Iterable[Taken]) -> list[tuple[str, str]]:
    """Return what taking in a batch will surely read."""
    wanted: list[tuple[str, str]] = []
    for taken in batch:
        found = taken.decoded
        if isinstance(found, Change):
            wanted += mapper.wants(found)
    return wanted


def take_all(mapper: Mapper, batch: Iterable[Taken]) -> None:
    """Hand each record of a batch to the mapper as what it is."""
    for taken in batch:
        found = taken.decoded
        if isinstance(found, Change):
            mapper.take(found)
        elif isinstance(found, Skipped):
            mapper.skip(taken.record, found)
        elif isinstance(found, TransactionEnd):
            mapper.end(taken.record, found)
        elif isinstance(found, PoisonRecord):
            mapper.poison(taken.record, taken.record.topic, found)
        else:
            raise found


def take_up(mapper: Mapper, ledger: Ledger, decoder: Decoder) -> None:
    """Let a mapper take up what waits in the ledger.

    Raises FatalError when a held record cannot be decoded any more, and LedgerUnavailable: the mapper
    knows of nothing then.
    """
    restored = []
    for held in ledger.held():
        change = decoded(decoder, held.record).decoded
        if not isinstance(change, Change):
            raise FatalError(
                f"a held record of {held.table} cannot be decoded any more; was the connector changed?"
            )
        restored.append((held, change))
    mapper.restore(restored)
