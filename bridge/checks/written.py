"""What a JSON record has beside its decoded rows, for those who look at Debezium's settings through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from bridge.records import SourceRecord

_ANYTHING = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class Written:
    """What one record has; nothing, where it is not JSON."""

    source: Mapping[str, Any] = field(default_factory=dict)
    columns: Sequence[Mapping[str, Any]] = ()
    """The schemas of the row's columns."""
    row: Mapping[str, Any] = field(default_factory=dict)
    """The row, where no schema tells of its columns."""

    @property
    def replaces_nulls(self) -> bool:
        """Whether defaults are written for nulls, as for that of `snapshot` in records of the log."""
        return self.source.get("snapshot") in ("false", False)


def written_of(record: SourceRecord) -> Written:
    """Return what a record has; never raises."""
    try:
        value = _ANYTHING.decode(record.value or b"null")
    except (msgspec.DecodeError, RecursionError, ArithmeticError):
        return Written()
    if not isinstance(value, dict):
        return Written()
    payload, schema = value.get("payload", value), value.get("schema")
    if not isinstance(payload, dict):
        return Written()
    flattened = {"snapshot": payload["__source_snapshot"]} if "__source_snapshot" in payload else {}
    source = payload.get("source", flattened)
    row = payload.get("after") if "after" in payload else payload
    return Written(
        source if isinstance(source, dict) else {},
        _columns(schema) if isinstance(schema, dict) else (),
        row if isinstance(row, dict) and not isinstance(schema, dict) else {},
    )


def _columns(schema: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    after = next((part for part in schema.get("fields") or () if part.get("field") == "after"), schema)
    return after.get("fields") or ()
