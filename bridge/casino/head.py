"""What stands before the numbers in a body.  A module of its own: structures of msgspec are not compiled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct


class Head(Struct, gc=False, omit_defaults=True):
    """The texts of an event, in the order of its body.  Written as it is: nothing is checked here."""

    activity_id: str
    type: str
    status: str
    user_id: str
    round_id: str
    game_id: str
    game_name: str
    vendor_id: str
    vendor_name: str
    origin: str
    currency: str
    timestamp: str | datetime
    is_round_end: bool
    game_type: str | None = None


head: Callable[..., Head] = Head
"""Makes one of values whose types are known by what they went through."""
