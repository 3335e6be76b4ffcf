"""Message keys, and the headers with which Debezium ties the two halves of a changed key together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NoReturn

from bridge.decoders.avro import RegistryReader
from bridge.decoders.declarations import Declarations
from bridge.decoders.json_records import JsonReader
from bridge.decoders.parsed import Parsed
from bridge.decoders.placeholder import Placeholder
from bridge.errors import DecodeError, MappingError
from bridge.records import Renamed, SourceRecord
from bridge.row import Row, Value

Half = tuple[Renamed, Mapping[str, Value] | None]
"""Which half of a changed key a record is, and the key of the other half where its header can be read."""

_HALVES: Final[Mapping[str, tuple[str, Renamed]]] = {
    "d": ("__debezium.newkey", Renamed.FROM),
    "c": ("__debezium.oldkey", Renamed.TO),
}


_BRACE: Final = ord("{")
_NULL_AND_BRACE: Final = b"null}"
"""A key with schema may end so and be none; only that must be known at once."""


class _BadKey(Row):
    """A key that cannot be read.  Only a rule that reads it makes the record poison."""

    __slots__ = ("_error",)

    def __init__(self, error: DecodeError) -> None:
        # What a row holds is set for one that can be read.
        self._error = error

    def _fail(self) -> NoReturn:
        raise DecodeError(self._error.code, f"message key: {self._error.reason}")

    def __getitem__(self, column: str) -> Value:
        self._fail()

    def get(self, column: str) -> Value:  # noqa: ARG002 -- none can be told
        """Raise DecodeError, as all else that a key is asked for."""
        self._fail()

    def __contains__(self, column: object) -> bool:
        self._fail()

    def columns(self) -> Iterable[str]:
        """Raise DecodeError, as all else that a key is asked for."""
        self._fail()


NO_IDENTITY: Final = _BadKey(
    DecodeError(
        "no_identity",
        "there is none, and nothing is shown of the row that was deleted; give the table a primary key,"
        " or set REPLICA IDENTITY FULL, or name its columns in message.key.columns",
    )
)
"""Stands for the key of a delete that does not tell which row it is."""


class _UnreadKey(Row):
    """A key that is read when it is first asked for: only deletes and changed keys need theirs."""

    __slots__ = ("_keys", "_read", "_record", "_table")

    def __init__(self, keys: KeyReader, record: SourceRecord, table: str) -> None:
        # What a row holds is set for the one that is read: this one passes every question on.
        self._keys = keys
        self._record = record
        self._table = table
        self._read: Row | None = None

    def _row(self) -> Row:
        if self._read is None:
            self._read = self._keys.read(self._record, self._table) or Row({}, {})
        return self._read

    def __getitem__(self, column: str) -> Value:
        return self._row()[column]

    def get(self, column: str) -> Value:
        """Return the value like `row[column]`, but None for a column that is not there and UNAVAILABLE as such."""
        return self._row().get(column)

    def __contains__(self, column: object) -> bool:
        return column in self._row()

    def columns(self) -> Iterable[str]:
        """Return the names of the columns that the key has."""
        return self._row().columns()


class KeyReader:
    """Reads message keys.  Their converter need not be the one of the values."""

    def __init__(self, declarations: Declarations, placeholder: Placeholder, avro: RegistryReader) -> None:
        self._declarations = declarations
        self._json = JsonReader(placeholder)
        self._headers = JsonReader(placeholder)
        self._avro = avro

    def key(self, record: SourceRecord, table: str) -> Row | None:
        """Return the key's columns; None for a table without a key.

        A key that is malformed is told by the first look into it.  Raises SourceUnavailable when it
        needs a schema registry that is away.
        """
        key = record.key
        if not key or key == b"null":
            return None
        if not key.endswith(_NULL_AND_BRACE) if key[0] == _BRACE else self._avro.knows_record(key):
            return _UnreadKey(self, record, table)
        return self.read(record, table)

    def read(self, record: SourceRecord, table: str) -> Row | None:
        """Return the key's columns like `key`, and read them at once."""
        try:
            parsed = self._read(record)
            return None if parsed.content is None else self._row(parsed, table)
        except DecodeError as error:
            return _BadKey(error)

    def renamed(self, record: SourceRecord, op: str, table: str) -> Half | None:
        """Return which half of a changed key the record is, and the other key.

        Of the first half, which is not the change, the other key may be None.  Raises DecodeError for
        a second half whose header cannot be read: it would be taken for a new row, and sent again.
        """
        wanted = _HALVES.get(op)
        if wanted is None:
            return None
        for name, value in record.headers:
            if name == wanted[0]:
                other = self._other_key(value, record.topic, table)
                if other is None and wanted[1] is Renamed.TO:
                    raise DecodeError(
                        "bad_header",
                        f"the header {name}, which tells the row's key before, cannot be read;"
                        " set header.converter to JsonConverter, or leave it out",
                    )
                return wanted[1], other
        return None

    def _read(self, record: SourceRecord) -> Parsed:
        key = record.key or b""
        if key[0] in (0, 1):
            return self._avro.read(key, record.headers)
        if key.startswith(b"Struct{"):
            raise DecodeError("text_key", "written by StringConverter; set key.converter to JsonConverter")
        return self._json.read(record.topic, key)

    def _row(self, parsed: Parsed, table: str) -> Row:
        if type(parsed.content) is not dict:
            raise DecodeError("text_key", "a single value without a column name")
        if parsed.schemas is None:
            return Row(parsed.content, self._declarations.schemaless(table), self._declarations.plain)
        decoders = parsed.schemas.decoders("", table, self._declarations.declared(table))
        return Row(parsed.content, decoders, self._declarations.plain)

    def _other_key(self, value: bytes | None, topic: str, table: str) -> Mapping[str, Value] | None:
        """Read a header as the converters of headers, keys and values write it; None where it is none of them."""
        if not value:
            return None
        try:
            parsed = self._avro.read(value) if value[0] in (0, 1) else self._headers.read(topic, value)
            row = self._row(parsed, table)
            return {column: row[column] for column in row.columns()}
        except (DecodeError, MappingError):
            return None
