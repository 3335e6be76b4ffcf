"""What shows only by time: a confirm that never comes, a channel that only refuses, a broker away for too long."""

from __future__ import annotations

from bridge.delivery.ordering import OutboxWindow
from bridge.delivery.settings import RabbitMQSettings


class Patience:
    """How long RabbitMQ may be no help.  Times are of the monotonic clock, in seconds."""

    def __init__(self, settings: RabbitMQSettings, window: OutboxWindow, now: float) -> None:
        """Begin now; `window` says what waits."""
        self._timeout = settings.confirm_timeout
        self._limit = settings.unavailable_limit
        self._window = window
        self._progress_at = now
        self._nacked_since: float | None = None

    def confirmed(self, now: float) -> None:
        """The broker has taken an event."""
        self._progress_at = now
        self._nacked_since = None

    def nacked(self, now: float) -> None:
        """The broker has refused an event."""
        if self._nacked_since is None:
            self._nacked_since = now

    def lost(self) -> None:
        """The connection is gone: what the next one does is not known yet."""
        self._nacked_since = None

    def lacks_a_confirm(self, now: float) -> bool:
        """Return whether the oldest event in flight has waited for `confirm_timeout`."""
        submitted_at = self._window.oldest_submitted_at()
        return submitted_at is not None and now - submitted_at > self._timeout

    def is_only_refused(self, now: float) -> bool:
        """Return whether a channel has taken nothing for as long, at a moment when nothing is in flight.

        One that is opened while a quorum queue has lost its leader may ask the lost node for ever (RabbitMQ 3.10:
        each publish is nacked); a new channel asks the new leader.  With nothing in flight nothing comes twice.
        """
        since = self._nacked_since
        return since is not None and now - since > self._timeout and self._window.in_flight == 0

    def is_over(self, now: float) -> bool:
        """Return whether events have waited, and none was taken, for `unavailable_limit`."""
        waiting_since = self._window.waiting_since
        if waiting_since is None or self._limit is None:
            return False
        return now - max(waiting_since, self._progress_at) > self._limit
