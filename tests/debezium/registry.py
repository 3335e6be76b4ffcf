"""A schema registry on a port of its own: real HTTP, with the answers of Confluent's interface."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from bridge.decoders import RegistrySettings


class FakeRegistry:
    """What the server answers; `asked` counts the requests for each id."""

    def __init__(self, schemas: Mapping[int, str | Mapping[str, Any]]) -> None:
        self.schemas = dict(schemas)
        self.subjects: dict[tuple[str, int], str | Mapping[str, Any]] = {}
        """Schemas that others refer to, by subject and version; `asked_for` has what was asked for of them."""
        self.asked_for: list[tuple[str, int]] = []
        self.away: set[str] = set()
        """Subjects for which the registry is in trouble."""
        self.asked: list[int] = []
        self.status = 200
        self.knows_types_by_id = True
        self.authorization: str | None = None
        self.port = 0

    def settings(self, **more: Any) -> RegistrySettings:
        """Return the settings that lead to this registry."""
        return RegistrySettings(url=f"http://127.0.0.1:{self.port}", timeout_seconds=5, **more)

    def answer(self, path: str) -> tuple[int, bytes]:
        """Return status and body."""
        if self.status != 200:
            return self.status, b"{}"
        if path.startswith("/subjects/"):
            return self._by_subject(path)
        schema_id = int(path.split("/")[3])
        if path.endswith("/versions"):
            return 200, b'[{"subject":"s/%d","version":1}]' % schema_id
        self.asked.append(schema_id)
        if schema_id not in self.schemas:
            return 404, b'{"error_code":40403,"message":"Schema not found"}'
        if not self.knows_types_by_id:
            return 400, b'{"message":"Failed to discover artifact type from content.","error_code":0}'
        schema = self.schemas[schema_id]
        return 200, json.dumps({"schema": schema} if isinstance(schema, str) else schema).encode()

    def _by_subject(self, path: str) -> tuple[int, bytes]:
        _, _, subject, _, version = urlsplit(path).path.split("/")
        if not subject.startswith("s%2F"):
            return self._referenced(unquote(subject), int(version))
        schema_id = int(subject.removeprefix("s%2F"))
        return 200, json.dumps({"id": schema_id, "schema": self.schemas[schema_id], "schemaType": "AVRO"}).encode()

    def _referenced(self, subject: str, version: int) -> tuple[int, bytes]:
        self.asked_for.append((subject, version))
        if subject in self.away:
            return 503, b"{}"
        if not any(subject == known for known, _ in self.subjects):
            return 404, b'{"error_code":40401,"message":"Subject not found."}'
        if (subject, version) not in self.subjects:
            return 404, b'{"error_code":40402,"message":"Version not found."}'
        schema = self.subjects[subject, version]
        answer = {"schema": schema} if isinstance(schema, str) else schema
        return 200, json.dumps({"subject": subject, "version": version, "id": 1, **answer}).encode()


@contextmanager
def registry_of(schemas: Mapping[int, str | Mapping[str, Any]]) -> Iterator[FakeRegistry]:
    """Serve schemas by id: the text of an Avro schema, or the whole answer."""
    registry = FakeRegistry(schemas)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            registry.authorization = self.headers["Authorization"]
            status, body = registry.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name of the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    registry.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
