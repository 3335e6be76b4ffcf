"""What arrives in the queues: read in a thread of its own, first arrivals told from duplicates."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import pika
import pika.exceptions
from pika.adapters.blocking_connection import BlockingChannel
from pika.spec import Basic, BasicProperties

from bridge.demo.servers import HINT
from bridge.demo.truth import Play
from bridge.errors import SinkUnavailable

QUIET_SECONDS = 0.5


@dataclass
class Arrivals:
    """The events of one brand, as they arrived."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    """The first body that came with each message id."""
    players: dict[str, list[Play]] = field(default_factory=lambda: defaultdict(list))
    """First arrivals by player, in their order."""
    duplicates: int = 0
    differing: int = 0
    """Duplicates whose body was another one."""

    def take(self, message_id: str, body: bytes) -> Play | None:
        """Note a message; return its event when it is the first with its id."""
        known = self.bodies.get(message_id)
        if known is not None:
            self.duplicates += 1
            self.differing += known != body
            return None
        self.bodies[message_id] = body
        said = json.loads(body, parse_float=Decimal)
        amount = Decimal(said["amount"])
        play = Play(said["activity_id"], said["type"], said["status"], amount, said["currency"])
        self.players[said["user_id"]].append(play)
        return play

    @property
    def events(self) -> int:
        """Return how many different events arrived."""
        return len(self.bodies)

    def plays(self) -> Iterator[Play]:
        """Yield every event, player by player."""
        for plays in self.players.values():
            yield from plays


class Queues:
    """An exchange and a queue for each brand, made for this run, and read until `close`."""

    def __init__(self, url: str, names: dict[str, str], on_event: Callable[[str, Play], None]) -> None:
        """Make them: `names` gives each brand's exchange, which its queue is called too.

        `on_event` is called in the reading thread, for first arrivals.  Raises SinkUnavailable.
        """
        self._names = names
        self._on_event = on_event
        self.arrivals = {brand: Arrivals() for brand in names}
        self._last = time.monotonic()
        self._trouble: BaseException | None = None
        try:
            self._connection = pika.BlockingConnection(pika.URLParameters(url))
        except (pika.exceptions.AMQPError, OSError):
            parameters = pika.URLParameters(url)
            raise SinkUnavailable(
                f"RabbitMQ does not answer at {parameters.host}:{parameters.port}: {HINT}"
            ) from None
        self._channel = self._connection.channel()
        for name in names.values():
            self._channel.exchange_declare(name, exchange_type="direct", durable=True)
            self._channel.queue_declare(name, durable=True)
            self._channel.queue_bind(name, name, "casino")
        self._thread = threading.Thread(target=self._read, name="arrivals", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        for brand, name in self._names.items():
            self._channel.basic_consume(name, self._taker(brand), auto_ack=True)
        self._thread.start()

    def wait_until_quiet(self, seconds: float) -> None:
        """Return when nothing has arrived for a moment, or after `seconds`."""
        end = time.monotonic() + seconds
        while time.monotonic() < min(end, self._last + QUIET_SECONDS):
            time.sleep(QUIET_SECONDS / 10)

    def raise_if_failed(self) -> None:
        """Raise SinkUnavailable when reading has ended by itself."""
        if self._trouble is not None:
            raise SinkUnavailable(f"reading the queues has ended: {self._trouble!r}")

    def close(self) -> None:
        """Stop reading; take queues and exchanges away."""
        if self._thread.is_alive():
            self._connection.add_callback_threadsafe(self._channel.stop_consuming)
            self._thread.join(10)
        for name in self._names.values():
            self._channel.queue_delete(name)
            self._channel.exchange_delete(name)
        self._connection.close()

    def _read(self) -> None:
        try:
            self._channel.start_consuming()
        except (pika.exceptions.AMQPError, OSError, ValueError, KeyError) as error:
            self._trouble = error

    def _taker(self, brand: str) -> Callable[[BlockingChannel, Basic.Deliver, BasicProperties, bytes], None]:
        arrivals = self.arrivals[brand]

        def take(
            _channel: BlockingChannel, _method: Basic.Deliver, properties: BasicProperties, body: bytes
        ) -> None:
            self._last = time.monotonic()
            play = arrivals.take(properties.message_id or "", body)
            if play is not None:
                self._on_event(brand, play)

        return take
