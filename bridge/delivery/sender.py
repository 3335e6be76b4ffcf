"""Sending out to RabbitMQ: a thread of its own drives one connection and the window of what is in flight."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from math import inf
from time import monotonic
from typing import Final

from bridge.delivery.connecting import Connection, Happened
from bridge.delivery.io_thread import IoThread
from bridge.delivery.ordering import OutboxWindow
from bridge.delivery.patience import Patience
from bridge.delivery.rabbitmq import Confirm, Link, Return
from bridge.delivery.retries import Backoff, Cause
from bridge.delivery.settings import RabbitMQSettings
from bridge.delivery.status import DeliveryStatus
from bridge.errors import BridgeError, FatalError, SinkUnavailable
from bridge.flow import Delivery

_FIRST_WAIT_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 5.0
_TICK_SECONDS: Final = 0.5


class RabbitMQOutbound:
    """The `Outbound` that publishes to RabbitMQ.  `offer`, `recorded` and the questions never block.

    Whatever the broker does, it goes on: what is unconfirmed is sent again, in order per player,
    until it is confirmed or the process ends.
    """

    def __init__(
        self,
        settings: RabbitMQSettings,
        on_change: Callable[[], None] | None = None,
        *,
        url: Callable[[], str] | None = None,
    ) -> None:
        """`on_change` is called in the sending thread when something was confirmed, or the connection changed.

        It must not block.  `url` is asked before each attempt to connect, so that a rotated password
        is found; without it `settings.url` is used.
        """
        self._settings = settings
        self._on_change = on_change
        self._window = OutboxWindow(settings.window, Backoff(_FIRST_WAIT_SECONDS, _LONGEST_PAUSE_SECONDS))
        self._inbox: deque[Sequence[Delivery]] = deque()
        self._offered = 0
        self._recorded = 0
        self._starved = False
        self._permitted_until = inf
        self._lapsed = False
        self._thread = IoThread(self._begin, self._work, self._ended)
        self._connection = Connection(settings, url or settings.url.get_secret_value, self._thread, self._note)
        self._resume_armed = 0.0
        self._patience = Patience(settings, self._window, monotonic())
        self._timed_out = False
        self._last_error = ""
        self._failure: BridgeError | None = None
        self._finishing = False
        self._stopping = False
        self._announced: tuple[object, ...] = ()
        self._changed = threading.Condition()

    # Called by the taking-in side.

    def start(self) -> None:
        """Begin to connect, in a thread of its own; returns at once."""
        self._thread.start()

    def offer(self, deliveries: Sequence[Delivery]) -> None:
        """Take deliveries, oldest first, each with a higher seq than the one before.  Never blocks."""
        self._offered += len(deliveries)
        self._inbox.append(deliveries)
        self._thread.wake()

    def confirmed(self) -> int:
        """Return the seq up to which every offered delivery has been routed and confirmed."""
        return self._window.confirmed_seq

    def confirmed_number(self) -> int:
        """Return how many deliveries have been routed and confirmed."""
        return self._window.confirmed_count

    def newly_confirmed(self) -> list[int]:
        """Return the seqs of what was confirmed since the last call, in no order.  Never blocks."""
        return self._window.take_news()

    def recorded(self, number: int) -> None:
        """The ledger has recorded so many of `confirmed_number`: the window moves on.  Never blocks."""
        self._recorded = number
        # While there is room in the window nothing waits for this, so the thread is let sleep.
        if self._starved:
            self._thread.wake()

    def permit(self, until: float) -> None:
        """Submit nothing from this moment of the monotonic clock on, until permitted anew.  Never blocks.

        For instances that share a brand: one that stood still must not send what is another's by then.
        """
        self._permitted_until = until
        if self._lapsed and until > monotonic():
            self._lapsed = False
            self._thread.wake()

    def pending(self) -> int:
        """Return how many deliveries have been offered and are not confirmed."""
        return self._offered - self._window.confirmed_count

    def raise_if_failed(self) -> None:
        """Raise SinkUnavailable past the limit, FatalError when sending cannot go on; else nothing."""
        if self._failure is not None:
            raise self._failure

    def drain(self, deadline_seconds: float) -> bool:
        """Wait until everything offered is confirmed; False when the deadline passes or sending failed."""
        return self._wait_for(lambda: self.pending() == 0, deadline_seconds) and self.pending() == 0

    def close(self, deadline_seconds: float, record: Callable[[], None] | None = None) -> bool:
        """Stop and disconnect; True when a restart that knows all that was confirmed repeats nothing.

        Waits at most the deadline for the confirms of what is in flight, then a few seconds more for the
        goodbye.  What was not submitted yet stays unsent.  `record` is called meanwhile, in this thread,
        whenever something was confirmed; what it raises is raised here, after the connection is closed.
        """
        if not self._thread.running:
            return self._window.clean
        self._finishing = True
        self._thread.wake()
        try:
            self._finish(monotonic() + deadline_seconds, record or (lambda: None))
        finally:
            self._stopping = True
            self._thread.wake()
            self._thread.join()
        return self._window.clean

    def status(self) -> DeliveryStatus:
        """Return how the sending is doing now; safe from any thread."""
        window, connection, now = self._window, self._connection, monotonic()
        waiting_since = window.waiting_since
        return DeliveryStatus(
            connected=connection.up,
            blocked=connection.blocked,
            refusing=window.troubled,
            in_flight=window.in_flight,
            pending=self.pending(),
            unconfirmed_age_seconds=0.0 if waiting_since is None else now - waiting_since,
            retries={cause.value: window.retries[cause] for cause in Cause},
            last_error=self._last_error,
            blocked_seconds=connection.blocked_seconds(now),
            sent=window.sent,
            confirmed=window.confirmed_count,
            duplicates_sent=window.duplicates_sent,
            connections=connection.count,
        )

    def _finish(self, deadline: float, record: Callable[[], None]) -> None:
        seen = self.confirmed_number()

        def moved() -> bool:
            return self._window.clean or self.confirmed_number() != seen

        record()
        while self._thread.running and not self._window.clean and self._failure is None:
            left = deadline - monotonic()
            if left <= 0:
                return
            self._wait_for(moved, left)
            seen = self.confirmed_number()
            record()

    def _wait_for(self, condition: Callable[[], bool], deadline_seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(
                lambda: condition() or self._failure is not None or not self._thread.running, deadline_seconds
            )

    # Everything below runs in the sending thread.

    def _begin(self) -> None:
        self._connection.open()
        self._tick()

    def _ended(self, as_told: bool) -> None:
        if not as_told:
            self._failure = FatalError("the sending thread ended by an error that nobody foresaw; see the log")
        self._announce()

    def _work(self) -> None:
        now = monotonic()
        while self._inbox:
            self._window.offer(self._inbox.popleft(), now)
        if self._connection.link is not None:
            self._take_answers(self._connection.link, now)
            self._look_at_connection(now)
        recorded = self._recorded
        self._window.recorded(recorded)
        if self._finishing:
            self._window.finish()
        if not self._stopping:
            self._submit(now)
        elif self._connection.close():
            self._thread.stop()
        self._starved = self._window.full
        if self._starved and self._recorded != recorded:
            self._thread.wake_here()
        self._announce()

    def _take_answers(self, link: Link, now: float) -> None:
        answers, link.answers = link.answers, []
        before = self._window.confirmed_count
        for answer in answers:
            if isinstance(answer, Return):
                self._window.return_unrouted(answer.message_id)
            else:
                self._settle(link, answer, now)
        if self._window.confirmed_count != before:
            self._patience.confirmed(now)
            self._connection.worked()

    def _settle(self, link: Link, answer: Confirm, now: float) -> None:
        if not self._window.was_submitted(answer.tag):
            link.drop(f"RabbitMQ at {link.address} answered a message that was never sent; connecting anew")
            return
        refused = self._window.refused
        if answer.accepted:
            self._window.confirm(answer.tag, multiple=answer.multiple, now=now)
        else:
            self._window.reject(answer.tag, multiple=answer.multiple, now=now)
            self._patience.nacked(now)
        if self._window.refused != refused:
            self._last_error = self._refusal(link, nacked=not answer.accepted)

    def _refusal(self, link: Link, *, nacked: bool) -> str:
        place = f"exchange {self._settings.exchange!r} of RabbitMQ at {link.address}"
        if nacked:
            return f"{place} does not accept events (nack): a queue is full or failing; they are sent again"
        return (
            f"{place} has no queue for routing key {self._settings.routing_key!r} (returned); bind one, "
            "the events are sent again"
        )

    def _look_at_connection(self, now: float) -> None:
        happened = self._connection.look(now)
        if happened is Happened.UNBLOCKED:
            self._window.restart_clocks(now)
        elif happened is Happened.LOST:
            self._window.lose_connection(Cause.TIMEOUT if self._timed_out else Cause.CONNECTION_LOST)
            self._timed_out = False
            self._patience.lost()

    def _note(self, trouble: str) -> None:
        self._last_error = trouble

    def _submit(self, now: float) -> None:
        link = self._connection.link
        if link is None or not link.up or link.blocked is not None or self._failure is not None:
            return
        if now >= self._permitted_until:
            self._lapsed = True
            return
        batch = self._window.submit(now)
        if batch:
            try:
                link.publish(batch)
            except ValueError as error:
                self._failure = FatalError(f"an event cannot be sent: {error}")
                link.drop("sending was given up")
        elif now < self._window.resume_at != self._resume_armed:
            self._resume_armed = self._window.resume_at
            self._thread.later(self._resume_armed - now, self._thread.wake_here)

    def _tick(self) -> None:
        """Look at what shows only by time: a confirm that never comes, and the limit."""
        self._thread.later(min(_TICK_SECONDS, self._settings.confirm_timeout / 4), self._tick)
        now, link = monotonic(), self._connection.link
        if link is not None:
            self._look_at_answers(link, now)
        if self._failure is None and self._patience.is_over(now):
            reason = self._last_error or "it gives no confirms"
            limit = self._settings.unavailable_limit
            self._failure = SinkUnavailable(f"RabbitMQ took no event for {limit:g} s: {reason}")
            self._announce()

    def _look_at_answers(self, link: Link, now: float) -> None:
        place, seconds = f"RabbitMQ at {link.address}", f"{self._settings.confirm_timeout:g} s"
        if link.blocked is None and self._patience.lacks_a_confirm(now):
            self._timed_out = True
            link.drop(f"{place} has not confirmed an event for {seconds}; connecting anew")
        elif self._patience.is_only_refused(now):
            link.drop(f"{place} has refused all events for {seconds} (nack); connecting anew")

    def _announce(self) -> None:
        state = (
            self._window.confirmed_count,
            self._connection.up,
            self._connection.blocked,
            self._failure is not None,
            self._thread.running,
        )
        if state != self._announced:
            self._announced = state
            with self._changed:
                self._changed.notify_all()
            if self._on_change is not None:
                self._on_change()
