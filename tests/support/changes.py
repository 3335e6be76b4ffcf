"""Change records made by hand, as Debezium writes them for Postgres in JSON without schemas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from bridge.records import SourceRecord

_JSON = msgspec.json.Encoder(decimal_format="number")
EPOCH_US = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z: commits are a second apart from there."""

Columns = Mapping[str, Any]


@dataclass
class Database:
    """Writes records of tables, one commit after another."""

    name: str = "db"
    commits: int = 0
    offsets: dict[str, int] = field(default_factory=dict)
    transaction: int | None = None
    """The transaction of what comes next; without one, each change is in one of its own."""
    logged: int = 0
    """The last commit that the log told of."""
    ahead_s: int = 0
    """How much later than its log tells the database has its commits."""

    def insert(self, table: str, key: Columns, row: Columns) -> SourceRecord:
        """Return the record of a new row."""
        return self._record(table, "c", key, None, {**key, **row})

    def update(self, table: str, key: Columns, row: Columns, before: Columns | None = None) -> SourceRecord:
        """Return the record of a changed row; without `before`, as under REPLICA IDENTITY DEFAULT."""
        return self._record(table, "u", key, before, {**key, **row})

    def delete(self, table: str, key: Columns, before: Columns | None = None) -> SourceRecord:
        """Return the record of a deleted row; without `before`, only its key is there."""
        return self._record(table, "d", key, {**key, **(before or {})}, None)

    def tombstone(self, table: str, key: Columns) -> SourceRecord:
        """Return the empty record that follows a delete."""
        return self._raw(table, _JSON.encode(key), None)

    def snapshot(self, table: str, key: Columns, row: Columns) -> SourceRecord:
        """Return the record of a row that a snapshot read."""
        return self._record(table, "r", key, None, {**key, **row}, snapshot="true")

    def rename(self, table: str, old: Columns, new: Columns, row: Columns) -> list[SourceRecord]:
        """Return the three records of a row whose key changes."""
        header = ("__debezium.newkey", _JSON.encode(new))
        first = self._record(table, "d", old, {**old, **row}, None, header=header)
        header = ("__debezium.oldkey", _JSON.encode(old))
        return [
            first,
            self.tombstone(table, old),
            self._record(table, "c", new, None, {**new, **row}, header=header),
        ]

    def end(self, transaction: int, counts: Mapping[str, int]) -> SourceRecord:
        """Return the record that ends a transaction; `counts` says how many changes each table had in it."""
        collections = [{"data_collection": f"public.{name}", "event_count": n} for name, n in counts.items()]
        end = {
            "status": "END",
            "id": f"{transaction}:{self.commits * 100}",
            "event_count": sum(counts.values()),
            "data_collections": collections,
            "ts_ms": EPOCH_US // 1000,
        }
        topic = f"{self.name}.transaction"
        offset = self.offsets[topic] = self.offsets.get(topic, -1) + 1
        return SourceRecord(topic, 0, offset, None, _JSON.encode(end), (), EPOCH_US // 1000)

    def truncate(self, table: str) -> SourceRecord:
        """Return the record of a truncated table."""
        return self._record(table, "t", None, None, None)

    def _record(
        self,
        table: str,
        op: str,
        key: Columns | None,
        before: Columns | None,
        after: Columns | None,
        *,
        snapshot: str = "false",
        header: tuple[str, bytes] | None = None,
    ) -> SourceRecord:
        # All rows of a snapshot stand at one place: where the log was when it was taken.
        last = self.commits if snapshot == "false" else self.logged
        self.commits += 1
        if snapshot == "false":
            self.logged = self.commits
        at, lsn = EPOCH_US + (self.ahead_s + self.commits) * 1_000_000, self.commits * 100
        source = {
            "version": "3.0.0",
            "connector": "postgresql",
            "name": self.name,
            "ts_ms": at // 1000,
            "ts_us": at,
            "snapshot": snapshot,
            "db": "wallet",
            "schema": "public",
            "table": table,
            "txId": self.transaction or self.commits,
            "lsn": lsn,
            "sequence": f'["{last * 100}","{lsn}"]',
        }
        value = {"before": before, "after": after, "source": source, "op": op, "ts_ms": at // 1000}
        if self.transaction is not None:
            block = {"id": f"{self.transaction}:{lsn}", "total_order": 1, "data_collection_order": 1}
            value["transaction"] = block
        if op == "t":
            del value["before"], value["after"]
        return self._raw(table, _JSON.encode(key) if key else None, _JSON.encode(value), header)

    def _raw(
        self, table: str, key: bytes | None, value: bytes | None, header: tuple[str, bytes] | None = None
    ) -> SourceRecord:
        topic = f"{self.name}.public.{table}"
        offset = self.offsets[topic] = self.offsets.get(topic, -1) + 1
        headers = (header,) if header is not None else ()
        return SourceRecord(topic, 0, offset, key, value, headers, (EPOCH_US + self.commits * 1_000_000) // 1000)
