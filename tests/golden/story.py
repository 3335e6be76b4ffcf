"""The table and the rows of the golden records, and what every column must be read as."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

SCHEMA: Final = """
CREATE TYPE status AS ENUM ('open', 'done');
CREATE EXTENSION hstore;
CREATE TABLE golden (
  id bigint PRIMARY KEY, price numeric(12,2), wide numeric(40,18), loose numeric, cash money,
  ratio double precision,
  small smallint, flag boolean, name text, code char(5), ref uuid, state status, doc jsonb, raw bytea, bits bit(9),
  tags text[], numbers numeric(6,2)[], extra hstore, at timestamptz, local_ms timestamp(3), local_us timestamp,
  day date, clock time, big text
);
CREATE PUBLICATION golden FOR TABLE golden;
"""

ROW: Final = """
INSERT INTO golden VALUES (
  {id}, -123.45, 1234567890123456789012.123456789012345678, 750.000, 99.98, 0.1,
  -7, true, 'Zoë 🎲', 'EUR', 'a7c10001-6b1e-4f0a-9d2c-3e8f5a1b7c20', 'done',
  '{{"amount": 0.10, "big": 18446744073709551617}}', '\\xcafe', b'100000101', '{{a,NULL}}', '{{1.50}}', 'k=>v',
  '2026-03-02 08:27:58.721607+00', '2026-03-02 08:27:58.721', '2026-03-02 08:27:58.721607',
  '2026-03-02', '08:27:58.721607',
  (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 300) n)
)
"""

STORY: Final = (
    ROW.format(id=2),
    "UPDATE golden SET small = 8 WHERE id = 2",
    "UPDATE golden SET id = 3 WHERE id = 2",
    "DELETE FROM golden WHERE id = 3",
    "TRUNCATE golden",
)
"""After the snapshot with row 1."""

OUTCOMES: Final = ("r", "c", "u", "d", "tombstone", "c", "d", "tombstone", "t")
"""What the records are, in order: a changed key is a delete, a tombstone and a create."""

_LOCAL: Final = datetime(2026, 3, 2, 8, 27, 58, 721_607)  # noqa: DTZ001 -- a column without zone

WANTED: Final[Mapping[str, Any]] = {
    "price": Decimal("-123.45"),
    "wide": Decimal("1234567890123456789012.123456789012345678"),
    "loose": Decimal(750),
    "cash": Decimal("99.98"),
    "ratio": Decimal("0.1"),
    "small": -7,
    "flag": True,
    "name": "Zoë 🎲",
    "code": "EUR  ",
    "ref": "a7c10001-6b1e-4f0a-9d2c-3e8f5a1b7c20",
    "state": "done",
    "doc": {"amount": Decimal("0.10"), "big": 18446744073709551617},
    "raw": b"\xca\xfe",
    "bits": 0b1_0000_0101,
    "tags": ["a", None],
    "numbers": [Decimal("1.50")],
    "extra": {"k": "v"},
    "at": _LOCAL.replace(tzinfo=UTC),
    "local_ms": _LOCAL.replace(microsecond=721_000),
    "local_us": _LOCAL,
    "day": date(2026, 3, 2),
    "clock": time(8, 27, 58, 721_607),
}

# What each option of Debezium costs: connect's own types have milliseconds only.
_MILLIS: Final = {"local_us": _LOCAL.replace(microsecond=721_000), "clock": time(8, 27, 58, 721_000)}


def wanted(time_mode: str, decimal_mode: str) -> dict[str, Any]:
    """Return what the columns of the row are read as, with inline or registered schema."""
    values = dict(WANTED)
    if time_mode == "connect":
        values |= _MILLIS
    if decimal_mode == "string":
        # Without a declaration these are text like any other.
        values |= {"price": "-123.45", "cash": "99.98", "wide": str(WANTED["wide"]), "numbers": ["1.50"]}
        values["loose"] = ANY_SPELLING
    if decimal_mode == "double":
        values["wide"] = Decimal(repr(float(WANTED["wide"])))
    return values


ANY_SPELLING: Final = object()

DECLARED: Final[Mapping[tuple[str, str], Mapping[str, str]]] = {
    ("adaptive", "precise"): {
        "price": "decimal base64 2",
        "wide": "decimal base64 18",
        "loose": "decimal struct",
        "cash": "decimal base64 2",
        "local_ms": "millis UTC",
        "local_us": "micros UTC",
        "day": "days",
        "at": "iso",
        "doc": "json",
        "extra": "json",
        "raw": "bytes base64",
    },
    ("microseconds", "string"): {
        "price": "decimal",
        "wide": "decimal",
        "loose": "decimal",
        "cash": "decimal",
        "local_ms": "micros UTC",
        "local_us": "micros UTC",
        "day": "days",
        "at": "iso",
        "doc": "json",
        "extra": "json",
        "raw": "bytes base64",
    },
    ("isostring", "precise"): {
        "price": "decimal base64 2",
        "wide": "decimal base64 18",
        "loose": "decimal struct",
        "cash": "decimal base64 2",
        "local_ms": "iso",
        "local_us": "iso",
        "at": "iso",
        "doc": "json",
        "extra": "json",
        "raw": "bytes base64",
    },
}
"""What a connector declares where the records carry no schema."""

UNDECLARED: Final = frozenset({"bits", "numbers", "clock", "day"})
