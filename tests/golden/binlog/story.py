"""The tables and the rows of the golden records of MySQL and MariaDB."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

DATABASE: Final = "casino"

_SCHEMA: Final = """
CREATE TABLE plays (
  id bigint unsigned PRIMARY KEY,
  price decimal(20,8), minor int unsigned, huge bigint unsigned,
  tiny tinyint, tiny_plus tinyint unsigned, medium_plus mediumint unsigned,
  flag tinyint(1), one bit(1), bits bit(9), ratio double, half float,
  kind enum('bet','win','roll,back'), marks set('free','jackpot'),
  name varchar(80), code char(5), note longtext,
  doc json, raw varbinary(20), fixed binary(4), packed binary(16), ref {reference},
  at timestamp(6) NULL, at_0 timestamp NULL, local datetime, local_ms datetime(3), local_us datetime(6),
  day date, clock time, clock_us time(6), year_of year,
  zero_day date NULL, zero_day_set date NOT NULL, zero_local datetime NOT NULL,
  zero_at timestamp NOT NULL DEFAULT 0, nothing decimal(10,2) DEFAULT 5, big text{more}
) CHARACTER SET utf8mb4
"""

_PLAY: Final = """
INSERT INTO plays VALUES (
  {id}, -123456789012.12345678, 4294967295, 18446744073709551615,
  -128, 255, 16777215, 1, b'1', b'100000101', 0.1, 1.5,
  'roll,back', 'free,jackpot', 'Zoë 🎲', 'EUR', 'a note',
  '{{"amount": 0.10, "big": 18446744073709551617}}', x'cafe', x'01', x'a7c100016b1e4f0a9d2c3e8f5a1b7c20',
  'A7C10001-6B1E-4F0A-9D2C-3E8F5A1B7C20',
  '2026-03-02 08:27:58.721607', '2026-03-02 08:27:58', '2026-03-02 08:27:58', '2026-03-02 08:27:58.721',
  '2026-03-02 08:27:58.721607', '2026-03-02', '-00:27:58', '838:59:58.999999', 2026,
  '0000-00-00', '0000-00-00', '0000-00-00', 0, NULL, repeat('0123456789', 900){more}
)
"""
"""The server's zone is two hours before UTC."""

_MYSQL_MORE: Final = (
    ", made json, summed decimal(20,8) AS (price + 1) STORED",
    """,
  json_object('amount', CAST(0.10 AS decimal(10,2)), 'wide', CAST('12345678901234567.123456789' AS decimal(40,9)),
              'least', -5, 'most', 18446744073709551615, 'text', 'Zoë 🎲',
              'none', NULL, 'list', json_array(1, true)),
  DEFAULT""",
)
"""MySQL keeps JSON as values, decimals among them; MariaDB as text."""


def schema(kind: str) -> tuple[str, ...]:
    """Return the statements that make the tables, for `mysql` or `mariadb`."""
    own = (
        {"reference": "char(36)", "more": _MYSQL_MORE[0]} if kind == "mysql" else {"reference": "uuid", "more": ""}
    )
    rounds = (
        "CREATE TABLE rounds (id varchar(40) PRIMARY KEY, is_closed tinyint(1) NOT NULL) CHARACTER SET utf8mb4"
    )
    return _SCHEMA.format(**own), rounds


def _play(kind: str, row_id: int) -> str:
    return _PLAY.format(id=row_id, more=_MYSQL_MORE[1] if kind == "mysql" else "")


def before(kind: str) -> tuple[str, ...]:
    """Return the statements that write the rows of the snapshot."""
    return _play(kind, 1), "INSERT INTO rounds VALUES ('r-1', 0)"


def story(kind: str) -> tuple[str, ...]:
    """Return the statements whose changes are streamed."""
    return (
        # One transaction over two tables, with a statement of several rows.
        "BEGIN",
        _play(kind, 18446744073709551615),
        "INSERT INTO rounds VALUES ('r-2', 0), ('r-3', 1), ('r-4', 0)",
        "COMMIT",
        "UPDATE plays SET tiny = 8, kind = 'nonsense' WHERE id = 1",
        "UPDATE rounds SET id = 'r-9' WHERE id = 'r-2'",
        # The next file of the log; the positions in it begin anew.
        "FLUSH BINARY LOGS",
        "DELETE FROM rounds WHERE id = 'r-3'",
        "ALTER TABLE rounds ADD COLUMN closed_by enum('system','agent') NULL",
        "INSERT INTO rounds VALUES ('r-5', 1, 'agent')",
        "TRUNCATE plays",
    )


RECORDS: Final = {"mysql": 33, "mariadb": 35}
"""Of all topics together: rows, tombstones, transactions and changes of the schema."""

_LOCAL: Final = datetime(2026, 3, 2, 8, 27, 58, 721_607)  # noqa: DTZ001 -- columns without zone
_MILLIS: Final = _LOCAL.replace(microsecond=721_000)
_SECONDS: Final = _LOCAL.replace(microsecond=0)
_MOMENT: Final = datetime(2026, 3, 2, 6, 27, 58, 721_607, tzinfo=UTC)

_WANTED: Final[Mapping[str, Any]] = {
    "price": Decimal("-123456789012.12345678"),
    "minor": 4_294_967_295,
    "huge": 18_446_744_073_709_551_615,
    "tiny": -128,
    "tiny_plus": 255,
    "medium_plus": 16_777_215,
    "flag": 1,
    "one": True,
    "bits": 0b1_0000_0101,
    "ratio": Decimal("0.1"),
    "half": Decimal("1.5"),
    "kind": "roll,back",
    "marks": "free,jackpot",
    "name": "Zoë 🎲",
    "code": "EUR",
    "note": "a note",
    "doc": '{"amount": 0.10, "big": 18446744073709551617}',
    "raw": b"\xca\xfe",
    "fixed": b"\1\0\0\0",
    "packed": bytes.fromhex("a7c100016b1e4f0a9d2c3e8f5a1b7c20"),
    "ref": "a7c10001-6b1e-4f0a-9d2c-3e8f5a1b7c20",
    "at": _MOMENT,
    "at_0": _MOMENT.replace(microsecond=0),
    "local": _SECONDS,
    "local_ms": _MILLIS,
    "local_us": _LOCAL,
    "day": date(2026, 3, 2),
    "clock": -timedelta(minutes=27, seconds=58),
    "clock_us": timedelta(hours=838, minutes=59, seconds=58, microseconds=999_999),
    "year_of": 2026,
    # What is not null in the table becomes the first day of 1970.
    "zero_day": None,
    "zero_day_set": date(1970, 1, 1),
    "zero_local": datetime(1970, 1, 1),  # noqa: DTZ001 -- same
    "zero_at": datetime(1970, 1, 1, tzinfo=UTC),
    "nothing": None,
    "big": "0123456789" * 900,
}


_MYSQL_WANTED: Final[Mapping[str, Any]] = {
    # Text, as it was written.
    "ref": "A7C10001-6B1E-4F0A-9D2C-3E8F5A1B7C20",
    "made": {
        "amount": Decimal("0.10"),
        "wide": Decimal("12345678901234567.123456789"),
        "least": -5,
        "most": 18_446_744_073_709_551_615,
        "text": "Zoë 🎲",
        "none": None,
        "list": [1, True],
    },
    "summed": Decimal("-123456789011.12345678"),
}


def wanted(kind: str, converter: str, time_mode: str, decimal_mode: str, unsigned_mode: str) -> dict[str, Any]:
    """Return what the columns of a play are read as, with a schema and nothing declared."""
    values = dict(_WANTED)
    if kind == "mysql":
        values |= _MYSQL_WANTED
        # A number that is no whole one, or too large, is kept as a double there: see the test of its own.
        del values["doc"]
    if converter == "avro":
        # This converter writes a column's default for its null.
        values["nothing"] = Decimal(5)
    if time_mode == "connect":
        values["local_us"] = _MILLIS
    if time_mode in ("connect", "isostring"):
        # Debezium itself loses durations that no clock shows.
        values |= {"clock": None, "clock_us": None}
    if decimal_mode == "string":
        values |= {column: str(values[column]) for column in ("price", "summed") if column in values}
    if decimal_mode == "double":
        values["price"] = Decimal("-123456789012.12346")
        if kind == "mysql":
            values["summed"] = Decimal("-123456789011.12346")
    if unsigned_mode == "long":
        values["huge"] = -1
    return values


DECLARED: Final[Mapping[str, str]] = {
    "id": "unsigned",
    "price": "decimal",
    "minor": "unsigned",
    "huge": "unsigned",
    "flag": "boolean",
    "doc": "json",
    "raw": "bytes base64",
    "packed": "uuid",
    "local": "micros local Europe/Malta",
    "local_us": "micros local Europe/Malta",
    "day": "days",
    "at": "iso",
}
"""What a connector declares where the records carry no schema: microseconds, string, long."""

DECLARED_FLATTENED: Final[Mapping[str, str]] = {
    **DECLARED,
    "id": "decimal base64 0",
    "huge": "decimal base64 0",
    "price": "decimal base64 8",
    "local": "millis local Europe/Malta",
}
"""The same for adaptive_time_microseconds, precise, precise."""

_READ_AS_DECLARED: Final[Mapping[str, Any]] = {
    "price": _WANTED["price"],
    "minor": _WANTED["minor"],
    "flag": True,
    "doc": {"amount": Decimal("0.10"), "big": 18_446_744_073_709_551_617},
    "raw": _WANTED["raw"],
    "packed": _WANTED["ref"],
    "local": datetime(2026, 3, 2, 7, 27, 58, tzinfo=UTC),
    "local_us": datetime(2026, 3, 2, 7, 27, 58, 721_607, tzinfo=UTC),
    "day": _WANTED["day"],
    "at": _WANTED["at"],
    "nothing": None,
}


def read_as_declared(kind: str) -> dict[str, Any]:
    """Return what declared columns of a play are read as, where the records carry no schema."""
    values = dict(_READ_AS_DECLARED)
    if kind == "mysql":
        del values["doc"]
    return values
