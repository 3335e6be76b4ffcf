"""One Debezium connector of the demo: registered, watched until it streams, taken away."""

from __future__ import annotations

import json
import string
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from bridge.demo.servers import HINT
from bridge.errors import SourceUnavailable

ANSWER_SECONDS = 30.0
POLL_SECONDS = 0.1
READY_SECONDS = 90.0
AWAY_SECONDS = 30.0
_STREAMS = (
    "SELECT 1 FROM pg_replication_slots JOIN pg_stat_replication ON pid = active_pid "
    "WHERE slot_name = %s AND state = 'streaming'"
)
_DROP = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s AND NOT active"
_IS_THERE = "SELECT 1 FROM pg_replication_slots WHERE slot_name = %s"


def wait_until(done: Callable[[], object], seconds: float, message: str) -> None:
    """Return when `done()` holds.  Raises SourceUnavailable with `message` after `seconds`."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise SourceUnavailable(message)
        time.sleep(POLL_SECONDS)


class DebeziumConnector:
    """By name, on one worker.  Every method raises SourceUnavailable when the worker refuses or is away."""

    def __init__(self, worker: str, name: str, slot: str) -> None:
        """Name it; nothing is called yet."""
        self._worker = worker
        self._name = name
        self._slot = slot

    def register(self, template: Path, values: dict[str, str]) -> None:
        """Put the configuration of a file in force, with `${...}` filled in from `values`."""
        config = {
            key: string.Template(text).substitute(values)
            for key, text in json.loads(template.read_text(encoding="utf-8"))["config"].items()
        }
        config |= {"topic.prefix": self._name, "slot.name": self._slot}
        wait_until(lambda: self._accepted("PUT", "/config", config), READY_SECONDS, "Kafka Connect stays busy")

    def wait(self, database: psycopg.Connection[Any]) -> None:
        """Return when the snapshot is over: what is written from now on is read from the log."""

        def streams() -> bool:
            self._raise_if_failed()
            return database.execute(_STREAMS, [self._slot]).fetchone() is not None

        wait_until(streams, READY_SECONDS, f"Debezium has not finished the snapshot of {self._name}")

    def remove(self, database: psycopg.Connection[Any]) -> None:
        """Take away the connector, its offsets and its replication slot."""
        if self._status() is not None:
            self._call("PUT", "/stop", None)
            wait_until(self._has_stopped, AWAY_SECONDS, f"{self._name} does not stop")
            wait_until(
                lambda: self._accepted("DELETE", "/offsets", None), AWAY_SECONDS, "Kafka Connect stays busy"
            )
            self._call("DELETE", "", None)

        def is_gone() -> bool:
            database.execute(_DROP, [self._slot])
            return database.execute(_IS_THERE, [self._slot]).fetchone() is None

        wait_until(is_gone, AWAY_SECONDS, f"the replication slot {self._slot} stays in use")

    def _status(self) -> Any:
        code, answer = self._call("GET", "/status", None)
        return None if code == 404 else answer

    def _has_stopped(self) -> bool:
        status = self._status()
        return status is None or (status["connector"]["state"] == "STOPPED" and not status["tasks"])

    def _raise_if_failed(self) -> None:
        status = self._status() or {"connector": {"state": "UNASSIGNED"}, "tasks": []}
        for part in (status["connector"], *status["tasks"]):
            if part["state"] == "FAILED":
                cause = part.get("trace", "").partition("\n")[0]
                raise SourceUnavailable(f"the Debezium connector {self._name} has failed: {cause}")

    def _accepted(self, method: str, path: str, body: object) -> bool:
        """Return False while the worker is busy with another change, which it says with a conflict."""
        code, answer = self._call(method, path, body)
        if code >= 400 and code != 409:
            raise SourceUnavailable(f"Kafka Connect refused {self._name}: {code} {answer.get('message', '')}")
        return code < 400

    def _call(self, method: str, path: str, body: object) -> tuple[int, Any]:
        url = f"{self._worker}/connectors/{self._name}{path}"
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - the worker's own address
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"{}")
        except OSError as error:
            raise SourceUnavailable(f"Kafka Connect does not answer at {self._worker} ({error}): {HINT}") from None
