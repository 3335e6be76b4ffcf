"""Kafka Connect's REST API: register a Debezium connector, wait until it runs, take it away again."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from stack.errors import StackError

TIMEOUT_SECONDS = 30.0
POLL_SECONDS = 0.1
NOT_FOUND, CONFLICT = 404, 409


class ConnectorFailed(StackError):
    """The connector or a task of it has failed; the message carries the worker's trace."""


class Connect:
    """One worker's API.  Every method raises `StackError` when the worker refuses or its deadline passes."""

    def __init__(self, url: str) -> None:
        self._url = url

    def register(self, name: str, config: Mapping[str, str], deadline_seconds: float = 60.0) -> None:
        """Create or change the connector, and return when it and all its tasks run.

        Raises `ConnectorFailed` with the trace as soon as one has failed.
        """
        end = time.monotonic() + deadline_seconds
        self._call("PUT", f"{_path(name)}/config", dict(config), end)
        _wait(lambda: self._runs(name), end, f"{name} to run")

    def status(self, name: str) -> dict[str, Any] | None:
        """Connector and tasks with their states; None when there is no such connector."""
        code, answer = self._send("GET", f"{_path(name)}/status", None)
        return None if code == NOT_FOUND else dict(answer)

    def delete(self, name: str, deadline_seconds: float = 60.0) -> None:
        """Take the connector away with its offsets, so that one of the same name begins anew.

        Nothing happens when there is none.  The replication slot is the database's and stays.
        """
        end = time.monotonic() + deadline_seconds
        if self.status(name) is None:
            return
        self.stop(name, deadline_seconds)
        self._call("DELETE", f"{_path(name)}/offsets", None, end)
        self._call("DELETE", _path(name), None, end)
        _wait(lambda: self.status(name) is None, end, f"{name} to go")

    def stop(self, name: str, deadline_seconds: float = 60.0) -> None:
        """Stop the connector, and return when it has no task any more and its offsets are kept."""
        end = time.monotonic() + deadline_seconds
        self._call("PUT", f"{_path(name)}/stop", None, end)
        _wait(lambda: self._has_stopped(name), end, f"{name} to stop")

    def resume(self, name: str, deadline_seconds: float = 60.0) -> None:
        """Let a stopped connector go on, and return when it and all its tasks run.  Raises as `register`."""
        end = time.monotonic() + deadline_seconds
        self._call("PUT", f"{_path(name)}/resume", None, end)
        _wait(lambda: self._runs(name), end, f"{name} to run")

    def change(self, name: str, config: Mapping[str, str], deadline_seconds: float = 60.0) -> None:
        """Change the settings of a stopped connector, which stays so."""
        self._call("PUT", f"{_path(name)}/config", dict(config), time.monotonic() + deadline_seconds)

    def offsets(self, name: str, deadline_seconds: float = 60.0) -> dict[str, Any]:
        """Return where the connector would go on."""
        found = self._call("GET", f"{_path(name)}/offsets", None, time.monotonic() + deadline_seconds)
        return dict(found)

    def go_on_from(self, name: str, offsets: Mapping[str, Any], deadline_seconds: float = 60.0) -> None:
        """Let a stopped connector go on from earlier offsets, as after a crash before newer ones were kept."""
        self._call("PATCH", f"{_path(name)}/offsets", dict(offsets), time.monotonic() + deadline_seconds)

    def restart(self, name: str, deadline_seconds: float = 60.0) -> None:
        """Restart the connector and its tasks, and return when they run."""
        end = time.monotonic() + deadline_seconds
        self._call("POST", f"{_path(name)}/restart?includeTasks=true", None, end)
        _wait(lambda: self._runs(name), end, f"{name} to run")

    def _runs(self, name: str) -> bool:
        status = self.status(name)
        if status is None:
            return False
        parts = [status["connector"], *status["tasks"]]
        for part in parts:
            if part["state"] == "FAILED":
                raise ConnectorFailed(f"{name} has failed:\n{part.get('trace', 'the worker gives no trace')}")
        return len(parts) > 1 and all(part["state"] == "RUNNING" for part in parts)

    def _has_stopped(self, name: str) -> bool:
        status = self.status(name)
        return status is None or (status["connector"]["state"] == "STOPPED" and not status["tasks"])

    def _call(self, method: str, path: str, body: object, end: float) -> Any:
        """Try again while the worker rebalances, which it says with a conflict."""
        while True:
            code, answer = self._send(method, path, body)
            if code < 400:
                return answer
            if code != CONFLICT or time.monotonic() > end:
                words = answer.get("message", answer) if isinstance(answer, dict) else answer
                raise StackError(f"Kafka Connect refused {method} {path}: {code} {words}")
            time.sleep(POLL_SECONDS)

    def _send(self, method: str, path: str, body: object) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - the address of our own worker
            self._url + path, data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
                return response.status, _read(response.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _read(error.read())
        except OSError as error:
            raise StackError(f"Kafka Connect does not answer at {self._url}: {error}") from None


def _path(name: str) -> str:
    return f"/connectors/{quote(name, safe='')}"


def _read(text: bytes) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text.decode(errors="replace")


def _wait(done: Callable[[], bool], end: float, what: str) -> None:
    while not done():
        if time.monotonic() > end:
            raise StackError(f"Kafka Connect: waited too long for {what}")
        time.sleep(POLL_SECONDS)
