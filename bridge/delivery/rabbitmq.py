"""What drives pika: a connection with one channel in confirm mode, used once and thrown away.

Parts of pika 1.4.4 that are not public are used, each in one place, each with a public way
behind it: writing frames that are already encoded (else `basic_publish`), dropping a connection at
once (else `close`), and whether a peer that is no broker has said anything (else a vaguer sentence).
"""

from __future__ import annotations

import errno
import logging
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import pika
from pika import exceptions, frame, spec
from pika.adapters.select_connection import IOLoop
from pika.adapters.utils.nbio_interface import AbstractIOReference
from pika.adapters.utils.selector_ioloop_adapter import SelectorIOServicesAdapter

from bridge.delivery.explaining import explain, explain_channel
from bridge.delivery.frames import APP_ID, CONTENT_TYPE, MESSAGE_TYPE, PERSISTENT, PublishFrames
from bridge.delivery.settings import BrokerAddress, RabbitMQSettings
from bridge.flow import Delivery

# Every trouble is told in one sentence by the link.  pika's own log would add tracebacks, and
# frames that hold values of rows.
logging.getLogger("pika").setLevel(logging.CRITICAL)

_GOODBYE_SECONDS: Final = 3.0
_NO_EXCHANGE: Final = "wallet-bridge.no-such-exchange"


class Confirm(NamedTuple):
    """The broker answered one delivery tag, or with `multiple` every one up to it."""

    tag: int
    multiple: bool
    accepted: bool


class Return(NamedTuple):
    """No queue took this message; its confirm follows."""

    message_id: str


def new_loop() -> IOLoop:
    """Return an I/O loop for `Link`; `start` runs it in the calling thread."""
    return IOLoop()


class _Services(SelectorIOServicesAdapter):  # type: ignore[misc]  # pika has no types
    """pika's own, but for a peer that takes a connection and resets it at once.

    A load balancer before a dead broker does that.  pika 1.4.4 raises ValueError out of the loop then,
    which would end the thread; here it is an attempt that failed, as any other.
    """

    def create_streaming_connection(
        self, protocol_factory: Any, sock: socket.socket, on_done: Callable[[Any], None], **tls: Any
    ) -> AbstractIOReference:
        try:
            return super().create_streaming_connection(protocol_factory, sock, on_done, **tls)
        except ValueError as error:
            sock.close()
            failure = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
            failure.__cause__ = error
            # pika expects the answer after this call, and cancels a timer as it does anything else.
            return self.call_later(0, lambda: on_done(failure))


class _Connection(pika.SelectConnection):  # type: ignore[misc]  # pika has no types
    """pika's own, but for a close before the broker has greeted.

    pika 1.4.4 reports that with the class of the exception in the place of the exception, and fails on
    its own assertion, which would end the thread; here it is an attempt that was given up.
    """

    def _on_connection_workflow_done(self, conn_or_exc: Any) -> None:
        raised = isinstance(conn_or_exc, type) and issubclass(conn_or_exc, Exception)
        super()._on_connection_workflow_done(conn_or_exc() if raised else conn_or_exc)


class Link:
    """One connection to one node.  All of it belongs to the thread that runs the loop.

    It only notes what happens (`up`, `blocked`, `answers`, `trouble`) and calls `wake`; what it
    means is decided by whoever is woken.
    """

    def __init__(
        self, loop: IOLoop, address: BrokerAddress, settings: RabbitMQSettings, wake: Callable[[], None]
    ) -> None:
        """Begin to connect.  Raises OSError or ssl.SSLError when a certificate file cannot be read."""
        self.address = address
        self.up = False
        """Whether messages can be published: the exchange is there, confirms are on."""
        self.blocked: str | None = None
        """Why the broker reads nothing at present; None when it does."""
        self.answers: list[Confirm | Return] = []
        """What the broker said since the last look, in its order."""
        self.trouble: str | None = None
        """Set once, when the connection is gone: what happened and what to do, in a sentence."""
        self.may_write = False
        """Set when `ask_to_write` found that the user may publish to the exchange."""
        self._asking = False
        self._loop = loop
        self._settings = settings
        self._wake = wake
        self._cause: str | None = None
        self._goodbye: Any = None
        self._frames: PublishFrames | None = None
        self._channel: Any = None
        self._connection = _Connection(
            _parameters(address, settings),
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_down,
            on_close_callback=self._on_down,
            custom_ioloop=_Services(loop),
        )
        self._connection.add_on_connection_blocked_callback(self._on_blocked)
        self._connection.add_on_connection_unblocked_callback(self._on_unblocked)

    def publish(self, deliveries: Sequence[Delivery]) -> None:
        """Hand the messages to the socket, in order.  Raises ValueError as `PublishFrames.encode` does."""
        if self._frames is not None:
            self._connection._output_marshaled_frames([self._frames.encode(deliveries)])  # noqa: SLF001
            return
        for delivery in deliveries:
            self._channel.basic_publish(
                exchange=self._settings.exchange,
                routing_key=self._settings.routing_key,
                body=delivery.body,
                properties=_properties(delivery.message_id, self._settings),
                mandatory=True,
            )

    def ask_to_write(self) -> None:
        """Find out whether the user may publish, without an event: `may_write` is set, or `trouble`.

        RabbitMQ checks the right to write to an exchange also when a binding to it is taken away,
        before it looks for the binding; this one never existed, so nothing changes.
        """
        self._asking = True
        self._channel.exchange_unbind(
            destination=self._settings.exchange,
            source=_NO_EXCHANGE,
            routing_key="",
            callback=lambda _frame: self._on_may_write(),
        )

    def close(self) -> None:
        """Say goodbye to the broker; `trouble` is set when it is done, after a few seconds at most."""
        if self.trouble is None and not (self._connection.is_closing or self._connection.is_closed):
            self.up = False
            self._goodbye = self._loop.call_later(_GOODBYE_SECONDS, self._drop)
            self._connection.close()

    def drop(self, cause: str) -> None:
        """Cut the connection without a goodbye, so that nothing late can be taken for an answer."""
        self.up = False
        self._cause = self._cause or cause
        self._drop()

    def _drop(self) -> None:
        terminate = getattr(self._connection, "_terminate_stream", None)
        if terminate is not None and self._connection.is_open:
            terminate(exceptions.StreamLostError(self._cause))
        elif not (self._connection.is_closing or self._connection.is_closed):
            self._connection.close()
        elif terminate is not None and not self._connection.is_closed:
            terminate(exceptions.StreamLostError(self._cause))

    def _on_open(self, _connection: Any) -> None:
        self._connection.channel(on_open_callback=self._on_channel_open)

    def _on_channel_open(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._on_channel_closed)
        channel.add_on_return_callback(self._on_return)
        channel.exchange_declare(self._settings.exchange, passive=True, callback=self._on_exchange_found)

    def _on_exchange_found(self, _frame: Any) -> None:
        self._channel.confirm_delivery(self._on_confirm, callback=self._on_ready)

    def _on_ready(self, _frame: Any) -> None:
        self._frames = self._checked_frames()
        self.up = True
        self._wake()

    def _on_confirm(self, method_frame: Any) -> None:
        method = method_frame.method
        self.answers.append(Confirm(method.delivery_tag, method.multiple, method.INDEX == spec.Basic.Ack.INDEX))
        self._wake()

    def _on_return(self, _channel: Any, _method: Any, properties: Any, _body: bytes) -> None:
        self.answers.append(Return(properties.message_id))

    def _on_blocked(self, _connection: Any, method_frame: Any) -> None:
        self.blocked = str(method_frame.method.reason)
        self._wake()

    def _on_unblocked(self, _connection: Any, _method_frame: Any) -> None:
        self.blocked = None
        self._wake()

    def _on_channel_closed(self, _channel: Any, error: Exception) -> None:
        self.up = False
        if not isinstance(error, exceptions.ChannelClosedByBroker):
            return
        # Refused for the other exchange means that the right to write to ours was there.
        if self._asking and f"exchange '{_NO_EXCHANGE}'" in error.reply_text:
            self._on_may_write()
        else:
            self._cause = explain_channel(error, self.address, self._settings)
            self.close()

    def _on_may_write(self) -> None:
        self.may_write = True
        self._wake()

    def _on_down(self, _connection: Any, error: BaseException) -> None:
        self.up = False
        if self._goodbye is not None:
            self._loop.remove_timeout(self._goodbye)
        self.trouble = self._cause or explain(error, self.address, heard=self._heard())
        self._wake()

    def _heard(self) -> bool:
        """Return whether the peer has sent anything; what is no whole frame is not counted by pika."""
        return bool(self._connection.bytes_received or getattr(self._connection, "_frame_buffer", b""))

    def _checked_frames(self) -> PublishFrames | None:
        """Return our own encoder if it writes, byte for byte, what pika writes; None when not."""
        settings, number = self._settings, self._channel.channel_number
        frame_max = self._connection.params.frame_max
        frames = PublishFrames(
            exchange=settings.exchange,
            routing_key=settings.routing_key,
            headers=settings.headers,
            channel=number,
            frame_max=frame_max,
        )
        sample = Delivery(seq=0, message_id="sample-é", player="", body=b"x" * (frame_max + 1))
        by_pika = _marshal_with_pika(sample, settings, channel=number, frame_max=frame_max)
        writable = callable(getattr(self._connection, "_output_marshaled_frames", None))
        return frames if writable and frames.encode([sample]) == by_pika else None


def _parameters(address: BrokerAddress, settings: RabbitMQSettings) -> Any:
    return pika.ConnectionParameters(
        host=address.host,
        port=address.port,
        virtual_host=address.virtual_host,
        credentials=pika.PlainCredentials(address.user, address.password),
        heartbeat=settings.heartbeat,
        blocked_connection_timeout=settings.blocked_timeout,
        socket_timeout=settings.connect_timeout,
        stack_timeout=settings.connect_timeout,
        client_properties={"connection_name": settings.connection_name, "product": APP_ID},
        ssl_options=pika.SSLOptions(settings.tls.context(), address.host) if address.tls else None,
    )


def _properties(message_id: str, settings: RabbitMQSettings) -> Any:
    return spec.BasicProperties(
        content_type=CONTENT_TYPE,
        headers=settings.headers,
        delivery_mode=PERSISTENT,
        message_id=message_id,
        type=MESSAGE_TYPE,
        app_id=APP_ID,
    )


def _marshal_with_pika(delivery: Delivery, settings: RabbitMQSettings, *, channel: int, frame_max: int) -> bytes:
    def frames() -> Iterator[bytes]:
        publish = spec.Basic.Publish(exchange=settings.exchange, routing_key=settings.routing_key, mandatory=True)
        yield frame.Method(channel, publish).marshal()
        properties = _properties(delivery.message_id, settings)
        yield frame.Header(channel, len(delivery.body), properties).marshal()
        longest = frame_max - spec.FRAME_HEADER_SIZE - spec.FRAME_END_SIZE
        for at in range(0, len(delivery.body), longest):
            yield frame.Body(channel, delivery.body[at : at + longest]).marshal()

    return b"".join(frames())
