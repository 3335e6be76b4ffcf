"""An exchange with one queue on the real RabbitMQ, and the ways to make it refuse."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import pika

import stack
from bridge.delivery.sender import RabbitMQOutbound
from bridge.delivery.settings import RabbitMQSettings
from tests.support.eventually import eventually


class Topology:
    """Made and deleted with the admin's rights; the sinks it gives publish as the bridge's own user."""

    def __init__(self, addresses: stack.Addresses, queue_type: str) -> None:
        self.addresses = addresses
        self.name = f"fasttrack.test-{uuid.uuid4().hex[:10]}"
        self.queue_type = queue_type
        self._sinks: list[RabbitMQOutbound] = []
        self._taken: list[tuple[Any, bytes]] = []
        self._policy = f"policies/%2F/{self.name}"

    def __enter__(self) -> Self:
        parameters = pika.URLParameters(self.addresses.rabbitmq_admin_url)
        parameters.heartbeat = 0
        self._connection = pika.BlockingConnection(parameters)
        self._channel = self._connection.channel()
        self.declare_exchange()
        # The overflow is set here, not by policy: a policy that brings both drops what is over its limit first.
        arguments = {"x-queue-type": self.queue_type, "x-overflow": "reject-publish"}
        self._channel.queue_declare(self.name, durable=True, arguments=arguments)
        self.accept()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for sink in self._sinks:
            sink.close(0)
        with suppress(stack.StackError):
            self._api("DELETE", self._policy)
        self._channel.queue_delete(self.name)
        self._channel.exchange_delete(self.name)
        self._connection.close()

    def settings(self, *, port: int | None = None, **more: Any) -> RabbitMQSettings:
        """Return settings for this exchange; `port` goes through a proxy on it."""
        url = self.addresses.rabbitmq_bridge_url
        if port is not None:
            url = url.replace(f":{self.addresses.rabbitmq_port}/", f":{port}/")
        return RabbitMQSettings.model_validate(
            {"url": url, "exchange": self.name, "routing_key": "casino", "headers": {"brand": "test"}, **more}
        )

    def start(
        self,
        settings: RabbitMQSettings,
        on_change: Callable[[], None] | None = None,
        url: Callable[[], str] | None = None,
    ) -> RabbitMQOutbound:
        """Start a sink, which is closed with the topology."""
        sink = RabbitMQOutbound(settings, on_change, url=url)
        self._sinks.append(sink)
        sink.start()
        return sink

    def outbound(self, *, window: int = 1000, on_change: Callable[[], None] | None = None) -> RabbitMQOutbound:
        """Return a sink that is connected."""
        sink = self.start(self.settings(window=window), on_change)
        eventually(lambda: sink.status().connected)
        return sink

    def declare_exchange(self) -> None:
        self._channel.exchange_declare(self.name, "topic", durable=True)

    def delete_exchange(self) -> None:
        self._channel.exchange_delete(self.name)

    def refuse(self) -> None:
        """Let the queue be full: it nacks all but a few."""
        self._limit(1)

    def unbind(self) -> None:
        self._channel.queue_unbind(self.name, self.name, "#")

    def accept(self) -> None:
        self._channel.queue_bind(self.name, self.name, "#")
        self._limit(10**9)
        # A quorum queue that was full goes on refusing until something is taken out of it.
        self._taken += self.take()

    def _limit(self, messages: int) -> None:
        policy = {"pattern": f"^{self.name}$", "definition": {"max-length": messages}, "apply-to": "queues"}
        self._api("PUT", self._policy, policy)

    def arrived(self) -> list[tuple[str, bytes]]:
        """Take everything out of the queue."""
        return [(properties.message_id, body) for properties, body in self.messages()]

    def messages(self) -> list[tuple[Any, bytes]]:
        """Everything that ever arrived, with all properties; the queue is empty then."""
        self._taken += self.take()
        return self._taken

    def take(self) -> list[tuple[Any, bytes]]:
        """Take out what is in the queue now, with all properties."""
        found: list[tuple[Any, bytes]] = []
        while True:
            method, properties, body = self._channel.basic_get(self.name, auto_ack=True)
            if method is None:
                return found
            found.append((properties, body))

    def message_count(self) -> int:
        """Return how many messages wait in the queue."""
        return int(self._channel.queue_declare(self.name, passive=True).method.message_count)

    def close_connections(self) -> None:
        """Close the bridge's connections as an operator does in the management pages."""
        for each in eventually(self._connections, message="the management API shows no connection"):
            with suppress(stack.StackError):
                self._api("DELETE", f"connections/{each}")

    def _connections(self) -> list[str]:
        shown = self._api("GET", "connections")
        return [
            each["name"].replace(" ", "%20").replace(">", "%3E")
            for each in shown
            if each.get("client_properties", {}).get("connection_name") == self.name
        ]

    def _api(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return stack.rabbitmq_api().call(method, path, body)
