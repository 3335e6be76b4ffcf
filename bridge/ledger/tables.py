"""How tables and their statements are spelled in SQLite and in Postgres."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

NUMBER: Final = "number"
"""64 bits, signed."""
TEXT: Final = "text"
BYTES: Final = "bytes"
NUMBERS: Final = "numbers"
"""A list, empty unless said otherwise."""


class Dialect(NamedTuple):
    """What one of the two spells in its own way."""

    name: str
    types: tuple[tuple[str, str], ...]
    """Each kind of column with its type."""
    number: str
    """What stands for a number that comes with the statement, and below for text and bytes."""
    text: str
    bytes_: str
    in_key: str
    """Ends a table whose rows lie in the index of their key."""


# SQLite keeps a row under its number only where the column is spelled INTEGER.
SQLITE: Final = Dialect(
    "sqlite", ((NUMBER, "INTEGER"), (TEXT, "TEXT"), (BYTES, "BLOB")), "?", "?", "?", " WITHOUT ROWID"
)
# psycopg gives a number the smallest type that holds it: without a cast each size would be another statement.
POSTGRES: Final = Dialect(
    "postgresql",
    ((NUMBER, "BIGINT"), (TEXT, "TEXT"), (BYTES, "BYTEA"), (NUMBERS, "BIGINT[] DEFAULT '{}'")),
    "%s::bigint",
    "%s::text",
    "%s",
    "",
)


class Table(NamedTuple):
    """A table; no column of it may be null."""

    name: str
    columns: Mapping[str, str]
    """Each with its kind, in order."""
    key: tuple[str, ...]
    in_key: bool = False
    """Its rows are small, and lie in the index of their key."""
    unique: str = ""

    def create(self, dialect: Dialect) -> str:
        """Return the statement that makes it."""
        types = dict(dialect.types)
        lines = [f"{column} {types[kind]} NOT NULL" for column, kind in self.columns.items()]
        lines.append(f"PRIMARY KEY ({', '.join(self.key)})")
        if self.unique:
            lines.append(f"UNIQUE ({self.unique})")
        return f"CREATE TABLE {self.name} ({', '.join(lines)}){dialect.in_key if self.in_key else ''}"

    def insert(self, dialect: Dialect, rows: int = 1) -> str:
        """Return the statement that adds rows; their values come row by row, in the order of the columns."""
        marks = {NUMBER: dialect.number, TEXT: dialect.text, BYTES: dialect.bytes_}
        values = ", ".join(marks[kind] for kind in self.columns.values())
        return f"INSERT INTO {self.name} ({', '.join(self.columns)}) VALUES {', '.join([f'({values})'] * rows)}"

    def upsert(self, dialect: Dialect, change: str = "", *, rows: int = 1) -> str:
        """Return the statement that adds rows, or changes those with their keys: to these, or by `change`."""
        rest = [f"{column} = excluded.{column}" for column in self.columns if column not in self.key]
        then = f"ON CONFLICT ({', '.join(self.key)}) DO UPDATE SET {change or ', '.join(rest)}"
        return f"{self.insert(dialect, rows)} {then}"
