"""RabbitMQ's management API, as far as a set-up needs it: users, rights, exchanges, queues, bindings."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from stack import services
from stack.errors import StackError

TIMEOUT_SECONDS = 10.0
NOT_FOUND = 404
VHOST = quote("/", safe="")


class Management:
    """One broker's API.  Every call may take up to ten seconds and raises `StackError` when it is refused."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = url
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """`path` begins after "/api/" and is already quoted.  The answer's JSON, or None without a body.

        To delete what is not there is no error.
        """
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - the address of our own broker
            f"{self._url}/api/{path}", data, self._headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
                text = response.read()
        except urllib.error.HTTPError as error:
            with error:
                words = error.read().decode(errors="replace")
            if method == "DELETE" and error.code == NOT_FOUND:
                return None
            raise StackError(f"RabbitMQ refused {method} {path}: {error.code} {words}") from None
        except OSError as error:
            raise StackError(f"RabbitMQ's management API does not answer at {self._url}: {error}") from None
        return json.loads(text) if text else None

    def make_user(self, user: str, password: str, permission: services.Permission, tags: str = "") -> None:
        """Make the user or bring it to this password and these rights in the vhost "/"."""
        self.call("PUT", f"users/{quote(user, safe='')}", {"password": password, "tags": tags})
        rights = {"configure": permission.configure, "write": permission.write, "read": permission.read}
        self.call("PUT", f"permissions/{VHOST}/{quote(user, safe='')}", rights)

    def declare(self, exchange: str, queue: str, routing_key: str) -> None:
        """A durable topic exchange, a durable classic queue, and the binding between them."""
        where = quote(exchange, safe="")
        self.call("PUT", f"exchanges/{VHOST}/{where}", {"type": "topic", "durable": True})
        self.call("PUT", f"queues/{VHOST}/{quote(queue, safe='')}", {"durable": True})
        path = f"bindings/{VHOST}/e/{where}/q/{quote(queue, safe='')}"
        self.call("POST", path, {"routing_key": routing_key})
