"""Where a change stands in its database's log, for each kind of database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

import msgspec

from bridge.decoders.origin import Origin
from bridge.errors import DecodeError
from bridge.records import SourcePosition

# Not strict: Debezium writes the numbers as text.
_Lsn = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_sequence: Final = msgspec.json.Decoder(tuple[_Lsn | None, _Lsn | None], strict=False).decode
_MOST: Final = 2**64 - 1
"""The largest number of a position that can be kept."""
_GTID_DIGITS: Final = 19
_NOT_SNAPSHOT: Final = frozenset({None, False, "false", "False"})


def is_snapshot(op: str, source: Origin) -> bool:
    """Tell whether a row was read from the table rather than from the log.

    Neither field alone decides: old MySQL connectors write op c with snapshot true, and Flink CDC
    op r with snapshot false.
    """
    return op == "r" or source.snapshot not in _NOT_SNAPSHOT


def table_name(source: Origin) -> str:
    """Return `schema.table`, or `database.table` where the database has no schemas."""
    if not source.table:
        raise DecodeError("no_table", "the record's source tells no table")
    owner = source.schema or source.db
    return f"{owner}.{source.table}" if owner else source.table


def position(source: Origin, *, snapshot: bool) -> SourcePosition | None:
    """Return the position of a change, or None where its source does not tell one.

    Raises DecodeError when what it tells is no position.
    """
    order = _ORDERS.get(source.connector or "")
    if order is None or source.snapshot == "incremental":
        return None
    try:
        found = order(source, snapshot)
    except (ValueError, UnicodeError):
        raise DecodeError("bad_position", f"the position in source is none of {source.connector}") from None
    if found is None:
        return None
    by, number = _numbered(source.gtid)
    return SourcePosition(_lineage(source), found, by, number, (committed_us(source) or 0) if by else 0)


def _lineage(source: Origin) -> str:
    if source.server_id is None:
        return f"{source.connector}:{source.name}"
    return f"{source.connector}:{source.name}:{source.server_id}"


def _postgres(source: Origin, snapshot: bool) -> tuple[int, ...] | None:
    """Order by the LSN of the last commit before, then by the change's own.

    The first is null until Debezium has seen a commit.  The LSN of a snapshot row is where the
    snapshot was taken; a transaction that was open then commits later with a lower LSN and is newer
    all the same.  So a snapshot row counts as LSN 0.
    """
    if source.sequence is not None:
        commit, own = _sequence(source.sequence)
        if own is not None:
            # Debezium 1.5 and 1.6 have the last commit in both places of the sequence (DBZ-3801).
            own = own if source.lsn is None else source.lsn
            return (commit or 0, 0 if snapshot else own)
    if source.lsn is None:
        return None
    # Before Debezium 1.5: per row the LSN alone grows too, and sorts before what newer versions write.
    return (0, 0) if snapshot else (source.lsn, source.lsn)


def _mysql(source: Origin, _: bool) -> tuple[int, ...] | None:
    if source.file is None or source.pos is None:
        return None
    # The number grows past six digits; as text it would not sort.
    return (_number(source.file.rpartition(".")[2] or "0"), source.pos, source.row or 0)


def _numbered(gtid: str | None) -> tuple[str, int]:
    """Return who numbered a transaction, and how: `uuid:5`, `uuid:tag:5`, or `domain-server-5` of MariaDB."""
    if not gtid:
        return "", 0
    end = max(gtid.rfind(":"), gtid.rfind("-"))
    digits = gtid[end + 1 :]
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _GTID_DIGITS):
        return "", 0
    return gtid[: max(end, 0)], int(digits)


def _number(text: str, base: int = 10) -> int:
    number = int(text, base)
    if not 0 <= number < _MOST:
        raise ValueError("no log has such a number")
    return number


def _sqlserver(source: Origin, _: bool) -> tuple[int, ...] | None:
    if source.commit_lsn is None:
        return None
    commit, change, serial = _hex_lsn(source.commit_lsn), _hex_lsn(source.change_lsn), source.event_serial_no or 0
    if commit < _MOST and change < _MOST:
        return (commit, change, serial)
    # An LSN has 80 bits, of which a young log uses 56; those that need more come behind all that do not.
    return (_MOST, commit >> 64, commit & _MOST, change >> 64, change & _MOST, serial)


def _hex_lsn(lsn: str | None) -> int:
    if not lsn or lsn == "NULL":
        return 0
    number = int(lsn.replace(":", ""), 16)
    if not 0 <= number < 2**80:
        raise ValueError("no LSN of SQL Server")
    return number


def _oracle(source: Origin, _: bool) -> tuple[int, ...] | None:
    if not source.commit_scn or not source.scn:
        return None
    # With several redo threads the commit SCN carries thread and transaction behind colons.
    commit, scn = _number(source.commit_scn.partition(":")[0]), _number(source.scn)
    if not source.rs_id:
        return (commit, scn, source.ssn or 0)
    # One SCN can have thousands of changes; the place in the redo log tells those of one row apart.
    place = [_number(part, 16) for part in source.rs_id.strip().split(".")]
    return (commit, scn, *place, source.ssn or 0)


_ORDERS: Final[dict[str, Callable[[Origin, bool], tuple[int, ...] | None]]] = {
    "postgresql": _postgres,
    "mysql": _mysql,
    "mariadb": _mysql,
    "sqlserver": _sqlserver,
    "oracle": _oracle,
}


def committed_us(source: Origin) -> int | None:
    """Return when the database committed, as exactly as the record tells it, in microseconds since 1970."""
    micros = source.ts_us
    if micros is None and source.ts_ms is not None:
        micros = source.ts_ms * 1000
    return micros


def transaction_name(transaction_id: str) -> str:
    """Return the part of a transaction's id that all its changes share.

    Postgres writes `xid:lsn` with the LSN of each single event; the other databases' ids stay whole.
    """
    xid, colon, lsn = transaction_id.partition(":")
    return xid if colon and xid.isdigit() and lsn.isdigit() else transaction_id


def transaction_of(source: Origin, block_id: str | None) -> str | None:
    """Return the name of the change's transaction, from the transaction block or else from source."""
    if block_id is not None:
        return transaction_name(block_id)
    if source.gtid is not None:
        return source.gtid
    return None if source.tx_id is None else str(source.tx_id)
