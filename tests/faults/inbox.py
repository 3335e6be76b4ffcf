"""An exchange with one queue that outlives the broker's restarts, and the ways to make both refuse."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPConnectionError

import stack
from stack.endpoints import Addresses
from stack.services import BRIDGE_USER, RABBITMQ_PERMISSIONS
from tests.support.eventually import eventually
from tests.support.garbage import collect_garbage
from tests.support.ledger_check import Message


class Inbox:
    """Connects anew for each call, so that no fault of the broker is a fault of the test."""

    def __init__(self, addresses: Addresses, queue_type: str = "classic") -> None:
        self.name = f"fasttrack.faults-{uuid.uuid4().hex[:8]}"
        self.taken: list[Message] = []
        self._addresses = addresses
        self._type = queue_type
        self._policy = f"policies/%2F/{self.name}"

    def __enter__(self) -> Self:
        self.declare_exchange()
        with self._channel() as channel:
            # Declared here, not by policy: a policy that brings overflow and limit together drops messages first.
            arguments = {"x-queue-type": self._type, "x-overflow": "reject-publish"}
            channel.queue_declare(self.name, durable=True, arguments=arguments)
        self.bind()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(stack.StackError):
            self._api("DELETE", self._policy)
            self._api("DELETE", f"users/{self.name}")
        with self._channel() as channel:
            channel.queue_delete(self.name)
            channel.exchange_delete(self.name)

    def make_user(self, password: str) -> None:
        """Make a user of this name with the rights of the bridge, or change its password."""
        rights = RABBITMQ_PERMISSIONS[BRIDGE_USER]
        stack.rabbitmq_api().make_user(self.name, password, rights)

    def declare_exchange(self) -> None:
        """Make the exchange, which nothing is bound to then."""
        with self._channel() as channel:
            channel.exchange_declare(self.name, "topic", durable=True)

    def delete_exchange(self) -> None:
        """Delete the exchange under the bridge."""
        with self._channel() as channel:
            channel.exchange_delete(self.name)

    def bind(self) -> None:
        """Bind the queue to the exchange."""
        with self._channel() as channel:
            channel.queue_bind(self.name, self.name, "#")

    def unbind(self) -> None:
        """Leave the exchange without a queue: messages become unroutable."""
        with self._channel() as channel:
            channel.queue_unbind(self.name, self.name, "#")

    def limit(self, messages: int) -> None:
        """Let the queue refuse (nack) what comes when it holds so many."""
        policy = {"pattern": f"^{self.name}$", "definition": {"max-length": messages}, "apply-to": "queues"}
        self._api("PUT", self._policy, policy)

    def unlimit(self) -> None:
        """Let the queue take everything again.

        A quorum queue that was full goes on refusing until something is taken out of it, and hears of
        its new limit a moment later than it is set: so take bit by bit, until it takes in again.
        """
        self.limit(10**9)
        before = self.depth()

        def takes_in() -> bool:
            self._take_one()
            return self.depth() > before

        eventually(takes_in, within_seconds=20, message="the queue still refuses")

    def depth(self) -> int:
        """Return how many messages have arrived so far."""
        with self._channel() as channel:
            waiting = int(channel.queue_declare(self.name, passive=True).method.message_count)
        return len(self.taken) + waiting

    def take(self) -> list[Message]:
        """Take out what is in the queue now; return all that ever arrived, oldest first."""
        with self._channel() as channel:
            while waiting := int(channel.queue_declare(self.name, passive=True).method.message_count):
                self._take_some(channel, min(waiting, 5000))
        return self.taken

    def _take_some(self, channel: BlockingChannel, count: int) -> None:
        """Take so many and fetch none beyond: what is put back may change its place.

        With automatic acknowledgement, pika would drop what still comes while it cancels.
        """
        channel.basic_qos(prefetch_count=count)
        last, wanted, end = [0], len(self.taken) + count, time.monotonic() + 30

        def note(_channel: Any, method: Any, properties: Any, body: bytes) -> None:
            self.taken.append(Message(properties.message_id, body))
            last[0] = method.delivery_tag

        tag = channel.basic_consume(self.name, note)
        while len(self.taken) < wanted:
            assert time.monotonic() < end, "messages lie in the queue and are not given out"
            channel.connection.process_data_events(1)
        channel.basic_cancel(tag)
        channel.basic_ack(last[0], multiple=True)

    def _take_one(self) -> None:
        with self._channel() as channel:
            method, properties, body = channel.basic_get(self.name, auto_ack=True)
            if method is not None:
                self.taken.append(Message(properties.message_id, body))

    def sip(self, seconds: float) -> None:
        """Take one message after the other for so long, and no faster than that."""
        end = time.monotonic() + seconds
        with self._channel() as channel:
            while time.monotonic() < end:
                method, properties, body = channel.basic_get(self.name, auto_ack=True)
                if method is not None:
                    self.taken.append(Message(properties.message_id, body))

    def close_connections(self) -> None:
        """Close the bridge's connections as an operator does in the management pages."""
        for name in eventually(
            self._connections, within_seconds=15, message="no connection of the bridge is shown"
        ):
            with suppress(stack.StackError):
                self._api("DELETE", f"connections/{quote(name, safe='')}")

    def _connections(self) -> list[str]:
        return [
            each["name"]
            for each in self._api("GET", "connections")
            if each.get("client_properties", {}).get("connection_name") == self.name
        ]

    def _api(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return stack.rabbitmq_api().call(method, path, body)

    @contextmanager
    def _channel(self) -> Iterator[BlockingChannel]:
        channel = eventually(self._open, within_seconds=30, message="no node gave a channel")
        assert channel is not None
        try:
            yield channel
        finally:
            if channel.connection.is_open:
                channel.connection.close()

    def _open(self) -> BlockingChannel | None:
        # Of a cluster, the first node that answers; one that was frozen ends its connections once more.
        nodes = self._addresses.rabbitmq_admin_url.split(",")
        connection = pika.BlockingConnection([pika.URLParameters(node) for node in nodes])
        try:
            return connection.channel()
        except AMQPConnectionError:
            # What it leaves open would be found in a later test.
            del connection
            collect_garbage()
            return None
