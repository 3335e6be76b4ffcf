"""What an envelope tells of a change, each part at hand.

A field of a msgspec structure is found by its name at each look, and these are looked at for every
record; so what msgspec has decoded is taken over at once.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import astuple

from bridge.decoders.envelope import Envelope, Source


class Origin:
    """Debezium's `source` block: the fields of `Source`, and nothing else."""

    __slots__ = (
        "change_lsn",
        "commit_lsn",
        "commit_scn",
        "connector",
        "db",
        "event_serial_no",
        "file",
        "gtid",
        "lsn",
        "name",
        "pos",
        "row",
        "rs_id",
        "schema",
        "scn",
        "sequence",
        "server_id",
        "snapshot",
        "ssn",
        "table",
        "ts_ms",
        "ts_us",
        "tx_id",
    )

    def __init__(self, fields: tuple[Any, ...]) -> None:
        """Take the values of `Source`, in its order."""
        self.connector: str | None = fields[0]
        self.name: str | None = fields[1]
        self.db: str | None = fields[2]
        self.schema: str | None = fields[3]
        self.table: str | None = fields[4]
        self.snapshot: str | bool | None = fields[5]
        self.ts_ms: int | None = fields[6]
        self.ts_us: int | None = fields[7]
        self.sequence: str | None = fields[8]
        self.lsn: int | None = fields[9]
        self.tx_id: int | str | None = fields[10]
        self.server_id: int | None = fields[11]
        self.gtid: str | None = fields[12]
        self.file: str | None = fields[13]
        self.pos: int | None = fields[14]
        self.row: int | None = fields[15]
        self.commit_lsn: str | None = fields[16]
        self.change_lsn: str | None = fields[17]
        self.event_serial_no: int | None = fields[18]
        self.scn: str | None = fields[19]
        self.commit_scn: str | None = fields[20]
        self.rs_id: str | None = fields[21]
        self.ssn: int | None = fields[22]


def origin_of(source: Source) -> Origin:
    """Return the origin that a source block tells."""
    return Origin(astuple(source))


Opened = tuple[str, Origin, dict[str, Any] | None, dict[str, Any] | None, str | None]
"""An envelope: op, origin, the raw rows before and after, and the id of the transaction."""


def opened(envelope: Envelope) -> Opened:
    """Return what an envelope holds."""
    op, source, before, after, transaction = astuple(envelope)
    return op, origin_of(source), before, after, transaction.id if transaction is not None else None
