"""A Debezium connector that is pointed from one server to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, Self

import stack
from tests.golden.binlog.servers import Kind, Server
from tests.golden.binlog.switches.wallet import DATABASE, TABLES, marked
from tests.golden.recording import converters, delete_topics, read_all, read_until


class Feed:
    """What Debezium reads of the wallet, always under one name."""

    def __init__(self, connect: stack.Connect, kind: Kind, name: str, server_id: int) -> None:
        self._connect = connect
        self._kind = kind
        self._name = name
        self._server_id = server_id
        self._marks = count(1)
        self._topics = [f"{name}.{DATABASE}.{table}" for table in TABLES]
        self._marked = f"{name}.{DATABASE}.marks"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connect.delete(self._name)
        delete_topics([*self._topics, self._marked, self._name, f"{self._name}.history"])

    def start(self, server: Server) -> None:
        """Let Debezium begin with a server, and return when its snapshot is there."""
        self._connect.register(self._name, self._config(server))
        read_until(self._topics, bool)

    def write(self, server: Server, statements: Sequence[str]) -> None:
        """Write to a server, and return when Debezium has told of it."""
        number = next(self._marks)
        server.run([*statements, marked(number)], DATABASE)
        read_until(
            [self._marked], lambda found: any(f'"after":{{"id":{number}}}' in one["value"] for one in found)
        )

    def stop(self) -> dict[str, Any]:
        """Stop Debezium, and return where it would go on."""
        self._connect.stop(self._name)
        return self._connect.offsets(self._name)

    def go_on(self, server: Server | None = None, offsets: Mapping[str, Any] | None = None) -> None:
        """Let Debezium go on; with another server, and from where it was earlier."""
        if server is not None:
            self._connect.change(self._name, self._config(server))
        if offsets is not None:
            self._connect.go_on_from(self._name, offsets)
        self._connect.resume(self._name)

    def begin_anew(self, server: Server | None = None) -> None:
        """Let Debezium go on where its log is gone, and return when it has made another snapshot."""
        topics = [*self._topics, self._marked]
        self.go_on(server)
        read_until(topics, lambda found: sum('"snapshot":"last"' in one["value"] for one in found) > 1)

    def records(self) -> list[dict[str, Any]]:
        """Return what was read of bets and wins."""
        self.stop()
        return read_all(self._topics)

    def _config(self, server: Server) -> dict[str, str]:
        return {
            **self._kind.config(server, self._server_id),
            "database.include.list": DATABASE,
            "topic.prefix": self._name,
            "schema.history.internal.kafka.bootstrap.servers": stack.addresses().kafka_bootstrap,
            "schema.history.internal.kafka.topic": f"{self._name}.history",
            "snapshot.mode": "when_needed",
            "decimal.handling.mode": "string",
            "time.precision.mode": "microseconds",
            **converters("schemaless", ""),
        }
